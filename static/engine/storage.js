// @ts-check
/**
 * Models in the browser's own storage: one file a model, named by its sha256, as long as what has come of it.
 *
 * A browser's HTTP cache keeps small files only: Chromium 156 keeps 160 MB and drops 250 MB. What is here is not trusted
 * either: whoever reads a model hashes it, so a file needs no mark that it is whole, and a part needs none that it is not.
 *
 * **Storage is a convenience: no function here throws.** What it cannot do (no secure context, a private window, no room, a
 * disk that fails, a file that another tab holds) means that a load goes on without: `openStored` gives null, `read` and
 * `append` give false, and the caller forgets the file and takes the network.
 *
 * Underneath is a `ModelStorage`: `opfs.js`, or the one in memory that the tests have. Its contract: a flat folder of
 * files by name; every call may reject, with any error; a name is open for writing once, or for reading any number of times,
 * and `open` rejects otherwise; `write` puts down all bytes or says how many, or rejects with QuotaExceededError, where there
 * is no room. Who writes a model holds its `claim`, so that other tabs wait instead of loading it as well.
 *
 * @typedef {object} StorageFile one file, open
 * @property {number} size bytes when it was opened
 * @property {(buffer: Uint8Array<ArrayBuffer>, at: number) => Promise<number>} read fills the buffer; how many bytes there were
 * @property {(bytes: Uint8Array<ArrayBuffer>, at: number) => Promise<number>} write how many there was room for
 * @property {(size: number) => Promise<void>} truncate
 * @property {() => Promise<void>} close
 *
 * @typedef {{sha256: string, size: number, kept: number}} StoredEntry `kept`: when it was last written or opened to be read, in ms since 1970
 *
 * @typedef {object} ModelStorage
 * @property {() => Promise<StoredEntry[]>} list
 * @property {() => Promise<number>} room bytes that may be added; Infinity where that is not known
 * @property {(name: string, mode: 'read' | 'write') => Promise<StorageFile>} open to write, it is made where it is missing
 * @property {(name: string) => Promise<void>} remove
 * @property {(name: string) => Promise<void>} used it was opened to be read: notes when
 * @property {(name: string) => Promise<(() => void) | null>} claim what lets go of it again; null while another tab has it
 */

import { Opfs } from "./opfs.js";
import { CLOCK } from "./retry.js";
import { openShared } from "./shared_storage.js";

/** A page that was closed or loaded again may hold its file a little longer: try so often, so many milliseconds apart. */
const TRIES = 20;
const PAUSE = 100;
/** Another tab's download is looked at so often, and not waited for when it has brought nothing for so long (milliseconds). */
const LOOK = 1000;
const MAX_STANDSTILL = 30_000;

const NEVER = new AbortController().signal;

/** One model's file, open. */
export class StoredModel {
  #storage;
  #name;
  #file;
  #release;
  #open = true;

  /**
   * @param {ModelStorage} storage
   * @param {string} name
   * @param {StorageFile} file
   * @param {() => void} release
   */
  constructor(storage, name, file, release) {
    this.#storage = storage;
    this.#name = name;
    this.#file = file;
    this.#release = release;
    /** Bytes that have come, from the first on. */
    this.length = file.size;
    /** Whether it lies where all origins share it (shared_storage.js), and not here. */
    this.isShared = false;
  }

  /** The model's, by which it is named. */
  get sha256() {
    return this.#name;
  }

  /**
   * Fills the buffer from so far on; false when that cannot be had.
   * @param {number} position
   * @param {Uint8Array<ArrayBuffer>} buffer
   */
  async read(position, buffer) {
    const count = await attempt(() => this.#file.read(buffer, position));
    return count === buffer.length;
  }

  /**
   * Adds to the end. Other models make room, those used longest ago first; false when that is not enough, or storage fails.
   * @param {Uint8Array<ArrayBuffer>} bytes
   */
  async append(bytes) {
    for (;;) {
      try {
        if ((await this.#file.write(bytes, this.length)) === bytes.length) break;
      } catch (error) {
        if (!isFull(error)) return false;
      }
      if (!(await removeOldest(this.#storage, this.#name))) return false;
    }
    this.length += bytes.length;
    return true;
  }

  /** Lets go of the file, which stays. */
  async close() {
    if (!this.#open) return;
    this.#open = false;
    await attempt(() => this.#file.close());
    this.#release();
  }

  /** Lets go of the file, which is of no use. One that cannot be removed is emptied. */
  async remove() {
    if (!this.#open) return;
    await attempt(() => this.#file.truncate(0));
    await attempt(() => this.#file.close());
    await attempt(() => this.#storage.remove(this.#name));
    this.#open = false;
    this.#release();
  }
}

/**
 * Opens a model's file, to read it where it is whole, else to go on with it. While another tab brings it, that is waited for.
 *
 * @param {{sha256: string, size: number}} model
 * @param {object} [options]
 * @param {boolean} [options.fresh] forget what is there, which may be damaged
 * @param {(bytes: number) => void} [options.onWaiting] another tab has brought so many bytes; every second
 * @param {AbortSignal} [options.signal] ends the waiting
 * @param {ModelStorage} [options.storage]
 * @param {typeof openShared} [options.shared] what other origins share with this one
 * @param {import('./retry.js').Clock} [options.clock]
 * @returns {Promise<StoredModel | null>} null where it can be neither read nor kept
 */
export async function openStored({ sha256, size }, options = {}) {
  const { fresh = false, onWaiting = () => {}, signal = NEVER, storage = new Opfs(), shared = openShared, clock = CLOCK } = options;
  if (!fresh) {
    const whole = await openWhole(storage, sha256, size);
    if (whole) return whole;
    const foreign = await attempt(() => shared(sha256, size));
    if (foreign) return foreign;
  }
  const claimed = await claim(storage, sha256, { onWaiting, signal, clock });
  if (!claimed) return null;
  const { release, waited } = claimed;
  try {
    const whole = waited && (await openWhole(storage, sha256, size));
    if (whole) {
      release();
      return whole;
    }
    const kept = (await storage.list()).reduce((sum, entry) => sum + entry.size, 0);
    const room = (await attempt(() => storage.room())) ?? Infinity;
    if (room + kept < size) throw new Error(`it has ${size} bytes, and there is room for ${room + kept}`);
    const file = await openToWrite(storage, sha256, clock);
    const stored = new StoredModel(storage, sha256, file, release);
    if ((!fresh || waited) && file.size <= size) return stored;
    await file.truncate(0).catch(async (error) => {
      await stored.remove();
      throw error;
    });
    stored.length = 0;
    return stored;
  } catch (error) {
    console.debug(`this model is not kept in the browser: ${error}`);
    release();
    return null;
  }
}

/**
 * All other models, open to be read as far as they have come; those that another tab writes are left out. Whoever asks closes them.
 * @param {string} sha256
 * @param {ModelStorage} [storage]
 * @returns {Promise<StoredModel[]>}
 */
export async function openOthers(sha256, storage = new Opfs()) {
  const found = [];
  for (const other of (await listStored(storage)).filter((each) => each.sha256 !== sha256 && each.size)) {
    const file = await attempt(() => storage.open(other.sha256, "read"));
    if (file) found.push(new StoredModel(storage, other.sha256, file, () => {}));
  }
  return found;
}

/** What is kept here, in part or whole. @param {ModelStorage} [storage] @returns {Promise<StoredEntry[]>} */
export async function listStored(storage = new Opfs()) {
  return (await attempt(() => storage.list())) ?? [];
}

/** Removes every model that no tab is using, but those. @param {{storage?: ModelStorage, except?: string[]}} [options] `except`: by sha256 */
export async function removeStored({ storage = new Opfs(), except = [] } = {}) {
  for (const { sha256 } of await listStored(storage)) if (!except.includes(sha256)) await attempt(() => storage.remove(sha256));
}

/** Removes one. @param {string} sha256 @param {ModelStorage} [storage] @returns {Promise<boolean>} false where a tab is using it */
export async function removeOne(sha256, storage = new Opfs()) {
  return (await attempt(() => storage.remove(sha256).then(() => true))) ?? false;
}

/** Those that would go first, used longest ago. @param {StoredEntry[]} stored */
export function byUse(stored) {
  return [...stored].sort((a, b) => a.kept - b.kept);
}

/** Those of before that are no longer there. Pure. @param {StoredEntry[]} before @param {StoredEntry[]} now */
export function goneSince(before, now) {
  return before.filter(({ sha256, size }) => size > 0 && !now.some((each) => each.sha256 === sha256 && each.size > 0));
}

/**
 * Which models would make room for one; those that a tab uses stay, whatever this says. Pure.
 * @param {StoredEntry[]} stored
 * @param {{sha256: string, size: number}} model
 * @param {number} room bytes that are free
 * @returns {StoredEntry[] | null} null where all of them would not be enough
 */
export function evictedFor(stored, { sha256, size }, room) {
  let missing = size - (stored.find((each) => each.sha256 === sha256)?.size ?? 0) - room;
  const gone = [];
  for (const entry of byUse(stored.filter((each) => each.sha256 !== sha256 && each.size))) {
    if (missing <= 0) break;
    gone.push(entry);
    missing -= entry.size;
  }
  return missing > 0 ? null : gone;
}

/**
 * @param {ModelStorage} storage
 * @param {string} name
 * @param {number} size
 */
async function openWhole(storage, name, size) {
  if ((await sizeOf(storage, name)) !== size) return null;
  const file = await attempt(() => storage.open(name, "read"));
  if (!file) return null;
  const stored = new StoredModel(storage, name, file, () => {});
  if (file.size === size) {
    await attempt(() => storage.used(name));
    return stored;
  }
  await stored.close();
  return null;
}

/**
 * @param {ModelStorage} storage
 * @param {string} name
 */
async function sizeOf(storage, name) {
  return (await listStored(storage)).find(({ sha256 }) => sha256 === name)?.size ?? 0;
}

/**
 * The right to write a model; null where the tab that has it brings nothing more.
 * @param {ModelStorage} storage
 * @param {string} name
 * @param {{onWaiting: (bytes: number) => void, signal: AbortSignal, clock: import('./retry.js').Clock}} options
 */
async function claim(storage, name, { onWaiting, signal, clock }) {
  let size = -1;
  for (let still = 0; still < MAX_STANDSTILL && !signal.aborted; still += LOOK) {
    let release;
    try {
      release = await storage.claim(name);
    } catch {
      return null;
    }
    if (release) return { release, waited: size >= 0 };
    const now = await sizeOf(storage, name);
    if (now !== size) still = 0;
    size = now;
    onWaiting(size);
    await clock.sleep(LOOK, signal);
  }
  return null;
}

/**
 * @param {ModelStorage} storage
 * @param {string} name
 * @param {import('./retry.js').Clock} clock
 */
async function openToWrite(storage, name, clock) {
  for (let tries = 1; ; ) {
    try {
      return await storage.open(name, "write");
    } catch (error) {
      if (isFull(error) && (await removeOldest(storage, name))) continue;
      if (isFull(error) || tries === TRIES) throw error;
      tries += 1;
      await clock.sleep(PAUSE, NEVER);
    }
  }
}

/**
 * Removes the model that was used longest ago and that no tab is using.
 * @param {ModelStorage} storage
 * @param {string} except
 * @returns {Promise<boolean>} whether there was one
 */
async function removeOldest(storage, except) {
  const others = (await listStored(storage)).filter(({ sha256, size }) => sha256 !== except && size);
  for (const { sha256 } of byUse(others)) {
    if (await attempt(() => storage.remove(sha256).then(() => true))) return true;
  }
  return false;
}

/** Whether there was no room. @param {unknown} error */
export function isFull(error) {
  return error instanceof Error && error.name === "QuotaExceededError";
}

/**
 * What it gives; undefined where it failed.
 * @template T
 * @param {() => Promise<T>} job
 * @returns {Promise<T | undefined>}
 */
async function attempt(job) {
  try {
    return await job();
  } catch (error) {
    console.debug(`the browser's storage: ${error}`);
    return undefined;
  }
}
