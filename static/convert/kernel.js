// @ts-check
/**
 * What a conversion does to every weight of a matrix, in WebAssembly: scales, rounding, packing, sums, and before them what an adapter adds.
 * `kernel.wasm` is the module that `onpage convert` runs too (builder/quantize/wasm_kernel_text.py), so what comes out is the same to the bit.
 *
 * @typedef {{bits: 4 | 8, block: number | null}} Scheme `block`: how many inputs share a scale; null: all of an output's
 * @typedef {object} Band rows of a matrix, quantized; in the kernel's memory, until its next call
 * @property {Uint8Array<ArrayBuffer>} packed for each four inputs a strip of all these rows
 * @property {Float32Array<ArrayBuffer>} scales
 * @property {Uint8Array<ArrayBuffer>} sums int32, one for each row
 *
 * @typedef {object} Factors of a product scale · B·A
 * @property {Float32Array} strips A as `inStrips` gives it
 * @property {Float32Array} b (rows, rank)
 * @property {number} rank
 * @property {number} scale
 * @property {Float32Array | null} lengths of all rows, which DoRA gives them
 */

/** Bytes of a checkpoint that are read and worked on at once. */
export const CHUNK = 1 << 20;
/** Read of a row at a time: a row, or a block of it, is a multiple. */
export const INPUTS = 8;
const LINE = 64;
const PAGE = 1 << 16;

export class Kernel {
  #exports;
  #memory;

  /** @param {WebAssembly.Module} module */
  constructor(module) {
    const { exports } = new WebAssembly.Instance(module);
    this.#exports = /** @type {Record<string, (...numbers: number[]) => number>} */ (/** @type {unknown} */ (exports));
    this.#memory = /** @type {WebAssembly.Memory} */ (exports.memory);
  }

  /**
   * Quantizes rows that are handed over in chunks of four or more.
   * @param {object} matrix
   * @param {number} matrix.rows a multiple of 4
   * @param {number} matrix.inputs
   * @param {boolean} matrix.isBfloat16 else float32
   * @param {Scheme} scheme
   * @param {(first: number, count: number, into: Uint8Array<ArrayBuffer>) => Promise<void>} read
   * @returns {Promise<Band | null>} null for values that are not finite, or too small for a scale
   */
  async quantize({ rows, inputs, isBfloat16 }, { bits, block }, read) {
    const size = isBfloat16 ? 2 : 4;
    const width = block ?? inputs;
    const step = rowsOf(CHUNK / size, inputs);
    const groups = inputs / width;
    const { memory, starts } = this.#parts(Math.min(step, rows) * inputs * size, (rows * inputs * bits) / 8, 4 * rows * groups, 4 * rows);
    const apart = (rows / 4) * 2 * bits;
    for (let first = 0; first < rows; first += step) {
      const count = Math.min(step, rows - first);
      await read(first, count, new Uint8Array(memory, 0, count * inputs * size));
      const run = this.#exports[`quantize_${bits}_${isBfloat16 ? "uint16" : "float32"}`];
      if (!run(0, count / 4, inputs, width, starts[1] + (first / 4) * 2 * bits, apart, starts[2] + first * 4 * groups, starts[3] + 4 * first)) return null;
    }
    return {
      packed: new Uint8Array(memory, starts[1], (inputs / 4) * apart),
      scales: new Float32Array(memory, starts[2], rows * groups),
      sums: new Uint8Array(memory, starts[3], 4 * rows),
    };
  }

  /**
   * Adds scale · B·A to rows of a matrix, and gives them their lengths: every step in float32, by rank in order (builder/quantize/product.py).
   * @param {Float32Array} rows whole ones
   * @param {number} first the first one's number in the matrix
   * @param {Factors} factors
   */
  merge(rows, first, { strips, b, rank, scale, lengths }) {
    const inputs = strips.length / rank;
    const count = rows.length / inputs;
    const groups = Math.ceil(count / 4);
    const { memory, starts } = this.#parts(16 * groups * inputs, strips.byteLength, 16 * groups * rank, 4 * count, 4 * inputs);
    const values = new Float32Array(memory, 0, rows.length);
    const columns = new Float32Array(memory, starts[2], 4 * groups * rank);
    values.set(rows);
    new Float32Array(memory, starts[1], strips.length).set(strips);
    for (let row = 0; row < count; row += 1) for (let each = 0; each < rank; each += 1) columns[each * 4 * groups + row] = b[(first + row) * rank + each];
    this.#exports.add_product(0, groups, inputs, starts[1], starts[2], rank, scale);
    if (lengths) {
      new Float32Array(memory, starts[3], count).set(lengths.subarray(first, first + count));
      this.#exports.give_lengths(0, count, inputs, starts[3], starts[4]);
    }
    rows.set(values);
  }

  /** The memory, with room for parts of so many bytes, and where each begins. What was handed out before is gone. @param {number[]} sizes */
  #parts(...sizes) {
    const starts = [0];
    for (const size of sizes) starts.push((starts.at(-1) ?? 0) + Math.ceil(size / LINE) * LINE);
    const missing = (starts.pop() ?? 0) - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));
    return { memory: /** @type {ArrayBuffer} */ (this.#memory.buffer), starts };
  }
}

/** How many rows have so many values, in fours and at least four: as the blocks of 4 × 4 need them. @param {number} values @param {number} inputs */
export function rowsOf(values, inputs) {
  return Math.max(4, Math.floor(values / inputs / 4) * 4);
}

/** A (rank, inputs) as the kernel reads it, eight inputs of each rank after another: (inputs / 8, rank, 8). @param {Float32Array} a @param {number} rank */
export function inStrips(a, rank) {
  const inputs = a.length / rank;
  const strips = new Float32Array(a.length);
  for (let each = 0; each < rank; each += 1) {
    for (let i = 0; i < inputs; i += INPUTS) strips.set(a.subarray(each * inputs + i, each * inputs + i + INPUTS), i * rank + each * INPUTS);
  }
  return strips;
}
