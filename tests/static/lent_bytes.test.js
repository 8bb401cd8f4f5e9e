/** What one file has of another, and a load that borrows: right in the end, or over the network. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Lender, directoryOf, findLender, rangesOf } from "../../static/engine/lender.js";
import { Loans, loansOf } from "../../static/engine/lent_bytes.js";
import { openOthers } from "../../static/engine/storage.js";
import { CHUNK, CONTENT, SIZE, begin, load } from "./support/load.js";
import { MemoryStorage } from "./support/memory_storage.js";
import { cutAfter, displaced, serve, silent, whole } from "./support/server.js";

/** @param {string} name @param {number} offset @param {number} size @param {number} sum */
const tensor = (name, offset, size, sum) => ({ name, type: 9, offset, size, sum });

test("tensors with the same sum are lent, whatever they are called, with the zeros between; short runs are not", () => {
  const target = { size: 9000, layers: null, tensors: [tensor("a", 1024, 1000, 1), tensor("b", 2048, 3000, 2), tensor("c", 5120, 50, 3), tensor("d", 5376, 50, 4)] };
  const lender = { size: 9000, layers: null, tensors: [tensor("x", 512, 3000, 2), tensor("y", 4096, 1000, 1), tensor("z", 7000, 50, 4), tensor("c", 8000, 51, 3)] };
  assert.deepEqual(loansOf(target, lender, 300), [
    { at: 1024, length: 1000, from: 4096 },
    { at: 2024, length: 24, from: null },
    { at: 2048, length: 3000, from: 512 },
    { at: 5048, length: 72, from: null },
  ]);
  assert.deepEqual(loansOf(target, { ...lender, tensors: [] }, 0), []);
});

test("tensors whose sizes do not fit each other lend nothing: no half bytes, and no more rows than a matrix has", () => {
  const file = (/** @type {number} */ hidden, /** @type {number} */ width, /** @type {number} */ gate, /** @type {number[] | null} */ layers) => ({
    size: 1 << 30,
    layers,
    tensors: [
      tensor("transformer.layer_0.attn.q.w", 1024, 64, 1),
      tensor("transformer.layer_0.mlp.linear.w.sum_i", 2048, 4 * hidden, width),
      tensor("transformer.layer_0.mlp.ff_gate.w.sum_i", 1 << 27, 4 * width, width),
      tensor("transformer.layer_0.mlp.ff_gate.w", 1 << 28, gate, width),
    ],
  });
  const gates = (/** @type {any[]} */ loans) => loans.filter(({ at }) => at >= 1 << 28);
  assert.equal(gates(loansOf(file(8, 4, 32, [0]), file(8, 8, 64, null), 1)).length, 2);
  assert.deepEqual(gates(loansOf(file(8, 1, 3, [0]), file(8, 2, 6, null), 1)), []);
  assert.deepEqual(gates(loansOf(file(1 << 23, 4, 1 << 24, [0]), file(1 << 23, 8, 1 << 25, null), 1)), []);
});

test("a loan is found by any place in it", () => {
  const loans = new Loans([{ at: 10, length: 5, from: 100 }, { at: 15, length: 5, from: null }, { at: 30, length: 1, from: 0 }]);
  assert.deepEqual([9, 10, 14, 15, 19, 20, 30, 31].map((at) => loans.at(at)), [
    null, { from: 100, length: 5 }, { from: 104, length: 1 }, { from: null, length: 5 }, { from: null, length: 1 }, null, { from: 0, length: 1 }, null,
  ]);
  assert.deepEqual([0, 12, 20, 31].map((at) => loans.next(at)), [10, 12, 30, Infinity]);
  assert.equal(loans.total, 11);
  assert.deepEqual([0, 10, 12, 20, 30, 31].map((at) => loans.behind(at)), [11, 11, 9, 1, 1, 0]);
});

/** One that has some ranges of the content. @param {[number, number][]} ranges @param {object} [options] @param {number} [options.fails] which reading */
function lenderOf(ranges, { fails = Infinity } = {}) {
  const state = { closed: 0, readings: 0 };
  const stored = {
    length: SIZE,
    read: async (/** @type {number} */ at, /** @type {Uint8Array} */ buffer) => {
      buffer.set(CONTENT.subarray(at, at + buffer.length));
      return (state.readings += 1) < fails;
    },
    close: async () => void (state.closed += 1),
  };
  const loans = ranges.map(([at, end]) => ({ at, length: end - at, from: at }));
  return { lender: new Lender(/** @type {any} */ (stored), new Loans(loans)), state };
}

test("what is lent is not sent, and what is put together is kept", async (t) => {
  const { url, requests } = await serve(t, CONTENT);
  const storage = new MemoryStorage();
  const { lender, state } = lenderOf([[1000, 70_000], [70_000, CHUNK + 20_000], [SIZE - 500, SIZE]]);
  assert.deepEqual((await load(url, { storage, lender })).bytes, CONTENT);
  assert.deepEqual(requests, ["bytes=0-999", `bytes=${CHUNK + 20_000}-${SIZE - 501}`]);
  assert.ok(state.closed);
  assert.deepEqual((await load(url, { storage })).bytes, CONTENT);
  assert.equal(requests.length, 2);
});

test("stripes that lie near each other are read together", async () => {
  const stripes = Array.from({ length: 100 }, (_, i) => /** @type {[number, number]} */ ([400 * i, 400 * i + 200]));
  const { lender, state } = lenderOf(stripes);
  for (const [at, end] of stripes) assert.deepEqual(await lender.read(at, SIZE), new Uint8Array(CONTENT.subarray(at, end)));
  assert.equal(state.readings, 1);
  assert.equal(await lender.read(200, SIZE), null);
});

test("a connection that breaks before a loan goes on to it", async (t) => {
  const { url, requests } = await serve(t, CONTENT, [cutAfter(400)]);
  const { lender } = lenderOf([[1000, SIZE]]);
  assert.deepEqual((await load(url, { lender })).bytes, CONTENT);
  assert.deepEqual(requests, ["bytes=0-999", "bytes=400-999"]);
});

test("a server without ranges sends what is lent in vain, and nothing comes twice", async (t) => {
  const { url } = await serve(t, CONTENT, [whole, whole, whole]);
  const { lender } = lenderOf([[1000, 40_000]]);
  assert.deepEqual((await load(url, { lender })).bytes, CONTENT);
});

test("a lender that cannot be read any more is left, and the network goes on", async (t) => {
  const { url, requests } = await serve(t, CONTENT);
  const { lender, state } = lenderOf([[1000, SIZE]], { fails: 1 });
  assert.deepEqual((await load(url, { lender })).bytes, CONTENT);
  assert.equal(requests.length, 2);
  assert.ok(state.closed);
});

test("where there is no more room, the model that lends goes, and the rest comes from the network", async (t) => {
  const { url, requests } = await serve(t, CONTENT);
  const storage = new MemoryStorage(SIZE + 20_000);
  const file = await storage.open("old", "write");
  await file.write(new Uint8Array(CONTENT), 0);
  await file.close();
  const [stored] = await openOthers("d", storage);
  const lender = new Lender(stored, new Loans([{ at: 1000, length: SIZE - 1000, from: 1000 }]));
  assert.deepEqual((await load(url, { storage, lender })).bytes, CONTENT);
  assert.deepEqual(requests, ["bytes=0-999", `bytes=${CHUNK}-`]);
  assert.deepEqual((await storage.list()).map(({ size }) => size), [SIZE], "what came is kept, and the other is gone");
});

test("a server that says nothing to the first requests is not waited for", async (t) => {
  const { url } = await serve(t, CONTENT, [silent]);
  await assert.rejects(rangesOf({ url, size: SIZE, sha256: "d" }, 20)(0, 10), { name: "TimeoutError" });
});

test("what a server sends of another length than was asked for is not taken", async (t) => {
  const { url } = await serve(t, CONTENT, [displaced(0)]);
  const read = rangesOf({ url, size: SIZE, sha256: "d" }, 1000);
  assert.equal(await read(10, 10), null);
  assert.deepEqual(await read(10, 10), new Uint8Array(CONTENT.subarray(10, 20)));
});

test("what was lent wrongly is found by the hash, and is not kept", async (t) => {
  const { url } = await serve(t, CONTENT);
  const storage = new MemoryStorage();
  const { lender } = lenderOf([[1000, SIZE]]);
  lender.loans = new Loans([{ at: 1000, length: SIZE - 1000, from: 999 }]);
  await assert.rejects(load(url, { storage, lender }), (/** @type {any} */ error) => error.code === "model-corrupt");
  assert.deepEqual((await load(url, { storage })).bytes, CONTENT);
});

test("a load that is stopped lets go of who lends", async (t) => {
  const { url } = await serve(t, CONTENT);
  const { lender, state } = lenderOf([[1000, SIZE]]);
  const { download, result } = await begin(url, { lender });
  await download.stop();
  await assert.rejects(result);
  assert.ok(state.closed);
});

test("files that are no web files of onpage lend nothing, and cost no request", async (t) => {
  const { url, requests } = await serve(t, CONTENT);
  const storage = new MemoryStorage();
  for (const [name, bytes] of /** @type {const} */ ([["a", CONTENT], ["b", Buffer.from("0000TFL3")], ["c", Buffer.concat([Buffer.from("\x10\0\0\0TFL3"), CONTENT])]])) {
    const file = await storage.open(name, "write");
    await file.write(new Uint8Array(bytes), 0);
    await file.close();
  }
  assert.equal(await findLender({ url, size: SIZE, sha256: "d" }, { storage, worth: 0 }), null);
  assert.deepEqual(requests, []);
  assert.equal(await directoryOf(async () => null, 10), null);
  for (const name of ["a", "b", "c"]) await storage.remove(name); // none is open any more
});
