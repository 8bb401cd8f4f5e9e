// @ts-check
/**
 * What the dense text decoders have in common: how their config.json is read, and the names of their tensors (builder/model/families/dense.py). A
 * family's own module says what is its own.
 *
 * @typedef {import('../description.js').Rope} Rope
 * @typedef {{width: number, inner: number, layers: number, heads: number, keyHeads: number, head: number, rows: number}} Dimensions
 */

import { BLOCK, LOCAL_WAVELENGTH, globalLayers } from "../description.js";
import { shown } from "../refusal.js";
import { tensorName } from "../web_tensor_names.js";
import { STREAMS_BEGIN, STREAMS_END, isTable, layerParts, wholeParts } from "../weights.js";
import { Config, MAX_HEAD, MAX_HEADS, MAX_LAYERS, isPlain } from "./config.js";
import { embeddingIn } from "./family.js";

/** @type {import('../turns.js').Turns} */
export const GEMMA_TURNS = {
  user: ["<start_of_turn>user\n", "<end_of_turn>\n"],
  model: ["<start_of_turn>model\n", "<end_of_turn>\n"],
  system: null,
  opening: "",
  ends: ["<end_of_turn>"],
};

/** What transformers calls the parts of a layer. @type {Record<string, string>} */
export const TENSORS = {
  pre_attention_norm: "input_layernorm",
  query: "self_attn.q_proj",
  key: "self_attn.k_proj",
  value: "self_attn.v_proj",
  query_norm: "self_attn.q_norm",
  key_norm: "self_attn.k_norm",
  output: "self_attn.o_proj",
  post_attention_norm: "post_attention_layernorm",
  pre_feed_forward_norm: "pre_feedforward_layernorm",
  gate: "mlp.gate_proj",
  up: "mlp.up_proj",
  down: "mlp.down_proj",
  post_feed_forward_norm: "post_feedforward_layernorm",
  per_layer_gate: "per_layer_input_gate",
  per_layer_projection: "per_layer_projection",
  post_per_layer_norm: "post_per_layer_input_norm",
  laurel_left: "laurel.linear_left",
  laurel_right: "laurel.linear_right",
  post_laurel_norm: "laurel.post_laurel_norm",
  altup_router: "altup.modality_router",
  altup_router_norm: "altup.router_norm",
  altup_prediction: "altup.prediction_coefs",
  altup_correction: "altup.correction_coefs",
};
/** What it calls what a model has once. @type {Record<string, string>} */
const WHOLE = {
  final_norm: "norm",
  per_layer_model_projection: "per_layer_model_projection",
  per_layer_projection_norm: "per_layer_projection_norm",
  ...Object.fromEntries(STREAMS_BEGIN.map((part, i) => [part, `altup_projections.${i}`])),
  ...Object.fromEntries(STREAMS_END.map((part, i) => [part, `altup_unembed_projections.${i}`])),
};
/** The tables of all layers, side by side. */
export const PER_LAYER_TABLE = "embed_tokens_per_layer.weight";
/** Those of a layer that are no `.weight`. @type {Record<string, string>} */
export const OTHERS = { layer_scale: "layer_scalar", altup_output_scale: "altup.correct_output_scale" };

/**
 * A model whose layers differ in their window only.
 * @param {import('./config.js').Config} c
 * @param {object} own
 * @param {string} own.family
 * @param {Record<string, string>} own.sizes names of the published "width,layers"
 * @param {Dimensions} own.dimensions
 * @param {(number | null)[]} own.windows
 * @param {Rope} own.rope of the layers that see everything
 * @param {boolean} own.postNorms
 * @param {boolean} own.queryKeyNorms
 * @param {number} own.queryScalar queries are divided by its square root
 * @param {number | null} [own.attentionCap]
 * @param {number | null} [own.finalCap]
 * @returns {import('../description.js').Model}
 */
export function denseModel(c, { family, sizes, dimensions: { width, inner, layers, heads, keyHeads, head, rows }, windows, rope, postNorms, queryKeyNorms, queryScalar, attentionCap = null, finalCap = null }) {
  refuseLayersOfTheirOwn(c);
  const attention = { heads, keyHeads, head, queryScale: 1 / Math.sqrt(queryScalar), cap: attentionCap, queryKeyNorms };
  return {
    family,
    size: sizes[`${width},${layers}`] ?? null,
    width,
    layers: windows.map((window) => ({ attention: { ...attention, window }, inner, postNorms })),
    rope,
    finalCap,
    rows,
    vocabulary: rows,
    context: c.integer("max_position_embeddings"),
  };
}

/** All weights, named as transformers names a text model. @param {import('../description.js').Model} model @param {import('./family.js').Naming} naming @returns {import('../weights.js').Weight[]} */
export function weightsOf(model, naming) {
  const { family, rows, width, vocabulary, layers } = model;
  const tensorOf = (/** @type {string} */ part, /** @type {boolean} */ postNorms) => OTHERS[part] ?? `${TENSORS[part === "pre_feed_forward_norm" && !postNorms ? "post_attention_norm" : part]}.weight`;
  /** @type {(part: string, layer: number | null, shape: number[], source: string) => import('../weights.js').Weight} */
  const weight = (part, layer, shape, source) => ({ part, layer, shape, source, stored: shape, column: 0, name: tensorName(part, layer, family) });
  const ofLayer = (/** @type {number} */ i) => (/** @type {import('../weights.js').Part} */ [part, shape]) => {
    const found = weight(part, i, shape, `${naming.decoder}layers.${i}.${tensorOf(part, layers[i].postNorms)}`);
    return isTable(found) ? { ...found, source: naming.decoder + PER_LAYER_TABLE, stored: [rows, layers.length * shape[1]], column: i * shape[1] } : found;
  };
  const whole = wholeParts(model).map(([part, shape]) => weight(part, null, shape, `${naming.decoder}${WHOLE[part]}.weight`));
  return [
    { ...weight("embedding", null, [vocabulary, width], embeddingIn(naming)), stored: [rows, width] },
    ...whole.slice(0, -1),
    ...layers.flatMap((layer, i) => layerParts(model, layer).map(ofLayer(i))),
    ...whole.slice(-1),
  ];
}

/** How tensors begin that published checkpoints hold and no model reads: keys and values of layers that take another's. @param {import('../description.js').Model} model @param {import('./family.js').Naming} naming */
export function neverRead({ layers }, { decoder }) {
  const shared = layers.flatMap(({ attention: { cacheOf = null } }, i) => (cacheOf === null ? [] : [`${decoder}layers.${i}.self_attn.`]));
  return shared.flatMap((start) => ["k_proj.", "v_proj.", "k_norm.", "v_norm."].map((part) => start + part));
}

/** @param {import('./config.js').Config} c @returns {Dimensions} */
export function readDimensions(c) {
  const [width, inner, head] = [readWholeBlocks(c, "hidden_size"), readWholeBlocks(c, "intermediate_size"), readWholeBlocks(c, "head_dim", MAX_HEAD)];
  const [layers, heads] = [c.integer("num_hidden_layers", MAX_LAYERS), c.integer("num_attention_heads", MAX_HEADS)];
  return { width, inner, layers, heads, keyHeads: readKeyHeads(c, "num_key_value_heads", heads), head, rows: c.integer("vocab_size") };
}

/** A side of a matrix; refused where the format's blocks do not divide it. @param {import('./config.js').Config} c @param {string} key @param {number} [most] */
export function readWholeBlocks(c, key, most) {
  const value = c.integer(key, most);
  if (value % (2 * BLOCK)) c.refuse(key);
  return value;
}

/** How many heads keys and values have. @param {import('./config.js').Config} c @param {string} key @param {number} heads of queries */
export function readKeyHeads(c, key, heads) {
  const value = c.integer(key, MAX_HEADS);
  if (heads % value) c.refuse(key);
  return value;
}

/**
 * Settings that no dense Gemma was published with, and that the engine could not be told.
 * @param {import('./config.js').Config} c
 * @param {...unknown} seeing those of use_bidirectional_attention that do not concern a text
 */
export function refuseTheUnusual(c, ...seeing) {
  c.refuseUnless("attention_bias", false);
  c.refuseUnless("rms_norm_eps", 1e-6);
  c.refuseUnless("use_bidirectional_attention", false, ...seeing);
}

/** Settings of single layers, which transformers reads of every model since 5.24. @param {import('./config.js').Config} c */
export function refuseLayersOfTheirOwn(c) {
  const { per_layer_config: said } = c.values;
  if (said != null && shown(said) !== "{}") c.refuse("per_layer_config");
}

/** What config.json calls layers. @param {boolean[]} seeingAll whether each does */
export function layerTypes(seeingAll) {
  return seeingAll.map((seesAll) => (seesAll ? "full_attention" : "sliding_attention"));
}

/** The window of each layer, null where it sees everything. @param {import('./config.js').Config} c @param {number} layers @returns {(number | null)[]} */
export function readWindows(c, layers) {
  const { values } = c;
  const window = c.integer("sliding_window");
  const kinds = (/** @type {number} */ period) => layerTypes(globalLayers(period, layers));
  const key = values.layer_types != null ? "layer_types" : "_sliding_window_pattern" in values ? "_sliding_window_pattern" : "sliding_window_pattern";
  const types = values.layer_types ?? kinds(c.integer(key));
  const first = Array.isArray(types) ? types.indexOf("full_attention") : 0;
  const period = first < 0 ? layers + 1 : first + 1;
  if (period === 1 || types.length !== layers || kinds(period).some((kind, i) => kind !== types[i])) c.refuse(key);
  return kinds(period).map((kind) => (kind === "full_attention" ? null : window));
}

/** The rope of the layers that see everything, in either form of config.json; another than the engine's is refused for the rest. @param {import('./config.js').Config} c @returns {Rope} */
export function readRopeBesideTheLocal(c) {
  const { rope_parameters: byType, rope_theta: theta, rope_local_base_freq: localTheta, rope_scaling: scaling } = c.values;
  if (byType == null) {
    if (c.number("rope_local_base_freq") !== LOCAL_WAVELENGTH) c.refuse("rope_local_base_freq");
    return readRope(c, "rope_scaling", scaling, theta);
  }
  if (typeof byType !== "object" || Object.keys(byType).sort().join() !== "full_attention,sliding_attention") c.refuse("rope_parameters");
  const local = readRope(c, "rope_parameters", byType.sliding_attention, localTheta);
  if (local.wavelength !== LOCAL_WAVELENGTH || local.factor !== 1) c.refuse("rope_parameters");
  if (scaling == null) return readRope(c, "rope_parameters", byType.full_attention, theta);
  if (!isPlain(scaling) || !isPlain(byType.full_attention ?? {})) c.refuse("rope_scaling");
  return readRope(c, "rope_scaling", { ...byType.full_attention, ...scaling }, theta); // as transformers joins them
}

/** The rope of a model with one for all its layers, in either form of config.json. @param {import('./config.js').Config} c @returns {Rope} */
export function readOnlyRope(c) {
  const key = c.values.rope_parameters == null ? "rope_scaling" : "rope_parameters";
  const rope = readRope(c, key, c.values[key], c.values.rope_theta);
  if (rope.factor !== 1) c.refuse(key);
  return rope;
}

/** @type {Record<string, string[]>} */
const ROPES = { default: ["rope_theta"], linear: ["rope_theta", "factor"] };

/** @param {import('./config.js').Config} c @param {string} key @param {any} said @param {unknown} wavelength of one that does not say its own @returns {Rope} */
export function readRope(c, key, said, wavelength) {
  const rope = said ?? {};
  const { type = "default", rope_type: kind = type } = rope; // null is no kind
  const known = typeof kind === "string" && Object.hasOwn(ROPES, kind) ? ROPES[kind] : null;
  if (!isPlain(rope) || !known || Object.keys(rope).some((each) => ![...known, "rope_type", "type"].includes(each))) c.refuse(key);
  const all = new Config({ rope_theta: wavelength, ...rope });
  return { wavelength: all.number("rope_theta"), factor: kind === "linear" ? all.number("factor") : 1 };
}
