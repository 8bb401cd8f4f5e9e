// The search by meaning: what it adds to words on the sixty questions, and how vectors are made, kept, gone on with and let go.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { OnpageError } from "../../static/engine/errors.js";
import { Records } from "../../static/records/records.js";
import { MemoryShelf } from "../../static/records/memory.js";
import { Meaning, floorOf } from "../../static/tasks/documents/meaning.js";
import { MAX_SOURCES, isGood } from "../../static/tasks/documents/prompt.js";
import { Searcher } from "../../static/tasks/documents/searcher.js";
import { FOLDER, readBlocks } from "./support/documents.js";

/** @type {Records[]} */
const opened = [];
after(() => Promise.all(opened.map((records) => records.close())));

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
const MODEL = { name: "Tiny", size: 10, sha256: "a".repeat(64), files: [], kind: "embedding", embedding: { dimensions: 2, sizes: [2], maxTokens: 8, query: "", document: "" } };

/** Vectors as they were made of MiniLM by our file, rounded to whole numbers. */
function read() {
  const { dimensions, ...said } = JSON.parse(readFileSync(new URL("vectors.json", FOLDER)));
  const unpacked = (packed) => {
    const whole = Float32Array.from(new Int8Array(Buffer.from(packed, "base64")));
    for (let start = 0; start < whole.length; start += dimensions) {
      const row = whole.subarray(start, start + dimensions);
      const length = Math.hypot(...row);
      row.forEach((value, index) => (row[index] = value / length));
    }
    return whole;
  };
  const rows = (packed) => Array.from({ length: unpacked(packed).length / dimensions }, (_, row) => unpacked(packed).subarray(row * dimensions, (row + 1) * dimensions));
  return {
    dimensions,
    documents: Object.fromEntries(Object.entries(said.documents).map(([name, packed]) => [name, unpacked(packed)])),
    questions: rows(said.questions),
    others: [...rows(said.unanswerable), ...rows(said.unrelated)],
  };
}

const { questions, unanswerable, unrelated } = JSON.parse(readFileSync(new URL("questions.json", FOLDER)));
const vectors = read();
const searcher = new Searcher();
before(async () => {
  for (const [name, made] of Object.entries(vectors.documents)) {
    searcher.hold(name, searcher.index(await readBlocks(name)));
    searcher.holdVectors(name, made, vectors.dimensions);
  }
});
const FLOOR = floorOf({ name: "all-MiniLM-L6-v2" });

test("words and meanings find more of sixty questions than words: 57 and 54, of 55 and 50", () => {
  let [within, first] = [0, 0];
  questions.forEach(({ question, document, section, answer }, index) => {
    const { hits } = searcher.search(question, 3, vectors.questions[index], FLOOR);
    if (hits.some(({ id, headings }) => id === document && headings.at(-1) === section)) within += 1;
    if (hits[0]?.text.includes(answer)) first += 1;
  });
  assert.ok(within >= 57 && first >= 54, `${within} ${first}`);
});

test("nothing is near to most questions about other things, and something to each that a document answers", () => {
  assert.deepEqual([floorOf(null), floorOf({ name: "toString" })], [-1, -1], "no floor where none was measured");
  const meant = (asked, made) => asked.map((question, index) => searcher.search(question, MAX_SOURCES, made[index], FLOOR).meant);
  assert.deepEqual(new Set(meant(questions.map(({ question }) => question), vectors.questions)), new Set(["near"]));
  const others = [...unanswerable, ...unrelated];
  assert.equal(others.length, 45);
  assert.ok(meant(others, vectors.others).filter((each) => each === "far").length >= 30);
  const asks = (vectorOf) => others.filter((question, index) => (({ hits, meant: is }) => isGood(hits) && is !== "far")(searcher.search(question, MAX_SOURCES, vectorOf(index), FLOOR))).length;
  assert.deepEqual([asks(() => null), asks((index) => vectors.others[index])], [12, 7], "of which the model would be asked");
});

test("meanings wait until every document has its vectors, and go with the document", () => {
  const searcher = new Searcher();
  const block = (text) => [{ kind: "paragraph", text }];
  searcher.hold("a", searcher.index(block("bicycles are mended here")));
  searcher.hold("b", searcher.index(block("the ferry leaves at nine")));
  const meant = new Float32Array([0, 1]);
  searcher.holdVectors("b", new Float32Array([0, 1]), 2);
  assert.deepEqual(searcher.search("boat", 3, meant).hits, [], "one has none yet");
  searcher.holdVectors("a", new Float32Array([1, 0, 1]), 2);
  assert.deepEqual(searcher.search("boat", 3, meant).hits, [], "those of another document's passages are not taken");
  searcher.holdVectors("a", new Float32Array([1, 0]), 2);
  assert.deepEqual(searcher.search("boat", 3, meant).hits.map(({ id }) => id), ["b", "a"]);
  assert.deepEqual([meant, null].map((vector) => searcher.search("boat", 3, vector).meant), ["near", ""]);
  assert.deepEqual(searcher.search("boat", 3).hits, [], "without a vector words alone");
  const slanted = new Float32Array([0.6, 0.8]);
  assert.deepEqual(["near", "far"], [0.8, 0.81].map((floor) => searcher.search("boat", 3, slanted, floor).meant));
  assert.deepEqual([searcher.search("boat", 3, slanted, 0.81), searcher.search("bicycle", 3, slanted, 0.81)].map(({ hits }) => hits.map(({ id }) => id)), [[], ["a"]], "words find all the same");
  assert.deepEqual(searcher.search("boat", 3, new Float32Array([1, 0, 0])).hits, [], "another model's vector");
  searcher.drop("b");
  assert.deepEqual(searcher.search("boat", 3, meant).hits.map(({ id }) => id), ["a"]);
});

/** A library of documents with so many passages each. */
function libraryOf(counts) {
  const document = (count) => ({ text: "x".repeat(count), passages: Array.from({ length: count }, (_, start) => ({ start, end: start + 1, headings: [], page: 0 })) });
  const documents = new Map(Object.entries(counts).map(([id, count]) => [id, document(count)]));
  return {
    get entries() {
      return [...documents].map(([id, { passages }]) => ({ id, passages: passages.length }));
    },
    get: async (id) => documents.get(id),
    documents,
    document,
  };
}

/** Meaning with a model that answers at once, or breaks at a text. */
function made({ library = libraryOf({ a: 20, b: 3 }), device = new MemoryShelf(), breakAt = Infinity, model = MODEL, memory } = {}) {
  const embedder = { model, sizes: [], dimensions: model.embedding.dimensions, asked: [], closed: false, close: () => (embedder.closed = true) };
  embedder.embed = async ([text], { as, size, signal }) => {
    signal?.throwIfAborted();
    if (embedder.asked.length >= breakAt) throw new Error("broke");
    embedder.asked.push(as);
    embedder.sizes.push(size);
    await null;
    return [Float32Array.from({ length: size }, (_, index) => (index ? 0 : 1))];
  };
  const held = new Map();
  const search = { holdVectors: (id, vectors) => held.set(id, vectors), drop: (id) => held.delete(id) };
  const told = [];
  opened.push(new Records(device));
  const records = opened.at(-1).of("documents/vectors");
  const meaning = new Meaning({ records, search, library, vendor: {}, onChange: () => told.push(meaning.now), load: async () => embedder, memory });
  return { meaning, embedder, held, told, records, library, device };
}

test("nothing is loaded until the person says so, and then every passage gets a vector", async () => {
  const { meaning, embedder, held, told, records } = made();
  await meaning.offer([]);
  assert.equal(meaning.now.phase, "none");
  await meaning.offer([MODEL]);
  assert.equal(meaning.now.phase, "offered");
  assert.equal(await meaning.vectorOf("q"), null, "words alone");
  await meaning.start();
  assert.equal(meaning.now.phase, "ready");
  assert.deepEqual([...held].map(([id, vectors]) => [id, vectors.length]), [["a", 40], ["b", 6]]);
  assert.deepEqual(new Set(embedder.asked), new Set(["document"]));
  assert.deepEqual(told.filter(({ phase }) => phase === "reading").at(-1), { phase: "reading", done: 22, total: 23 });
  assert.equal((await records.list({ count: 9 })).length, 2);
  assert.deepEqual([...(await meaning.vectorOf("q"))], [1, 0]);
  assert.equal(embedder.asked.at(-1), "query");
});

test("what broke off goes on where it was, without being asked again", async () => {
  const first = made({ breakAt: 18 });
  await first.meaning.offer([MODEL]);
  await first.meaning.start();
  assert.deepEqual([first.meaning.now.phase, first.meaning.now.error], ["failed", { code: "engine-failed", detail: "broke" }]);
  assert.ok(first.embedder.closed);
  const second = made({ device: first.device, library: first.library });
  await second.meaning.offer([MODEL]);
  assert.equal(second.meaning.now.phase, "ready", "vectors on this device say that it is wanted");
  assert.equal(second.embedder.asked.length, 23 - 16);
  const third = made({ device: first.device, library: first.library });
  await third.meaning.offer([{ ...MODEL, sha256: "b".repeat(64) }]);
  assert.equal(third.meaning.now.phase, "offered", "another model's are no wish for this one");
});

test("damaged vectors are made anew", async () => {
  const { meaning, embedder, records, held } = made();
  const body = { model: MODEL.sha256, dimensions: 2, vectors: new Float32Array([NaN, 1]) };
  await records.put({ id: "a", at: 1, head: { model: MODEL.sha256 }, body });
  await meaning.offer([MODEL]);
  assert.equal(embedder.asked.length, 23);
  assert.ok([...held.get("a")].every(Number.isFinite));
});

test("documents that come are read too, and those that go take their vectors along", async () => {
  const { meaning, held, library, records } = made();
  await meaning.offer([MODEL]);
  await meaning.start();
  library.documents.set("c", library.document(2));
  library.documents.delete("a");
  await meaning.read();
  assert.deepEqual([...held.keys()], ["a", "b", "c"]);
  assert.deepEqual((await records.list({ count: 9 })).map(({ id }) => id).sort(), ["b", "c"]);
});

test("a model that breaks at a question says so, and the question has words", async () => {
  const { meaning, embedder } = made();
  await meaning.offer([MODEL]);
  await meaning.start();
  embedder.embed = () => Promise.reject(new OnpageError("engine-failed", "out of memory"));
  assert.equal(await meaning.vectorOf("q"), null);
  assert.deepEqual(meaning.now, { phase: "failed", error: { code: "engine-failed", detail: "out of memory" } });
  assert.ok(embedder.closed);
  await meaning.remove();
  assert.equal(meaning.now.phase, "offered", "it can be turned off, or it would begin anew at each visit");
});

test("to turn it off lets the model go and deletes the vectors", async () => {
  const { meaning, embedder, records } = made();
  await meaning.offer([MODEL]);
  const starting = meaning.start();
  await settled();
  await meaning.remove();
  await starting;
  assert.ok(embedder.closed);
  assert.deepEqual([meaning.now.phase, await records.list({ count: 9 })], ["offered", []]);
  assert.equal(await meaning.vectorOf("q"), null);
});

/** A device's memory. */
function memoryOf() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
}

const SIZED = { ...MODEL, embedding: { ...MODEL.embedding, dimensions: 4, sizes: [2, 3, 4] } };

test("a smaller size is cut from the vectors that there are, a larger one is made anew; the device remembers it", async () => {
  const [memory, device] = [memoryOf(), new MemoryShelf()];
  const { meaning, embedder, held, told, records } = made({ model: SIZED, memory, device });
  await meaning.offer([SIZED]);
  assert.equal(meaning.size, 4, "all of it, unless one is chosen");
  await meaning.start();
  assert.equal(held.get("b").length, 12);
  await records.put({ id: "b", at: 1, head: { model: SIZED.sha256 }, body: { model: SIZED.sha256, dimensions: 4, vectors: Float32Array.from([0.6, 0, 0.8, 0, 0.6, 0.8, 0, 0, 0, 0, 0, 1]) } });
  embedder.asked.length = embedder.sizes.length = 0;
  await meaning.resize(2);
  assert.deepEqual([embedder.asked.length, meaning.now.phase, held.get("a").length], [0, "ready", 40]);
  assert.deepEqual([...held.get("b")].map((value) => Math.round(10 * value)), [10, 0, 6, 8, 0, 0], "each again of length one");
  assert.deepEqual((await records.get("b")).body.vectors.length, 6, "and kept so");
  assert.equal((await meaning.vectorOf("q")).length, 2);
  told.length = embedder.sizes.length = 0;
  await meaning.resize(3);
  assert.deepEqual([new Set(embedder.sizes), embedder.sizes.length, held.get("b").length], [new Set([3]), 23, 9]);
  assert.ok(told.some(({ phase, done }) => phase === "reading" && done === 22), "which is told as it goes on");
  await meaning.resize(5);
  assert.equal(meaning.size, 3, "a size that the model has not");

  const after = made({ model: SIZED, memory, device });
  await after.meaning.offer([SIZED]);
  assert.deepEqual([after.meaning.size, after.embedder.asked.length, after.held.get("a").length], [3, 0, 60]);
});

test("another size that is chosen while passages are read is that of all in the end", async () => {
  const { meaning, held, records } = made({ model: SIZED, memory: memoryOf() });
  await meaning.offer([SIZED]);
  const started = meaning.start();
  await settled();
  await Promise.all([meaning.resize(2), meaning.resize(4), meaning.resize(3)]);
  await started;
  assert.deepEqual([meaning.now.phase, ...[...held].map(([id, vectors]) => [id, vectors.length])], ["ready", ["a", 60], ["b", 9]]);
  assert.equal((await records.get("a")).body.dimensions, 3);
});
