// @ts-check
/**
 * The file that a conversion writes, in the browser's own file system beside the models: its name there is its hash, which is known at its end.
 * What was left on the way goes when a conversion is cancelled, and when the page is opened the next time. Who writes it has claimed its name,
 * from before it is there until it is a model: a handle locks it for a shorter time.
 *
 * @typedef {import('./convert.js').Sink} Sink
 */

import { Opfs } from "../engine/opfs.js";

const FOLDER = "conversions";
/** A worker that was ended may hold its file a little longer: try so often, so many milliseconds apart. */
const [TRIES, PAUSE] = [100, 100];

/** There is no room for more of the file, which most browsers say by a QuotaExceededError instead, some only when it becomes a model. */
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

  /** @param {string} name that no other has */
  static async create(name) {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER, { create: true });
    const release = await new Opfs().claim(name);
    if (!release) throw new Error(`${name} is claimed already`);
    const entry = await folder.getFileHandle(name, { create: true });
    return new ScratchFile(folder, entry, await /** @type {any} */ (entry).createSyncAccessHandle(), release);
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes @param {number} at */
  write(bytes, at) {
    if (this.#handle.write(bytes, { at }) !== bytes.length) throw new NoRoom();
  }

  /** @param {Uint8Array<ArrayBuffer>} into @param {number} at */
  read(into, at) {
    const count = this.#handle.read(into, { at });
    if (count !== into.length) throw new Error(`the browser's storage gave ${count} of ${into.length} bytes back`);
  }

  /** @param {number} size */
  truncate(size) {
    this.#handle.truncate(size);
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

/** Removes a conversion's file as soon as nobody writes it any more; nothing happens where it has become a model. @param {string} name */
export async function removeScratch(name) {
  const folder = await scratch();
  if (!folder) return;
  const release = await new Opfs().claim(name, { waits: true });
  for (let tries = 0; tries < TRIES && !(await isRemoved(folder, name)); tries += 1) await new Promise((resolve) => setTimeout(resolve, PAUSE));
  release?.();
}

/** Removes what tabs have left that were closed; where one is still writing, what it may leave. */
export async function removeLeftScratch() {
  const names = [];
  for await (const name of (await scratch())?.keys() ?? []) names.push(name);
  await Promise.all(names.map(removeScratch));
}

/** @param {FileSystemDirectoryHandle} folder @param {string} name */
async function isRemoved(folder, name) {
  return folder.removeEntry(name).then(() => true, ({ name: fault }) => fault === "NotFoundError");
}

/** Where the files are; null where there are none, or no storage. @returns {Promise<FileSystemDirectoryHandle | null>} */
async function scratch() {
  try {
    return await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER);
  } catch {
    return null; // nothing was converted here, or the address is not secure
  }
}
