// The client of an engine's worker: turns, timers, what it sends, and how it ends.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Engine } from "../../static/engine/client.js";
import { message } from "../../static/engine/messages.js";
import { FakeWorker, settled } from "./support/engines.js";

const MODEL = { url: "http://server/models/a/b", size: 10, sha256: "a" };
const SETTINGS = { temperature: 1, topK: 1, seed: 1, maxTokens: 64 };
const TURNS = { prefix: "<", suffix: ">" };
const ASK = [message("Write.")];
const RESULT = { promptTokens: 9, tokens: 5, firstTokens: 1, ended: "model", engineFigures: null };
const LONG = 200_000;

/** @type {Engine[]} */
const open = [];
afterEach(() => open.splice(0).forEach((engine) => engine.close())); // with its timers

function engineWith({ keepsPrompt = false, takesMedia = false } = {}) {
  const worker = new FakeWorker();
  const ends = [];
  const entry = { id: "x", name: "X", backend: "CPU", worker: new URL("http://server/worker.js"), formats: [], package: "x", keepsPrompt, takesMedia };
  const engine = new Engine(entry, { onEnd: (error) => ends.push(error), makeWorker: () => worker });
  open.push(engine);
  return { engine, worker, ends };
}

test("a load that waits behind a long answer is given its three minutes from its turn on", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { engine, worker, ends } = engineWith();
  const generation = engine.generate(ASK);
  const load = engine.load(MODEL, SETTINGS, { vendor: {} });
  load.catch(() => {});
  await settled();
  t.mock.timers.tick(LONG);
  await settled();
  assert.equal(ends.length, 0, "the engine lives: it writes");
  worker.done("generate", RESULT);
  await generation.figures;
  await settled();
  assert.ok(worker.last("load"));
  t.mock.timers.tick(179_999);
  assert.equal(ends.length, 0);
  t.mock.timers.tick(1);
  assert.equal(ends[0].code, "engine-failed");
  await assert.rejects(load, { code: "engine-failed" });
});

test("each call has its own timer: what one hears does not keep another alive", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { engine, worker, ends } = engineWith();
  const load = engine.load(MODEL, SETTINGS, { vendor: {} });
  await settled();
  const progress = { step: "downloading", loaded: 1, total: 10, bytesPerSecond: 1 };
  for (let minutes = 0; minutes < 10; minutes += 1) {
    t.mock.timers.tick(60_000);
    worker.reply({ type: "progress", id: worker.last("load").id, progress });
  }
  worker.done("load", {});
  await load;
  const count = engine.countTokens(ASK);
  count.catch(() => {});
  await settled();
  t.mock.timers.tick(180_000);
  assert.equal(ends.length, 1, "a count that is never answered ends the engine");
});

test("the time to the first text begins when it is an answer's turn", async (t) => {
  let now = 1000;
  t.mock.method(performance, "now", () => now);
  const { engine, worker } = engineWith();
  const count = engine.countTokens(ASK);
  const generation = engine.generate(ASK);
  await settled();
  now += 5000;
  worker.done("count", 9);
  await count;
  await settled();
  now += 20;
  worker.reply({ type: "text", id: worker.last("generate").id, text: "One" });
  worker.done("generate", RESULT);
  assert.equal((await generation.figures).timeToFirst, 20);
});

test("memory is shared only where there is such a thing, whatever the page says of itself", async () => {
  const kept = globalThis.SharedArrayBuffer;
  globalThis.crossOriginIsolated = true;
  try {
    const { engine, worker } = engineWith();
    engine.generate(ASK).figures.catch(() => {});
    await settled();
    assert.ok(worker.last("generate").stop instanceof kept);
    delete globalThis.SharedArrayBuffer;
    const other = engineWith();
    const stop = new AbortController();
    const generation = other.engine.generate(ASK, { signal: stop.signal });
    await settled();
    assert.equal(other.worker.last("generate").stop, null);
    stop.abort();
    assert.ok(other.worker.last("cancel"));
    other.worker.done("generate", RESULT);
    assert.equal((await generation.figures).ended, "stopped");
  } finally {
    globalThis.SharedArrayBuffer = kept;
    delete globalThis.crossOriginIsolated;
  }
});

test("an answer that cannot be stopped ends the engine", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { engine, ends, worker } = engineWith();
  const stop = new AbortController();
  const generation = engine.generate(ASK, { signal: stop.signal });
  generation.figures.catch(() => {});
  await settled();
  stop.abort();
  t.mock.timers.tick(10_000);
  await assert.rejects(generation.figures, { detail: "it could not be stopped" });
  assert.ok(ends.length === 1 && worker.terminated && engine.ended);
});

test("a worker whose script cannot be fetched is a server that does not answer", async () => {
  const { engine, worker, ends } = engineWith();
  const load = engine.load(MODEL, SETTINGS, { vendor: {} });
  await settled();
  worker.dispatchEvent(new Event("error"));
  await assert.rejects(load, { code: "server-unreachable" });
  assert.equal(ends.length, 1);
});

test("an error in a worker's script is the engine's", () => {
  const { worker, ends } = engineWith();
  worker.dispatchEvent(Object.assign(new Event("error"), { message: "x is not defined" }));
  assert.deepEqual(ends[0].toJSON(), { code: "engine-failed", detail: "x is not defined" });
});

test("a failed call ends the engine, unless the worker knows that it is unharmed", async () => {
  const { engine, worker, ends } = engineWith();
  const first = engine.adapt({ ...MODEL, rank: 4 });
  await settled();
  const error = { code: "lora-failed", detail: "" };
  worker.reply({ type: "failed", id: worker.last("adapt").id, error, unharmed: true });
  await assert.rejects(first, { code: "lora-failed" });
  assert.ok(!engine.ended);
  const second = engine.adapt(null);
  await settled();
  worker.reply({ type: "failed", id: worker.last("adapt").id, error });
  await assert.rejects(second, { code: "lora-failed" });
  assert.ok(engine.ended && ends.length === 1);
  await assert.rejects(engine.countTokens(ASK), { code: "lora-failed" });
});

test("a crash while loading waits for the load's own answer, another one does not", async () => {
  const { engine, worker, ends } = engineWith();
  const load = engine.load(MODEL, SETTINGS, { vendor: {} });
  await settled();
  worker.reply({ type: "crashed", detail: "abort" });
  assert.equal(ends.length, 0);
  worker.reply({ type: "failed", id: worker.last("load").id, error: { code: "model-corrupt", detail: "" } });
  await assert.rejects(load, { code: "model-corrupt" });
  const other = engineWith();
  other.worker.reply({ type: "crashed", detail: "abort" });
  assert.equal(other.ends[0].code, "engine-failed");
});

test("a count that nobody waits for any more is not sent", async () => {
  const { engine, worker } = engineWith();
  const generation = engine.generate(ASK);
  const dropped = new AbortController();
  const count = engine.countTokens(ASK, { signal: dropped.signal });
  count.catch(() => {});
  dropped.abort();
  await settled();
  worker.done("generate", RESULT);
  await generation.figures;
  await assert.rejects(count, { name: "AbortError" });
  assert.equal(worker.last("count"), undefined);
});

test("a text that is far too long is counted by its beginning", async () => {
  const { engine, worker } = engineWith();
  const count = engine.countTokens([message("x".repeat(64_000))], { room: 100 });
  await settled();
  assert.equal(worker.last("count").messages[0].parts[0].text.length, 3200);
  worker.done("count", 400);
  assert.equal(await count, 8000);
});

test("an engine that keeps its prompt says how much of it", async () => {
  const { engine, worker } = engineWith({ keepsPrompt: true });
  const load = engine.load(MODEL, SETTINGS, { vendor: {}, turns: TURNS });
  await settled();
  worker.done("load", {});
  await load;
  const shares = [];
  for (const text of ["abcd", "abXX"]) {
    const generation = engine.generate([message(text)]);
    await settled();
    worker.done("generate", RESULT);
    shares.push((await generation.figures).reused);
  }
  assert.deepEqual(shares, [0, 0.5]);
});

for (const [kept, share] of [
  [true, 1],
  [false, 0],
]) {
  test(`other sampling leaves an engine what it has read only where it kept its model: ${kept}`, async () => {
    const { engine, worker } = engineWith({ keepsPrompt: true });
    const shares = [];
    for (const result of [{}, { kept }]) {
      const load = engine.load(MODEL, SETTINGS, { vendor: {}, turns: TURNS });
      await settled();
      worker.done("load", result);
      await load;
      const generation = engine.generate([message("abcd")]);
      await settled();
      worker.done("generate", RESULT);
      shares.push((await generation.figures).reused);
    }
    assert.deepEqual(shares, [0, share]);
  });
}

test("addresses that are relative to the page reach the worker whole", async () => {
  globalThis.document = { baseURI: "https://host/below/a/path/" };
  try {
    const { engine, worker } = engineWith();
    engine.load({ ...MODEL, url: "models/a/b" }, SETTINGS, { vendor: { x: "static/vendor/x/" } }).catch(() => {});
    await settled();
    const { model, vendor } = worker.last("load");
    assert.equal(model.url, "https://host/below/a/path/models/a/b");
    assert.equal(vendor.x, "https://host/below/a/path/static/vendor/x/");
  } finally {
    delete globalThis.document;
  }
});

const IMAGE = { type: "image", image: { width: 3, height: 2 } };
const AUDIO = { type: "audio", samples: new Float32Array(16_000), sampleRate: 16_000 };
const SHOW = [{ role: "user", parts: [IMAGE, { type: "text", text: "What?" }, AUDIO] }];

/** One that has loaded what takes pictures and sounds, or not. */
async function seeing(senses) {
  const made = engineWith({ keepsPrompt: true, takesMedia: true });
  const load = made.engine.load(MODEL, SETTINGS, { vendor: {}, turns: TURNS, senses });
  await settled();
  made.worker.done("load", {});
  await load;
  return made;
}

test("what takes pictures and sounds is loaded only where it is asked for", async () => {
  const { worker } = await seeing({ images: 2, audio: true });
  assert.deepEqual(worker.last("load").senses, { images: 2, audio: true });
  const plain = await seeing(undefined);
  assert.deepEqual(plain.worker.last("load").senses, { images: 0, audio: false });
});

test("pictures and sounds go to the engine as they are, and are counted without it", async () => {
  const { engine, worker } = await seeing({ images: 2, audio: true });
  const count = engine.countTokens(SHOW, { room: 1000 });
  await settled();
  assert.deepEqual(worker.last("count").messages, [{ role: "user", parts: [{ type: "text", text: "What?" }] }]);
  worker.done("count", 7);
  assert.equal(await count, 7 + 260 + 7 + 2);
  for (let turn = 0; turn < 2; turn += 1) {
    const generation = engine.generate(SHOW);
    await settled();
    assert.deepEqual(worker.last("generate").messages, SHOW);
    worker.done("generate", RESULT);
    assert.equal((await generation.figures).reused, 0, "with pictures the engine reads each prompt from its beginning");
  }
});

for (const [senses, missing] of [
  [{ images: 0, audio: true }, "image"],
  [{ images: 1, audio: false }, "audio"],
  [undefined, "image"],
]) {
  test(`without what takes ${missing === "image" ? "pictures" : "sounds"} they are refused, and the engine goes on: ${JSON.stringify(senses)}`, async () => {
    const { engine, worker, ends } = await seeing(senses);
    await assert.rejects(engine.generate(SHOW).figures, { code: "modality-unsupported", detail: missing });
    assert.equal(worker.last("generate"), undefined, "nothing was sent");
    const next = engine.generate(ASK);
    await settled();
    worker.done("generate", RESULT);
    assert.equal((await next.figures).ended, "model");
    assert.equal(ends.length, 0);
  });
}
