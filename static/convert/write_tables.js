// @ts-check
/**
 * The tables of the layers, each with a row for every token, which a checkpoint has side by side in one tensor: all of them at once, a band of its rows
 * after another, because to read it for each table would be to read gigabytes as often as there are layers. The engine takes single rows out of
 * the file, so they lie row after row there, signed, with one scale each (builder/formats/matrix_rows.py).
 *
 * @typedef {import('./weights.js').Weight} Weight
 */

import { letGo } from "./folder.js";
import { CHUNK, rowsOf } from "./kernel.js";
import { Refusal } from "./refusal.js";
import { isBfloat16, readRows } from "./stored_rows.js";

/** The part of a matrix's band that all tables together get: it is held as it is read, and each table's three tensors are three writes of it. */
const OF_TABLES = 1 / 2;

/**
 * @param {Weight[]} tables
 * @param {import('./safetensors.js').StoredTensor} tensor that holds them
 * @param {import('./write_tensors.js').Target} target
 */
export async function writeTables(tables, tensor, { scheme: { bits }, place, sink, kernel, band: most, report }) {
  const [{ shape: [outputs, inputs], stored: [, width] }] = tables;
  const halved = isBfloat16(tensor);
  const row = width * (halved ? 2 : 4); // bytes
  const step = rowsOf(most * OF_TABLES, width);
  const band = new Uint8Array(Math.min(step, outputs) * row);
  for (let first = 0; first < outputs; first += step) {
    const rows = Math.min(step, outputs - first);
    await readBand(tensor, first, band.subarray(0, rows * row), row);
    for (const { name, source, column } of tables) {
      const [from, length] = [(column * row) / width, (inputs * row) / width];
      const columns = async (/** @type {number} */ at, /** @type {number} */ count, /** @type {Uint8Array} */ into) => {
        for (let i = 0; i < count; i += 1) into.set(band.subarray((at + i) * row + from, (at + i) * row + from + length), i * length);
      };
      const found = await kernel.quantize({ rows, inputs, isBfloat16: halved }, { bits, block: null }, columns);
      if (!found) throw new Refusal("not-finite", source);
      const ordered = inRows(found.packed, rows, bits);
      sink.write(ordered, place(`${name}.w`) + (first * inputs * bits) / 8);
      letGo(ordered.buffer);
      sink.write(found.sums, place(`${name}.w.sum_i`) + 4 * first);
      sink.write(new Uint8Array(found.scales.buffer, found.scales.byteOffset, found.scales.byteLength), place(`${name}.w_quantized_scale`) + 4 * first);
    }
    report(((tensor.end - tensor.begin) * rows) / outputs);
  }
}

/** A piece after another, of which only one is held twice. @param {import('./safetensors.js').StoredTensor} tensor @param {number} first @param {Uint8Array<ArrayBuffer>} into @param {number} row bytes of one */
async function readBand(tensor, first, into, row) {
  const step = Math.max(1, Math.floor(CHUNK / row));
  const rows = into.length / row;
  for (let at = 0; at < rows; at += step) {
    const count = Math.min(step, rows - at);
    await readRows(tensor, first + at, count, into.subarray(at * row, (at + count) * row));
  }
}

/** Unsigned integers in blocks of 4 × 4 as signed ones row after row. @param {Uint8Array<ArrayBuffer>} packed @param {number} rows @param {4 | 8} bits */
function inRows(packed, rows, bits) {
  // the four outputs of an input are a word, and so are four inputs of an output
  const Words = bits === 8 ? Uint32Array : Uint16Array;
  const [mask, zeros] = bits === 8 ? [0xff, 0x80808080] : [0xf, 0x8888];
  const blocks = new Words(packed.buffer, packed.byteOffset, packed.length / Words.BYTES_PER_ELEMENT);
  const found = new Words(blocks.length);
  const strips = blocks.length / rows; // four inputs each
  for (let strip = 0, at = 0; strip < strips; strip += 1) {
    for (let row = 0; row < rows; row += 4, at += 4) {
      const [one, two, three, four] = [blocks[at], blocks[at + 1], blocks[at + 2], blocks[at + 3]];
      for (let i = 0; i < 4; i += 1) {
        const shift = bits * i;
        const word = ((one >>> shift) & mask) | (((two >>> shift) & mask) << bits) | (((three >>> shift) & mask) << (2 * bits)) | (((four >>> shift) & mask) << (3 * bits));
        found[(row + i) * strips + strip] = word ^ zeros;
      }
    }
  }
  return new Uint8Array(found.buffer);
}
