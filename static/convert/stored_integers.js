// @ts-check
/**
 * Rows that a checkpoint holds in a scheme of the web file already: they go over as they are, nothing is rounded again
 * (builder/quantize/as_stored.py). GGUF's Q4_0 is q4_0, value for value; only the order differs.
 *
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 */

import { bytesOf, letGo } from "./folder.js";
import { BLOCK_TYPES, float16At } from "./ggml_types.js";
import { CHUNK, rowsOf } from "./kernel.js";

const { values: BLOCK, size: SIZE } = BLOCK_TYPES.Q4_0;
const ZERO = 8;
/** A byte of two of them. */
const ZEROS = 0x88;

/** @param {StoredTensor} tensor @param {import('./kernel.js').Scheme} scheme */
export function isStoredIn({ dtype, change }, { bits, block }) {
  return !change && dtype === "Q4_0" && bits === 4 && block === BLOCK;
}

/**
 * Some rows as `Kernel.quantize` gives them; those behind the tensor's last are its first one again.
 * @param {StoredTensor} tensor a matrix of Q4_0
 * @param {number} first
 * @param {number} rows a multiple of 4
 * @returns {Promise<import('./kernel.js').Band | null>} null for scales that are not finite
 */
export async function packedRows(tensor, first, rows) {
  const [, inputs] = tensor.shape;
  const packed = new Uint8Array((rows * inputs) / 2);
  const scales = new Float32Array((rows * inputs) / BLOCK);
  const sums = new Int32Array(rows);
  const step = rowsOf((CHUNK * BLOCK) / SIZE, inputs);
  for (let at = 0; at < rows; at += step) {
    const bytes = await storedRows(tensor, first + at, Math.min(step, rows - at));
    if (!takeScales(bytes, inputs, scales.subarray((at * inputs) / BLOCK), sums.subarray(at))) return null;
    pack(bytes, inputs, packed.subarray(2 * at), 2 * rows);
    letGo(bytes.buffer);
  }
  return { packed, scales, sums: new Uint8Array(sums.buffer) };
}

/** @param {StoredTensor} tensor @param {number} first @param {number} rows */
async function storedRows({ file, begin, shape: [stored, inputs] }, first, rows) {
  const width = (inputs / BLOCK) * SIZE;
  const read = async (/** @type {number} */ from, /** @type {number} */ count) => new Uint8Array(await bytesOf(file, begin + from * width, begin + (from + count) * width));
  const there = Math.min(rows, Math.max(0, stored - first));
  if (there === rows) return read(first, rows);
  const bytes = new Uint8Array(rows * width);
  bytes.set(await read(first, there));
  const padding = await read(0, 1);
  for (let row = there; row < rows; row += 1) bytes.set(padding, row * width);
  return bytes;
}

/**
 * Zero would divide by zero as a scale: it is one, and its values become zeros.
 * @param {Uint8Array} bytes of whole rows
 * @param {number} inputs
 * @param {Float32Array} scales filled
 * @param {Int32Array} sums of zeros; filled
 * @returns {boolean} false where a scale is not finite
 */
function takeScales(bytes, inputs, scales, sums) {
  const blocks = inputs / BLOCK; // of a row
  for (let block = 0, at = 0; at < bytes.length; block += 1, at += SIZE) {
    const scale = float16At(bytes, at);
    if (!Number.isFinite(scale)) return false;
    scales[block] = scale || 1;
    if (scale === 0) bytes.fill(ZEROS, at + 2, at + SIZE);
    const row = Math.floor(block / blocks);
    for (let i = at + 2; i < at + SIZE; i += 1) sums[row] += (bytes[i] & 15) + (bytes[i] >> 4) - 2 * ZERO;
  }
  return true;
}

/** @param {Uint8Array} bytes of whole rows @param {number} inputs @param {Uint8Array} packed from their place in the first strip on; filled @param {number} apart bytes of a strip, of four inputs */
function pack(bytes, inputs, packed, apart) {
  const width = (inputs / BLOCK) * SIZE;
  for (let row = 0; row * width < bytes.length; row += 4) {
    for (let block = 0; block * BLOCK < inputs; block += 1) {
      const at = row * width + block * SIZE + 2;
      for (let i = 0; i < 16; i += 1) {
        const [one, two, three, four] = [bytes[at + i], bytes[at + width + i], bytes[at + 2 * width + i], bytes[at + 3 * width + i]];
        const low = (8 * block + (i >> 2)) * apart + 2 * row + 2 * (i & 3);
        const high = low + 4 * apart; // 16 inputs further on
        packed[low] = (one & 15) | ((two & 15) << 4);
        packed[low + 1] = (three & 15) | ((four & 15) << 4);
        packed[high] = (one >> 4) | (two & 240);
        packed[high + 1] = (three >> 4) | (four & 240);
      }
    }
  }
}
