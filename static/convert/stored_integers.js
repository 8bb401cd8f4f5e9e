// @ts-check
/**
 * Rows that a checkpoint holds in a scheme of the web file already: they go over as they are, nothing is rounded again
 * (builder/quantize/as_stored.py). GGUF's Q4_0 is q4_0, value for value; only the order differs.
 *
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 */

import { bytesOf } from "./folder.js";
import { BLOCK_TYPES, float16At } from "./ggml_types.js";

const { values: BLOCK, size: SIZE } = BLOCK_TYPES.Q4_0;
const ZERO = 8;

/** @param {StoredTensor} tensor @param {import('./kernel.js').Scheme} scheme */
export function isStoredIn({ dtype }, { bits, block }) {
  return dtype === "Q4_0" && bits === 4 && block === BLOCK;
}

/**
 * Some rows as `Kernel.quantize` gives them; those behind the tensor's last are its first one again.
 * @param {StoredTensor} tensor a matrix of Q4_0
 * @param {number} first
 * @param {number} rows a multiple of 4
 * @returns {Promise<import('./kernel.js').Band | null>} null for scales that are not finite
 */
export async function packedRows(tensor, first, rows) {
  const [stored, inputs] = tensor.shape;
  const [blocks, width] = [inputs / BLOCK, (inputs / BLOCK) * SIZE];
  const there = Math.min(rows, Math.max(0, stored - first));
  const bytes = new Uint8Array(await bytesOf(tensor.file, tensor.begin + first * width, tensor.begin + (first + there) * width));
  const padding = there < rows ? new Uint8Array(await bytesOf(tensor.file, tensor.begin, tensor.begin + width)) : bytes;
  const packed = new Uint8Array((rows * inputs) / 2);
  const scales = new Float32Array(rows * blocks);
  const sums = new Int32Array(rows);
  const apart = 2 * rows; // bytes of the strip of four inputs
  for (let row = 0; row < rows; row += 1) {
    const source = row < there ? bytes : padding;
    const [column, shift] = [8 * (row >> 2) + ((row & 3) >> 1), row & 1 ? 4 : 0]; // two outputs share a byte
    let sum = 0;
    for (let block = 0; block < blocks; block += 1) {
      const at = (row < there ? row * width : 0) + block * SIZE;
      const scale = float16At(source, at);
      if (!Number.isFinite(scale)) return null;
      scales[row * blocks + block] = scale || 1; // zero would divide by zero: its values become zeros
      for (let i = 0; i < BLOCK; i += 1) {
        const pair = source[at + 2 + (i & 15)];
        const value = scale === 0 ? ZERO : i < 16 ? pair & 15 : pair >> 4;
        const input = block * BLOCK + i;
        packed[(input >> 2) * apart + column + 2 * (input & 3)] |= value << shift;
        sum += value - ZERO;
      }
    }
    sums[row] = sum;
  }
  return { packed, scales, sums: new Uint8Array(sums.buffer) };
}
