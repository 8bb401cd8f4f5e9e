// What the page's reader of GGUF headers does not take into memory.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readGguf } from "../../static/convert/gguf.js";
import { Refusal } from "../../static/convert/refusal.js";

const [BOOLEAN, FLOAT64, ARRAY] = [7, 12, 9];

/** A file without tensors, whose metadata are a list of so many values. @param {number} type @param {number} size bytes of a value @param {number} count */
function fileOf(type, size, count) {
  const bytes = new Uint8Array(64 + size * count);
  const view = new DataView(bytes.buffer);
  const words = [0x4655_4747, 3, 0, 0, 1, 0, 4, 0];
  words.forEach((word, i) => view.setUint32(4 * i, word, true));
  bytes.set(new TextEncoder().encode("list"), 32);
  [ARRAY, type, count, 0].forEach((word, i) => view.setUint32(36 + 4 * i, word, true));
  return new Map([["m.gguf", new Blob([bytes])]]);
}

test("lists of any type are counted, for each value takes more memory than bytes of the file", async () => {
  const { metadata } = await readGguf(fileOf(BOOLEAN, 1, 1000), "m.gguf");
  assert.equal(metadata.get("list").length, 1000);
  for (const [type, size] of [[BOOLEAN, 1], [FLOAT64, 8]]) {
    await assert.rejects(readGguf(fileOf(type, size, 2_000_001), "m.gguf"), (error) => error instanceof Refusal && error.code === "damaged" && /2000001 values/.test(error.detail));
  }
});
