// @ts-check
/**
 * Values of a checkpoint's tensors, as they are stored or as float32.
 *
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 */

import { FLOAT16 } from "./float16.js";
import { bytesOf, letGo } from "./folder.js";
import { BLOCK_TYPES, bytesOfValues } from "./ggml_types.js";

/** Values from the place `at` on: 2 bytes each of bfloat16, else float32. @param {StoredTensor} tensor @param {number} at @param {Uint8Array<ArrayBuffer>} into */
export async function readStored({ dtype, file, begin }, at, into) {
  if (!into.length) return;
  const count = into.length / (dtype === "BF16" ? 2 : 4);
  const start = begin + bytesOfValues(dtype, at);
  const stored = await bytesOf(file, start, start + bytesOfValues(dtype, count));
  unpack(dtype, stored, into);
  letGo(stored);
}

/** @param {string} dtype @param {ArrayBuffer} stored @param {Uint8Array<ArrayBuffer>} into */
function unpack(dtype, stored, into) {
  const bytes = new Uint8Array(stored);
  if (dtype === "BF16" || dtype === "F32") return into.set(bytes);
  const values = new Float32Array(into.buffer, into.byteOffset, into.length / 4);
  if (dtype === "F16") {
    const halves = new Uint16Array(stored);
    for (let i = 0; i < values.length; i += 1) values[i] = FLOAT16[halves[i]];
  } else {
    const { values: width, size, decode } = BLOCK_TYPES[dtype];
    for (let i = 0; i * width < values.length; i += 1) decode(bytes, i * size, values, i * width);
  }
}

/** As `readStored`, float32 of every type. @param {StoredTensor} tensor @param {number} at @param {Float32Array<ArrayBuffer>} into */
export async function readFloats(tensor, at, into) {
  if (tensor.dtype !== "BF16") return readStored(tensor, at, new Uint8Array(into.buffer, into.byteOffset, into.byteLength));
  const halves = new Uint16Array(into.length);
  await readStored(tensor, at, new Uint8Array(halves.buffer));
  const words = new Uint32Array(into.buffer, into.byteOffset, into.length);
  for (let i = 0; i < words.length; i += 1) words[i] = halves[i] << 16;
  letGo(halves.buffer);
}

/** All values of a small tensor. @param {StoredTensor} tensor */
export async function valuesOf(tensor) {
  const values = new Float32Array(tensor.shape.reduce((product, each) => product * each, 1));
  await readFloats(tensor, 0, values);
  return values;
}
