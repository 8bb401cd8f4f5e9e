// @ts-check
/**
 * A Gemma 4 of text (`gemma4_text`: E2B, E4B, and any other dimensions), or the text part of one that sees and hears (`gemma4`), by its config.json
 * (builder/model/families/gemma4.py). One with experts is left to `onpage convert`.
 */

import { LOCAL_WAVELENGTH, globalLayers } from "../description.js";
import { Refusal } from "../refusal.js";
import { Config, MAX_HEAD, isPlain } from "./config.js";
import { layerTypes, readDimensions, readKeyHeads, readRope, readWholeBlocks, readWindows, refuseTheUnusual, weightsOf } from "./dense.js";
import { NAMING } from "./family.js";
import { NAMING_WITH_SENSES, SENSES, textPart } from "./senses.js";
import { readCaches, readSharedLayers } from "./shared_caches.js";

/** What a config.json may leave out. */
const DEFAULTS = {
  vocab_size: 262_144,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 30,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  global_head_dim: 512,
  hidden_size_per_layer_input: 256,
  vocab_size_per_layer_input: 262_144,
  max_position_embeddings: 131_072,
  sliding_window: 512,
  num_kv_shared_layers: 0,
};
/** Every how many layers one sees everything, where config.json names no layers; it cannot say another. */
const PERIOD = 6;
const ROPES = {
  sliding_attention: { rope_type: "default", rope_theta: LOCAL_WAVELENGTH },
  full_attention: { rope_type: "proportional", partial_rotary_factor: 0.25, rope_theta: 1_000_000 },
};
/** Of those with a table for each layer. @type {Record<string, string>} */
const SIZES = { "1536,35": "e2b", "2560,42": "e4b" };
/** What per_layer_config may say of one. */
const OF_A_LAYER = ["head_dim", "num_key_value_heads"];

/** @type {import('../turns.js').Turns} */
export const TURNS = {
  user: ["<|turn>user\n", "<turn|>\n"],
  model: ["<|turn>model\n", "<turn|>\n"],
  system: ["<|turn>system\n", "<turn|>\n"],
  opening: "",
  ends: ["<turn|>"],
};

/** @param {Record<string, any>} config of config.json @returns {import('../description.js').Model} */
function describe(config) {
  const c = new Config(config, DEFAULTS);
  if (c.values.enable_moe_block) throw new Refusal("family", "enable_moe_block");
  refuseTheUnusual(c, "vision");
  c.refuseUnless("hidden_activation", "gelu_pytorch_tanh");
  const { width, inner, layers, heads, keyHeads, head, rows } = readDimensions(c);
  const [windows, rope, own] = [readLayers(c, layers), readGlobalRope(c), layers - readSharedLayers(c, layers)];
  const caches = readCaches(c, windows, own);
  const valuesAreKeys = c.values.attention_k_eq_v === true;
  const seeingAll = headsThatSeeAll(c, windows, heads, valuesAreKeys);
  const given = readGiven(c, rows);
  const attention = { heads, keyHeads, head, queryScale: 1, cap: null, queryKeyNorms: true };
  return {
    family: "gemma4",
    size: (given && SIZES[`${width},${layers}`]) || null,
    width,
    layers: windows.map((window, i) => ({
      attention: { ...attention, ...(window === null ? { ...seeingAll, valuesAreKeys } : {}), window, cacheOf: caches[i] },
      inner: i >= own && c.values.use_double_wide_mlp === true ? 2 * inner : inner,
      postNorms: true,
      given,
      scaled: true,
    })),
    rope,
    finalCap: c.numberOrNone("final_logit_softcapping"),
    rows,
    vocabulary: rows,
    context: c.integer("max_position_embeddings"),
    normOffset: 0,
  };
}

/** The windows, as transformers has them: the last layer sees everything, whatever is said of it. @param {Config} c @param {number} layers */
function readLayers(c, layers) {
  const types = c.values.layer_types ?? layerTypes(globalLayers(PERIOD, layers));
  return readWindows(new Config({ ...c.values, layer_types: Array.isArray(types) ? [...types.slice(0, -1), "full_attention"] : types }), layers);
}

/**
 * Of the layers that see everything the dimension of a head, and how many of keys and values there are. Published files say them once; transformers
 * saves them layer by layer since 5.24, those alone that differ from the others'.
 * @param {Config} c
 * @param {(number | null)[]} windows
 * @param {number} heads
 * @param {boolean} valuesAreKeys
 */
function headsThatSeeAll(c, windows, heads, valuesAreKeys) {
  if ("per_layer_config" in c.values) {
    const same = new Config({ ...c.values, ...sameOfAll(c, windows) });
    return { head: readWholeBlocks(same, "head_dim", MAX_HEAD), keyHeads: readKeyHeads(same, "num_key_value_heads", heads) };
  }
  // transformers reads it only where values are keys
  const count = valuesAreKeys && c.values.num_global_key_value_heads != null ? "num_global_key_value_heads" : "num_key_value_heads";
  return { head: readWholeBlocks(c, "global_head_dim", MAX_HEAD), keyHeads: readKeyHeads(c, count, heads) };
}

/** What per_layer_config says of the layers that see everything, where it says the same of them all, and of no other. @param {Config} c @param {(number | null)[]} windows */
function sameOfAll(c, windows) {
  const { per_layer_config: said } = c.values;
  const all = windows.flatMap((window, i) => (window === null ? [String(i)] : []));
  if (!isPlain(said) || ![all.sort().join(), ""].includes(Object.keys(said).sort().join())) c.refuse("per_layer_config");
  const [first = {}, ...others] = Object.values(said);
  const written = (/** @type {object} */ each) => JSON.stringify(each, OF_A_LAYER);
  for (const each of [first, ...others]) {
    if (!isPlain(each) || Object.keys(each).some((key) => !OF_A_LAYER.includes(key)) || written(each) !== written(first)) c.refuse("per_layer_config");
  }
  return first;
}

/** The width of what each layer is given for a token, 0 where there are no tables. @param {Config} c @param {number} rows */
function readGiven(c, rows) {
  if ([0, null].includes(c.values.hidden_size_per_layer_input)) return 0;
  if (c.integer("vocab_size_per_layer_input") !== rows) c.refuse("vocab_size_per_layer_input");
  return readWholeBlocks(c, "hidden_size_per_layer_input");
}

/** @param {Config} c @returns {import('../description.js').Rope} */
function readGlobalRope(c) {
  const { full_attention: full, sliding_attention: sliding } = c.values.rope_parameters ?? ROPES;
  if (!isPlain(full) || !isPlain(sliding)) c.refuse("rope_parameters");
  const local = readRope(c, "rope_parameters", sliding, LOCAL_WAVELENGTH);
  if (local.wavelength !== LOCAL_WAVELENGTH || local.factor !== 1) c.refuse("rope_parameters");
  const { rope_type: kind, partial_rotary_factor: share, ...others } = full;
  const isProportional = kind === "proportional";
  const proportion = isProportional ? new Config({ partial_rotary_factor: 1, ...full }).number("partial_rotary_factor") : 1;
  const { wavelength, factor } = readRope(c, "rope_parameters", isProportional ? others : full, 1_000_000);
  if (proportion > 1 || factor !== 1) c.refuse("rope_parameters");
  return { wavelength, factor, proportion };
}

/** @type {import('./family.js').Family} */
export const FAMILY = { describe, weights: weightsOf, namings: [NAMING], leftOut: null };
/** @type {import('./family.js').Family} */
export const FAMILY_WITH_SENSES = { describe: (config) => describe(textPart(config, "gemma4_text")), weights: weightsOf, namings: [NAMING_WITH_SENSES], leftOut: SENSES };
