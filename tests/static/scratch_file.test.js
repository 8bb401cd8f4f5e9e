// The file of a conversion is its tab's own until it is a model: another tab that is opened leaves it alone, and removes it when it is left.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Converter } from "../../static/convert/converter.js";
import { ScratchFile, removeLeftScratch, removeScratch } from "../../static/convert/scratch_file.js";
import { settled } from "./support/engines.js";

/** Names of the files of conversions, those that a worker still holds, and the queues for the locks that are held. */
const [left, open, queues] = [new Set(), new Set(), new Map()];
let isMade = true;

const folder = {
  keys: async function* () {
    yield* [...left];
  },
  async removeEntry(/** @type {string} */ name) {
    if (open.has(name)) throw new DOMException(name, "NoModificationAllowedError");
    if (!left.delete(name)) throw new DOMException(name, "NotFoundError");
  },
  async getDirectoryHandle(/** @type {string} */ name, { create = false } = {}) {
    if (!create && !isMade) throw new DOMException(name, "NotFoundError");
    return folder;
  },
  async getFileHandle(/** @type {string} */ name) {
    void removeLeftScratch(); // another tab
    left.add(name);
    void removeLeftScratch();
    await settled();
    return { name, createSyncAccessHandle: async () => (open.add(name), { close: () => open.delete(name) }), move: () => moved(name) };
  },
};

/** @param {string} name */
async function moved(name) {
  void removeLeftScratch();
  await settled();
  assert.ok(left.has(name), "it was removed before it was a model");
  left.delete(name);
}

const locks = {
  async request(/** @type {string} */ name, /** @type {{ifAvailable: boolean}} */ { ifAvailable }, /** @type {(lock: unknown) => unknown} */ job) {
    const before = queues.get(name);
    if (before && ifAvailable) return job(null);
    const mine = (before ?? Promise.resolve()).then(() => job({ name }));
    queues.set(name, mine);
    await mine;
    if (queues.get(name) === mine) queues.delete(name);
  },
};

Object.defineProperty(globalThis, "navigator", { value: { storage: { getDirectory: async () => folder }, locks }, configurable: true });

beforeEach(() => {
  left.clear();
  isMade = true;
});

test("a file that is written, or closed and not yet a model, is not removed by another tab", async () => {
  const file = await ScratchFile.create("mine");
  const waiting = removeLeftScratch();
  await settled();
  assert.deepEqual([...left], ["mine"]);
  await file.keep("0".repeat(64));
  await waiting;
  await settled();
  assert.deepEqual([left.size, queues.size], [0, 0]);
});

test("what a closed tab has left is removed when the next is opened, and what another leaves later as soon as it has gone", async () => {
  left.add("left");
  await removeLeftScratch();
  assert.equal(left.size, 0);
  const file = await ScratchFile.create("theirs");
  const waiting = removeLeftScratch();
  await settled();
  assert.equal(left.size, 1);
  await file.remove();
  left.add("theirs"); // as where its tab was closed
  await waiting;
  await settled();
  assert.deepEqual([left.size, queues.size], [0, 0]);
});

test("a conversion that is cancelled, or whose worker crashes, is gone with its file, though another tab goes on", async () => {
  const other = await ScratchFile.create("another tab's");
  for (const end of ["cancel", "crash"]) {
    let fail;
    const worker = { addEventListener: (kind, listener) => kind === "error" && (fail = listener), terminate: () => setTimeout(() => open.clear(), 150), postMessage: ({ scratch }) => (left.add(scratch), open.add(scratch)) };
    const converter = new Converter({}, () => worker);
    const going = converter.convert({ name: "mine", files: new Map() }, "8", () => {}).catch(({ code }) => code);
    assert.equal(left.size, 2);
    if (end === "cancel") converter.cancel();
    else fail({ preventDefault() {}, message: "no memory" });
    assert.equal(await going, end === "cancel" ? null : "server-unreachable");
    assert.deepEqual([...left], ["another tab's"]);
  }
  await other.remove();
});

test("where nothing was converted, or nothing can be stored, nothing happens", async () => {
  isMade = false;
  await removeLeftScratch();
  await removeScratch("any");
});
