// @ts-check
/**
 * A Gemma 3 (`gemma3_text`: 270M, 1B, and any other dimensions), or the text part of one with images (`gemma3`), by its config.json
 * (builder/model/families/gemma3.py).
 */

import { LOCAL_WAVELENGTH } from "../description.js";
import { Refusal, shown } from "../refusal.js";
import { Config } from "./config.js";
import { denseModel, readDimensions, readRopeBesideTheLocal, readWindows, refuseTheUnusual, weightsOf } from "./dense.js";
import { NAMING } from "./family.js";

/** What a config.json may leave out. */
const DEFAULTS = {
  vocab_size: 262_208,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  query_pre_attn_scalar: 256,
  max_position_embeddings: 131_072,
  sliding_window: 4096,
  sliding_window_pattern: 6,
  rope_theta: 1_000_000,
  rope_local_base_freq: LOCAL_WAVELENGTH,
};

const SIZES = { "640,18": "270m", "1152,26": "1b", "2560,34": "4b", "3840,48": "12b", "5376,62": "27b" };

/** Since transformers 4.52, and before. */
const NAMINGS_WITH_IMAGES = [
  { decoder: "model.language_model.", head: "lm_head.weight" },
  { decoder: "language_model.model.", head: "language_model.lm_head.weight" },
];
const IMAGES = /^(model\.)?(vision_tower|multi_modal_projector)\./;

/** @param {Record<string, any>} config of config.json @returns {import('../description.js').Model} */
function describe(config) {
  const c = new Config(config, DEFAULTS);
  if (c.values.use_bidirectional_attention === true) throw new Refusal("family", shown(c.values.model_type));
  refuseTheUnusual(c);
  c.refuseUnless("hidden_activation", "gelu_pytorch_tanh");
  const dimensions = readDimensions(c);
  return denseModel(c, {
    family: "gemma3",
    sizes: SIZES,
    dimensions,
    rope: readRopeBesideTheLocal(c),
    windows: readWindows(c, dimensions.layers),
    postNorms: true,
    queryKeyNorms: true,
    queryScalar: c.number("query_pre_attn_scalar"),
    attentionCap: c.numberOrNone("attn_logit_softcapping"),
    finalCap: c.numberOrNone("final_logit_softcapping"),
  });
}

/** @param {Record<string, any>} config of config.json @returns {import('../description.js').Model} */
function describeTextPart(config) {
  const text = config.text_config instanceof Object ? { model_type: TEXT, ...config.text_config } : config;
  if (text.model_type !== TEXT) throw new Refusal("family", shown(text.model_type));
  const outer = new Config(config);
  refuseTheUnusual(outer);
  outer.refuseUnless("hidden_activation", "gelu_pytorch_tanh");
  return describe(text);
}

const TEXT = "gemma3_text";

/** @type {import('./family.js').Family} */
export const FAMILY = { describe, weights: weightsOf, namings: [NAMING], leftOut: null };
/** @type {import('./family.js').Family} */
export const FAMILY_WITH_IMAGES = { describe: describeTextPart, weights: weightsOf, namings: NAMINGS_WITH_IMAGES, leftOut: IMAGES };
