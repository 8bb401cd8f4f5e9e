// @ts-check
/**
 * Gemma 1 (`gemma`: 2B, 7B, and any other dimensions): norms before attention and feed-forward only, and no windows
 * (builder/model/families/gemma1.py).
 */

import { Config } from "./config.js";
import { denseModel, readDimensions, readOnlyRope, refuseTheUnusual, weightsOf } from "./dense.js";
import { NAMING } from "./family.js";

/** What a config.json may leave out. */
const DEFAULTS = {
  vocab_size: 256_000,
  num_attention_heads: 16,
  num_key_value_heads: 16,
  head_dim: 256,
  max_position_embeddings: 8192,
  rope_theta: 10_000,
};

const SIZES = { "2048,18": "2b", "3072,28": "7b" };

/** @param {Record<string, any>} config of config.json */
function describe(config) {
  const c = new Config(config, DEFAULTS);
  refuseTheUnusual(c);
  c.refuseUnless("hidden_act", "gelu_pytorch_tanh", "gelu"); // the first releases say "gelu" and mean the approximation by tanh
  c.refuseUnless("hidden_activation", "gelu_pytorch_tanh");
  const dimensions = readDimensions(c);
  return denseModel(c, {
    family: "gemma",
    sizes: SIZES,
    dimensions,
    rope: readOnlyRope(c),
    windows: Array.from({ length: dimensions.layers }, () => null),
    postNorms: false,
    queryKeyNorms: false,
    queryScalar: dimensions.head,
  });
}

/** @type {import('./family.js').Family} */
export const FAMILY = { describe, weights: weightsOf, namings: [NAMING], leftOut: null };
