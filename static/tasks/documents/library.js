// @ts-check
/**
 * The documents that a person has given, kept on the device and held by the search. One is added at a time; the others wait.
 *
 * @typedef {import('./search.js').Search} Search
 * @typedef {import('./searcher.js').Indexed} Indexed
 * @typedef {import('./kinds.js').Kind} Kind
 *
 * @typedef {object} Entry a document in the list
 * @property {string} id
 * @property {number} at
 * @property {string} name
 * @property {Kind} kind
 * @property {number} pages 0 where there are none
 * @property {number} characters
 * @property {number} passages
 *
 * @typedef {{name: string, page: number, pages: number, waiting: number}} Adding `waiting`: how many come after it
 * @typedef {{name: string, code: DocumentError['code'], detail: string}} Refused
 */

import { newId } from "../../records/record.js";
import { MAX_RECORDS } from "../../records/records.js";
import { DocumentError } from "./document.js";

/** Documents, and UTF-16 units of all together: what a phone can hold in memory. */
export const MAX_DOCUMENTS = 100;
export const MAX_ALL_CHARACTERS = 20_000_000;
const KINDS = ["pdf", "docx", "markdown", "html", "text"];

export class Library {
  /** Newest first. @type {Entry[]} */
  entries = [];
  /** @type {Adding | null} */
  adding = null;
  /** Why the last ones were not taken. @type {Refused[]} */
  refused = [];
  #records;
  #search;
  #read;
  #onChange;
  #stop = new AbortController();
  #ended = new AbortController();
  /** @type {Promise<void>} */
  #last = Promise.resolve();
  #waiting = 0;
  /** Ids that the search holds. @type {Set<string>} */
  #held = new Set();

  /**
   * @param {object} options
   * @param {import('../../records/records.js').TaskRecords} options.records
   * @param {Pick<Search, 'index' | 'hold' | 'drop'>} options.search
   * @param {(file: Blob, given: {name: string, signal: AbortSignal, onPage: (page: number, pages: number) => void}) =>
   *   Promise<{kind: Kind, source: import('./search.worker.js').Source}>} options.read
   * @param {() => void} options.onChange
   */
  constructor({ records, search, read, onChange }) {
    this.#records = records;
    this.#search = search;
    this.#read = read;
    this.#onChange = onChange;
    records.listen(() => void this.refresh(), this.#ended.signal);
  }

  get trouble() {
    return this.#records.trouble;
  }

  /** Brings the list, and the search, to what is kept: by this tab or another. */
  async refresh() {
    const heads = await this.#records.list({ count: MAX_RECORDS });
    if (this.#ended.signal.aborted) return;
    this.entries = heads.flatMap((head) => entryOf(head) ?? []);
    const ids = new Set(this.entries.map(({ id }) => id));
    for (const id of this.#held) {
      if (ids.has(id)) continue;
      this.#held.delete(id);
      this.#search.drop(id);
    }
    this.#onChange();
    for (const { id } of this.entries) {
      if (this.#held.has(id)) continue;
      this.#held.add(id);
      const found = await this.get(id);
      if (found && this.#held.has(id)) this.#search.hold(id, found);
    }
  }

  /** The search has started anew, and holds nothing. */
  async again() {
    this.#held.clear();
    await this.refresh();
  }

  /** @param {string} id @returns {Promise<(Pick<Indexed, 'text' | 'blocks' | 'passages'> & {segment: unknown}) | null>} null where it cannot be had */
  async get(id) {
    return bodyOf((await this.#records.get(id))?.body);
  }

  /** Adds files, or pasted texts, one after the other; the id of the last one that was taken, "" for none. @param {{file: Blob, name: string}[]} files @returns {Promise<string>} */
  async add(files) {
    if (!this.#waiting) this.refused = [];
    if (this.#stop.signal.aborted) this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#waiting += files.length;
    let taken = "";
    for (const each of files) {
      this.#last = this.#last.then(async () => {
        this.#waiting -= 1;
        taken = (await this.#addOne(each, signal)) || taken;
      });
    }
    await this.#last;
    return taken;
  }

  /** Those that are being added are not. */
  cancel() {
    this.#stop.abort();
  }

  /** @param {string} id */
  async remove(id) {
    await this.#records.delete(id); // whose listener drops it
  }

  close() {
    this.#ended.abort();
    this.cancel();
  }

  /** The document with this name and text, which is not kept twice: each passage would be found twice. @param {string} name @param {string} text @returns {Promise<string>} its id, "" for none */
  async #sameAs(name, text) {
    for (const entry of this.entries) {
      if (entry.name === name && entry.characters === text.length && (await this.get(entry.id))?.text === text) return entry.id;
    }
    return "";
  }

  /** @param {{file: Blob, name: string}} given @param {AbortSignal} signal */
  async #addOne({ file, name }, signal) {
    if (this.#ended.signal.aborted) return "";
    const say = (/** @type {Partial<Adding>} */ more) => {
      this.adding = { name, page: 0, pages: 0, waiting: this.#waiting, ...more };
      this.#onChange();
    };
    const id = newId();
    try {
      if (signal.aborted) return "";
      say({});
      const all = this.entries.reduce((sum, { characters }) => sum + characters, 0);
      if (this.entries.length >= MAX_DOCUMENTS || all >= MAX_ALL_CHARACTERS) throw new DocumentError("too-many");
      const { kind, source } = await this.#read(file, { name, signal, onPage: (page, pages) => say({ page, pages }) });
      const indexed = await this.#search.index(source, signal);
      const same = await this.#sameAs(name, indexed.text);
      if (same) return same;
      if (all + indexed.text.length > MAX_ALL_CHARACTERS) throw new DocumentError("too-many");
      const pages = indexed.blocks.at(-1)?.page ?? 0;
      const head = { name, kind, pages, characters: indexed.text.length, passages: indexed.passages.length };
      this.#held.add(id); // before the records tell of it
      this.#search.hold(id, indexed);
      await this.#records.put({ id, at: Date.now(), head, body: indexed });
      await this.refresh();
      return id;
    } catch (error) {
      if (signal.aborted) return "";
      const { code, detail } = error instanceof DocumentError ? error : new DocumentError("damaged", String(error).slice(0, 200));
      this.refused = [...this.refused, { name, code, detail }];
      return "";
    } finally {
      if (!this.#waiting || signal.aborted) this.adding = null;
      this.#onChange();
    }
  }
}

/** Null for what another page has written, or somebody by hand. @param {import('../../records/record.js').Head} head @returns {Entry | null} */
export function entryOf({ id, at, head }) {
  const { name, kind, pages, characters, passages } = /** @type {Record<string, unknown>} */ (head ?? {});
  if (typeof name !== "string" || !KINDS.includes(String(kind))) return null;
  const [pageCount, length, parts] = [pages, characters, passages].map((value) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0));
  return { id, at, name, kind: /** @type {Kind} */ (kind), pages: pageCount, characters: length, passages: parts };
}

/** A kept document of which every part is within its text; null for others. @param {unknown} body */
export function bodyOf(body) {
  const { text, blocks, passages, segment } = /** @type {Record<string, unknown>} */ (body ?? {});
  if (typeof text !== "string" || !Array.isArray(blocks) || !Array.isArray(passages)) return null;
  const within = (/** @type {any} */ each) => Number.isSafeInteger(each?.start) && Number.isSafeInteger(each?.end) && each.start >= 0 && each.start < each.end && each.end <= text.length;
  const named = (/** @type {any} */ each) => Array.isArray(each.headings) && each.headings.every((/** @type {unknown} */ heading) => typeof heading === "string");
  if (!blocks.every(within) || !passages.every((each) => within(each) && named(each))) return null;
  return { text, blocks: /** @type {import('./document.js').Block[]} */ (blocks), passages: /** @type {import('./passages.js').Passage[]} */ (passages), segment };
}
