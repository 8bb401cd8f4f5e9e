// What a conversion costs a browser beside its arithmetic: each write to its storage, and what was read and not let go of.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Kernel } from "../../static/convert/kernel.js";
import { readRows } from "../../static/convert/stored_rows.js";
import { BAND, writeTensors } from "../../static/convert/write_tensors.js";

const module = new WebAssembly.Module(readFileSync(new URL("../../static/convert/kernel.wasm", import.meta.url)));

/** A tensor of ones. @param {number[]} shape @param {string} dtype @returns {import('../../static/convert/safetensors.js').StoredTensor} */
function ones(shape, dtype = "BF16") {
  const values = new Uint16Array(shape.reduce((product, each) => product * each)).fill(0x3f80);
  return { name: "x", dtype, shape, file: new Blob([values]), begin: 0, end: values.byteLength };
}

/** @param {string} part @param {number[]} shape */
const weight = (part, shape, column = 0, stored = shape) => ({ part, shape, stored, column, layer: 0, source: "x", name: `${part}.${column}` });

/** How often was written, and how much. @param {import('../../static/convert/write_tensors.js').Stored[]} weights */
async function written(weights) {
  const [sizes, ends] = [/** @type {number[]} */ ([]), new Map()];
  const place = (/** @type {string} */ name) => ends.get(name) ?? (ends.set(name, 2 ** 32 * ends.size), ends.get(name));
  const sink = { write: (/** @type {Uint8Array} */ { length }) => void sizes.push(length), read() {}, truncate() {} };
  await writeTensors(weights, { scheme: { bits: 8, block: null }, factor: 1, normOffset: 0, place, sink, kernel: new Kernel(module), band: BAND, report() {} });
  return { writes: sizes.length, bytes: sizes.reduce((sum, each) => sum + each) };
}

test("a matrix of E2B is one write beside its sums and its scales, not one for each four inputs of a part of it", async () => {
  const [outputs, inputs] = [1536, 12_288]; // back from the wider layers
  assert.deepEqual(await written([{ weight: weight("down", [outputs, inputs]), tensor: ones([outputs, inputs]) }]), { writes: 3, bytes: outputs * (inputs + 8) });
});

test("of the tables of 35 layers many rows are written at once", async () => {
  const [layers, rows, inputs] = [35, 2048, 256];
  const tensor = ones([rows, layers * inputs]);
  const tables = Array.from({ length: layers }, (_, i) => ({ weight: weight("per_layer_embedding", [rows, inputs], i * inputs, tensor.shape), tensor }));
  const { writes, bytes } = await written(tables);
  assert.equal(bytes, layers * rows * (inputs + 8));
  assert.ok(writes <= 3 * layers * 2, `${writes}`);
});

test("what was read is let go of at once, in whatever type it is stored", async () => {
  for (const [dtype, bytes] of /** @type {[string, number][]} */ ([["BF16", 64], ["F16", 64], ["F32", 128], ["Q8_0", 34]])) {
    const read = new ArrayBuffer(bytes);
    const file = /** @type {Blob} */ (/** @type {unknown} */ ({ slice: () => ({ arrayBuffer: async () => read }) }));
    const into = new Uint8Array(dtype === "BF16" ? 64 : 128);
    await readRows({ name: "x", dtype, shape: [1, 32], file, begin: 0, end: bytes }, 0, 1, into);
    assert.equal(read.byteLength, 0, dtype);
  }
});
