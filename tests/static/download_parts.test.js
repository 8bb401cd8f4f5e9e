/** A model that lies in parts, as hosts with a limit ask for: one file to the engine, whatever happens to the connections. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { located, Parts } from "../../static/engine/source.js";
import { listStored } from "../../static/engine/storage.js";
import { begin, CHUNK, CONTENT, load, SHA256, SIZE } from "./support/load.js";
import { MemoryStorage } from "./support/memory_storage.js";
import { cutAfter, hangUp, serve, stalledAfter, status, whole } from "./support/server.js";

/** @param {string} url @param {number} size bytes of a part, but for the last @param {string} [mark] */
function partsOf(url, size, mark = "") {
  const starts = Array.from({ length: Math.ceil(SIZE / size) }, (_, i) => i * size);
  return starts.map((start) => {
    const end = Math.min(start + size, SIZE);
    return { url: `${url}${mark}/${start}-${end}`, size: end - start };
  });
}

for (const size of [CHUNK, 50_000, 1000, SIZE - 1, SIZE]) {
  test(`parts of ${size} bytes are one file`, async (t) => {
    const storage = new MemoryStorage();
    const { url, requests } = await serve(t, CONTENT);
    const parts = partsOf(url, size);
    assert.deepEqual((await load("none:", { storage, parts })).bytes, CONTENT);
    assert.equal(requests.length, parts.length);
    assert.deepEqual((await listStored(storage)).map(({ sha256, size }) => [sha256, size]), [[SHA256, SIZE]]);
    assert.deepEqual((await load("none:", { storage, parts })).bytes, CONTENT);
    assert.equal(requests.length, parts.length, "all of it was kept");
  });
}

test("a cut connection goes on in the part where it broke, also at its very end", async (t) => {
  const { url, requests } = await serve(t, CONTENT, [cutAfter(10_000), hangUp, cutAfter(40_000), status(500), cutAfter(50_000), cutAfter(7)]);
  const { bytes } = await load("none:", { parts: partsOf(url, 50_000) });
  assert.deepEqual(bytes, CONTENT);
  assert.ok(requests.length >= 6);
  for (const range of requests) assert.ok(Number(/\d+/.exec(range)?.[0] ?? 0) < 50_000, range);
});

test("the parts that storage has are not asked for again", async (t) => {
  const storage = new MemoryStorage();
  const { url, requests } = await serve(t, CONTENT, [whole, whole, stalledAfter(10_000)]);
  const parts = partsOf(url, 40_000);
  const left = await begin("none:", { storage, parts });
  await until(() => left.stored?.length === CHUNK && requests.length === 3);
  left.download.stop();
  await assert.rejects(left.result);
  requests.length = 0;
  assert.deepEqual((await load("none:", { storage, parts })).bytes, CONTENT);
  assert.deepEqual(requests, [`bytes=${CHUNK - 40_000}-`, "", ""]);
});

for (const [mark, condition] of [
  [`/${SHA256}`, undefined],
  ["", '"the-file"'],
]) {
  test(`an address ${mark ? "with" : "without"} the hash is asked ${condition ? "what it has" : "for the rest, whatever a host's validator is"}`, async (t) => {
    /** @type {(string | string[] | undefined)[]} */
    const asked = [];
    /** @type {import('./support/server.js').Answer} */
    const look = (request, response, content) => {
      asked.push(request.headers["if-range"]);
      cutAfter(Infinity)(request, response, content);
    };
    const { url } = await serve(t, CONTENT, [cutAfter(10_000), look]);
    assert.deepEqual((await load("none:", { parts: partsOf(url, SIZE, mark) })).bytes, CONTENT);
    assert.deepEqual(asked, [condition]);
  });
}

test("a part that is damaged, longer or shorter than listed, or gone", async (t) => {
  const damaged = Buffer.from(CONTENT);
  damaged[60_000] ^= 1;
  const served = await serve(t, damaged);
  await assert.rejects(load("none:", { parts: partsOf(served.url, 50_000) }), { code: "model-corrupt" });
  const { url, answers } = await serve(t, CONTENT);
  const parts = partsOf(url, 50_000);
  for (const [answer, code] of /** @type {const} */ ([
    [status(200, { "Content-Length": "3" }, "abc"), "model-missing"],
    [status(404), "model-missing"],
    [(/** @type {any} */ _, /** @type {any} */ response) => response.writeHead(200).end(CONTENT.subarray(0, 50_001)), "model-corrupt"], // of no said length
  ])) {
    answers.push(whole, answer);
    await assert.rejects(load("none:", { parts }), { code });
  }
});

test("parts that are not the whole are refused before anything is asked for", () => {
  const source = { url: "a", size: 10, sha256: "" };
  assert.throws(() => new Parts({ ...source, parts: [{ url: "a", size: 4 }] }), /the parts of it have 4 bytes, expected 10/);
  assert.throws(() => new Parts({ ...source, parts: [] }), /have 0 bytes/);
  assert.throws(() => new Parts({ ...source, parts: [{ url: "a", size: -1 }] }), /part of it -1 bytes/);
  const parts = new Parts({ ...source, parts: [{ url: "a", size: 4 }, { url: "b", size: 6 }] });
  assert.deepEqual([0, 3, 4, 9, 10].map((at) => parts.at(at).url), ["a", "a", "b", "b", "b"]);
});

test("all addresses become absolute", () => {
  const source = { url: "m/f", size: 2, sha256: "", parts: [{ url: "m/f.1", size: 2 }] };
  assert.deepEqual(located(source, "https://site.example/a/").parts, [{ url: "https://site.example/a/m/f.1", size: 2 }]);
  assert.equal(located(source, "https://site.example/a/").url, "https://site.example/a/m/f");
  assert.ok(!("parts" in located({ url: "f" }, "https://site.example/")));
});

/** @param {() => unknown} condition */
async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
