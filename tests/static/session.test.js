// The session's life: every phase is left, nothing begins twice, and a crash is mended once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_SEED } from "../../static/engine/session_state.js";
import { LOADED, model, settled } from "./support/engines.js";
import { ASK, ready, sessionWith, writing } from "./support/sessions.js";

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

test("an answer that goes round in circles is ended, as at its limit", async () => {
  const { session, engines } = await ready();
  const answer = writing(session);
  const generating = engines[0].last("generate");
  for (let round = 0; round < 40; round += 1) generating.write("It is open. It is closed. ");
  await settled();
  assert.ok(generating.options.signal.aborted);
  assert.deepEqual(session.state.now, { phase: "writing", stopping: false }, "nobody pressed Stop");
  generating.end("stopped");
  assert.equal((await answer).figures.ended, "limit");
  assert.deepEqual(session.state.now, { phase: "ready", after: "answer" });
});

test("an answer in circles that the model has ended is its own", async () => {
  const { session, engines } = await ready();
  const answer = writing(session);
  for (let round = 0; round < 40; round += 1) engines[0].last("generate").write("It is open. It is closed. ");
  engines[0].last("generate").end("model");
  assert.equal((await answer).figures.ended, "model");
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

test("a session that is closed says nothing more", async () => {
  const { session, engines, phases } = await ready();
  const said = phases.length;
  session.close();
  assert.ok(engines[0].closed);
  await settled();
  assert.equal(phases.length, said);
});
