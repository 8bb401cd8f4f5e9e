// @ts-check
/** Keeps what grows or is edited in a task's records: at most once in a while, and in the end. */

/** @typedef {import('../../records/record.js').Entry} Entry */

/** What grows or is edited is kept so often, in milliseconds. */
const EVERY = 1000;

/** @template {{id: string}} Made what is kept; it may change until it is read */
export class Keeper {
  #records;
  #entryOf;
  #onDropped;
  /** What waits to be kept. @type {{made: Made, timer: number} | null} */
  #waiting = null;
  /** Those that the person has deleted, by their ids: what is still on the screen is not kept again. @type {Set<string>} */
  #deleted = new Set();

  /**
   * @param {import('../../records/records.js').TaskRecords} records
   * @param {(made: Made) => Entry} entryOf
   * @param {(dropped: number) => void} onDropped hears of the oldest that went
   */
  constructor(records, entryOf, onDropped) {
    this.#records = records;
    this.#entryOf = entryOf;
    this.#onDropped = onDropped;
  }

  /** It has changed, and may change again. @param {Made} made */
  soon(made) {
    if (this.#waiting?.made === made) return;
    this.flush();
    this.#waiting = { made, timer: window.setTimeout(() => this.flush(), EVERY) };
  }

  /** @param {Made} made */
  async now(made) {
    if (this.#waiting?.made === made) this.#wait();
    if (this.#deleted.has(made.id)) return;
    const { dropped } = await this.#records.put(this.#entryOf(made));
    if (dropped) this.#onDropped(dropped);
  }

  /** What waits is kept at once: the page may be about to go. */
  flush() {
    const { made } = this.#waiting ?? {};
    if (made) void this.now(made);
  }

  /** Not kept any more. @param {string} id */
  forget(id) {
    this.#deleted.add(id);
    if (this.#waiting?.made.id === id) this.#wait();
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
