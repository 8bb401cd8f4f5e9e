// @ts-check
/** Which family a checkpoint belongs to (builder/model/families/__init__.py). To add one: a module beside the others, and a line in FAMILIES. */

import { fitted } from "../description.js";
import { Refusal, shown } from "../refusal.js";
import { GEMMA_TURNS } from "./dense.js";
import * as functiongemma from "./functiongemma.js";
import * as gemma1 from "./gemma1.js";
import * as gemma2 from "./gemma2.js";
import * as gemma3 from "./gemma3.js";
import * as gemma3n from "./gemma3n.js";
import * as gemma4 from "./gemma4.js";

/** `model_type` of config.json → what reads it. @type {Record<string, import('./family.js').Family>} */
const FAMILIES = {
  gemma: gemma1.FAMILY,
  gemma2: gemma2.FAMILY,
  gemma3_text: gemma3.FAMILY,
  gemma3: gemma3.FAMILY_WITH_IMAGES,
  gemma3n_text: gemma3n.FAMILY,
  gemma3n: gemma3n.FAMILY_WITH_SENSES,
  gemma4_text: gemma4.FAMILY,
  gemma4: gemma4.FAMILY_WITH_SENSES,
};

/** @param {Record<string, any>} config of config.json @returns {import('./family.js').Family} throws Refusal */
export function familyOf(config) {
  const { model_type: type, quantization_config: quantized } = config;
  if (quantized != null || config.quantization != null) throw new Refusal("quantized", shown(quantized?.quant_method ?? "MLX"));
  if (typeof type !== "string" || !Object.hasOwn(FAMILIES, type) || config.use_bidirectional_attention === true) throw new Refusal("family", shown(type));
  return FAMILIES[type];
}

/** The model as far as its tokenizer reaches, a FunctionGemma known as one. @param {import('../description.js').Model} model @param {import('../sentencepiece_model.js').SentencePieceModel} tokenizer */
export function fitToTokenizer(model, tokenizer) {
  return functiongemma.asFunctionGemma(fitted(model, tokenizer.pieces.length), (piece) => tokenizer.idOf(piece) >= 0);
}

/** The turns that the published models of a family were taught. @param {import('../description.js').Model} model */
export function turnsOf({ family }) {
  return { [functiongemma.NAME]: functiongemma.TURNS, gemma4: gemma4.TURNS }[family] ?? GEMMA_TURNS;
}

/** Whether a tensor or a module, by its name, is no part of any family's decoder. @param {string} name */
export function isOfNoDecoder(name) {
  return Object.values(FAMILIES).some(({ leftOut }) => leftOut?.test(name));
}
