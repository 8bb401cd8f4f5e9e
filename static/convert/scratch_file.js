// @ts-check
/**
 * The file that a conversion writes, in the browser's own file system beside the models: its name there is its hash, which is known at its end.
 * What was left on the way goes when a conversion is cancelled, and when the models' page is opened. Who writes it has claimed its name, from
 * before it is there until it is a model: a handle locks it for a shorter time.
 *
 * @typedef {import('./convert.js').Sink} Sink
 */

import { Opfs } from "../engine/opfs.js";

const FOLDER = "conversions";

/** There is no room for the file. */
export class NoRoom extends Error {}

/** @implements {Sink} */
export class ScratchFile {
  #entry;
  #folder;
  #handle;
  #release;

  /** @param {FileSystemDirectoryHandle} folder @param {FileSystemFileHandle} entry @param {import('../engine/opfs.js').AccessHandle} handle @param {() => void} release */
  constructor(folder, entry, handle, release) {
    this.#folder = folder;
    this.#entry = entry;
    this.#handle = handle;
    this.#release = release;
  }

  static async create() {
    const [folder, name] = [await scratch(), crypto.randomUUID()];
    const release = await new Opfs().claim(name);
    if (!release) throw new Error(`${name} is claimed already`);
    const entry = await folder.getFileHandle(name, { create: true });
    return new ScratchFile(folder, entry, await /** @type {any} */ (entry).createSyncAccessHandle(), release);
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes @param {number} at */
  write(bytes, at) {
    const written = full(() => this.#handle.write(bytes, { at }));
    if (written !== bytes.length) throw new NoRoom();
  }

  /** @param {Uint8Array<ArrayBuffer>} into @param {number} at */
  read(into, at) {
    const count = this.#handle.read(into, { at });
    if (count !== into.length) throw new Error(`the browser's storage gave ${count} of ${into.length} bytes back`);
  }

  /** @param {number} size */
  truncate(size) {
    full(() => this.#handle.truncate(size));
  }

  /** It becomes the model of that hash. @param {string} sha256 */
  async keep(sha256) {
    this.#handle.close();
    await new Opfs().adopt(this.#entry, sha256);
    this.#release();
  }

  async remove() {
    this.#handle.close();
    await this.#folder.removeEntry(this.#entry.name);
    this.#release();
  }
}

/** Removes what no tab is writing; false where something is left. @returns {Promise<boolean>} */
export async function removeScratch() {
  const folder = await scratch();
  let isEmpty = true;
  for await (const name of folder.keys()) {
    const release = await new Opfs().claim(name);
    if (release) await folder.removeEntry(name).catch(() => (isEmpty = false));
    else isEmpty = false;
    release?.();
  }
  return isEmpty;
}

/** @returns {Promise<FileSystemDirectoryHandle>} */
async function scratch() {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(FOLDER, { create: true });
}

/** @template T @param {() => T} job @returns {T} */
function full(job) {
  try {
    return job();
  } catch (error) {
    throw error instanceof Error && error.name === "QuotaExceededError" ? new NoRoom() : error;
  }
}
