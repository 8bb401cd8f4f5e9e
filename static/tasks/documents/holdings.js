// @ts-check
/**
 * The documents of the page and what searches them, by words and by meaning. It has no view: what it is doing goes on when a view goes, and
 * the next one takes it over.
 */

import { Library } from "./library.js";
import { Meaning, floorOf } from "./meaning.js";
import { read } from "./reading.js";
import { Search } from "./search.js";

/**
 * @typedef {import('../task.js').TaskContext} TaskContext
 */

export class Holdings {
  /** Hears of every change. */
  onChange = () => {};
  /** The documents whose meanings were read last. */
  #read = "";

  /** @param {Pick<TaskContext, 'collection' | 'vendor'>} context */
  constructor({ collection, vendor }) {
    const marked = new URL(`${vendor.marked}marked.esm.js`, document.baseURI).href;
    const search = new Search({ marked, restarted: () => void this.library.again().then(() => this.meaning.restarted()) });
    this.search = search;
    this.library = new Library({
      records: collection("files"),
      search,
      read: (file, given) => read(file, { ...given, pdf: vendor["pdfjs-dist"] }),
      onChange: () => this.#changed(),
    });
    this.meaning = new Meaning({ records: collection("vectors"), search, library: this.library, vendor, onChange: () => this.onChange() });
  }

  /** Brings what is kept, and offers the models that compare texts. @param {TaskContext['embedders']} embedders */
  async begin(embedders) {
    await this.library.refresh();
    await this.meaning.offer((await embedders) ?? []);
  }

  /** By words, and by meaning where its model is there. @param {string} question @param {number} count @returns {Promise<import('./searcher.js').Found>} */
  async find(question, count) {
    const vector = await this.meaning.vectorOf(question);
    return this.search.search(question, count, vector, floorOf(this.meaning.model));
  }

  close() {
    this.onChange = () => {};
    this.meaning.close();
    this.library.close();
    this.search.close();
  }

  #changed() {
    this.onChange();
    const held = this.library.entries.map(({ id }) => id).join();
    if (held !== this.#read) void this.meaning.read();
    this.#read = held;
  }
}
