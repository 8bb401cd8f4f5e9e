// @ts-check
/** Gemma 2 (`gemma2`: 2B, 9B, 27B, and any other dimensions): soft caps, and every second layer slides (builder/model/families/gemma2.py). */

import { LOCAL_WAVELENGTH } from "../description.js";
import { Config } from "./config.js";
import { denseModel, readDimensions, readOnlyRope, readWindows, refuseTheUnusual, weightsOf } from "./dense.js";
import { NAMING } from "./family.js";

/** What a config.json may leave out. */
const DEFAULTS = {
  vocab_size: 256_000,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  query_pre_attn_scalar: 256,
  max_position_embeddings: 8192,
  sliding_window: 4096,
  sliding_window_pattern: 2,
  rope_theta: 10_000,
  attn_logit_softcapping: 50,
  final_logit_softcapping: 30,
};

const SIZES = { "2304,26": "2b", "3584,42": "9b", "4608,46": "27b" };

/** @param {Record<string, any>} config of config.json */
function describe(config) {
  const c = new Config(config, DEFAULTS);
  refuseTheUnusual(c);
  c.refuseUnless("hidden_activation", "gelu_pytorch_tanh");
  const dimensions = readDimensions(c);
  const rope = readOnlyRope(c);
  if (rope.wavelength !== LOCAL_WAVELENGTH) c.refuse("rope_theta");
  return denseModel(c, {
    family: "gemma2",
    sizes: SIZES,
    dimensions,
    rope,
    windows: readWindows(c, dimensions.layers),
    postNorms: true,
    queryKeyNorms: false,
    queryScalar: c.number("query_pre_attn_scalar"),
    attentionCap: c.numberOrNone("attn_logit_softcapping"),
    finalCap: c.numberOrNone("final_logit_softcapping"),
  });
}

/** @type {import('./family.js').Family} */
export const FAMILY = { describe, weights: weightsOf, namings: [NAMING], leftOut: null };
