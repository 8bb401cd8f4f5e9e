// @ts-check
/**
 * A GGUF file of a Gemma as a checkpoint: its tensors by the names that transformers gives them, and what its metadata say
 * (builder/model/gguf_checkpoint.py).
 *
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 */

import { templateOf } from "./chat_template.js";
import { MAX_HEAD } from "./families/config.js";
import { TENSORS } from "./families/dense.js";
import { familyOf } from "./families/index.js";
import { isRead } from "./ggml_types.js";
import { readGguf } from "./gguf.js";
import { architectureOf, configOf } from "./gguf_config.js";
import { HEAD, ROPE_DIVISORS, ggufName, matrixNumber } from "./gguf_names.js";
import { tokenizerOf } from "./gguf_tokenizer.js";
import { firstRows } from "./stored_rows.js";
import { valuesOf } from "./stored_values.js";
import { isTable } from "./weights.js";

/** What files hold of layers that read another's keys and values, and no model reads. */
const OF_A_CACHE = ["key", "value", "key_norm"];

/**
 * @param {import('./folder.js').Folder} folder
 * @param {string} file its name in it
 * @returns {Promise<import('./checkpoint_folder.js').Checkpoint>} rejects with Refusal
 */
export async function openGguf({ files }, file) {
  const { metadata, tensors } = await readGguf(files, file);
  const config = configOf({ metadata, tensors, divisors: await divisorsIn(tensors) });
  const [temperature, topK] = ["temp", "top_k"].map((key) => metadata.get(`general.sampling.${key}`));
  return {
    name: file,
    config,
    generation: temperature === 0 ? { do_sample: false } : { temperature, top_k: topK },
    isRead,
    template: async () => templateOf(metadata.get("tokenizer.chat_template"), namesIn(metadata)),
    tokenizer: async (rows) => tokenizerOf(metadata, rows),
    tensors: async () => named(tensors, config, architectureOf(metadata)),
  };
}

/** What templates call a token → what its id is called in the metadata. */
const NAMES = { bos_token: "bos", eos_token: "eos", pad_token: "padding", unk_token: "unknown" };

/** The tokens that a template may write. @param {import('./gguf.js').Metadata} metadata @returns {Record<string, unknown>} */
function namesIn(metadata) {
  const tokens = metadata.get("tokenizer.ggml.tokens");
  return Object.fromEntries(Object.entries(NAMES).map(([name, key]) => [name, Array.isArray(tokens) ? tokens[metadata.get(`tokenizer.ggml.${key}_token_id`)] : null]));
}

/** Of a rope; none where no tensor holds so few. @param {Map<string, StoredTensor>} tensors */
async function divisorsIn(tensors) {
  const tensor = tensors.get(ROPE_DIVISORS);
  const isRope = tensor?.dtype === "F32" && tensor.shape.length === 1 && tensor.shape[0] <= MAX_HEAD;
  return tensor && isRope ? valuesOf(tensor) : new Float32Array();
}

/**
 * By the names that transformers gives them. One that the model has no place for keeps llama.cpp's name.
 * @param {Map<string, StoredTensor>} tensors
 * @param {Record<string, any>} config
 * @param {import('./gguf_config.js').Architecture} architecture
 */
function named(tensors, config, { normsPlusOne, dividesRope }) {
  const family = familyOf(config);
  const [naming] = family.namings;
  const model = family.describe(config);
  /** @type {Map<string, StoredTensor>} */
  const found = new Map();
  const left = new Map(tensors);
  if (dividesRope) left.delete(ROPE_DIVISORS);
  const unread = model.layers.flatMap(({ attention: { cacheOf = null } }, i) => (cacheOf === null ? [] : OF_A_CACHE.map((part) => ({ part, layer: i }))));
  const others = new Map([[HEAD, naming.head], ...unread.map(({ part, layer }) => /** @type {const} */ ([ggufName({ part, layer }), `${naming.decoder}layers.${layer}.${TENSORS[part]}.weight`]))]);
  for (const weight of family.weights(model, naming)) {
    const stored = tensors.get(ggufName(weight));
    if (!stored || found.has(weight.source)) continue; // one tensor holds the tables of all layers
    left.delete(stored.name);
    const minus = normsPlusOne && weight.part.endsWith("_norm") ? 1 : 0;
    found.set(weight.source, { ...partOf(stored, weight), name: weight.source, minus });
  }
  const rest = [...left.values()].map((tensor) => ({ ...tensor, name: others.get(tensor.name) ?? tensor.name }));
  return new Map([...found.values(), ...rest].map((tensor) => [tensor.name, tensor]));
}

/** What a weight is of a tensor: one of several matrices, or a table without the rows that llama.cpp adds. @param {StoredTensor} tensor @param {import('./weights.js').Weight} weight @returns {StoredTensor} */
function partOf(tensor, weight) {
  const { shape: [count, ...matrix], begin, end } = tensor;
  const number = matrixNumber(weight);
  if (number >= 0 && matrix.length === 2 && number < count) return { ...tensor, shape: matrix, begin: begin + (number * (end - begin)) / count, end: begin + ((number + 1) * (end - begin)) / count };
  return isTable(weight) ? firstRows(tensor, weight.stored[0]) : tensor;
}
