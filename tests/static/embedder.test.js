// The client of the embedding engine's worker, with a worker that is made up; and which models of a list it is for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Embedder, embeddingModels, similarity, writingModels } from "../../static/engine/embedder.js";
import { OnpageError } from "../../static/engine/errors.js";
import { loadEmbedder } from "../../static/library/embedder.js";

const FACTS = { dimensions: 4, sizes: [2, 4], maxTokens: 8, query: "find: ", document: "text: " };
const FILE = { format: "litertlm-embedding", url: "/m.litertlm", size: 10, sha256: "a".repeat(64), context: 8, engines: [], quantization: "int8" };
const MODEL = { id: "m", name: "Tiny", kind: "embedding", url: FILE.url, files: [FILE], embedding: FACTS, adapters: [] };
const WRITER = { id: "w", name: "Writer", kind: "text", url: "/w", files: [{ ...FILE, format: "web", url: "/w" }], adapters: [] };
globalThis.location ??= { href: "https://site.example/page/" };

class FakeWorker extends EventTarget {
  asked = [];
  ended = false;

  constructor(answer = ({ text, size }) => Float32Array.from({ length: size ?? 4 }, () => text?.length ?? 0)) {
    super();
    this.answer = answer;
  }

  postMessage(request) {
    this.asked.push(structuredClone(request));
    queueMicrotask(() => {
      if (request.type === "load") this.say({ type: "progress", id: request.id, progress: { loaded: 5, total: 10 } });
      const said = this.answer(request);
      if (said !== undefined) this.say(said.type ? { id: request.id, ...said } : { type: "done", id: request.id, result: said });
    });
  }

  say(data) {
    if (!this.ended) this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  terminate() {
    this.ended = true;
  }
}

const vendor = { "@litert-lm/core": "vendor/litert/" };
const loaded = async (worker = new FakeWorker()) => ({ worker, embedder: await Embedder.load(MODEL, { vendor, makeWorker: () => worker }) });

test("a list is parted into models that write and those that compare", () => {
  const listed = [WRITER, MODEL, { ...MODEL, embedding: null }, { id: "old" }];
  assert.deepEqual(embeddingModels(listed), [MODEL]);
  assert.deepEqual(writingModels(listed), [WRITER, { id: "old" }], "nobody said of older ones what they are");
});

test("texts get vectors in their order, with the model's words in front", async () => {
  const told = [];
  const worker = new FakeWorker();
  const embedder = await Embedder.load(MODEL, { vendor, onProgress: (progress) => told.push(progress.loaded), makeWorker: () => worker });
  assert.deepEqual(told, [5]);
  assert.equal(worker.asked[0].model.sha256, FILE.sha256);
  assert.match(worker.asked[0].vendor["@litert-lm/core"], /^https?:.*vendor\/litert\/$/);
  const [one, other] = await embedder.embed(["a", "bc"], { as: "query" });
  assert.deepEqual([one[0], other[0]], [7, 8]);
  await embedder.embed(["a"], { as: "document", size: 2 });
  await embedder.embed(["a"]);
  assert.deepEqual(worker.asked.slice(1).map(({ text, size }) => [text, size]), [["find: a", null], ["find: bc", null], ["text: a", 2], ["a", null]]);
  assert.equal(embedder.dimensions, 4);
});

test("a size that the model has not is refused before anything is asked", async () => {
  const { worker, embedder } = await loaded();
  await assert.rejects(embedder.embed(["a"], { size: 3 }), /Tiny makes vectors of 2, 4 numbers, not of 3/);
  assert.equal(worker.asked.length, 1);
});

test("a signal ends it between two texts, and ends a load with its worker", async () => {
  const { worker, embedder } = await loaded();
  const stop = new AbortController();
  worker.answer = () => (stop.abort(new Error("enough")), new Float32Array(4));
  await assert.rejects(embedder.embed(["a", "b"], { signal: stop.signal }), /enough/);
  assert.equal(worker.asked.length, 2);
  const silent = new FakeWorker(() => undefined);
  const leaving = new AbortController();
  const loading = Embedder.load(MODEL, { vendor, signal: leaving.signal, makeWorker: () => silent });
  leaving.abort(new Error("gone"));
  await assert.rejects(loading, /gone/);
  assert.ok(silent.ended);
});

test("a failed load, a crash and a closed model are typed errors, and end the worker", async () => {
  const failing = new FakeWorker(() => ({ type: "failed", error: { code: "model-corrupt", detail: "x" } }));
  await assert.rejects(loaded(failing), (error) => error instanceof OnpageError && error.code === "model-corrupt");
  assert.ok(failing.ended);
  const { worker, embedder } = await loaded();
  worker.answer = () => undefined;
  const asked = embedder.embed(["a"]);
  worker.say({ type: "crashed", detail: "memory access out of bounds" });
  await assert.rejects(asked, (error) => error.code === "engine-failed" && error.detail.includes("out of bounds"));
  await assert.rejects(embedder.embed(["a"]), OnpageError);
  assert.ok(worker.ended);
  const other = await loaded();
  other.embedder.close();
  await assert.rejects(other.embedder.embed(["a"]), /closed/);
  await assert.rejects(Embedder.load(WRITER, { vendor, makeWorker: () => new FakeWorker() }), /Writer makes no vectors/);
});

test("the library loads the first model of a site that makes vectors, or that of a name", async () => {
  const fetched = globalThis.fetch;
  globalThis.fetch = async (url) => Response.json(String(url).endsWith("api/models") ? [WRITER, MODEL] : vendor);
  try {
    const worker = new FakeWorker();
    const embedder = await loadEmbedder("https://site.example/a/", { makeWorker: () => worker });
    assert.equal(worker.asked[0].model.url, "https://site.example/m.litertlm");
    assert.equal(embedder.model.name, "Tiny");
    await assert.rejects(loadEmbedder("https://site.example/a/", { model: "Writer" }), (error) => error.code === "no-model");
  } finally {
    globalThis.fetch = fetched;
  }
});

test("similarity is the cosine of vectors of length one", () => {
  assert.equal(similarity(new Float32Array([1, 0]), new Float32Array([0.6, 0.8])), Math.fround(0.6));
});
