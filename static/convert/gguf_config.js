// @ts-check
/**
 * The metadata of a GGUF file → what config.json says of the same model (builder/model/gguf_config.py). llama.cpp leaves out what its code knows;
 * what is missing here is missing in the config too, where the defaults fill it in. Pure.
 *
 * @typedef {import('./gguf.js').Metadata} Metadata
 */

import { Refusal, shown } from "./refusal.js";

/**
 * What llama.cpp's code knows of an architecture and its files do not say (builder/model/gguf_config.py).
 *
 * @typedef {object} Architecture
 * @property {string} modelType in config.json
 * @property {Record<string, unknown>} defaults what a left-out key means to llama.cpp, where the family's own default would be another
 * @property {boolean} normsPlusOne whether norms are stored as factors where a checkpoint has their distance from one
 * @property {number} [layersOf27b] the size whose queries are scaled by width / heads instead of the head dimension
 */

const ROPE_OF_ALL = { rope_theta: 10_000 };
/** `general.architecture` → what is known of it. @type {Record<string, Architecture>} */
const ARCHITECTURES = {
  gemma: { modelType: "gemma", defaults: ROPE_OF_ALL, normsPlusOne: true },
  gemma2: { modelType: "gemma2", defaults: ROPE_OF_ALL, normsPlusOne: true, layersOf27b: 46 },
  gemma3: { modelType: "gemma3_text", defaults: { sliding_window: null, ...ROPE_OF_ALL }, normsPlusOne: true, layersOf27b: 62 },
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

/** @param {Metadata} metadata @param {number} rows of the embedding @returns {Record<string, any>} */
export function configOf(metadata, rows) {
  const { modelType, defaults, layersOf27b } = architectureOf(metadata);
  const name = metadata.get("general.architecture");
  const said = (/** @type {string} */ key) => plain(metadata.get(`${name}.${key}`), key);
  /** @type {Record<string, any>} */
  const config = { model_type: modelType, ...defaults, vocab_size: rows };
  for (const [key, theirs] of Object.entries(KEYS)) {
    const value = said(theirs);
    if (value !== undefined) config[key] = value;
    else if (NEEDED.includes(key)) throw new Refusal("damaged", `${name}.${theirs}`);
  }
  const { hidden_size: width, num_attention_heads: heads, num_hidden_layers: layers } = config;
  config.num_key_value_heads ??= heads;
  config.head_dim ??= Math.floor(width / heads);
  const values = said("attention.value_length");
  if (values !== undefined && values !== config.head_dim) throw new Refusal("setting", `attention.value_length ${shown(values)}`);
  const scale = said("attention.scale");
  config.query_pre_attn_scalar = scale > 0 && typeof scale === "number" ? Number((scale ** -2).toFixed(6)) : layers === layersOf27b ? width / heads : config.head_dim;
  const pattern = said("attention.sliding_window_pattern");
  if (Array.isArray(pattern)) config.layer_types = pattern.map((windowed) => (windowed ? "sliding_attention" : "full_attention"));
  else if (pattern !== undefined) config.sliding_window_pattern = pattern;
  const [scaling, factor] = [said("rope.scaling.type"), said("rope.scaling.factor")];
  if (scaling === "linear" && factor !== undefined) config.rope_scaling = { rope_type: "linear", factor };
  else if (![undefined, "none", "linear"].includes(scaling)) config.rope_scaling = { rope_type: scaling };
  config.bos_token_id = metadata.get("tokenizer.ggml.bos_token_id") ?? null;
  config.eos_token_id = ENDS.map((key) => metadata.get(`tokenizer.ggml.${key}`)).filter((id) => id !== undefined);
  return config;
}

/** A value as config.json has it; of one for each layer the one that all have. @param {any} value @param {string} key */
function plain(value, key) {
  if (value instanceof Float64Array) {
    if (!value.length || value.some((each) => each !== value[0])) throw new Refusal("setting", `${key} ${shown([...value.subarray(0, 40)])}`);
    return value[0];
  }
  return typeof value === "number" && !Number.isInteger(value) ? shortest(value) : value;
}

/** The shortest decimal that is the same float32: 1e-6 is meant where float32 has 9.99999997e-7. @param {number} value */
function shortest(value) {
  const exact = Math.fround(value);
  for (let digits = 1; digits < 9; digits += 1) if (Math.fround(Number(exact.toPrecision(digits))) === exact) return Number(exact.toPrecision(digits));
  return Number(exact.toPrecision(9));
}
