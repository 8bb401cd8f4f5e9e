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
const GGUF = /\.gguf$/i;
/** How llama.cpp calls the parts of a split file. */
export const PART_OF_GGUF = /^(.+)-(\d{5})-of-(\d{5})\.gguf$/i;

/**
 * The folder that a person chose or dropped: of the files with the fewest folders above them. Of several such folders it is the first one, because
 * files of two models make none.
 * @param {{name: string, path: string, file: Blob}[]} chosen `path` with the folder in front: `gemma/config.json`
 * @returns {Folder} its name is "model" where nothing says one
 */
export function folderOf(chosen) {
  const [first, ...others] = chosen.map(({ path }) => path.split("/").slice(0, -1));
  const top = others.reduce((above, each) => (each.length < above.length ? each : above), first ?? []);
  const inside = chosen.filter(({ name, path }) => path === [...top, name].join("/"));
  return { name: top.at(-1) || "model", files: new Map(inside.map(({ name, file }) => [name, file])) };
}

/**
 * The checkpoint among what a person chose or dropped, null where it is none: a folder, or a GGUF file, whose name is the checkpoint's then; with
 * the LoRA adapter beside it, within it or in the same folder.
 * @param {{name: string, path: string, file: Blob}[]} chosen as of `folderOf`
 * @returns {Folder | null}
 */
export function checkpointIn(chosen) {
  const within = (/** @type {string} */ path) => path.slice(0, path.lastIndexOf("/") + 1);
  const having = (/** @type {string} */ wanted) => new Set(chosen.filter(({ name }) => name === wanted).map(({ path }) => within(path)));
  const [adapters, bases] = [having(ADAPTER), having("config.json")];
  const apart = chosen.filter(({ path }) => !adapters.has(within(path)) || bases.has(within(path)));
  const base = [apart, chosen].map(folderOf).find((folder) => ggufIn(folder) || isOfSafetensors(folder)); // the second: a GGUF file in the adapter's folder
  if (!base) return null;
  const gguf = ggufIn(base);
  const adapter = adapters.size ? { adapter: folderOf(chosen.filter(({ path }) => adapters.has(within(path)))) } : {};
  return { ...base, ...adapter, name: gguf ?? base.name };
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
  if (!bytes || bytes.byteLength !== end - begin) throw unreadable(file);
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
  if (text === null) throw unreadable(file);
  return text;
}

/** @param {Blob} file */
function unreadable(file) {
  return new Refusal("damaged", file instanceof File ? file.name : "");
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
