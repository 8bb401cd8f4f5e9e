// @ts-check
/**
 * What a conversion does to every weight of a matrix, in WebAssembly: scales, rounding, packing, sums. `kernel.wasm` is the module that
 * `onpage convert` runs too (builder/quantize/wasm_kernel_text.py), so what comes out is the same to the bit.
 *
 * @typedef {{bits: 4 | 8, block: number | null}} Scheme `block`: how many inputs share a scale; null: all of an output's
 * @typedef {object} Band rows of a matrix, quantized; in the kernel's memory, until its next call
 * @property {Uint8Array<ArrayBuffer>} packed for each four inputs a strip of all these rows
 * @property {Float32Array<ArrayBuffer>} scales
 * @property {Uint8Array<ArrayBuffer>} sums int32, one for each row
 */

/** Bytes of a checkpoint that are read and worked on at once. More fill the memory with buffers that browsers let go of late. */
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
    const step = Math.max(4, Math.floor(CHUNK / (inputs * size) / 4) * 4);
    const groups = inputs / width;
    const parts = [Math.min(step, rows) * inputs * size, (rows * inputs * bits) / 8, 4 * rows * groups, 4 * rows];
    const starts = [0];
    for (const part of parts) starts.push((starts.at(-1) ?? 0) + Math.ceil(part / LINE) * LINE);
    const missing = starts[4] - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));
    const memory = /** @type {ArrayBuffer} */ (this.#memory.buffer);
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
}
