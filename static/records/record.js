// @ts-check
/**
 * What is kept of a person's work: types, and the order of records. Pure.
 *
 * A record has a head, which lists show, and a body, which is read only when the record is opened: a list of long conversations costs
 * no more than one of short posts. Both are values that `structuredClone` takes; what they hold is the task's own, which must not trust
 * what it reads, for an earlier version of the page may have written it.
 *
 * @typedef {object} Head
 * @property {string} id
 * @property {number} at when, in milliseconds since 1970: the order of the list; the task sets it
 * @property {unknown} head
 *
 * @typedef {Head & {body: unknown}} Entry
 *
 * @typedef {{before?: Pick<Head, 'id' | 'at'> | null, count: number}} Page the newest `count` of those older than `before`
 *
 * @typedef {object} Shelf where the records of all tasks are: the device, or this tab's memory. Every call may reject with any error.
 * @property {(task: string, entry: Entry, most: number) => Promise<number>} put replaces the one of this id; how many of the oldest went
 *   so that no more than `most` are left
 * @property {(task: string, id: string, change: (entry: Entry | null) => Entry | null, most: number) => Promise<number>} update reads and
 *   writes in one step, which no other tab comes between; null writes nothing
 * @property {(task: string, id: string) => Promise<Entry | null>} get
 * @property {(task: string, page: Page) => Promise<Head[]>} list newest first
 * @property {(task: string) => Promise<number>} count
 * @property {(task: string, id: string) => Promise<void>} delete
 * @property {(task: string) => Promise<void>} clear
 */

/** An id that no other record has. `crypto.randomUUID` is for secure addresses only. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Newest first; of the same moment, by id. @param {Pick<Head, 'id' | 'at'>} a @param {Pick<Head, 'id' | 'at'>} b */
export function newestFirst(a, b) {
  return b.at - a.at || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

/** @param {Entry} entry @returns {Head} */
export function headOf({ id, at, head }) {
  return { id, at, head };
}
