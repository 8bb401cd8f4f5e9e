// @ts-check
/**
 * Models that several origins share: Cross-Origin Storage (`navigator.crossOriginStorage`), a proposal of the Web Incubator Community
 * Group that browsers have behind a flag or by an extension, if at all (https://github.com/WICG/cross-origin-storage). Everything here is a
 * no where it is missing.
 *
 * A file is asked for by its sha256. What comes is hashed as it is read, like whatever storage has: neither the browser's word for it
 * nor another origin's is taken. It is never written to, removed, or copied to this origin's own storage. Only a person's word shares a
 * model: who else may read it tells those who ask that it is here.
 *
 * @typedef {{algorithm: 'SHA-256', value: string}} Hash
 * @typedef {{getFile: () => Promise<Blob>, createWritable: () => Promise<WritableStream>}} Handle
 * @typedef {{requestFileHandle: (hash: Hash, options?: {create: boolean, origins?: '*' | string[]}) => Promise<Handle>}} CrossOriginStorage
 */

import { OpenBlob, Opfs } from "./opfs.js";
import { StoredModel } from "./storage.js";

/** @returns {CrossOriginStorage | null} */
function offered() {
  const found = Reflect.get(globalThis.navigator ?? {}, "crossOriginStorage");
  return typeof found?.requestFileHandle === "function" ? found : null;
}

/** Whether this browser has it. */
export function canShare() {
  return offered() !== null;
}

/**
 * A model that another origin has shared, to be read; null where there is none, or one of another size.
 * @param {string} sha256
 * @param {number} size
 * @param {CrossOriginStorage | null} [storage]
 * @returns {Promise<StoredModel | null>}
 */
export async function openShared(sha256, size, storage = offered()) {
  const handle = await storage?.requestFileHandle(hashOf(sha256)).catch(() => null); // NotFoundError, mostly
  const blob = await handle?.getFile();
  if (blob?.size !== size) return null;
  const stored = new StoredModel(NOT_OURS, sha256, new OpenBlob(blob), () => {});
  stored.isShared = true;
  return stored;
}

/** Whether another origin shares a model, as far as its size tells. @param {string} sha256 @param {number} size @returns {Promise<boolean>} */
export async function isShared(sha256, size) {
  return (await openShared(sha256, size).catch(() => null)) !== null;
}

/**
 * Shares a model with every origin that knows its hash, as far as the browser allows.
 * @param {string} sha256
 * @param {Blob} content the browser compares its hash
 * @param {CrossOriginStorage | null} [storage]
 * @returns {Promise<boolean>} false where the browser has no such storage, or refuses
 */
export async function share(sha256, content, storage = offered()) {
  try {
    const handle = await storage?.requestFileHandle(hashOf(sha256), { create: true, origins: "*" });
    if (!handle) return false;
    await content.stream().pipeTo(await handle.createWritable());
    return true;
  } catch (error) {
    console.debug(`the model is not shared: ${error}`);
    return false;
  }
}

/** Shares a model that this origin keeps whole. @param {string} sha256 @returns {Promise<boolean>} as of `share` */
export async function shareStored(sha256) {
  const content = await new Opfs().blob(sha256).catch(() => null);
  return content !== null && share(sha256, content);
}

/** @param {string} value @returns {Hash} */
function hashOf(value) {
  return { algorithm: "SHA-256", value };
}

const refused = async () => {
  throw new DOMException("it belongs to all origins", "NoModificationAllowedError");
};

/** @type {import('./storage.js').ModelStorage} */
const NOT_OURS = { list: async () => [], room: async () => 0, open: refused, remove: refused, used: async () => {}, claim: async () => null };
