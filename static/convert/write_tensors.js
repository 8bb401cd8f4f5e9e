// @ts-check
/**
 * The weights of a model on their way into the web file, a band of a matrix at a time (builder/convert/write_tensors.py).
 *
 * @typedef {import('./weights.js').Weight} Weight
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 * @typedef {{weight: Weight, tensor: StoredTensor}} Stored
 *
 * @typedef {object} Target
 * @property {import('./kernel.js').Scheme} scheme
 * @property {number} factor of the residual stream
 * @property {number} normOffset of the model
 * @property {(name: string) => number} place where a tensor of the file begins
 * @property {import('./convert.js').Sink} sink
 * @property {import('./kernel.js').Kernel} kernel
 * @property {number} band values that are held at once
 * @property {(bytes: number) => void} report so many more were read
 */

import { halfStrips } from "./halves.js";
import { INPUTS, rowsOf } from "./kernel.js";
import { Refusal, shown } from "./refusal.js";
import { factorOf } from "./residual.js";
import { isStoredIn, packedRows } from "./stored_integers.js";
import { floatRows, isBfloat16, readRows, vectorOf } from "./stored_rows.js";
import { isInHalves, isMatrix, isTable } from "./weights.js";
import { writeTables } from "./write_tables.js";

/** TFLite's types. */
const [FLOAT32, INT32, INT8, INT4] = [0, 2, 9, 17];
const MAX_TENSOR = 2 ** 31 - 1;
/**
 * Values of a band. Each strip of it is a write, which costs a browser 35 to 180 µs however few bytes it has, but a band that is the whole matrix is
 * one write: so are those of E2B and E4B, except the embedding.
 */
export const BAND = 32 << 20;
/** The part of that which a matrix in float16 gets, whose values are held as float32. */
const OF_HALVES = 1 / 16;

/** The tensors of the web file that a weight becomes. @param {Weight} weight @param {import('./kernel.js').Scheme} scheme @returns {import('./layout.js').Spec[]} */
export function specsOf(weight, scheme) {
  const { name, shape: [outputs, inputs = 1] } = weight;
  if (!isMatrix(weight)) return [{ name, type: FLOAT32, size: 4 * outputs }];
  if (isInHalves(weight)) return [{ name: `${name}.w`, type: FLOAT32, size: 2 * outputs * inputs }]; // the engine's name for that type
  const { bits, block } = schemeOf(weight, scheme);
  return [
    { name: `${name}.w`, type: bits === 8 ? INT8 : INT4, size: (outputs * inputs * bits) / 8 },
    { name: `${name}.w.sum_i`, type: INT32, size: 4 * outputs },
    { name: `${name}.w_quantized_scale`, type: FLOAT32, size: (4 * outputs * inputs) / (block ?? inputs) },
  ];
}

/** On demand, the engine takes one scale for a row, wherever blocks begin. @param {Weight} weight @param {import('./kernel.js').Scheme} scheme @returns {import('./kernel.js').Scheme} */
function schemeOf(weight, { bits, block }) {
  return { bits, block: isTable(weight) ? null : block };
}

/** Bytes of a weight in the checkpoint. @param {Stored} weight */
export function storedBytes({ weight: { shape, stored }, tensor: { begin, end } }) {
  return ((end - begin) * (shape[1] ?? 1)) / (stored[1] ?? 1);
}

/** @param {Weight} weight @param {import('./kernel.js').Scheme} scheme */
export function refuseWhatNoBlockDivides(weight, scheme) {
  if (!isMatrix(weight)) return;
  const { source, shape, shape: [outputs, inputs] } = weight;
  if (outputs * inputs * (isInHalves(weight) ? 2 : 1) > MAX_TENSOR) throw new Refusal("large", source);
  if (isInHalves(weight)) return;
  const { block } = schemeOf(weight, scheme);
  if (inputs % (block ?? INPUTS)) throw new Refusal("setting", `${source} ${shown(shape)}: ${block ?? INPUTS}`);
}

/** @param {Stored[]} weights @param {Target} target */
export async function writeTensors(weights, target) {
  const tables = weights.filter(({ weight }) => isTable(weight));
  for (const stored of weights) {
    if (stored === tables[0]) await writeTables(tables.map(({ weight }) => weight), stored.tensor, target);
    else if (!isTable(stored.weight)) await (isInHalves(stored.weight) ? writeHalves : isMatrix(stored.weight) ? writeMatrix : writeVector)(stored, target);
  }
}

/** @param {Stored} matrix @param {Target} target */
async function writeMatrix({ weight, tensor }, { scheme, factor: ofStream, place, sink, kernel, band: most, report }) {
  const { name, source, shape: [outputs, inputs] } = weight;
  const factor = factorOf(weight, ofStream);
  const [values, sums, scales] = [place(`${name}.w`), place(`${name}.w.sum_i`), place(`${name}.w_quantized_scale`)];
  const step = rowsOf(most, inputs);
  for (let first = 0; first < outputs; first += step) {
    const rows = Math.min(step, outputs - first);
    const band = isStoredIn(tensor, scheme)
      ? await packedRows(tensor, first, rows)
      : await kernel.quantize({ rows, inputs, isBfloat16: isBfloat16(tensor) }, scheme, (at, count, into) => readRows(tensor, first + at, count, into));
    if (!band) throw new Refusal("not-finite", source);
    writeStrips(sink, band.packed, { inputs, at: values + (first * scheme.bits) / 2, apart: (4 * outputs * scheme.bits) / 8 });
    sink.write(band.sums, sums + 4 * first);
    if (factor !== 1) for (let i = 0; i < band.scales.length; i += 1) band.scales[i] *= factor;
    sink.write(new Uint8Array(band.scales.buffer, band.scales.byteOffset, band.scales.byteLength), scales + (band.scales.byteLength / rows) * first);
    report(((tensor.end - tensor.begin) * rows) / outputs);
  }
}

/** @param {Stored} matrix @param {Target} target */
async function writeHalves({ weight, tensor }, { factor, place, sink, band, report }) {
  const { name, source, shape: [outputs, inputs] } = weight;
  const step = rowsOf(band * OF_HALVES, inputs);
  for (let first = 0; first < outputs; first += step) {
    const rows = Math.min(step, outputs - first);
    const values = await floatRows(tensor, first, rows);
    const strips = halfStrips(values, inputs, factorOf(weight, factor));
    if (!strips) throw values.every(Number.isFinite) ? new Refusal("large", `${source} > 65504`) : new Refusal("not-finite", source);
    writeStrips(sink, new Uint8Array(strips.buffer), { inputs, at: place(`${name}.w`) + 8 * first, apart: 8 * outputs });
    report(((tensor.end - tensor.begin) * rows) / outputs);
  }
}

/**
 * Some rows of a matrix in blocks of 4 × 4, for each four inputs a strip.
 * @param {import('./convert.js').Sink} sink
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {{inputs: number, at: number, apart: number}} place `at`: of the first strip; `apart`: bytes from one to the next
 */
function writeStrips(sink, bytes, { inputs, at, apart }) {
  const strip = (4 * bytes.length) / inputs;
  if (strip === apart) sink.write(bytes, at); // of a whole matrix they are one
  else for (let i = 0; i * strip < bytes.length; i += 1) sink.write(bytes.subarray(i * strip, (i + 1) * strip), at + i * apart);
}

/** Of a norm the factors are multiplied, which are the model's offset more than its weights. @param {Stored} vector @param {Target} target */
async function writeVector({ weight, tensor }, { factor: ofStream, normOffset, place, sink, report }) {
  const [values, factor] = [await vectorOf(tensor), factorOf(weight, ofStream)];
  if (!values.every(Number.isFinite)) throw new Refusal("not-finite", weight.source);
  const scaled = Float32Array.from(values, (each) => (factor === 1 ? each : (normOffset + each) * factor - normOffset));
  sink.write(new Uint8Array(scaled.buffer), place(weight.name));
  report(tensor.end - tensor.begin);
}
