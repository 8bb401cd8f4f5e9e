// @ts-check
/**
 * A GGUF file of a Gemma as a checkpoint: its tensors by the names that transformers gives them, and what its metadata say
 * (builder/model/gguf_checkpoint.py).
 *
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 */

import { familyOf } from "./families/index.js";
import { isRead } from "./ggml_types.js";
import { readGguf } from "./gguf.js";
import { architectureOf, configOf } from "./gguf_config.js";
import { EMBEDDING, HEAD, ggufName } from "./gguf_names.js";
import { tokenizerOf } from "./gguf_tokenizer.js";
import { Refusal } from "./refusal.js";

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
    tokenizer: async (rows) => tokenizerOf(metadata, rows),
    tensors: async () => named(tensors, config, architectureOf(metadata)),
  };
}

/**
 * By the names that transformers gives them. One that the model has no place for keeps llama.cpp's name.
 * @param {Map<string, StoredTensor>} tensors
 * @param {Record<string, any>} config
 * @param {import('./gguf_config.js').Architecture} architecture
 */
function named(tensors, config, { normsPlusOne }) {
  const family = familyOf(config);
  const [naming] = family.namings;
  const sources = new Map(family.weights(family.describe(config), naming).map((weight) => [ggufName(weight), weight]));
  const renamed = [...tensors.values()].map((tensor) => {
    const weight = sources.get(tensor.name);
    const name = weight?.source ?? (tensor.name === HEAD ? naming.head : tensor.name);
    return { ...tensor, name, minus: normsPlusOne && weight?.part.endsWith("_norm") ? 1 : 0 };
  });
  return new Map(renamed.map((tensor) => [tensor.name, tensor]));
}
