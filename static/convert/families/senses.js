// @ts-check
/** The text part of a model that sees and hears (Gemma 3n and 4): its settings, and how its tensors are called. */

import { Refusal, shown } from "../refusal.js";
import { isPlain } from "./config.js";

/** @type {import('./family.js').Naming} */
export const NAMING_WITH_SENSES = { decoder: "model.language_model.", head: "lm_head.weight" };
/** Tensors of the images' and the sound's side. */
export const SENSES = /^model\.(vision_tower|audio_tower|embed_vision|embed_audio)\./;

/** @param {Record<string, any>} config of config.json @param {string} type `model_type` of the text part @returns {Record<string, any>} */
export function textPart(config, type) {
  const { text_config: text } = config;
  if (!isPlain(text) || (text.model_type ?? type) !== type) throw new Refusal("family", shown(text?.model_type ?? config.model_type));
  return text;
}
