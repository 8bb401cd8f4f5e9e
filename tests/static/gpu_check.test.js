// The check of a GPU: what its answers say, what is kept of it, and what the session makes of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { recalled, remember } from "../../static/check/memory.js";
import { checkEngine } from "../../static/check/run.js";
import { precisionOf } from "../../static/check/trust.js";
import { circumstancesOf, firstWrong, judge, reportOf, sentenceOf } from "../../static/check/verdict.js";
import { choose } from "../../static/engine/choice.js";
import { ENGINES, engineOf } from "../../static/engine/registry.js";
import { texts } from "../../static/text/en.js";
import { LOADED, model, settled } from "./support/engines.js";
import { ready, sessionWith } from "./support/sessions.js";

const ADAPTER = { description: "Test GPU", vendor: "v", architecture: "a", device: "d", software: false, features: ["shader-f16"], limits: {} };
const VERDICT = { engine: "mediapipe", name: "MediaPipe", version: "1", precision: "float16", results: [], of: 2, failed: "", seconds: 1 };
const RIGHT = [{ model: "gemma", tokens: 9, wrong: null }, { model: "gemma", tokens: 40, wrong: null }];
const WRONG = [RIGHT[0], { ...RIGHT[1], wrong: 3 }];
const ANSWERS = JSON.parse(readFileSync(new URL("../../static/check/answers.json", import.meta.url), "utf8"));

for (const [text, wrong] of [
  [" one two three", null],
  [" one two three four", null],
  [" one two", 3],
  [" one  two three", null],
  [" one tow three", 2],
  ["", 1],
]) {
  test(`${JSON.stringify(text)} is wrong from word ${wrong}`, () => assert.equal(firstWrong(["one", "two", "three"], text), wrong));
}

test("one wrong answer is a wrong GPU, and one that is missing says nothing", () => {
  assert.equal(judge({ ...VERDICT, results: RIGHT }), "right");
  assert.equal(judge({ ...VERDICT, results: WRONG }), "wrong");
  assert.equal(judge({ ...VERDICT, results: WRONG.slice(0, 1) }), "unknown");
  assert.equal(judge({ ...VERDICT, results: RIGHT, failed: "engine-failed" }), "unknown");
  assert.equal(judge({ ...VERDICT, results: WRONG, failed: "device-lost" }), "wrong");
});

test("the verdict can be copied with the device, the driver, the engine and the case", () => {
  const verdicts = [{ ...VERDICT, results: WRONG }, { ...VERDICT, precision: "float32", results: RIGHT }];
  const text = reportOf({ adapter: { ...ADAPTER, driver: "1.2.3" }, browser: "Browser 9", onpage: "0.1", verdicts });
  for (const part of ["Test GPU", "1.2.3", "Browser 9", "onpage 0.1", "MediaPipe 1 in float16: wrong in 1 of 2 cases (Gemma 1, 40 tokens: word 3).", "float32: right in all 2"]) {
    assert.ok(text.includes(part), part);
  }
  assert.match(sentenceOf({ ...VERDICT, failed: "device-lost" }), /could not be told after 0 of 2 cases \(device-lost\)/);
});

test("a verdict holds for one device, browser, engine, precision and set of answers", () => {
  const here = { adapter: ADAPTER, browser: "b", engine: "mediapipe", version: "1", precision: "float16", answers: ANSWERS };
  const others = [
    { adapter: { ...ADAPTER, device: "other" } },
    { adapter: { ...ADAPTER, limits: { maxBufferSize: 1 } } },
    { browser: "c" },
    { engine: "litert-lm" },
    { version: "2" },
    { precision: "float32" },
    { answers: { ...ANSWERS, models: ANSWERS.models.slice(1) } },
  ];
  const all = [here, ...others.map((other) => ({ ...here, ...other }))].map(circumstancesOf);
  assert.equal(new Set(all).size, all.length);
});

test("the newest verdicts are kept, and damaged storage is none", () => {
  const storage = new Map();
  const kept = { getItem: (name) => storage.get(name) ?? null, setItem: (name, value) => storage.set(name, value) };
  const verdict = { ...VERDICT, results: RIGHT };
  for (let each = 0; each < 12; each += 1) remember(`circumstances ${each}`, { ...verdict, seconds: each }, kept);
  assert.equal(recalled("circumstances 11", kept)?.seconds, 11);
  assert.equal(recalled("circumstances 0", kept), null);
  remember("circumstances 11", { ...verdict, seconds: 99 }, kept);
  assert.equal(recalled("circumstances 11", kept)?.seconds, 99);
  for (const damaged of ["", "{}", "[[1]]", '[["x", null]]', "nonsense"]) {
    assert.equal(recalled("x", { getItem: () => damaged }), null);
  }
  assert.equal(recalled("x", { getItem: () => { throw new Error("no storage"); } }), null); // prettier-ignore
  remember("x", VERDICT, { getItem: () => null, setItem: () => { throw new Error("full"); } }); // prettier-ignore
});

test("a damaged verdict neither ends the question nor takes the others with it", () => {
  const whole = { ...VERDICT, results: RIGHT };
  const damages = [
    { results: [null, null] },
    { results: [] },
    { results: [], of: 0 },
    { results: RIGHT.slice(1) },
    { results: [{ ...RIGHT[0], wrong: "no" }, RIGHT[1]] },
    { results: [{ ...RIGHT[0], wrong: undefined }, RIGHT[1]] },
    { results: [{ ...RIGHT[0], tokens: null }, RIGHT[1]] },
    { results: {} },
    { of: "2" },
    { failed: null },
    { version: 1 },
  ];
  for (const damage of damages) {
    const held = JSON.stringify([["damaged", { ...whole, ...damage }], null, 7, ["whole", whole]]);
    const storage = new Map([["onpage-gpu-check", held]]);
    const kept = { getItem: (name) => storage.get(name) ?? null, setItem: (name, value) => storage.set(name, value) };
    assert.equal(recalled("damaged", kept), null, JSON.stringify(damage));
    assert.deepEqual(recalled("whole", kept), whole);
    remember("damaged", whole, kept);
    assert.deepEqual(recalled("damaged", kept), whole);
  }
});

/** An engine that answers a case of these answers by what `write` makes of it. */
function engineThat(write) {
  return () => ({
    load: async () => LOADED,
    close() {},
    async *generate([{ parts }]) {
      const asked = ANSWERS.models.flatMap(({ cases }) => cases.flatMap((each) => each.asked.map(({ prompt, answer }, place) => ({ prompt, answer, place, tokens: each.tokens }))));
      const { answer, tokens, place } = asked.find(({ prompt }) => prompt === parts[0].text);
      for (const word of write(answer, tokens, place)) yield ` ${word}`;
    },
  });
}

const options = { vendor: {}, answers: ANSWERS, signal: new AbortController().signal };

test("an engine that answers as shipped is right, and one wrong word is found where it is", async () => {
  const entry = engineOf("mediapipe");
  const right = await checkEngine(entry, "float16", { ...options, makeEngine: engineThat((answer) => [...answer, "more"]) });
  assert.equal(judge(right), "right");
  assert.ok(right.of >= 10);
  const second = engineThat((answer, tokens, place) => (tokens === 72 && place === 1 ? ["slip"] : answer));
  const later = await checkEngine(entry, "float16", { ...options, makeEngine: second });
  assert.deepEqual(later.results.map(({ tokens, wrong: place }) => [tokens, place]).slice(0, 3), [[9, null], [72, 7], [136, null]]);
  const slipping = engineThat((answer, tokens) => (tokens > 2000 ? [...answer.slice(0, 4), "slip"] : answer));
  const wrong = await checkEngine(entry, "float16", { ...options, makeEngine: slipping });
  assert.deepEqual(wrong.results.filter(({ wrong: place }) => place), [{ model: "gemma3", tokens: 2056, wrong: 5 }]);
});

test("an engine that fails, and a check that is stopped, leave no verdict", async () => {
  const failing = () => ({ ...engineThat((answer) => answer)(), load: async () => Promise.reject(new Error("lost")) });
  const failed = await checkEngine(engineOf("mediapipe"), "float16", { ...options, makeEngine: failing });
  assert.deepEqual([judge(failed), failed.failed], ["unknown", "engine-failed: lost"]);
  const stopped = await checkEngine(engineOf("mediapipe"), "float16", { ...options, signal: AbortSignal.abort(), makeEngine: failing });
  assert.deepEqual([judge(stopped), stopped.failed], ["unknown", "stopped"]);
});

test("an engine is asked in the precision that the person's model will have", () => {
  const [mediapipe, litert] = [engineOf("mediapipe"), engineOf("litert-lm")];
  assert.equal(precisionOf(mediapipe, "auto", "float16"), "float16");
  assert.equal(precisionOf(mediapipe, "auto"), "float32");
  assert.equal(precisionOf(mediapipe, "float16", "float32"), "float16");
  assert.equal(precisionOf(litert, "float32"), "float16");
});

test("the shipped answers are within five megabytes and go up to 2,000 tokens", () => {
  assert.ok(ANSWERS.models.reduce((sum, { size }) => sum + size, 0) < 5_000_000);
  assert.deepEqual(ANSWERS.models.map(({ id }) => id), ["gemma", "gemma2", "gemma3"]);
  const cases = ANSWERS.models.flatMap((each) => each.cases);
  assert.ok(Math.max(...cases.map(({ tokens }) => tokens)) > 2000);
  for (const { margin } of cases) assert.ok(margin >= ANSWERS.least_margin);
});

const everywhere = model("everywhere");
const onGpu = everywhere.files.filter(({ engines }) => engines.includes("mediapipe"));
const FAULT = { engine: "mediapipe", wrong: 2, of: 10 };

test("an engine that computes wrongly here comes last, unless a person has chosen it", () => {
  const both = everywhere;
  assert.equal(choose(both, "gpu", "").entry.id, "mediapipe");
  const { entry, fault } = choose(both, "gpu", "", [FAULT]);
  assert.deepEqual([entry.backend, fault], ["CPU", FAULT]);
  assert.deepEqual([choose(both, "gpu", "mediapipe", [FAULT]).entry.id, choose(both, "gpu", "mediapipe", [FAULT]).fault], ["mediapipe", FAULT]);
  const alone = choose({ ...both, files: onGpu }, "gpu", "", [FAULT]);
  assert.deepEqual([alone.entry.id, alone.fault], ["mediapipe", FAULT]);
});

test("a wrong GPU gives its place to the processor while the model is still on its way, and that is said", async () => {
  let tell;
  const { session, engines } = sessionWith({ check: () => new Promise((resolve) => (tell = resolve)) });
  const started = session.start([everywhere], { gpu: "gpu" });
  await settled();
  assert.equal(engines[0].entry.id, "mediapipe");
  tell(FAULT);
  await settled();
  assert.ok(engines[0].closed);
  assert.equal(engines[1].entry.backend, "CPU");
  engines[1].last("load").resolve(LOADED);
  await started;
  const { now, notice, setup } = session.state;
  assert.equal(now.phase, "ready");
  assert.equal(setup.engineId, "", "it is not a person's choice");
  assert.equal(notice.kind, "wrong-gpu");
  assert.match(texts.notice.wrongGpu(notice).sentence, /2 of 10 test answers wrong, so this model runs in LiteRT-LM on the processor/);
});

test("no answer is written before the check has spoken; where it says nothing the GPU is used", async () => {
  for (const end of ["right", "unknown"]) {
    let ends;
    const { session, engines } = sessionWith({ check: () => new Promise((resolve, reject) => (ends = { resolve, reject })) });
    const started = session.start([everywhere], { gpu: "gpu" });
    await settled();
    engines[0].last("load").resolve(LOADED);
    await settled();
    assert.equal(session.state.now.phase, "loading", "the model is there, the verdict is not");
    if (end === "right") ends.resolve(null);
    else ends.reject(new Error("no answers.json"));
    await started;
    assert.deepEqual([session.state.now.phase, engines.length, session.state.notice], ["ready", 1, null]);
  }
});

test("where there is no other engine, or a person has chosen it, it runs with a warning", async () => {
  for (const [files, engineId] of [[onGpu, ""], [everywhere.files, "mediapipe"]]) {
    const { session, engines } = sessionWith({ check: async () => FAULT });
    const started = session.start([{ ...everywhere, files }], { gpu: "gpu", engineId });
    await settled();
    engines[0].last("load").resolve(LOADED);
    await started;
    assert.equal(engines.length, 1);
    assert.match(texts.notice.wrongGpu(session.state.notice).sentence, /do not trust/);
  }
});

test("the processor is not checked, nor is a GPU that software plays", async () => {
  const asked = [];
  const check = async (setup) => asked.push(setup) && null;
  await ready([model("first")], { check });
  const { session, engines } = sessionWith({ check });
  const started = session.start([{ ...everywhere, files: onGpu }], { gpu: "software" });
  await settled();
  engines[0].last("load").resolve(LOADED);
  await started;
  assert.deepEqual(asked, []);
  assert.ok(ENGINES.some(({ backend }) => backend === "WebGPU"));
});

test("an engine that is lost while its GPU is still being checked is started again, and never called ready", async () => {
  let tell;
  const { session, engines } = sessionWith({ check: () => new Promise((resolve) => (tell = resolve)) });
  const started = session.start([{ ...everywhere, files: onGpu }], { gpu: "gpu" });
  await settled();
  engines[0].last("load").resolve(LOADED);
  await settled();
  engines[0].crash();
  const first = tell;
  first(null);
  await settled();
  assert.deepEqual([session.state.now.phase, session.state.now.reason, engines.length], ["loading", "recover", 2]);
  engines[1].last("load").resolve(LOADED);
  tell(null);
  await started;
  assert.equal(session.state.now.phase, "ready");
});
