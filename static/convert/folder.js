// @ts-check
/**
 * The files of a checkpoint folder by their names, and what is read of them whole: small, and not trusted.
 *
 * @typedef {{name: string, files: Map<string, Blob>, adapter?: Folder}} Folder the folder's own name, the files that lie in it, not deeper, and the
 *   folder of a LoRA adapter that goes into its weights, where one was chosen with it
 */

import { Refusal, shown } from "./refusal.js";

/** Bytes of a file of settings; Gemma's tokenizer_config.json has 1.2 MB. */
const MAX_JSON = 16 << 20;
/** What says that a folder is an adapter. */
export const ADAPTER = "adapter_config.json";
/** Of an adapter, perhaps beside a checkpoint's. */
export const ADAPTER_WEIGHTS = "adapter_model.safetensors";
const GGUF = /\.gguf$/i;
/** How llama.cpp calls the parts of a split file. */
export const PART_OF_GGUF = /^(.+)-(\d{5})-of-(\d{5})\.gguf$/i;

/**
 * @typedef {Folder & {path: string[]}} Placed with the folders above it, and itself
 * @typedef {Placed & {adapters: Placed[]}} Checkpoint with all adapters among what was chosen, of which the first is to be merged until a person
 *   says otherwise
 */

/**
 * The checkpoints among what a person chose or dropped: folders, or GGUF files, whose names are the checkpoints' then. Of those at several depths
 * they are the ones with the fewest folders above them; of several, a person must say which. Each has the LoRA adapters beside it, within it or in
 * the same folder.
 * @param {{name: string, path: string, file: Blob}[]} chosen `path` with the folder in front: `gemma/config.json`
 * @returns {Checkpoint[]}
 */
export function checkpointsIn(chosen) {
  const folders = foldersOf(chosen);
  const adapters = folders.filter(isAdapter);
  const bases = folders.filter((folder) => isOfSafetensors(folder) || (ggufIn(folder) !== null && !isAdapter(folder)));
  const found = bases.length ? bases : folders.filter((folder) => ggufIn(folder) !== null); // a GGUF file in the adapter's folder
  const uppermost = found.filter(({ path }) => path.length === found[0].path.length);
  return uppermost.map((base) => ({ ...base, name: ggufIn(base) ?? base.name, adapters, ...(adapters.length ? { adapter: adapters[0] } : {}) }));
}

/** Whether a folder of a LoRA adapter was chosen. @param {{name: string}[]} chosen */
export function hasAdapter(chosen) {
  return chosen.some(({ name }) => name === ADAPTER);
}

/**
 * Every folder that holds a file, those with the fewest folders above them first; what is in none is called "model".
 * @param {{name: string, path: string, file: Blob}[]} chosen
 * @returns {Placed[]}
 */
export function foldersOf(chosen) {
  /** @type {Map<string, Placed>} */
  const found = new Map();
  for (const { name, path, file } of chosen) {
    const above = path.split("/").slice(0, -1);
    const key = above.join("/");
    const folder = found.get(key) ?? { name: above.at(-1) || "model", path: above, files: new Map() };
    folder.files.set(name, file);
    found.set(key, folder);
  }
  return [...found.values()].sort((one, other) => one.path.length - other.path.length);
}

/** What is made of a checkpoint is called so. @param {Pick<Folder, 'name'> & {adapter?: Pick<Folder, 'name'>}} checkpoint */
export function titleWithAdapter({ name, adapter }) {
  return adapter ? `${titleOf(name)}-${adapter.name}` : titleOf(name);
}

/** What a checkpoint is called without the ending of a file. @param {string} name */
export function titleOf(name) {
  return name.replace(GGUF, "") || name;
}

/**
 * The GGUF file that is the checkpoint, of one in parts the first; null where there are none, or several.
 * @param {Folder} folder
 * @returns {string | null}
 */
export function ggufIn(folder) {
  const names = isOfSafetensors(folder) ? [] : [...folder.files.keys()].filter((name) => GGUF.test(name)).sort();
  const wholes = new Set(names.map((name) => name.replace(PART_OF_GGUF, "$1-of-$3")));
  return wholes.size === 1 ? names[0] : null;
}

/** @param {Folder} folder */
function isOfSafetensors({ files }) {
  return files.has("config.json") && [...files.keys()].some((name) => name.endsWith(".safetensors") && name !== ADAPTER_WEIGHTS);
}

/** @param {Folder} folder */
function isAdapter({ files }) {
  return files.has(ADAPTER);
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
  return objectOf(await textOf(file), name);
}

/**
 * What a file holds between two places. Refusal where it cannot be read: it was moved or changed after it was chosen.
 * @param {Blob} file
 * @param {number} [begin]
 * @param {number} [end]
 */
export async function bytesOf(file, begin = 0, end = file.size) {
  const bytes = await file.slice(begin, end).arrayBuffer().catch(() => null);
  if (!bytes) throw new Refusal("unreadable", nameOf(file));
  if (bytes.byteLength !== end - begin) throw new Refusal("damaged", nameOf(file));
  return bytes;
}

/** Where what is sent arrives nowhere. */
const { port1: nowhere } = new MessageChannel();
nowhere.close();

/**
 * Frees what was read and is not needed any more: until browsers look for it themselves, hundreds of megabytes gather. It is sent away, because
 * Chromium keeps the bytes of a buffer that `transfer(0)` has emptied.
 * @param {ArrayBuffer} buffer
 */
export function letGo(buffer) {
  nowhere.postMessage(null, [buffer]);
}

/** As `bytesOf`, of a text. @param {Blob} file @param {number} [begin] @param {number} [end] */
export async function textOf(file, begin, end) {
  const text = await file.slice(begin, end).text().catch(() => null); // with no copy as bytes
  if (text === null) throw new Refusal("unreadable", nameOf(file));
  return text;
}

/** @param {Blob} file */
function nameOf(file) {
  return file instanceof File ? file.name : "";
}

/** @param {string} text @param {string} name of its file @returns {Record<string, any>} */
export function objectOf(text, name) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal("damaged", `${name}: JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Refusal("damaged", `${name}: ${shown(value)}`);
  return value;
}
