// @ts-check
/**
 * Rows of a checkpoint's tensors as the kernel takes them: bfloat16 as it is stored, all else as float32, as an adapter changes them.
 *
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 */

import { bytesOf, letGo } from "./folder.js";
import { bytesOfValues } from "./ggml_types.js";
import { CHUNK } from "./kernel.js";
import { Refusal } from "./refusal.js";
import { readFloats, readStored } from "./stored_values.js";

/** @param {StoredTensor} tensor */
export function isBfloat16({ dtype, change }) {
  return dtype === "BF16" && !change;
}

/**
 * Fills `into` with some rows; those behind the tensor's last are its first one again, Gemma's padding.
 * @param {StoredTensor} tensor a matrix
 * @param {number} first
 * @param {number} count
 * @param {Uint8Array<ArrayBuffer>} into
 */
export async function readRows(tensor, first, count, into) {
  const [rows, inputs] = tensor.shape;
  const there = Math.min(count, Math.max(0, rows - first));
  const width = into.length / count;
  await read(tensor, first * inputs, into.subarray(0, there * width));
  for (let row = there; row < count; row += 1) await read(tensor, 0, into.subarray(row * width, (row + 1) * width));
}

/** A matrix without the rows behind the first `rows`, where it has more. @param {StoredTensor} tensor @param {number} rows @returns {StoredTensor} */
export function firstRows(tensor, rows) {
  const { shape: [there, ...row], dtype, begin, end } = tensor;
  if (row.length !== 1 || there <= rows) return tensor;
  return { ...tensor, shape: [rows, ...row], end: Math.min(end, begin + bytesOfValues(dtype, rows * row[0])) };
}

/** Some rows of a matrix, in float32. @param {StoredTensor} tensor @param {number} first @param {number} count */
export async function floatRows(tensor, first, count) {
  const values = new Float32Array(count * tensor.shape[1]);
  await readFloats(tensor, first * tensor.shape[1], values);
  await tensor.change?.(values, first);
  return values;
}

/** A vector, in float64. @param {StoredTensor} tensor @returns {Promise<Float64Array>} */
export async function vectorOf(tensor) {
  const { shape, minus = 0 } = tensor;
  const values = new Float32Array(shape[0]);
  await readFloats(tensor, 0, values);
  return Float64Array.from(values, (each) => Math.fround(each - minus));
}

/**
 * The largest magnitude of a tensor; NaN or Infinity where not all is finite.
 * @param {StoredTensor} tensor
 * @param {(bytes: number) => void} report so many more were read
 */
export async function largestOf(tensor, report) {
  const size = tensor.shape.reduce((product, each) => product * each, 1);
  const width = isBfloat16(tensor) ? 2 : 4;
  const row = (tensor.shape[1] ?? 1) * width;
  const bytes = new Uint8Array(tensor.change ? Math.max(1, Math.floor(CHUNK / row)) * row : CHUNK);
  let largest = 0; // of a float without its sign: they are in the order of their bits
  for (let at = 0; at < size; at += bytes.length / width) {
    const part = bytes.subarray(0, Math.min(bytes.length, (size - at) * width));
    await read(tensor, at, part);
    largest = Math.max(largest, width === 2 ? highest(new Uint16Array(part.buffer, 0, part.length / 2), 0x7fff) : highest(new Uint32Array(part.buffer, 0, part.length / 4), 0x7fffffff));
    report(bytesOfValues(tensor.dtype, part.length / width));
  }
  return new Float32Array(Uint32Array.of(width === 2 ? largest << 16 : largest).buffer)[0];
}

/** Whether two tensors of a type and a shape are the same, to the bit. @param {StoredTensor} one @param {StoredTensor} other */
export async function isSame(one, other) {
  for (let at = 0; at < one.end - one.begin; at += CHUNK) {
    const [ours, theirs] = await Promise.all([one, other].map(({ file, begin, end }) => bytesOf(file, begin + at, Math.min(begin + at + CHUNK, end))));
    const bytes = new Uint8Array(theirs);
    const isAlike = new Uint8Array(ours).every((byte, i) => byte === bytes[i]);
    for (const buffer of [ours, theirs]) letGo(buffer);
    if (!isAlike) return false;
  }
  return true;
}

/** Whether the first rows of two matrices of a width hold the same values, whatever their types. NaN, which equals nothing, is a Refusal. @param {StoredTensor} one @param {StoredTensor} other @param {number} rows */
export async function haveSameRows(one, other, rows) {
  if (one === other) return true;
  const [ours, theirs] = [new Float32Array(CHUNK / 4), new Float32Array(CHUNK / 4)];
  for (let at = 0, size = rows * one.shape[1]; at < size; at += ours.length) {
    const count = Math.min(ours.length, size - at);
    await readFloats(one, at, ours.subarray(0, count));
    await readFloats(other, at, theirs.subarray(0, count));
    for (let i = 0; i < count; i += 1) {
      if (ours[i] === theirs[i]) continue;
      if (!Number.isFinite(ours[i])) throw new Refusal("not-finite", one.name);
      if (!Number.isFinite(theirs[i])) throw new Refusal("not-finite", other.name);
      return false;
    }
  }
  return true;
}

/** @param {Uint16Array | Uint32Array} words @param {number} mask */
function highest(words, mask) {
  let found = 0;
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] & mask;
    if (word > found) found = word;
  }
  return found;
}

/**
 * Values from the place `at` on: 2 bytes each of what is bfloat16, else float32; whole rows of what an adapter changes.
 * @param {StoredTensor} tensor
 * @param {number} at
 * @param {Uint8Array<ArrayBuffer>} into
 */
async function read(tensor, at, into) {
  if (!tensor.change) return readStored(tensor, at, into);
  const values = new Float32Array(into.buffer, into.byteOffset, into.length / 4);
  await readFloats(tensor, at, values);
  await tensor.change(values, at / tensor.shape[1]);
}
