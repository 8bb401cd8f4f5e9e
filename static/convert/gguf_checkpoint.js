// @ts-check
/**
 * A GGUF file of a Gemma 3 as a checkpoint: its tensors by the names that transformers gives them, and what its metadata say
 * (builder/model/gguf_checkpoint.py).
 */

import { TENSORS } from "./families/dense.js";
import { isRead } from "./ggml_types.js";
import { readGguf } from "./gguf.js";
import { configOf } from "./gguf_config.js";
import { EMBEDDING, FINAL_NORM, HEAD, LAYER_NAMES } from "./gguf_names.js";
import { tokenizerOf } from "./gguf_tokenizer.js";
import { Refusal } from "./refusal.js";

/** What llama.cpp calls the parts of a layer → what transformers calls them. */
const LAYER = Object.fromEntries(Object.entries(LAYER_NAMES).map(([part, name]) => [name, TENSORS[part]]));
/** @type {Record<string, string>} */
const WHOLE = { [EMBEDDING]: "model.embed_tokens.weight", [FINAL_NORM]: "model.norm.weight", [HEAD]: "lm_head.weight" };
const OF_A_LAYER = /^blk\.(0|[1-9]\d*)\.(\w+)\.weight$/;
const NORM = /norm\.weight$/;

/**
 * @param {import('./folder.js').Folder} folder
 * @param {string} file its name in it
 * @returns {Promise<import('./checkpoint_folder.js').Checkpoint>} rejects with Refusal
 */
export async function openGguf({ files }, file) {
  const { metadata, tensors } = await readGguf(files, file);
  const config = configOf(metadata, tensors.get(EMBEDDING)?.shape[0] ?? 0);
  if (!tensors.has(EMBEDDING)) throw new Refusal("damaged", EMBEDDING);
  const [temperature, topK] = ["temp", "top_k"].map((key) => metadata.get(`general.sampling.${key}`));
  return {
    name: file,
    config,
    generation: temperature === 0 ? { do_sample: false } : { temperature, top_k: topK },
    isRead,
    template: async () => metadata.get("tokenizer.chat_template") ?? null,
    tokenizer: async () => tokenizerOf(metadata),
    tensors: async () => new Map([...tensors.values()].map((tensor) => named(tensor)).map((tensor) => [tensor.name, tensor])),
  };
}

/** One that the model has no place for keeps llama.cpp's name. Norms are stored as factors there, which are 1 more. @param {import('./safetensors.js').StoredTensor} tensor */
function named(tensor) {
  const [, layer, part] = OF_A_LAYER.exec(tensor.name) ?? [];
  const inLayer = layer !== undefined && Object.hasOwn(LAYER, part) ? `model.layers.${layer}.${LAYER[part]}.weight` : tensor.name;
  const name = Object.hasOwn(WHOLE, tensor.name) ? WHOLE[tensor.name] : inLayer;
  return { ...tensor, name, minus: name !== tensor.name && NORM.test(tensor.name) ? 1 : 0 };
}
