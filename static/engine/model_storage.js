// @ts-check
/**
 * Models in the browser's own storage (OPFS): one file a model, named by its sha256, as long as what has come of it.
 *
 * A browser's HTTP cache keeps small files only: Chromium 156 keeps 160 MB and drops 250 MB. What is here is not trusted
 * either: whoever reads a model hashes it, so a file needs no mark that it is whole, and a part needs none that it is not.
 *
 * The handle of an open file is its lock: many may read a whole model, one may write. Storage is a convenience; where there
 * is none (no secure context, a private window, another tab that writes the same model, no room) a load goes on without.
 */

/**
 * What is used of a `FileSystemSyncAccessHandle`, which TypeScript knows in workers only.
 * @typedef {object} AccessHandle
 * @property {() => number} getSize
 * @property {(buffer: Uint8Array<ArrayBuffer>, options: {at: number}) => number} read
 * @property {(bytes: Uint8Array<ArrayBuffer>, options: {at: number}) => number} write
 * @property {(size: number) => void} truncate
 * @property {() => void} close
 */

const FOLDER = "models";
/** A page that was closed or loaded again may hold its file a little longer: try so often, this many milliseconds apart. */
const TRIES = 20;
const PAUSE = 100;

/** One model's file, open. In a worker: there is no such handle elsewhere. */
export class StoredModel {
  #folder;
  #name;
  #handle;

  /**
   * @param {FileSystemDirectoryHandle} folder
   * @param {string} name
   * @param {AccessHandle} handle
   */
  constructor(folder, name, handle) {
    this.#folder = folder;
    this.#name = name;
    this.#handle = handle;
  }

  /** Bytes that have come, from the first on. */
  get length() {
    return this.#handle.getSize();
  }

  /**
   * Fills the buffer from so far on; false when the file does not hold so much.
   * @param {number} position
   * @param {Uint8Array<ArrayBuffer>} buffer
   */
  read(position, buffer) {
    return this.#handle.read(buffer, { at: position }) === buffer.length;
  }

  /**
   * Adds to the end. Other models make room, the oldest first; false when that is not enough.
   * @param {Uint8Array<ArrayBuffer>} bytes
   */
  async append(bytes) {
    const at = this.length;
    while (this.#handle.write(bytes, { at }) !== bytes.length) {
      // No error says that there is no room, but a smaller count, or -8 as an unsigned number.
      if (!(await removeOldest(this.#folder, this.#name))) return false;
    }
    return true;
  }

  /** Lets go of the file, which stays. */
  close() {
    this.#handle.close();
  }

  /** Lets go of the file, which is of no use. */
  async remove() {
    this.#handle.close();
    await this.#folder.removeEntry(this.#name);
  }
}

/**
 * Opens a model's file, to read it where it is whole, else to go on with it.
 *
 * @param {{sha256: string, size: number}} model
 * @param {boolean} fresh forget what is there, which may be damaged
 * @returns {Promise<StoredModel | null>} null where it can be neither read nor kept
 */
export async function openStored({ sha256, size }, fresh) {
  try {
    const { quota = 0 } = await navigator.storage.estimate();
    if (quota < size) throw new Error(`it has ${size} bytes, and there is room for ${quota}`);
    const folder = await modelFolder();
    const entry = await folder.getFileHandle(sha256, { create: true });
    const whole = !fresh && (await entry.getFile()).size === size;
    const handle = await lock(folder, entry, whole ? "read-only" : "readwrite");
    if (!whole && (fresh || handle.getSize() > size)) handle.truncate(0);
    return new StoredModel(folder, sha256, handle);
  } catch (error) {
    console.debug(`this model is not kept in the browser: ${error}`);
    return null;
  }
}

/** What is kept here, in part or whole. @returns {Promise<{sha256: string, size: number, kept: number}[]>} `kept`: when, in ms since 1970 */
export async function listStored() {
  try {
    return await list(await modelFolder());
  } catch {
    return []; // there is no storage here
  }
}

/** Removes every model that no tab is using. */
export async function removeStored() {
  const folder = await modelFolder();
  for (const { sha256 } of await list(folder)) await folder.removeEntry(sha256).catch(() => {});
}

async function modelFolder() {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(FOLDER, { create: true });
}

/** @param {FileSystemDirectoryHandle} folder */
async function list(folder) {
  const found = [];
  for await (const [name, entry] of folder.entries()) {
    if (!(entry instanceof FileSystemFileHandle)) continue;
    const { size, lastModified } = await entry.getFile();
    found.push({ sha256: name, size, kept: lastModified });
  }
  return found;
}

/**
 * @param {FileSystemDirectoryHandle} folder
 * @param {FileSystemFileHandle} entry
 * @param {'read-only' | 'readwrite'} mode browsers without modes lock for writing
 * @returns {Promise<AccessHandle>}
 */
async function lock(folder, entry, mode) {
  for (let tries = 1; ; ) {
    try {
      return await /** @type {any} */ (entry).createSyncAccessHandle({ mode });
    } catch (error) {
      const full = error instanceof DOMException && error.name === "QuotaExceededError";
      if (full && (await removeOldest(folder, entry.name))) continue;
      if (full || tries === TRIES) throw error;
      tries += 1;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

/**
 * Removes the oldest model that no tab is using.
 * @param {FileSystemDirectoryHandle} folder
 * @param {string} except
 * @returns {Promise<boolean>} whether there was one
 */
async function removeOldest(folder, except) {
  const others = (await list(folder)).filter(({ sha256, size }) => sha256 !== except && size);
  for (const { sha256 } of others.sort((a, b) => a.kept - b.kept)) {
    if (await folder.removeEntry(sha256).then(() => true, () => false)) return true;
  }
  return false;
}
