// A model of ours in the shape of the browser's LanguageModel.

import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "../../static/engine/messages.js";
import { languageModel } from "../../static/library/language_model.js";
import { LOADED } from "./support/engines.js";
import { answers, counted, site, turns, withEngines } from "./support/library.js";

globalThis.ProgressEvent ??= class extends Event {
  constructor(type, { loaded }) {
    super(type);
    this.loaded = loaded;
  }
};

/** A session that is there. */
async function created(options = {}, factoryOptions = {}) {
  site();
  const { engines, makeSession } = withEngines();
  const factory = languageModel("https://site.example/", { engine: "litert-lm-cpu", makeSession, ...factoryOptions });
  const creating = factory.create(options);
  await turns();
  engines[0].last("load").options.onProgress({ step: "downloading", loaded: 5, total: 10 });
  engines[0].last("load").resolve(LOADED);
  await counted(engines[0], 11);
  return { session: await creating, engines, factory };
}

const words = (messages) => messages.map((each) => `${each.role}: ${textOf(each)}`);

test("it prompts with the initial prompts and what was said, by the specification's roles", async () => {
  const { session, engines } = await created({ initialPrompts: [{ role: "system", content: "Be short." }] });
  const first = session.prompt("One?");
  await answers(engines[0], "1");
  assert.equal(await first, "1");
  const second = session.prompt([
    { role: "user", content: [{ type: "text", value: "Two" }] },
    { role: "user", content: "?" },
  ]);
  assert.deepEqual(words(await answers(engines[0], "2")), ["system: Be short.", "user: One?", "model: 1", "user: Two\n\n?"]);
  assert.equal(await second, "2");
  assert.equal(session.contextUsage, 14); // as the engine counted
});

test("a prompt is counted once", async () => {
  const { session, engines } = await created();
  const counts = () => engines[0].calls.filter(({ name }) => name === "count").length;
  const before = counts();
  session.prompt("One?");
  await answers(engines[0], "1");
  assert.equal(counts() - before, 1);
});

test("it streams, and a stream that is cancelled stops the engine", async () => {
  const { session, engines } = await created();
  const reader = session.promptStreaming("Go on.").getReader();
  const reading = reader.read();
  await counted(engines[0], 5);
  engines[0].last("generate").write("One");
  assert.deepEqual(await reading, { value: "One", done: false });
  await reader.cancel();
  assert.ok(engines[0].last("generate").options.signal.aborted);
  engines[0].last("generate").end("stopped");
});

test("the download's progress is told to the monitor", async () => {
  const told = [];
  await created({ monitor: (monitor) => monitor.addEventListener("downloadprogress", ({ loaded }) => told.push(loaded)) });
  assert.deepEqual(told, [0.5]);
});

test("older messages are left out where the context is full, the initial ones never", async () => {
  const { session, engines } = await created({ initialPrompts: [{ role: "system", content: "S" }] });
  session.prompt("One?");
  await answers(engines[0], "1");
  const overflows = [];
  session.oncontextoverflow = () => overflows.push(1);
  session.prompt("Two?");
  await counted(engines[0], (messages) => (messages.length > 3 ? 500 : 100));
  assert.deepEqual(words(engines[0].last("generate").messages), ["system: S", "user: Two?"]);
  assert.equal(overflows.length, 1);
  engines[0].last("generate").end();
});

test("what does not fit at all is a QuotaExceededError", async () => {
  const { session, engines } = await created();
  const long = session.prompt("Long.");
  long.catch(() => {});
  await counted(engines[0], 5000);
  await assert.rejects(long, { name: "QuotaExceededError", requested: 5000, quota: 384 });
});

test("append adds without an answer, measuring does not, and a clone goes its own way", async () => {
  const { session, engines } = await created();
  const measuring = session.measureContextUsage("One?");
  await counted(engines[0], 4);
  assert.equal(await measuring, 4);
  const appending = session.append([{ role: "user", content: "One?" }]);
  await counted(engines[0], 7);
  await appending;
  assert.equal(session.contextUsage, 7);
  const copy = await session.clone();
  copy.prompt("Two?");
  assert.deepEqual(words(await answers(engines[0], "2")), ["user: One?\n\nTwo?"]);
  session.prompt("Three?");
  assert.deepEqual(words(await answers(engines[0], "3")), ["user: One?\n\nThree?"]);
});

test("the model is freed with the last session", async () => {
  const { session, engines, factory } = await created();
  const copy = await session.clone();
  session.destroy();
  session.destroy();
  await assert.rejects(session.prompt("One?"), { name: "AbortError" });
  assert.equal(await factory.availability(), "available");
  assert.ok(!engines[0].closed);
  copy.destroy();
  assert.ok(engines[0].closed);
});

test("what it cannot do is refused by the specification's names", async () => {
  const { session } = await created();
  const not = { name: "NotSupportedError" };
  await assert.rejects(session.prompt("One?", { responseConstraint: {} }), not);
  await assert.rejects(session.prompt([{ role: "user", content: [{ type: "image", value: null }] }]), not);
  await assert.rejects(session.prompt([{ role: "system", content: "Be long." }]), not);
  await assert.rejects(session.prompt([{ role: "tool", content: "" }]), TypeError);
  const factory = languageModel("https://site.example/");
  await assert.rejects(factory.create({ expectedInputs: [{ type: "audio" }] }), not);
  await assert.rejects(factory.create({ tools: [{}] }), not);
  assert.equal(await factory.availability({ expectedInputs: [{ type: "image" }] }), "unavailable");
});

test("the browser's own is used where it can, and not where it cannot or is not wanted", async () => {
  site();
  let state = "available";
  globalThis.LanguageModel = { availability: async () => state, create: async () => "the browser's" };
  try {
    assert.equal(await languageModel("https://site.example/").create(), "the browser's");
    assert.equal(await languageModel("https://site.example/").availability(), "available");
    assert.equal(await languageModel("https://site.example/", { engine: "litert-lm-cpu", native: false }).availability(), "downloadable");
    state = "unavailable";
    assert.equal(await languageModel("https://site.example/", { engine: "litert-lm-cpu" }).availability(), "downloadable");
  } finally {
    delete globalThis.LanguageModel;
  }
});
