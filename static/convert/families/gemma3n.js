// @ts-check
/**
 * A Gemma 3n of text (`gemma3n_text`: E2B, E4B, and any other dimensions), or the text part of one that sees and hears (`gemma3n`), by its config.json
 * (builder/model/families/gemma3n.py).
 */

import { LOCAL_WAVELENGTH, globalLayers } from "../description.js";
import { deviationsBelow } from "../normal_distribution.js";
import { Config, MAX_LAYERS } from "./config.js";
import { layerTypes, readDimensions, readRopeBesideTheLocal, readWholeBlocks, readWindows, refuseLayersOfTheirOwn, refuseTheUnusual, weightsOf } from "./dense.js";
import { NAMING } from "./family.js";
import { NAMING_WITH_SENSES, SENSES, textPart } from "./senses.js";
import { readCaches, readSharedLayers } from "./shared_caches.js";

/** What a config.json may leave out. */
const DEFAULTS = {
  vocab_size: 262_400,
  vocab_size_per_layer_input: 262_144,
  hidden_size: 2048,
  hidden_size_per_layer_input: 256,
  intermediate_size: 16_384,
  num_hidden_layers: 35,
  num_attention_heads: 8,
  num_key_value_heads: 2,
  head_dim: 256,
  max_position_embeddings: 32_768,
  sliding_window: 512,
  num_kv_shared_layers: 15,
  laurel_rank: 64,
  rope_theta: 1_000_000,
  rope_local_base_freq: LOCAL_WAVELENGTH,
  final_logit_softcapping: 30,
};
/** Every how many layers one sees everything, where config.json names no layers; it cannot say another. */
const PERIOD = 5;
/** @type {Record<string, string>} */
const SIZES = { "2048,30": "2b", "2048,35": "4b" };
/** How many layers are sparse, and how much, where config.json does not say it; none, where there are no more layers. */
const [SPARSE, SPARSITY] = [10, 0.95];
const STREAMS = 4;

/** @param {Record<string, any>} config of config.json @returns {import('../description.js').Model} */
function describe(config) {
  const c = new Config(config, DEFAULTS);
  refuseTheUnusual(c);
  refuseLayersOfTheirOwn(c);
  c.refuseUnless("hidden_activation", "gelu_pytorch_tanh");
  c.refuseUnless("altup_num_inputs", STREAMS);
  c.refuseUnless("altup_active_idx", 0);
  c.refuseUnless("altup_correct_scale", true);
  const widths = readWidths(c);
  const { width, layers, heads, keyHeads, head, rows: all } = readDimensions(new Config({ ...c.values, intermediate_size: Math.max(...widths) }));
  const [given, rank] = [readWholeBlocks(c, "hidden_size_per_layer_input"), readWholeBlocks(c, "laurel_rank")];
  const windows = readWindows(new Config({ ...c.values, layer_types: c.values.layer_types ?? layerTypes(globalLayers(PERIOD, layers)) }), layers);
  const [rope, own] = [readRopeBesideTheLocal(c), layers - readSharedLayers(c, layers)];
  const [caches, sparse] = [readCaches(c, windows, own), readSparsity(c, layers)];
  // tokens without a row in the tables of the layers are those of images and sound, and are left out
  const rows = Math.min(all, c.integer("vocab_size_per_layer_input"));
  return {
    family: "gemma3n",
    size: SIZES[`${width},${layers}`] ?? null,
    width,
    layers: windows.map((window, i) => ({
      attention: { heads, keyHeads, head, queryScale: 1, cap: null, queryKeyNorms: true, window, cacheOf: caches[i] },
      inner: widths[i],
      sparseAbove: sparse[i],
      postNorms: true,
      given,
      rank,
    })),
    rope,
    finalCap: c.numberOrNone("final_logit_softcapping"),
    rows,
    vocabulary: rows,
    context: c.integer("max_position_embeddings"),
    normOffset: 0,
    streams: STREAMS,
  };
}

/** Of each layer's feed-forward, whether config.json says one for all or one for each. @param {Config} c */
function readWidths(c) {
  const { intermediate_size: said } = c.values;
  const layers = c.integer("num_hidden_layers", MAX_LAYERS);
  const widths = Array.isArray(said) ? said : new Array(layers).fill(said);
  if (widths.length !== layers) c.refuse("intermediate_size");
  return widths.map((width) => readWholeBlocks(new Config({ ...c.values, intermediate_size: width }), "intermediate_size"));
}

/** Of each layer, above how many standard deviations a gate goes on; null where all do. @param {Config} c @param {number} layers @returns {(number | null)[]} */
function readSparsity(c, layers) {
  const { activation_sparsity_pattern: said } = c.values;
  const usual = Array.from({ length: layers }, (_, i) => (i < SPARSE && layers > SPARSE ? SPARSITY : 0));
  const shares = said == null ? usual : Array.isArray(said) ? said : new Array(layers).fill(said);
  if (shares.length !== layers || !shares.every((/** @type {unknown} */ share) => typeof share === "number" && share >= 0 && share < 1)) c.refuse("activation_sparsity_pattern");
  return shares.map((/** @type {number} */ share) => (share ? Math.fround(deviationsBelow(share)) : null));
}

/** A checkpoint's embedding may have more rows than the model. @type {import('./family.js').Family['weights']} */
function weights(model, naming) {
  const [embedding, ...others] = weightsOf(model, naming);
  return [{ ...embedding, hasMoreRows: true }, ...others];
}

/** @type {import('./family.js').Family} */
export const FAMILY = { describe, weights, namings: [NAMING], leftOut: null };
/** @type {import('./family.js').Family} */
export const FAMILY_WITH_SENSES = { describe: (config) => describe(textPart(config, "gemma3n_text")), weights, namings: [NAMING_WITH_SENSES], leftOut: SENSES };
