// @ts-check
/**
 * Records in this tab's memory, for what the device does not take.
 *
 * @typedef {import('./record.js').Entry} Entry
 * @typedef {import('./record.js').Shelf} Shelf
 */

import { headOf, newestFirst } from "./record.js";

/** @implements {Shelf} */
export class MemoryShelf {
  /** Tasks → ids → records. @type {Map<string, Map<string, Entry>>} */
  #tasks = new Map();

  /** @param {string} task @param {Entry} entry @param {number} most */
  async put(task, entry, most) {
    const entries = this.#of(task);
    entries.set(entry.id, structuredClone(entry)); // as the device would have it: what is changed afterwards is not in here
    const oldest = this.all(task).slice(most);
    for (const { id } of oldest) entries.delete(id);
    return oldest.length;
  }

  /** @param {string} task @param {string} id @param {(entry: Entry | null) => Entry | null} change @param {number} most */
  async update(task, id, change, most) {
    const changed = change(this.peek(task, id));
    return changed ? this.put(task, changed, most) : 0;
  }

  /** @param {string} task @param {string} id */
  async get(task, id) {
    return this.peek(task, id);
  }

  /** At once. @param {string} task @param {string} id @returns {Entry | null} */
  peek(task, id) {
    return structuredClone(this.#of(task).get(id) ?? null);
  }

  /** @param {string} task @param {import('./record.js').Page} page */
  async list(task, { before = null, count }) {
    const older = this.all(task).filter((entry) => !before || newestFirst(before, entry) < 0);
    return structuredClone(older.slice(0, count).map(headOf));
  }

  /** @param {string} task */
  async count(task) {
    return this.#of(task).size;
  }

  /** @param {string} task @param {string} id */
  async delete(task, id) {
    this.#of(task).delete(id);
  }

  /** @param {string} task */
  async clear(task) {
    this.#tasks.delete(task);
  }

  /** Newest first, not copied. @param {string} task */
  all(task) {
    return [...this.#of(task).values()].sort(newestFirst);
  }

  /** @param {string} task */
  has(task, id = "") {
    return this.#of(task).has(id);
  }

  /** @param {string} task */
  #of(task) {
    let entries = this.#tasks.get(task);
    if (!entries) this.#tasks.set(task, (entries = new Map()));
    return entries;
  }
}
