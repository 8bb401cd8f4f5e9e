// The session's life: every phase is left, nothing begins twice, and what runs lives until its successor does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { OnpageError } from "../../static/engine/errors.js";
import { message } from "../../static/engine/messages.js";
import { Session } from "../../static/engine/session.js";
import { MAX_SEED } from "../../static/engine/session_state.js";
import { FakeEngine, LOADED, model, settled } from "./support/engines.js";

const ASK = [message("Write.")];
const LORA = { id: "lora", name: "cheerful", url: "models/lora", size: 10, sha256: "lora", rank: 4 };

/** A session with its engines in the order in which they were made. */
function sessionWith(options = {}) {
  const engines = [];
  const phases = [];
  const session = new Session({
    vendor: {},
    makeEngine: (entry, onEnd) => {
      engines.push(new FakeEngine(entry, onEnd));
      return engines.at(-1);
    },
    storage: { listStored: async () => [], removeStored: async () => {} },
    reach: async () => {},
    onChange: ({ now }) => phases.push(now.phase),
    ...options,
  });
  return { session, engines, phases };
}

/** One that is ready, with the engine of the processor. */
async function ready(models = [model("first"), model("second")], options = {}, wish = {}) {
  const made = sessionWith(options);
  const started = made.session.start(models, { gpu: "no-webgpu", ...wish });
  await settled();
  made.engines[0].last("load").resolve(LOADED);
  await started;
  assert.deepEqual(made.session.state.now, { phase: "ready", after: "load" });
  return made;
}

function writing(session, onText = () => {}, options = {}) {
  return session.generate(ASK, { room: 100, counted: 5, onText, ...options });
}

test("an answer is written and the session is ready again", async () => {
  const { session, engines, phases } = await ready();
  const pieces = [];
  const answer = writing(session, (piece) => pieces.push(piece));
  assert.equal(session.state.now.phase, "writing");
  engines[0].last("generate").write("One");
  engines[0].last("generate").write(" two");
  engines[0].last("generate").end("context");
  const outcome = await answer;
  assert.deepEqual([pieces, outcome.kind, outcome.figures.ended], [["One", " two"], "written", "context"]);
  assert.deepEqual(session.state.now, { phase: "ready", after: "answer" });
  assert.deepEqual(phases.slice(-2), ["writing", "ready"]);
});

test("two activations while the first still counts make one generation, and Stop reaches it", async () => {
  const { session, engines } = await ready();
  const first = writing(session, undefined, { counted: null });
  const second = await writing(session, undefined, { counted: null });
  assert.equal(second, null);
  assert.equal(engines[0].calls.filter(({ name }) => name === "count").length, 1);
  engines[0].last("count").resolve(5);
  await settled();
  assert.equal(engines[0].calls.filter(({ name }) => name === "generate").length, 1);
  session.stop();
  const { signal } = engines[0].last("generate").options;
  assert.ok(signal.aborted);
  engines[0].last("generate").end("stopped");
  assert.equal((await first).figures.ended, "stopped");
  assert.deepEqual(session.state.now, { phase: "ready", after: "stop" });
});

test("Stop while the prompt is counted is not forgotten", async () => {
  const { session, engines } = await ready();
  const answer = writing(session, undefined, { counted: null });
  session.stop();
  engines[0].last("count").resolve(5);
  await settled();
  assert.ok(engines[0].last("generate").options.signal.aborted);
  engines[0].last("generate").end("stopped");
  await answer;
});

test("what is too long is not sent", async () => {
  const { session, engines } = await ready();
  assert.deepEqual(await writing(session, undefined, { counted: 101 }), { kind: "too-long", tokens: 101, room: 100 });
  assert.equal(engines[0].last("generate"), undefined);
  assert.equal(session.state.now.phase, "ready");
});

test("a throw of our own ends in a problem, from which a restart leads out", async () => {
  const { session, engines } = await ready();
  engines[0].generate = () => {
    throw new ReferenceError("SharedArrayBuffer is not defined");
  };
  assert.equal(await writing(session), null);
  assert.equal(session.state.now.phase, "problem");
  assert.match(session.state.now.error.detail, /SharedArrayBuffer/);
  assert.ok(engines[0].closed);
  const restarted = session.restart();
  await settled();
  engines[1].last("load").resolve(LOADED);
  await restarted;
  assert.equal(session.state.now.phase, "ready");
});

test("a throw of whoever takes the text ends in a problem", async () => {
  const { session, engines } = await ready();
  const answer = writing(session, () => {
    throw new Error("the view is broken");
  });
  engines[0].last("generate").write("One");
  assert.equal(await answer, null);
  assert.equal(session.state.now.phase, "problem");
});

test("a crash while writing is mended once by itself; the second one is a problem", async () => {
  const { session, engines } = await ready();
  const answer = writing(session);
  engines[0].crash();
  assert.equal(await answer, null);
  assert.equal(session.state.now.reason, "recover");
  await settled();
  engines[1].last("load").resolve(LOADED);
  await settled();
  assert.deepEqual([session.state.now.phase, session.state.notice], ["ready", { kind: "restarted" }]);
  engines[1].crash();
  assert.deepEqual(session.state.now, { phase: "problem", error: { code: "engine-failed", detail: "by the test" } });
});

test("a finished answer allows another crash to be mended", async () => {
  const { session, engines } = await ready();
  engines[0].crash();
  await settled();
  engines[1].last("load").resolve(LOADED);
  await settled();
  const answer = writing(session);
  engines[1].last("generate").end();
  await answer;
  engines[1].crash();
  assert.equal(session.state.now.reason, "recover");
});

test("a lost GPU is a problem at once", async () => {
  const { session, engines } = await ready();
  engines[0].crash("device-lost");
  assert.equal(session.state.now.error.code, "device-lost");
});

test("the first load is tried a second time, then it is a problem", async () => {
  const { session, engines } = sessionWith();
  const started = session.start([model("first")], { gpu: "no-webgpu" });
  await settled();
  engines[0].fail("load");
  await settled();
  assert.equal(session.state.now.reason, "recover");
  engines[1].fail("load");
  await started;
  assert.equal(session.state.now.error.code, "engine-failed");
});

test("without a model, or an engine for it, there is a problem", async () => {
  const none = sessionWith();
  await none.session.start([], { gpu: "gpu" });
  assert.equal(none.session.state.now.error.code, "no-model");
  const gpuOnly = model("first");
  gpuOnly.files = gpuOnly.files.slice(0, 1);
  const other = sessionWith();
  await other.session.start([gpuOnly, model("second")], { gpu: "no-webgpu" });
  assert.equal(other.session.state.now.error.code, "no-webgpu");
  const switched = other.session.switch("model", { modelId: "second" });
  await settled();
  other.engines[0].last("load").resolve(LOADED);
  await switched;
  assert.equal(other.session.state.now.phase, "ready", "another model leads out");
});

for (const [reason, wish] of [
  ["model", { modelId: "second" }],
  ["engine", { engineId: "mediapipe" }],
]) {
  test(`another ${reason} that cannot be had leaves what runs as it is`, async () => {
    const { session, engines } = await ready(undefined, {}, { gpu: "software" });
    const before = session.state.setup;
    const switched = session.switch(reason, wish);
    await settled();
    assert.ok(!engines[0].closed, "the old engine lives while the new one loads");
    engines[1].fail("load", "server-unreachable");
    await switched;
    assert.equal(session.state.now.phase, "ready");
    assert.equal(session.state.setup, before);
    assert.equal(session.state.notice.error.code, "server-unreachable");
    assert.ok(!engines[0].closed && engines[1].closed);
    const answer = writing(session);
    engines[0].last("generate").end();
    assert.equal((await answer).kind, "written", "and it writes");
  });
}

test("a switch that succeeds closes the old engine afterwards", async () => {
  const { session, engines } = await ready();
  const switched = session.switch("model", { modelId: "second" });
  await settled();
  engines[1].last("load").resolve(LOADED);
  await switched;
  assert.ok(engines[0].closed && !engines[1].closed);
  assert.equal(session.state.setup.model.id, "second");
});

test("settings that an engine dies of are given up for those that worked", async () => {
  const { session, engines } = await ready();
  const { settings } = session.state.setup;
  const switched = session.switch("settings", { settings: { ...settings, topK: 40 } });
  await settled();
  assert.equal(engines.length, 1, "the same engine takes them");
  engines[0].fail("load");
  await settled();
  assert.equal(session.state.now.reason, "return");
  assert.deepEqual(engines[1].last("load").settings, settings);
  engines[1].last("load").resolve(LOADED);
  await switched;
  assert.deepEqual(session.state.setup.settings, settings);
  assert.deepEqual([session.state.now.phase, session.state.notice.kind], ["ready", "kept"]);
});

test("settings whose load left the engine untouched leave it so", async () => {
  const { session, engines } = await ready();
  const { settings } = session.state.setup;
  const switched = session.switch("settings", { settings: { ...settings, topK: 40 } });
  await settled();
  engines[0].last("load").reject(new OnpageError("download-cut"));
  await switched;
  assert.equal(engines.length, 1);
  assert.deepEqual([session.state.setup.settings, session.state.notice.error.code], [settings, "download-cut"]);
});

test("an adapter is put on the engine that runs, and one that cannot be had leaves it as it is", async () => {
  const models = [model("first", { adapters: [LORA] })];
  const { session, engines } = await ready(models, {}, { gpu: "gpu" });
  let switched = session.switch("lora", { loraId: "lora" });
  await settled();
  engines[0].last("adapt").reject(new OnpageError("lora-failed", "model-missing"));
  await switched;
  assert.deepEqual([session.state.now.phase, session.state.setup.lora], ["ready", null]);
  assert.equal(session.state.notice.error.code, "lora-failed");
  switched = session.switch("lora", { loraId: "lora" });
  await settled();
  engines[0].last("adapt").resolve(LOADED);
  await switched;
  assert.equal(session.state.setup.lora.id, "lora");
  assert.equal(session.state.notice, null);
});

test("an adapter that cannot be had at the start is a problem with a way on", async () => {
  const { session, engines } = sessionWith();
  const started = session.start([model("first", { adapters: [LORA] })], { gpu: "gpu", loraId: "lora" });
  await settled();
  engines[0].last("load").reject(new OnpageError("lora-failed"));
  await started;
  assert.equal(session.state.now.error.code, "lora-failed");
  const restarted = session.restart({ loraId: "" });
  await settled();
  assert.equal(engines[1].last("load").options.lora, null);
  engines[1].last("load").resolve(LOADED);
  await restarted;
  assert.equal(session.state.now.phase, "ready");
});

test("who waits for the wrong model takes another; the first is given up", async () => {
  const { session, engines } = await ready([model("first"), model("second"), model("third")]);
  const second = session.switch("model", { modelId: "second" });
  await settled();
  const third = session.switch("model", { modelId: "third" });
  await settled();
  assert.ok(engines[1].closed && !engines[0].closed);
  engines[2].last("load").resolve(LOADED);
  await Promise.all([second, third]);
  assert.equal(session.state.setup.model.id, "third");
  assert.equal(session.state.now.phase, "ready");
});

test("an old engine that dies while its successor loads is not missed, unless that fails", async () => {
  const { session, engines } = await ready();
  const switched = session.switch("model", { modelId: "second" });
  await settled();
  engines[0].crash();
  assert.equal(session.state.now.phase, "loading");
  engines[1].fail("load", "model-missing");
  await settled();
  assert.equal(session.state.now.reason, "return");
  engines[2].last("load").resolve(LOADED);
  await switched;
  assert.equal(session.state.setup.model.id, "first");
  assert.equal(session.state.notice.error.code, "model-missing");
});

test("two models that do not fit together change places, when it is known that the new one can be had", async () => {
  const models = [model("first", { size: 1e9 }), model("second", { size: 1e9 })];
  let reachable = false;
  const reach = async () => {
    if (!reachable) throw new OnpageError("server-unreachable");
  };
  const { session, engines } = await ready(models, { reach });
  await session.switch("model", { modelId: "second" });
  assert.equal(session.state.notice.error.code, "server-unreachable");
  assert.ok(!engines[0].closed, "nothing was given up for it");
  reachable = true;
  const switched = session.switch("model", { modelId: "second" });
  await settled();
  assert.ok(engines[0].closed, "it makes room first");
  engines[1].fail("load", "model-corrupt");
  await settled();
  assert.equal(session.state.now.reason, "return");
  engines[2].last("load").resolve(LOADED);
  await switched;
  assert.equal(session.state.setup.model.id, "first");
  assert.equal(session.state.notice.error.code, "model-corrupt");
});

test("what cannot be brought back either is a problem: that of the switch", async () => {
  const models = [model("first", { size: 1e9 }), model("second", { size: 1e9 })];
  const { session, engines } = await ready(models);
  const switched = session.switch("model", { modelId: "second" });
  await settled();
  engines[1].fail("load", "model-corrupt");
  await settled();
  engines[2].fail("load", "download-cut");
  await switched;
  assert.equal(session.state.now.error.code, "model-corrupt");
});

test("the seed after the highest is 0", async () => {
  const { session, engines } = await ready(undefined, {}, { remembered: { first: { temperature: 1, topK: 1, seed: MAX_SEED, maxTokens: 64 } } });
  assert.equal(session.state.setup.settings.seed, MAX_SEED);
  const reseeded = session.reseed();
  await settled();
  engines[0].last("load").resolve(LOADED);
  await reseeded;
  assert.equal(session.state.setup.settings.seed, 0);
});

test("a count is dropped for a later one, and for an answer", async () => {
  const { session, engines } = await ready();
  const first = session.count(ASK, 100);
  const second = session.count(ASK, 100);
  assert.ok(engines[0].calls.filter(({ name }) => name === "count")[0].options.signal.aborted);
  for (const call of engines[0].calls) call.resolve(7);
  assert.deepEqual(await Promise.all([first, second]), [null, 7]);
  const third = session.count(ASK, 100);
  const answer = writing(session);
  assert.ok(engines[0].last("count").options.signal.aborted);
  engines[0].last("count").resolve(7);
  assert.equal(await third, null);
  engines[0].last("generate").end();
  await answer;
});

test("progress of a load that is no longer wanted is not shown", async () => {
  const { session, engines } = await ready([model("first"), model("second"), model("third")]);
  void session.switch("model", { modelId: "second" });
  await settled();
  void session.switch("model", { modelId: "third" });
  await settled();
  engines[1].last("load").options.onProgress({ step: "downloading", loaded: 1, total: 2, bytesPerSecond: 1 });
  assert.equal(session.state.now.progress, null);
  engines[2].last("load").options.onProgress({ step: "downloading", loaded: 2, total: 2, bytesPerSecond: 1 });
  assert.equal(session.state.now.progress.loaded, 2);
});

test("a session that is closed says nothing more", async () => {
  const { session, engines, phases } = await ready();
  const said = phases.length;
  session.close();
  assert.ok(engines[0].closed);
  await settled();
  assert.equal(phases.length, said);
});
