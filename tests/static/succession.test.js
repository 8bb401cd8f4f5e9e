// One engine after another, without a session: which is made, which is closed, and what is asked of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { OnpageError } from "../../static/engine/errors.js";
import { possible } from "../../static/engine/setup.js";
import { Succession } from "../../static/engine/succession.js";
import { FakeEngine, LOADED, model, settled } from "./support/engines.js";

const GREEDY = { temperature: 1, topK: 1, seed: 1, maxTokens: 64 };
const LORA = { id: "lora", name: "cheerful", url: "models/lora", size: 10, sha256: "lora", rank: 4 };

function setup(id, changed = {}, size = 1000) {
  const made = model(id, { size, adapters: [LORA] });
  return possible({ model: made, engineId: "", lora: null, settings: GREEDY, ...changed }, "gpu");
}

function succession(reach = async () => {}) {
  const engines = [];
  const lost = [];
  const makeEngine = (entry, onEnd) => {
    engines.push(new FakeEngine(entry, onEnd));
    return engines.at(-1);
  };
  const made = new Succession({ vendor: {}, makeEngine, reach, onLost: (ran, error) => lost.push([ran.model.id, error.code]) });
  return { made, engines, lost };
}

function attempt() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(), engine: null };
}

/** Once the engine has been asked; `outcome` is what comes of it. */
async function bringing(made, wanted, tried = attempt(), fresh = false) {
  const outcome = made.bring(tried, wanted, { fresh, onProgress: () => {} });
  outcome.catch(() => {});
  await settled();
  return { outcome };
}

/** With an engine that runs. */
async function running(wanted = setup("first"), reach = undefined) {
  const all = succession(reach);
  const { outcome } = await bringing(all.made, wanted);
  all.engines[0].last("load").resolve(LOADED);
  all.made.settle((await outcome).running);
  return all;
}

test("nothing runs before it is settled", async () => {
  const { made, engines } = succession();
  const { outcome } = await bringing(made, setup("first"));
  engines[0].last("load").resolve(LOADED);
  const { running: next } = await outcome;
  assert.deepEqual([made.engine, made.untouched, made.lastWorking], [null, null, null]);
  made.settle(next);
  assert.equal(made.engine, engines[0]);
  assert.equal(made.untouched.model.id, "first");
});

test("the same model takes other settings, and an adapter alone is put on what is loaded", async () => {
  const { made, engines } = await running();
  await bringing(made, setup("first", { lora: LORA }));
  assert.equal(engines[0].last("adapt").lora, LORA);
  assert.equal(made.untouched, null, "it may be neither the old one nor the new one");
  engines[0].last("adapt").reject(new OnpageError("lora-failed"));
  await settled();
  assert.equal(made.untouched.lora, null);
  await bringing(made, setup("first", { settings: { ...GREEDY, topK: 40 } }));
  assert.equal(engines[0].last("load").settings.topK, 40);
  assert.equal(engines.length, 1);
});

test("while one change is on its way, the next is a load of all of it", async () => {
  const { made, engines } = await running();
  await bringing(made, setup("first", { settings: { ...GREEDY, topK: 40 } }));
  await bringing(made, setup("first", { lora: LORA }));
  assert.equal(engines[0].last("adapt"), undefined);
  assert.equal(engines[0].last("load").options.lora, LORA);
});

test("a fresh load of the same model is another engine", async () => {
  const { made, engines } = await running();
  await bringing(made, setup("first"), attempt(), true);
  assert.equal(engines.length, 2);
  assert.ok(!engines[0].closed);
});

test("an attempt that is aborted closes what was made for it, and never what runs", async () => {
  const { made, engines } = await running();
  const [other, same] = [attempt(), attempt()];
  await bringing(made, setup("second"), other);
  other.abort();
  const { outcome } = await bringing(made, setup("first", { settings: { ...GREEDY, topK: 40 } }), same);
  same.abort();
  engines[0].last("load").resolve(LOADED);
  assert.equal(await outcome, null);
  made.discard(same);
  assert.deepEqual([engines[0].closed, engines[1].closed], [false, true]);
});

test("two that do not fit together change places, but not for one that cannot be had", async () => {
  let reachable = false;
  const reach = async () => {
    if (!reachable) throw new OnpageError("server-unreachable");
  };
  const { made, engines } = await running(setup("first", {}, 1e9), reach);
  const { outcome } = await bringing(made, setup("second", {}, 1e9));
  await assert.rejects(outcome, { code: "server-unreachable" });
  assert.ok(!engines[0].closed);
  reachable = true;
  await bringing(made, setup("second", {}, 1e9));
  assert.deepEqual([engines[0].closed, made.engine, made.lastWorking.model.id], [true, null, "first"]);
});

test("who ends while it runs is lost, and who ends while it loads is not", async () => {
  const { made, engines, lost } = await running();
  const { outcome } = await bringing(made, setup("second"));
  engines[1].crash();
  await assert.rejects(outcome, { code: "engine-failed" });
  assert.deepEqual(lost, []);
  engines[0].crash();
  assert.deepEqual(lost, [["first", "engine-failed"]]);
  assert.equal(made.engine, null);
});
