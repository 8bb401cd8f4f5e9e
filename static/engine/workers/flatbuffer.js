// @ts-check
/**
 * Reading FlatBuffers that nobody vouches for: tables, and vectors of tables and numbers, by their places in the bytes.
 * RangeError where one points out of the bytes, or a vector is longer than any that is read here.
 */

const MAX_ELEMENTS = 1 << 18;

export class FlatBuffer {
  #view;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The place that the offset at a place names; so the root table, of the place where a FlatBuffer begins. @param {number} at */
  follow(at) {
    return at + this.#view.getUint32(at, true);
  }

  /**
   * Where a table has a field, 0 where it has none.
   * @param {number} table
   * @param {number} index
   */
  field(table, index) {
    const fields = table - this.#view.getInt32(table, true);
    const at = 4 + 2 * index;
    const offset = at < this.#view.getUint16(fields, true) ? this.#view.getUint16(fields + at, true) : 0;
    return offset && table + offset;
  }

  /**
   * The tables of a vector; none where the field is absent.
   * @param {number} table
   * @param {number} index
   */
  tables(table, index) {
    return this.#places(table, index).map((at) => this.follow(at));
  }

  /**
   * The int32 of a vector; none where the field is absent.
   * @param {number} table
   * @param {number} index
   */
  integers(table, index) {
    return this.#places(table, index).map((at) => this.#view.getInt32(at, true));
  }

  /** The number in a byte, 0 where the field is absent. @param {number} at */
  uint8(at) {
    return at && this.#view.getUint8(at);
  }

  /** The number in four bytes, 0 where the field is absent. @param {number} at */
  uint32(at) {
    return at && this.#view.getUint32(at, true);
  }

  /** The number in eight bytes, 0 where the field is absent. @param {number} at */
  uint64(at) {
    return at && Number(this.#view.getBigUint64(at, true));
  }

  /**
   * Where the elements of a vector are, of four bytes each.
   * @param {number} table
   * @param {number} index
   */
  #places(table, index) {
    const at = this.field(table, index);
    if (!at) return [];
    const vector = this.follow(at);
    const count = this.uint32(vector);
    if (count > MAX_ELEMENTS) throw new RangeError(`a vector has ${count} elements`);
    return Array.from({ length: count }, (_, i) => vector + 4 + 4 * i);
  }
}
