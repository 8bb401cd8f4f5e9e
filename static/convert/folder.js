// @ts-check
/**
 * The files of a checkpoint folder by their names, and what is read of them whole: small, and not trusted.
 *
 * @typedef {{name: string, files: Map<string, Blob>}} Folder the folder's own name, and the files that lie in it, not deeper
 */

import { Refusal, shown } from "./refusal.js";

/** Bytes of a file of settings; Gemma's tokenizer_config.json has 1.2 MB. */
const MAX_JSON = 16 << 20;

/**
 * The folder that a person chose or dropped: of the files with the fewest folders above them.
 * @param {{name: string, path: string, file: Blob}[]} chosen `path` with the folder in front: `gemma/config.json`
 * @returns {Folder} its name is "model" where nothing says one
 */
export function folderOf(chosen) {
  const depths = chosen.map(({ path }) => path.split("/").length);
  const top = Math.min(...depths);
  const inside = chosen.filter((_, index) => depths[index] === top);
  return { name: inside[0]?.path.split("/").at(-2) || "model", files: new Map(inside.map(({ name, file }) => [name, file])) };
}

/** Whether these look like a checkpoint at all. @param {Folder} folder */
export function isCheckpoint({ files }) {
  return files.has("config.json") && [...files.keys()].some((name) => name.endsWith(".safetensors"));
}

/**
 * The object of a JSON file; an empty one where the file is missing and may be.
 * @param {Folder} folder
 * @param {string} name
 * @param {{needed?: boolean, most?: number}} [options]
 * @returns {Promise<Record<string, any>>}
 */
export async function jsonOf({ files }, name, { needed = false, most = MAX_JSON } = {}) {
  const file = files.get(name);
  if (!file) {
    if (needed) throw new Refusal("incomplete", name);
    return {};
  }
  if (file.size > most) throw new Refusal("damaged", `${name}: ${file.size} bytes`);
  return objectOf(await file.text(), name);
}

/** @param {string} text @param {string} name of its file @returns {Record<string, any>} */
export function objectOf(text, name) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Refusal("damaged", `${name}: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Refusal("damaged", `${name}: ${shown(value)}`);
  return value;
}
