// @ts-check
/**
 * A Gemma 3 (`gemma3_text`: 270M, 1B, and any other dimensions), or the text part of one with images (`gemma3`), by its config.json: its sizes, its weights in the order of the
 * web file, and what the engine is told of it. What no web file can say is refused by its name, as `onpage convert` refuses it
 * (builder/model/families/gemma3.py, builder/formats/web_tensor_names.py).
 *
 * @typedef {object} Gemma3
 * @property {number} width of the residual stream
 * @property {number} inner of the feed-forward
 * @property {number} layers
 * @property {number} heads
 * @property {number} keyHeads
 * @property {number} head its dimension
 * @property {number} rows of the embedding that the checkpoint has
 * @property {number} vocabulary rows of it that the web file has
 * @property {number} context tokens that it was made for
 * @property {number} modelType
 * @property {Uint8Array<ArrayBuffer>} transformer `TransformerParameters`
 *
 * @typedef {'matrix' | 'norm' | 'post-norm' | 'last-norm'} Kind
 * @typedef {{source: string, name: string, shape: number[], kind: Kind, isEmbedding: boolean}} Weight `source`: its name in the checkpoint;
 *   `name`: in the web file; `shape`: (outputs, inputs) of a matrix
 */

import { message } from "./protobuf.js";
import { Refusal, shown } from "./refusal.js";

/** Rows and columns of a block of the format. */
export const BLOCK = 4;
/** Rows of an embedding behind those of the tokenizer's pieces. */
const MAX_SPARE_ROWS = 1024;
const [MOST, MAX_LAYERS, MAX_HEADS, MAX_HEAD] = [1 << 24, 1024, 1024, 4096];
const [MIN_FLOAT, MAX_FLOAT] = [2 ** -126, 2 ** 127];
const LOCAL_WAVELENGTH = 10_000;

/** What a config.json may leave out. @type {Record<string, any>} */
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

/** `odml.infra.LlmModelType` of the published (hidden, layers); of all others that of 270M. @type {Record<string, number>} */
const MODEL_TYPES = { "1152,26": 27, "2560,34": 28, "3840,48": 29, "5376,62": 30 };
const GEMMA3_300M = 38;
/** Sizes that a FunctionGemma cannot have. */
export const isLarge = (/** @type {Gemma3} */ { modelType }) => modelType !== GEMMA3_300M;

/** @param {Record<string, any>} config of config.json @returns {Gemma3} */
export function describe(config) {
  const values = { ...DEFAULTS, ...textPart(config) };
  if (values.per_layer_config != null && shown(values.per_layer_config) !== "{}") refuse(values, "per_layer_config");
  const [width, inner, head] = ["hidden_size", "intermediate_size", "head_dim"].map((key) => integer(values, key, key === "head_dim" ? MAX_HEAD : MOST));
  for (const key of ["hidden_size", "intermediate_size", "head_dim"]) if (values[key] % (2 * BLOCK)) refuse(values, key);
  const layers = integer(values, "num_hidden_layers", MAX_LAYERS);
  const [heads, keyHeads] = ["num_attention_heads", "num_key_value_heads"].map((key) => integer(values, key, MAX_HEADS));
  if (heads % keyHeads) refuse(values, "num_key_value_heads");
  const rows = integer(values, "vocab_size");
  const rope = globalRope(values);
  const [period, window] = windows(values, layers);
  const attentionCap = numberOrNone(values, "attn_logit_softcapping");
  const finalCap = numberOrNone(values, "final_logit_softcapping");
  const [queryScale, usual] = [1 / Math.sqrt(number(values, "query_pre_attn_scalar")), 1 / Math.sqrt(head)];
  const rescaled = queryScale !== usual;
  const transformer = message([
    [1, 1],
    [3, width],
    [4, inner],
    [5, head],
    [6, heads],
    [7, layers],
    [9, keyHeads],
    [11, message([[1, 1], [2, 1], [3, RMS], [4, RMS]])],
    [12, message([[1, 1], [2, finalCap, "float"]])],
    [13, RMS],
    [14, RMS],
    [15, RMS],
    [16, message([[1, 1], [2, 1], [3, 1], [4, attentionCap, "float"], [5, rescaled ? 4 : 2], [6, window], [7, 1], [8, 1]])],
    [18, 1],
    [19, period - 1, "always"],
    [25, rescaled ? head * queryScale : null, "float"],
    [32, rope.wavelength, "float"],
    [33, rope.factor === 1 ? null : rope.factor, "float"],
  ]);
  return { width, inner, layers, heads, keyHeads, head, rows, vocabulary: rows, context: integer(values, "max_position_embeddings"), modelType: MODEL_TYPES[`${width},${layers}`] ?? GEMMA3_300M, transformer };
}

const RMS = 2;

/** The model as far as its tokenizer reaches: the rows that no text can reach are left out. @param {Gemma3} model @param {number} pieces @returns {Gemma3} */
export function fitted(model, pieces) {
  const { rows } = model;
  const reached = Math.ceil(pieces / BLOCK) * BLOCK;
  const vocabulary = pieces <= rows && rows <= reached + MAX_SPARE_ROWS ? reached : rows;
  if (!(vocabulary - BLOCK < pieces && pieces <= vocabulary)) throw new Refusal("tokenizer", `${pieces} pieces, vocab_size ${rows}`);
  return { ...model, vocabulary };
}

/** The settings of the decoder; of another model they are refused. @param {Record<string, any>} config @returns {Record<string, any>} */
function textPart(config) {
  const text = config.model_type === WITH_IMAGES && config.text_config instanceof Object ? { model_type: "gemma3_text", ...config.text_config } : config;
  const { model_type: type } = text;
  if (config.quantization_config != null || config.quantization != null) throw new Refusal("quantized", shown(config.quantization_config?.quant_method ?? "MLX"));
  if (type !== "gemma3_text" || text.use_bidirectional_attention === true) throw new Refusal("family", shown(type));
  for (const [key, usual] of /** @type {[string, unknown][]} */ ([["attention_bias", false], ["rms_norm_eps", 1e-6], ["use_bidirectional_attention", false], ["hidden_activation", "gelu_pytorch_tanh"], ["tie_word_embeddings", true]])) {
    for (const said of [config, text]) if (said[key] != null && said[key] !== usual) refuse(said, key);
  }
  return text;
}

const WITH_IMAGES = "gemma3";
const IMAGES = /^(model\.)?(vision_tower|multi_modal_projector)\./;
const EMBEDDING = "embed_tokens.weight";

/**
 * What stands in front of the decoder's names in a checkpoint of tensors with these names, and that of an output's matrix.
 * @param {string[]} names
 */
export function namingIn(names) {
  const decoder = DECODERS.find((each) => names.includes(each + EMBEDDING)) ?? DECODERS[0];
  return { decoder, embedding: decoder + EMBEDDING, head: `${decoder === DECODERS[2] ? "language_model." : ""}lm_head.weight` };
}

/** Of a model of text; of one with images, since transformers 4.52 and before. */
const DECODERS = ["model.", "model.language_model.", "language_model.model."];

/** Whether a tensor is no part of the decoder, which is all that is converted. @param {Record<string, any>} config @param {string} name */
export function isOfImages({ model_type: type }, name) {
  return type === WITH_IMAGES && isOfImageParts(name);
}

/** @param {string} name of a tensor or a module */
export function isOfImageParts(name) {
  return IMAGES.test(name);
}

/**
 * All of them, in the order in which the engine reads them.
 * @param {Gemma3} model
 * @param {string} decoder what stands in front of their names in the checkpoint
 * @returns {Weight[]}
 */
export function weightsOf({ width, inner, layers, heads, keyHeads, head, vocabulary }, decoder) {
  /** @type {(source: string, name: string, shape: number[], kind: Kind) => Weight} */
  const weight = (source, name, shape, kind) => ({ source: `${decoder}${source}.weight`, name, shape, kind, isEmbedding: false });
  /** @type {Weight[]} */
  const weights = [{ ...weight("embed_tokens", "params.lm.softmax.logits_ffn", [vocabulary, width], "matrix"), isEmbedding: true }];
  for (let i = 0; i < layers; i += 1) {
    /** @type {(source: string, name: string, shape: number[], kind?: Kind) => void} */
    const add = (source, name, shape, kind = shape.length === 2 ? "matrix" : "norm") => {
      weights.push(weight(`layers.${i}.${source}`, `params.lm.transformer.x_layers_${i}.${name}`, shape, kind));
    };
    add("input_layernorm", "pre_layer_norm.scale", [width]);
    add("self_attn.q_proj", "self_attention.q", [heads * head, width]);
    add("self_attn.k_proj", "self_attention.k", [keyHeads * head, width]);
    add("self_attn.v_proj", "self_attention.v", [keyHeads * head, width]);
    add("self_attn.q_norm", "self_attention.q_norm.scale", [head]);
    add("self_attn.k_norm", "self_attention.k_norm.scale", [head]);
    add("self_attn.o_proj", "self_attention.post", [width, heads * head]);
    add("post_attention_layernorm", "post_layer_norm.scale", [width], "post-norm");
    add("pre_feedforward_layernorm", "ff_layer.pre_layer_norm.scale", [width]);
    add("mlp.gate_proj", "ff_layer.ffn_layer1_gate", [inner, width]);
    add("mlp.up_proj", "ff_layer.ffn_layer1", [inner, width]);
    add("mlp.down_proj", "ff_layer.ffn_layer2", [width, inner]);
    add("post_feedforward_layernorm", "ff_layer.post_layer_norm.scale", [width], "post-norm");
  }
  return [...weights, weight("norm", "params.lm.final_ln.scale", [width], "last-norm")];
}

/** The rope of the layers that see everything, in either form of config.json. @param {Record<string, any>} values */
function globalRope(values) {
  const { rope_parameters: byType, rope_theta: theta, rope_local_base_freq: localTheta } = values;
  if (byType == null) {
    if (number(values, "rope_local_base_freq") !== LOCAL_WAVELENGTH) refuse(values, "rope_local_base_freq");
    return readRope(values, "rope_scaling", values.rope_scaling, theta);
  }
  if (typeof byType !== "object" || Object.keys(byType).sort().join() !== "full_attention,sliding_attention") refuse(values, "rope_parameters");
  const local = readRope(values, "rope_parameters", byType.sliding_attention, localTheta);
  if (local.wavelength !== LOCAL_WAVELENGTH || local.factor !== 1) refuse(values, "rope_parameters");
  const { rope_scaling: scaling } = values;
  if (scaling == null) return readRope(values, "rope_parameters", byType.full_attention, theta);
  if (!isPlain(scaling) || !isPlain(byType.full_attention ?? {})) refuse(values, "rope_scaling");
  return readRope(values, "rope_scaling", { ...byType.full_attention, ...scaling }, theta); // as transformers joins them
}

/** @param {unknown} value of a JSON */
const isPlain = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @type {Record<string, string[]>} */
const ROPES = { default: ["rope_theta"], linear: ["rope_theta", "factor"] };

/** @param {Record<string, any>} values @param {string} key @param {any} said @param {unknown} wavelength */
function readRope(values, key, said, wavelength) {
  const rope = said ?? {};
  const kind = rope.rope_type ?? rope.type ?? "default";
  const known = typeof kind === "string" && Object.hasOwn(ROPES, kind) ? ROPES[kind] : null;
  if (!isPlain(rope) || !known || Object.keys(rope).some((each) => ![...known, "rope_type", "type"].includes(each))) refuse(values, key);
  const all = { rope_theta: wavelength, ...rope };
  return { wavelength: number(all, "rope_theta"), factor: kind === "linear" ? number(all, "factor") : 1 };
}

/** Every how many layers one sees everything, and how many tokens the others see. @param {Record<string, any>} values @param {number} layers */
function windows(values, layers) {
  const window = integer(values, "sliding_window");
  const kinds = (/** @type {number} */ period) => Array.from({ length: layers }, (_, i) => ((i + 1) % period === 0 ? "full_attention" : "sliding_attention"));
  const key = values.layer_types != null ? "layer_types" : "_sliding_window_pattern" in values ? "_sliding_window_pattern" : "sliding_window_pattern";
  const types = values.layer_types ?? kinds(integer(values, key));
  const first = Array.isArray(types) ? types.indexOf("full_attention") : 0;
  const period = first < 0 ? layers + 1 : first + 1;
  if (period === 1 || types.length !== layers || kinds(period).some((kind, i) => kind !== types[i])) refuse(values, key);
  return [period, window];
}

/** @param {Record<string, any>} values @param {string} key @param {number} [most] @returns {number} */
function integer(values, key, most = MOST) {
  const value = values[key];
  if (!Number.isInteger(value) || value < 1 || value > most) refuse(values, key);
  return value;
}

/** @param {Record<string, any>} values @param {string} key @returns {number} */
function number(values, key) {
  const value = values[key];
  if (typeof value !== "number" || !(value >= MIN_FLOAT && value <= MAX_FLOAT)) refuse(values, key);
  return value;
}

/** @param {Record<string, any>} values @param {string} key */
function numberOrNone(values, key) {
  return values[key] == null ? null : number(values, key);
}

/** @param {Record<string, any>} values @param {string} key @returns {never} */
function refuse(values, key) {
  throw new Refusal("setting", `${key} ${shown(values[key])}`);
}
