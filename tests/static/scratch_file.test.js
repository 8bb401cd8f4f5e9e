// The file of a conversion is its tab's own until it is a model: another tab that tidies up leaves it alone, also where nothing has it open.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ScratchFile, removeScratch } from "../../static/convert/scratch_file.js";

/** Names of the files of conversions, and of the locks that are held. */
const [left, held] = [new Set(), new Set()];

const folder = {
  keys: async function* () {
    yield* [...left];
  },
  removeEntry: async (/** @type {string} */ name) => left.delete(name),
  getDirectoryHandle: async () => folder,
  async getFileHandle(/** @type {string} */ name) {
    await removeScratch(); // another tab
    left.add(name);
    await removeScratch();
    return { name, createSyncAccessHandle: async () => ({ close() {} }), move: () => moved(name) };
  },
};

/** @param {string} name */
async function moved(name) {
  await removeScratch();
  assert.ok(left.has(name), "it was removed before it was a model");
  left.delete(name);
}

const locks = {
  async request(/** @type {string} */ name, /** @type {unknown} */ _, /** @type {(lock: unknown) => unknown} */ job) {
    if (held.has(name)) return job(null);
    held.add(name);
    await job({ name });
    held.delete(name);
  },
};

Object.defineProperty(globalThis, "navigator", { value: { storage: { getDirectory: async () => folder }, locks }, configurable: true });

beforeEach(() => left.clear());

test("a file that is written, or closed and not yet a model, is not removed by another tab", async () => {
  const file = await ScratchFile.create();
  assert.equal(left.size, 1);
  assert.equal(await removeScratch(), false);
  assert.equal(left.size, 1);
  await file.keep("0".repeat(64));
  assert.equal(left.size, 0);
});

test("what a tab has left is removed, and a file that is given up is nobody's", async () => {
  left.add("left");
  assert.equal(await removeScratch(), true);
  const file = await ScratchFile.create();
  await file.remove();
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([left.size, held.size], [0, 0]);
});
