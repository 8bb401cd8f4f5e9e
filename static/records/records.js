// @ts-check
/**
 * What a person has made, kept on this device: the records of each task, newest first.
 *
 * ```js
 * const records = new Records();
 * const posts = records.of("post");
 * const { dropped } = await posts.put({ id: newId(), at: Date.now(), head: { text }, body: { source } });
 * const page = await posts.list({ count: 20 });                        // heads only
 * const next = await posts.list({ count: 20, before: page.at(-1) });
 * const whole = await posts.get(page[0].id);
 * ```
 *
 * What it promises:
 * - **No call rejects**, but for a record that no storage could take (a function, say), which is a mistake of the caller. What the
 *   device does not take (no storage here, no room, another tab's version) stays in this tab's memory, and `trouble` says why, until
 *   a later write succeeds, which brings along what was left behind. Until then lists have both.
 * - A task has at most MAX_RECORDS; the oldest go, and `put` says how many.
 * - A `put`, `delete` or `clear` is done even if the page is left right after the call; of an `update`, which must read first, nothing
 *   may be done then.
 * - Each call is one step: two tabs mix whole records, never parts of them. Who must not overwrite what another tab wrote, uses
 *   `update`, which reads and writes in one step.
 * - A change is told to all who `listen`, in this tab and in others.
 *
 * @typedef {import('./record.js').Entry} Entry
 * @typedef {import('./record.js').Head} Head
 * @typedef {import('./record.js').Page} Page
 * @typedef {import('./record.js').Shelf} Shelf
 *
 * @typedef {'refused' | 'full' | 'other-version'} Trouble `refused`: this browser gives no storage here, such as in some private windows;
 *   `other-version`: another tab has a newer page, or an older one that does not let go
 */

import { Database } from "./database.js";
import { MemoryShelf } from "./memory.js";
import { newestFirst } from "./record.js";

/** Records of one task. */
export const MAX_RECORDS = 500;

const CHANNEL = "onpage:records";

/** @type {Record<string, Trouble>} */
const TROUBLES = { QuotaExceededError: "full", VersionError: "other-version", InvalidAccessError: "other-version" };

export class Records {
  /** @type {Map<string, TaskRecords>} */
  #tasks = new Map();
  #device;
  #memory = new MemoryShelf();
  #channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);

  /** @param {Shelf & {close?: () => Promise<void>}} [device] */
  constructor(device = new Database()) {
    this.#device = device;
    this.#channel?.addEventListener("message", ({ data }) => this.#tasks.get(data)?.changed());
  }

  /** The records of one task. @param {string} task @param {number} [most] */
  of(task, most = MAX_RECORDS) {
    const known = this.#tasks.get(task);
    if (known) return known;
    const tell = () => {
      this.#channel?.postMessage(task);
      made.changed();
    };
    const made = new TaskRecords({ task, most, device: this.#device, memory: this.#memory, tell });
    this.#tasks.set(task, made);
    return made;
  }

  async close() {
    this.#channel?.close();
    await this.#device.close?.();
  }
}

export class TaskRecords {
  #task;
  #most;
  #device;
  #memory;
  #tell;
  #changes = new EventTarget();
  /** @type {Trouble | null} */
  #trouble = null;
  /** What comes of writes is looked at one after the other. @type {Promise<unknown>} */
  #last = Promise.resolve();
  /** Writes of which that has not been looked at. */
  #open = 0;

  /** @param {{task: string, most: number, device: Shelf, memory: MemoryShelf, tell: () => void}} options made by `Records.of` */
  constructor({ task, most, device, memory, tell }) {
    this.#task = task;
    this.#most = most;
    this.#device = device;
    this.#memory = memory;
    this.#tell = tell;
  }

  /** Why records are in this tab's memory only; null while all are on the device. */
  get trouble() {
    return this.#trouble;
  }

  /** Writes a record, in the place of one with its id. @param {Entry} entry @returns {Promise<{dropped: number}>} */
  async put(entry) {
    const copy = structuredClone(entry); // a mistake of the caller's is thrown here; and what is changed afterwards is not in it
    return this.#write(entry.id, (shelf) => shelf.put(this.#task, copy, this.#most));
  }

  /**
   * Reads and writes a record in one step. `change` gets null where there is none, and gives null to leave all as it is; it may run
   * twice, and what it gives must keep the id.
   * @param {string} id
   * @param {(entry: Entry | null) => Entry | null} change
   * @returns {Promise<{dropped: number}>}
   */
  async update(id, change) {
    return this.#write(id, async (shelf) => {
      const before = shelf === this.#memory ? await this.get(id) : null;
      const held = () => this.#memory.peek(this.#task, id) ?? before; // newer than what the device has
      return shelf.update(this.#task, id, (entry) => changedBy(change, held() ?? entry), this.#most);
    });
  }

  /** @param {string} id @returns {Promise<Entry | null>} */
  async get(id) {
    return (await this.#memory.get(this.#task, id)) ?? this.#attempt(() => this.#device.get(this.#task, id), null);
  }

  /** The newest, or the newest of those older than `before`, without their bodies. @param {Page} page @returns {Promise<Head[]>} */
  async list(page) {
    const found = await this.#attempt(() => this.#device.list(this.#task, page), []);
    const held = await this.#memory.list(this.#task, page);
    if (!held.length) return found;
    const others = found.filter(({ id }) => !this.#memory.has(this.#task, id));
    return [...held, ...others].sort(newestFirst).slice(0, page.count);
  }

  /** How many there are. */
  async count() {
    let count = await this.#attempt(() => this.#device.count(this.#task), 0);
    for (const { id } of this.#memory.all(this.#task)) {
      if (!(await this.#attempt(() => this.#device.get(this.#task, id), null))) count += 1;
    }
    return count;
  }

  /** Whether it is gone, also from the device. @param {string} id */
  async delete(id) {
    return this.#remove((shelf) => shelf.delete(this.#task, id));
  }

  /** Whether all are gone, also from the device. */
  async clear() {
    return this.#remove((shelf) => shelf.clear(this.#task));
  }

  /** Hears of every change, in this tab or another. @param {() => void} act @param {AbortSignal} [signal] */
  listen(act, signal) {
    this.#changes.addEventListener("change", act, { signal });
  }

  /** What `Records` calls. */
  changed() {
    this.#changes.dispatchEvent(new Event("change"));
  }

  /**
   * To the device, or else into memory.
   * @param {string} id
   * @param {(shelf: Shelf) => Promise<number>} act
   */
  #write(id, act) {
    return this.#follow(act, async (written) => {
      let dropped = 0;
      try {
        dropped = await written;
        await this.#memory.delete(this.#task, id);
        if (!this.#open) await this.#bringBack(); // else over what was written after it
      } catch (error) {
        if (error instanceof Mistake) throw error.cause;
        this.#trouble = troubleOf(error);
        dropped = await act(this.#memory);
      }
      this.#tell();
      return { dropped };
    });
  }

  /** Writes to the device what it did not take before; the rest stays in memory. */
  async #bringBack() {
    try {
      for (const entry of this.#memory.all(this.#task).reverse()) {
        await this.#device.put(this.#task, entry, this.#most);
        await this.#memory.delete(this.#task, entry.id);
      }
      this.#trouble = null;
    } catch (error) {
      this.#trouble = troubleOf(error);
    }
  }

  /** @param {(shelf: Shelf) => Promise<void>} act */
  #remove(act) {
    return this.#follow(act, async (removed) => {
      await act(this.#memory);
      const gone = await this.#attempt(() => removed.then(() => true), false);
      this.#tell();
      return gone || this.#trouble === "refused"; // where nothing is kept, nothing is left
    });
  }

  /**
   * Sends a write to the device at once, which keeps their order: in a queue it would be lost with the page. What came of it is looked
   * at in turn.
   * @template Done, Result
   * @param {(shelf: Shelf) => Promise<Done>} act
   * @param {(done: Promise<Done>) => Promise<Result>} then
   * @returns {Promise<Result>}
   */
  #follow(act, then) {
    this.#open += 1;
    const done = act(this.#device);
    done.catch(() => {}); // until its turn
    const result = this.#last.then(() => {
      this.#open -= 1;
      return then(done);
    });
    this.#last = result.catch(() => {});
    return result;
  }

  /**
   * @template Result, Otherwise
   * @param {() => Promise<Result>} act
   * @param {Otherwise} otherwise
   * @returns {Promise<Result | Otherwise>}
   */
  async #attempt(act, otherwise) {
    try {
      const result = await act();
      if (!this.#memory.all(this.#task).length) this.#trouble = null;
      return result;
    } catch (error) {
      this.#trouble = troubleOf(error);
      return otherwise;
    }
  }
}

/** What the caller's own function threw. */
class Mistake extends Error {}

/** @param {(entry: Entry | null) => Entry | null} change @param {Entry | null} entry */
function changedBy(change, entry) {
  try {
    return structuredClone(change(entry));
  } catch (cause) {
    throw new Mistake("change", { cause });
  }
}

/** @param {unknown} error @returns {Trouble} */
function troubleOf(error) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  return TROUBLES[name] ?? "refused";
}
