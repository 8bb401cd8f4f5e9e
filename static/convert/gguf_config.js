// @ts-check
/**
 * The metadata of a GGUF file → what config.json says of the same model (builder/model/gguf_config.py). llama.cpp leaves out what its code knows;
 * what is missing here is missing in the config too, where the defaults fill it in. Pure.
 *
 * @typedef {import('./gguf.js').Metadata} Metadata
 */

import { layerTypes } from "./families/dense.js";
import { gemma3nLayers, gemma4Layers } from "./gguf_layers.js";
import { EMBEDDING } from "./gguf_names.js";
import { Said } from "./gguf_said.js";
import { Refusal, shown } from "./refusal.js";

/**
 * What llama.cpp's code knows of an architecture and its files do not say (builder/model/gguf_config.py).
 *
 * @typedef {object} Architecture
 * @property {string} modelType in config.json
 * @property {Record<string, unknown>} defaults what a left-out key means to llama.cpp, where the family's own default would be another
 * @property {boolean} normsPlusOne whether norms are stored as factors where a checkpoint has their distance from one
 * @property {boolean} [dividesRope] whether a tensor of divisors may say which pairs of a head are turned
 * @property {(file: import('./gguf_layers.js').File, said: Said) => Record<string, any>} [ofLayers] what config.json says of a model whose layers differ, in
 *   place of what KEYS would
 * @property {number} [layersOf27b] the size whose queries are scaled by width / heads instead of the head dimension
 */

const ROPE_OF_ALL = { rope_theta: 10_000 };
/** `general.architecture` → what is known of it. @type {Record<string, Architecture>} */
const ARCHITECTURES = {
  gemma: { modelType: "gemma", defaults: ROPE_OF_ALL, normsPlusOne: true },
  gemma2: { modelType: "gemma2", defaults: ROPE_OF_ALL, normsPlusOne: true, layersOf27b: 46 },
  gemma3: { modelType: "gemma3_text", defaults: { sliding_window: null, ...ROPE_OF_ALL }, normsPlusOne: true, layersOf27b: 62 },
  gemma3n: { modelType: "gemma3n_text", defaults: ROPE_OF_ALL, normsPlusOne: false, ofLayers: gemma3nLayers },
  gemma4: { modelType: "gemma4_text", defaults: {}, normsPlusOne: false, dividesRope: true, ofLayers: gemma4Layers },
};
/** Key of config.json → key of the metadata, behind the architecture's name. */
const KEYS = {
  hidden_size: "embedding_length",
  intermediate_size: "feed_forward_length",
  num_hidden_layers: "block_count",
  num_attention_heads: "attention.head_count",
  num_key_value_heads: "attention.head_count_kv",
  head_dim: "attention.key_length",
  rms_norm_eps: "attention.layer_norm_rms_epsilon",
  max_position_embeddings: "context_length",
  sliding_window: "attention.sliding_window",
  rope_theta: "rope.freq_base",
  rope_local_base_freq: "rope.freq_base_swa",
  attn_logit_softcapping: "attn_logit_softcapping",
  final_logit_softcapping: "final_logit_softcapping",
};
/** What no default may stand for. */
const NEEDED = ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings"];
/** End of a text, of a turn, and of a message; each ends an answer. */
const ENDS = ["eos_token_id", "eot_token_id", "eom_token_id"];
/** `general.type` of files that are no model. */
const NO_MODELS = ["adapter", "mmproj", "imatrix", "vocab"];

/** @param {Metadata} metadata @returns {Architecture} throws Refusal */
export function architectureOf(metadata) {
  const [name, kind] = [metadata.get("general.architecture"), metadata.get("general.type")];
  if (NO_MODELS.includes(kind)) throw new Refusal("family", kind);
  if (typeof name !== "string" || !Object.hasOwn(ARCHITECTURES, name)) throw new Refusal("family", shown(name));
  return ARCHITECTURES[name];
}

/** @param {import('./gguf_layers.js').File} file @returns {Record<string, any>} */
export function configOf(file) {
  const { metadata, tensors } = file;
  const { modelType, defaults, layersOf27b, ofLayers } = architectureOf(metadata);
  const all = new Said(metadata, metadata.get("general.architecture"));
  const said = (/** @type {string} */ key) => all.value(key);
  const rows = tensors.get(EMBEDDING)?.shape[0];
  if (rows === undefined) throw new Refusal("damaged", EMBEDDING);
  const differing = ofLayers?.(file, all) ?? {};
  /** @type {Record<string, any>} */
  const config = { model_type: modelType, ...defaults, vocab_size: rows };
  for (const [key, theirs] of Object.entries(KEYS)) {
    const value = Object.hasOwn(differing, key) ? differing[key] : said(theirs);
    if (value !== undefined) config[key] = value;
    else if (NEEDED.includes(key)) all.miss(theirs);
  }
  Object.assign(config, differing);
  const { hidden_size: width, num_attention_heads: heads, num_hidden_layers: layers } = config;
  config.num_key_value_heads ??= heads;
  config.head_dim ??= Math.floor(width / heads);
  all.refuseUnless("attention.value_length", said("attention.key_length") ?? config.head_dim);
  const scale = said("attention.scale");
  config.query_pre_attn_scalar = scale > 0 && typeof scale === "number" ? Number((scale ** -2).toFixed(6)) : layers === layersOf27b ? width / heads : config.head_dim;
  const pattern = said("attention.sliding_window_pattern");
  if (Array.isArray(pattern)) config.layer_types = layerTypes(pattern.map((windowed) => !windowed));
  else if (pattern !== undefined) config.sliding_window_pattern = pattern;
  const [scaling, factor] = [said("rope.scaling.type"), said("rope.scaling.factor")];
  if (scaling === "linear" && factor !== undefined) config.rope_scaling = { rope_type: "linear", factor };
  else if (![undefined, "none", "linear"].includes(scaling)) config.rope_scaling = { rope_type: scaling };
  config.bos_token_id = metadata.get("tokenizer.ggml.bos_token_id") ?? null;
  config.eos_token_id = ENDS.map((key) => metadata.get(`tokenizer.ggml.${key}`)).filter((id) => id !== undefined);
  return config;
}
