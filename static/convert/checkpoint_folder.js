// @ts-check
/**
 * A checkpoint as Hugging Face has it: config.json, safetensors, tokenizer.model and what stands beside it.
 *
 * @typedef {object} Checkpoint what is converted, whatever holds it
 * @property {string} name as the file's notes have it
 * @property {Record<string, any>} config as config.json says it
 * @property {Record<string, any>} generation as generation_config.json says it
 * @property {(dtype: string) => boolean} isRead whether weights of a type are
 * @property {() => Promise<import('./chat_template.js').ChatTemplate | null>} template null where there is none
 * @property {(rows: number) => Promise<SentencePieceModel>} tokenizer of an embedding of so many rows, with what was added to it
 * @property {() => Promise<Map<string, import('./safetensors.js').StoredTensor>>} tensors by the names that transformers gives them
 */

import { savedTemplate } from "./chat_template.js";
import { jsonOf } from "./folder.js";
import { BYTES, readTensors } from "./safetensors.js";
import { SentencePieceModel, addedTokens } from "./sentencepiece_model.js";
import { refuseAnotherTokenizer, tokenizerInJson } from "./tokenizer_json.js";

const REPOSITORY = /^[A-Za-z0-9][\w.-]{0,95}\/[\w.-]{1,96}$/;

/** @param {import('./folder.js').Folder} folder @returns {Promise<Checkpoint>} rejects with Refusal */
export async function openFolder(folder) {
  const config = await jsonOf(folder, "config.json", { needed: true });
  const { _name_or_path: from } = config;
  const beside = () => jsonOf(folder, "tokenizer_config.json");
  return {
    name: typeof from === "string" && REPOSITORY.test(from) ? from : folder.name,
    config,
    generation: await jsonOf(folder, "generation_config.json"),
    isRead: (dtype) => Object.hasOwn(BYTES, dtype),
    template: async () => savedTemplate(folder, await beside(), () => jsonOf(folder, "chat_template.json")),
    tensors: () => readTensors(folder),
    async tokenizer(rows) {
      const file = folder.files.get("tokenizer.model");
      if (!file) return tokenizerInJson(folder, await beside(), rows);
      const added = addedTokens(await jsonOf(folder, "added_tokens.json"), await beside());
      const tokenizer = await SentencePieceModel.of(file);
      tokenizer.add(added, rows);
      await refuseAnotherTokenizer(folder, tokenizer, rows);
      return tokenizer;
    },
  };
}
