// @ts-check
/**
 * Writing FlatBuffers, from the end of the bytes to their beginning, as the builder of Google's library does: the same calls in the same order
 * give the same bytes. What is written is named by its distance from the end. No library is loaded for this page of code.
 *
 * @typedef {[slot: number, kind: 'offset' | 'uint32' | 'uint64' | 'int8', value: number]} Slot one field of a table
 */

/** @type {Record<Slot[1], number>} */
const SIZES = { offset: 4, uint32: 4, uint64: 8, int8: 1 };
const encoder = new TextEncoder();

export class FlatBufferWriter {
  #bytes = new Uint8Array(1 << 16);
  #head = this.#bytes.length;
  /** The largest number that was aligned. */
  #alignment = 1;
  /** Places of the tables of fields, which tables that are alike share. @type {Map<string, number>} */
  #layouts = new Map();

  /** @param {string} text @returns {number} */
  text(text) {
    const bytes = encoder.encode(text);
    this.#align(4, bytes.length + 1);
    this.#place(1, 0);
    this.#head -= bytes.length;
    this.#bytes.set(bytes, this.#head);
    this.#place(4, bytes.length);
    return this.#written;
  }

  /** A vector of int32. @param {number[]} values @returns {number} */
  integers(values) {
    this.#align(4, 4 * values.length);
    for (const value of values.toReversed()) this.#place(4, value);
    this.#place(4, values.length);
    return this.#written;
  }

  /** A vector of what was written before. @param {number[]} places @returns {number} */
  vector(places) {
    this.#align(4, 4 * places.length);
    for (const place of places.toReversed()) this.#placeOffset(place);
    this.#place(4, places.length);
    return this.#written;
  }

  /** A table with these fields, none of which is left out for being 0. @param {Slot[]} slots in the order in which they are written @returns {number} */
  table(slots) {
    const end = this.#written;
    /** @type {number[]} */
    const fields = [];
    for (const [slot, kind, value] of slots) {
      this.#align(SIZES[kind], 0);
      if (kind === "offset") this.#placeOffset(value);
      else this.#place(SIZES[kind], value);
      fields[slot] = this.#written;
    }
    this.#align(4, 0);
    this.#place(4, 0); // where its layout is, known in a moment
    const table = this.#written;
    const layout = Array.from(fields, (place) => (place ? table - place : 0));
    const key = [table - end, ...layout].join();
    const before = this.#layouts.get(key);
    if (before === undefined) {
      for (const offset of layout.toReversed()) this.#place(2, offset);
      this.#place(2, table - end);
      this.#place(2, 2 * (layout.length + 2));
      this.#layouts.set(key, this.#written);
    }
    this.#view.setInt32(this.#bytes.length - table, (before ?? this.#written) - table, true);
    return table;
  }

  /** The whole, with its root table. @param {number} root @param {string} magic four characters @returns {Uint8Array<ArrayBuffer>} */
  finish(root, magic) {
    this.#align(this.#alignment, 8);
    for (const letter of [...magic].toReversed()) this.#place(1, letter.charCodeAt(0));
    this.#placeOffset(root);
    return this.#bytes.slice(this.#head);
  }

  get #written() {
    return this.#bytes.length - this.#head;
  }

  get #view() {
    return new DataView(this.#bytes.buffer);
  }

  /** Zeros, so that a number of `size` bytes is aligned when so many bytes follow before it. @param {number} size @param {number} following */
  #align(size, following) {
    this.#alignment = Math.max(this.#alignment, size);
    const zeros = -(this.#written + following) & (size - 1);
    while (this.#head < zeros + following + 2 * size) this.#grow();
    this.#head -= zeros;
    this.#bytes.fill(0, this.#head, this.#head + zeros);
  }

  #grow() {
    const bytes = new Uint8Array(2 * this.#bytes.length);
    bytes.set(this.#bytes, this.#bytes.length);
    this.#head += this.#bytes.length;
    this.#bytes = bytes;
  }

  /** @param {number} size @param {number} value */
  #place(size, value) {
    if (this.#head < size) this.#grow();
    this.#head -= size;
    for (let at = this.#head, left = value, end = at + size; at < end; at += 1, left = Math.floor(left / 256)) this.#bytes[at] = left % 256;
  }

  /** @param {number} place */
  #placeOffset(place) {
    this.#align(4, 0);
    this.#place(4, this.#written - place + 4);
  }
}
