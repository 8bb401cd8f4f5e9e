// @ts-check
/**
 * The browser's own file system (OPFS) as a `ModelStorage`, see `storage.js`. Files are opened in workers only.
 *
 * The handle of an open file is its lock. Browsers without modes (Firefox, Safari) have one handle a file: there a model is
 * read as a Blob while another tab has it.
 */

/**
 * What is used of a `FileSystemSyncAccessHandle`, which TypeScript knows in workers only.
 * @typedef {object} AccessHandle
 * @property {() => number} getSize
 * @property {(buffer: Uint8Array<ArrayBuffer>, options: {at: number}) => number} read
 * @property {(bytes: Uint8Array<ArrayBuffer>, options: {at: number}) => number} write
 * @property {(size: number) => void} truncate
 * @property {() => void} close
 *
 * @typedef {import('./storage.js').ModelStorage} ModelStorage
 * @typedef {import('./storage.js').StorageFile} StorageFile
 * @typedef {import('./storage.js').StoredEntry} StoredEntry
 */

const FOLDER = "models";
/** A file of one byte for each model, whose date is that of its last use: browsers tell when a file was written, not when it was read. */
const USES = "model-uses";

/** @implements {ModelStorage} */
export class Opfs {
  async list() {
    const [folder, uses] = [await this.#folder(), await this.#uses()];
    /** @type {StoredEntry[]} */
    const found = [];
    for await (const [name, entry] of folder.entries()) {
      if (!(entry instanceof FileSystemFileHandle)) continue;
      const file = await entry.getFile().catch(() => null); // it may have gone since
      const use = await uses.getFileHandle(name).then((each) => each.getFile()).catch(() => null);
      if (file) found.push({ sha256: name, size: file.size, kept: Math.max(file.lastModified, use?.lastModified ?? 0) });
    }
    return found;
  }

  async room() {
    const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
    return quota - usage;
  }

  /**
   * @param {string} name
   * @param {'read' | 'write'} mode
   * @returns {Promise<StorageFile>}
   */
  async open(name, mode) {
    const folder = await this.#folder();
    const entry = await folder.getFileHandle(name, { create: mode === "write" });
    try {
      return new OpenFile(await lock(entry, mode === "read" ? "read-only" : "readwrite"));
    } catch (error) {
      const file = await entry.getFile();
      if (mode === "read") return new OpenBlob(file);
      if (!file.size) await folder.removeEntry(name).catch(() => {}); // it was made just now
      throw error;
    }
  }

  /** @param {string} name */
  async remove(name) {
    await (await this.#folder()).removeEntry(name);
    await (await this.#uses()).removeEntry(name).catch(() => {}); // it was never read
  }

  /** @param {string} name */
  async used(name) {
    const handle = await lock(await (await this.#uses()).getFileHandle(name, { create: true }), "readwrite");
    handle.write(new Uint8Array(1), { at: 0 });
    handle.close();
  }

  /**
   * By a Web Lock, which ends with its tab. A browser without them has the handles' locks.
   * @param {string} name
   * @param {{waits?: boolean}} [options] `waits` until no other tab has it
   * @returns {Promise<(() => void) | null>}
   */
  async claim(name, { waits = false } = {}) {
    if (!navigator.locks) return () => {};
    return new Promise((resolve, reject) => {
      const held = navigator.locks.request(`onpage:model:${name}`, { ifAvailable: !waits }, (lock) => {
        if (!lock) return resolve(null);
        return new Promise((release) => resolve(() => release(undefined)));
      });
      held.catch(reject);
    });
  }

  /** Takes in a file that was written elsewhere in this file system, closed and whole. @param {FileSystemFileHandle} file @param {string} name */
  async adopt(file, name) {
    // a method that TypeScript does not know, and all browsers with this file system have
    await /** @type {any} */ (file).move(await this.#folder(), name);
  }

  /** The whole content, to be read by whoever copies it. @param {string} name */
  async blob(name) {
    return (await (await this.#folder()).getFileHandle(name)).getFile();
  }

  async #folder() {
    const root = await navigator.storage.getDirectory();
    return root.getDirectoryHandle(FOLDER, { create: true });
  }

  async #uses() {
    const root = await navigator.storage.getDirectory();
    return root.getDirectoryHandle(USES, { create: true });
  }
}

/**
 * @param {FileSystemFileHandle} entry
 * @param {'read-only' | 'readwrite'} mode browsers without modes lock for writing
 * @returns {Promise<AccessHandle>}
 */
function lock(entry, mode) {
  return /** @type {any} */ (entry).createSyncAccessHandle({ mode });
}

/** @implements {StorageFile} */
class OpenFile {
  #handle;

  /** @param {AccessHandle} handle */
  constructor(handle) {
    this.#handle = handle;
    this.size = handle.getSize();
  }

  /** @param {Uint8Array<ArrayBuffer>} buffer @param {number} at */
  async read(buffer, at) {
    return this.#handle.read(buffer, { at });
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes @param {number} at */
  async write(bytes, at) {
    const count = this.#handle.write(bytes, { at });
    return count <= bytes.length ? count : 0; // Chromium says -8, unsigned, where there is no room
  }

  /** @param {number} size */
  async truncate(size) {
    this.#handle.truncate(size);
  }

  async close() {
    this.#handle.close();
  }
}

/** A file that is only read. @implements {StorageFile} */
export class OpenBlob {
  #blob;

  /** @param {Blob} blob */
  constructor(blob) {
    this.#blob = blob;
    this.size = blob.size;
  }

  /** @param {Uint8Array<ArrayBuffer>} buffer @param {number} at */
  async read(buffer, at) {
    const bytes = new Uint8Array(await this.#blob.slice(at, at + buffer.length).arrayBuffer());
    buffer.set(bytes);
    return bytes.length;
  }

  /** @returns {Promise<number>} */
  async write() {
    throw new DOMException("opened to be read", "NoModificationAllowedError");
  }

  /** @returns {Promise<void>} */
  async truncate() {
    throw new DOMException("opened to be read", "NoModificationAllowedError");
  }

  async close() {}
}
