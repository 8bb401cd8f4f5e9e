// @ts-check
/** Keeps posts in the history while they are written and edited: at most once in a while, and in the end. */

import { entryOf } from "../post/history.js";

/** @typedef {import('../post/state.js').Post} Post */

/** A post that grows or is edited is kept so often, in milliseconds. */
const EVERY = 1000;

export class Keeper {
  #records;
  #onDropped;
  /** The post that waits to be kept. @type {{post: Post, timer: number} | null} */
  #waiting = null;
  /** Those that the person has deleted, by their ids: what is still on the screen is not kept again. @type {Set<string>} */
  #deleted = new Set();

  /** @param {import('../../records/records.js').TaskRecords} records @param {(dropped: number) => void} onDropped hears of the oldest that went */
  constructor(records, onDropped) {
    this.#records = records;
    this.#onDropped = onDropped;
  }

  /** It has changed, and may change again. @param {Post} post */
  soon(post) {
    if (this.#waiting?.post === post) return;
    this.flush();
    this.#waiting = { post, timer: window.setTimeout(() => this.flush(), EVERY) };
  }

  /** @param {Post} post */
  async now(post) {
    if (this.#waiting?.post === post) this.#wait();
    if (this.#deleted.has(post.id)) return;
    const { dropped } = await this.#records.put(entryOf(post));
    if (dropped) this.#onDropped(dropped);
  }

  /** What waits is kept at once: the page may be about to go. */
  flush() {
    const { post } = this.#waiting ?? {};
    if (post) void this.now(post);
  }

  /** Not kept any more. @param {string} id */
  forget(id) {
    this.#deleted.add(id);
    if (this.#waiting?.post.id === id) this.#wait();
  }

  /** Kept again. @param {string} id */
  resume(id) {
    this.#deleted.delete(id);
  }

  /** Waits for nothing. */
  #wait() {
    clearTimeout(this.#waiting?.timer);
    this.#waiting = null;
  }
}
