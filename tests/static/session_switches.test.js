// Switches of a session: what runs lives until its successor does, and comes back where that fails.

import assert from "node:assert/strict";
import { test } from "node:test";
import { OnpageError } from "../../static/engine/errors.js";
import { LOADED, model, settled } from "./support/engines.js";
import { ready, sessionWith, writing } from "./support/sessions.js";

const LORA = { id: "lora", name: "cheerful", url: "models/lora", size: 10, sha256: "lora", rank: 4 };

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

/** A session whose storage has the first model and another, and loses both while the second one is loaded. */
async function makingRoom() {
  const first = model("first");
  const stored = [...first.files.map(({ sha256 }) => ({ sha256, size: 5, kept: 1 })), { sha256: "0123456789", size: 5, kept: 1 }, { sha256: "empty", size: 0, kept: 1 }];
  let kept = stored;
  const made = await ready([first, model("second")], { storage: { listStored: async () => kept, removeStored: async () => {} } });
  await settled();
  assert.deepEqual(made.session.state.gone, []);
  const switched = made.session.switch("model", { modelId: "second" });
  await settled();
  kept = [];
  return { ...made, switched };
}

test("models that make room for another in a switch are said by name, until something is written", async () => {
  const { session, engines, switched } = await makingRoom();
  engines[1].last("load").resolve(LOADED);
  await switched;
  await settled();
  assert.deepEqual([session.state.notice, session.state.gone], [null, ["first", "01234567"]]);
  const answer = writing(session);
  assert.deepEqual(session.state.gone, []);
  engines[1].last("generate").end();
  await answer;
});

test("models that made room are said where the load has failed: what ran goes on, is loaded again, or there is a problem", async () => {
  for (const [ends, wanted] of [[[], "ready"], [["crash", "loads"], "ready"], [["crash", "fails"], "problem"]]) {
    const { session, engines, switched } = await makingRoom();
    if (ends.includes("crash")) engines[0].crash();
    engines[1].fail("load", "download-cut");
    await settled();
    if (ends.includes("loads")) engines[2].last("load").resolve(LOADED);
    if (ends.includes("fails")) engines[2].fail("load", "server-unreachable");
    await switched;
    await settled();
    assert.deepEqual([session.state.now.phase, session.state.gone], [wanted, ["first", "01234567"]]);
    if (wanted === "ready") assert.equal(session.state.notice.error.code, "download-cut", "and why the page stays with what ran");
  }
});
