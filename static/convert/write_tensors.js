// @ts-check
/**
 * The weights of a model on their way into the web file, a band of a matrix at a time (builder/convert/write_tensors.py).
 *
 * @typedef {import('./weights.js').Weight} Weight
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 *
 * @typedef {object} Target
 * @property {import('./kernel.js').Scheme} scheme
 * @property {number} factor of the residual stream
 * @property {Map<string, number>} offsets of the tensors of the file
 * @property {import('./convert.js').Sink} sink
 * @property {import('./kernel.js').Kernel} kernel
 * @property {(bytes: number) => void} report so many more were read
 */

import { INPUTS } from "./kernel.js";
import { Refusal, shown } from "./refusal.js";
import { factorOf } from "./residual.js";
import { isStoredIn, packedRows } from "./stored_integers.js";
import { isBfloat16, readRows, vectorOf } from "./stored_rows.js";
import { isMatrix } from "./weights.js";

/** TFLite's types. */
const [FLOAT32, INT32, INT8, INT4] = [0, 2, 9, 17];
const MAX_TENSOR = 2 ** 31 - 1;
/** Values of a band: each strip of it is a write. */
const BAND = 8 << 20;

/** The tensors of the web file that a weight becomes. @param {Weight} weight @param {import('./kernel.js').Scheme} scheme @returns {import('./layout.js').Spec[]} */
export function specsOf({ name, shape }, { bits, block }) {
  const [outputs, inputs = 1] = shape;
  if (!isMatrix({ shape })) return [{ name, type: FLOAT32, size: 4 * outputs }];
  return [
    { name: `${name}.w`, type: bits === 8 ? INT8 : INT4, size: (outputs * inputs * bits) / 8 },
    { name: `${name}.w.sum_i`, type: INT32, size: 4 * outputs },
    { name: `${name}.w_quantized_scale`, type: FLOAT32, size: (4 * outputs * inputs) / (block ?? inputs) },
  ];
}

/** @param {Weight} weight @param {import('./kernel.js').Scheme} scheme */
export function refuseWhatNoBlockDivides({ source, shape }, { block }) {
  const [outputs, inputs] = shape;
  if (!isMatrix({ shape })) return;
  if (outputs * inputs > MAX_TENSOR) throw new Refusal("large", source);
  if (inputs % (block ?? INPUTS)) throw new Refusal("setting", `${source} ${shown(shape)}: ${block ?? INPUTS}`);
}

/** @param {{weight: Weight, tensor: StoredTensor}[]} weights @param {Target} target */
export async function writeTensors(weights, target) {
  for (const { weight, tensor } of weights) {
    const factor = factorOf(weight, target.factor);
    if (isMatrix(weight)) await writeMatrix({ weight, tensor, factor }, target);
    else {
      target.sink.write(await norm(weight, tensor, factor), place(target, weight.name));
      target.report(tensor.end - tensor.begin);
    }
  }
}

/** @param {Target} target @param {string} name of a tensor of the file */
function place({ offsets }, name) {
  return offsets.get(name) ?? NaN;
}

/** @param {{weight: Weight, tensor: StoredTensor, factor: number}} matrix @param {Target} target */
async function writeMatrix({ weight, tensor, factor }, target) {
  const { scheme, sink, kernel, report } = target;
  const { name, source, shape: [outputs, inputs] } = weight;
  const [values, sums, scales] = [place(target, `${name}.w`), place(target, `${name}.w.sum_i`), place(target, `${name}.w_quantized_scale`)];
  const row = (4 * outputs * scheme.bits) / 8; // of blocks
  const step = Math.max(4, Math.floor(BAND / inputs / 4) * 4);
  for (let first = 0; first < outputs; first += step) {
    const rows = Math.min(step, outputs - first);
    const band = isStoredIn(tensor, scheme)
      ? await packedRows(tensor, first, rows)
      : await kernel.quantize({ rows, inputs, isBfloat16: isBfloat16(tensor) }, scheme, (at, count, into) => readRows(tensor, first + at, count, into));
    if (!band) throw new Refusal("not-finite", source);
    const strip = (rows * scheme.bits) / 2;
    if (rows === outputs) sink.write(band.packed, values);
    else for (let i = 0; i * strip < band.packed.length; i += 1) sink.write(band.packed.subarray(i * strip, (i + 1) * strip), values + (first * scheme.bits) / 2 + i * row);
    sink.write(band.sums, sums + 4 * first);
    if (factor !== 1) for (let i = 0; i < band.scales.length; i += 1) band.scales[i] *= factor;
    sink.write(new Uint8Array(band.scales.buffer, band.scales.byteOffset, band.scales.byteLength), scales + (band.scales.byteLength / rows) * first);
    report(((tensor.end - tensor.begin) * rows) / outputs);
  }
}

/** The weights of a norm whose factors, 1 more than they, are multiplied. @param {Weight} weight @param {StoredTensor} tensor @param {number} factor */
async function norm({ source }, tensor, factor) {
  const values = await vectorOf(tensor);
  if (!values.every(Number.isFinite)) throw new Refusal("not-finite", source);
  return new Uint8Array(Float32Array.from(values, (each) => (factor === 1 ? each : (1 + each) * factor - 1)).buffer);
}

