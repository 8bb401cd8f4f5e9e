// The library for other people's pages: load, ask, chat, close.

import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "../../static/engine/messages.js";
import { offerOf } from "../../static/library/offer.js";
import { PromptTooLongError, load } from "../../static/library/model.js";
import { LOADED, model as listed } from "./support/engines.js";
import { VENDOR, answers, counted, loaded, site, turns, withEngines } from "./support/library.js";

const words = (messages) => messages.map((each) => `${each.role}: ${textOf(each)}`);

test("a site's addresses are absolute, under a path and from another origin", async () => {
  const asked = site([listed("first", { adapters: [{ id: "a", name: "a", url: "adapters/a", size: 1, sha256: "a", rank: 4 }] })]);
  const { models, vendor } = await offerOf("https://site.example/a/gemma?x#y");
  assert.deepEqual(asked, ["https://site.example/a/gemma/api/models", "https://site.example/a/gemma/api/vendor"]);
  assert.equal(models[0].files[1].url, "https://site.example/a/gemma/models/first-litert-lm-cpu");
  assert.equal(models[0].adapters[0].url, "https://site.example/a/gemma/adapters/a");
  assert.equal(vendor["@litert-lm/core"], `https://site.example/a/gemma/${VENDOR["@litert-lm/core"]}`);
});

test("a site that does not answer, or answers something else, is an error with a code", async () => {
  globalThis.fetch = async () => new Response("", { status: 404 });
  await assert.rejects(load("https://site.example/"), { code: "server-unreachable", detail: /api\/models: status 404/ });
  globalThis.fetch = async () => {
    throw new TypeError("Failed to fetch");
  };
  await assert.rejects(load("https://site.example/"), { code: "server-unreachable", detail: /Access-Control-Allow-Origin/ });
  globalThis.fetch = async () => new Response("{}");
  await assert.rejects(load("https://site.example/"), { code: "no-model" });
});

test("a model that the site does not offer is refused with those that it does", async () => {
  site();
  await assert.rejects(load("https://site.example/", { model: "third" }), { code: "no-model", detail: "there is no third; there are: first, second" });
});

test("the model, the engine and the settings are those asked for, and the progress is told", async () => {
  site();
  const { engines, makeSession } = withEngines();
  const told = [];
  const loading = load("https://site.example/", {
    model: "second",
    engine: "litert-lm-cpu",
    settings: { temperature: 0.5 },
    onProgress: ({ loaded: bytes }) => told.push(bytes),
    makeSession,
  });
  await turns();
  const call = engines[0].last("load");
  call.options.onProgress({ step: "downloading", loaded: 7, total: 10 });
  call.resolve(LOADED);
  const { about } = await loading;
  assert.deepEqual([about.name, about.engine, about.context], ["second", "litert-lm-cpu", 512]);
  assert.deepEqual(call.settings, { temperature: 0.5, topK: 1, seed: 1, maxTokens: 512 });
  assert.deepEqual(told, [7]);
});

test("a load that fails, or is aborted, leaves no engine behind", async () => {
  site();
  const failing = withEngines();
  const failed = load("https://site.example/", { makeSession: failing.makeSession, engine: "litert-lm-cpu" });
  await turns();
  failing.engines[0].fail("load", "model-missing");
  await assert.rejects(failed, { code: "model-missing" });
  const aborted = withEngines();
  const controller = new AbortController();
  const loading = load("https://site.example/", { makeSession: aborted.makeSession, engine: "litert-lm-cpu", signal: controller.signal });
  await turns();
  controller.abort();
  await assert.rejects(loading, { name: "AbortError" });
  assert.ok(aborted.engines[0].closed);
});

test("an answer is iterated, or taken whole, with its figures", async () => {
  const { model, engines } = await loaded();
  const answer = model.ask("Say hello.", { system: "Be short." });
  const read = (async () => {
    const pieces = [];
    for await (const piece of answer) pieces.push(piece);
    return pieces.join("");
  })();
  assert.deepEqual(words(await answers(engines[0], "Hel", "lo")), ["system: Be short.", "user: Say hello."]);
  assert.equal(await read, "Hello");
  assert.equal(await answer.text(), "Hello");
  assert.equal((await answer.figures).ended, "model");
});

test("two questions at once are answered one after the other", async () => {
  const { model, engines } = await loaded();
  const both = [model.ask("One?").text(), model.ask("Two?").text()];
  await counted(engines[0], 5);
  assert.equal(engines[0].calls.filter(({ name }) => name === "generate").length, 1);
  await answers(engines[0], "1");
  await answers(engines[0], "2");
  assert.deepEqual(await Promise.all(both), ["1", "2"]);
});

test("leaving the loop stops the answer and keeps what is written", async () => {
  const { model, engines } = await loaded();
  const answer = model.ask("Go on.");
  const reading = (async () => {
    for await (const piece of answer) return piece;
  })();
  await counted(engines[0], 5);
  const generating = engines[0].last("generate");
  generating.write("One");
  assert.equal(await reading, "One");
  await turns();
  assert.ok(generating.options.signal.aborted);
  generating.end("stopped");
  assert.equal((await answer.figures).ended, "stopped");
  assert.equal(answer.written, "One");
});

test("a signal ends an answer with its reason, also before its turn", async () => {
  const { model, engines } = await loaded();
  const controller = new AbortController();
  const first = model.ask("One?", { signal: controller.signal });
  const second = model.ask("Two?", { signal: controller.signal });
  await counted(engines[0], 5);
  controller.abort(new Error("enough"));
  engines[0].last("generate").end("stopped");
  await assert.rejects(first.text(), /enough/);
  await assert.rejects(async () => {
    for await (const _ of second);
  }, /enough/);
  assert.equal(engines[0].calls.filter(({ name }) => name === "generate").length, 1);
});

test("a prompt that is too long says so in tokens", async () => {
  const { model, engines } = await loaded();
  const answer = model.ask("Long.", { tokens: 100 });
  await counted(engines[0], 500);
  await assert.rejects(answer.text(), (error) => error instanceof PromptTooLongError && error.tokens === 500 && error.room === 412);
});

test("a crash ends the answer with an error, and the next one waits for the new engine", async () => {
  const { model, engines } = await loaded();
  const lost = model.ask("One?");
  await counted(engines[0], 5);
  engines[0].crash();
  await assert.rejects(lost.text(), { code: "engine-failed", detail: /ask once more/ });
  const next = model.ask("Two?");
  await turns();
  engines[1].last("load").resolve(LOADED);
  await answers(engines[1], "2");
  assert.equal(await next.text(), "2");
});

test("a model that is closed answers no more", async () => {
  const { model, engines } = await loaded();
  const waiting = model.ask("One?");
  await counted(engines[0], 5);
  model.close();
  await assert.rejects(waiting.text(), { code: "engine-failed", detail: "the model was closed" });
  await assert.rejects(model.ask("Two?").text(), { detail: "the model was closed" });
  await assert.rejects(model.count("Two?"), { detail: "the model was closed" });
  assert.ok(engines[0].closed);
});

test("a chat remembers, and can be cloned", async () => {
  const { model, engines } = await loaded();
  const chat = model.chat({ system: "Be short." });
  chat.ask("One?");
  assert.throws(() => chat.ask("At once?"), /being written/);
  await answers(engines[0], "1");
  const copy = chat.clone();
  chat.ask("Two?");
  assert.deepEqual(words(await answers(engines[0], "2")), ["system: Be short.", "user: One?", "model: 1", "user: Two?"]);
  assert.equal(chat.messages.length, 4);
  assert.equal(copy.messages.length, 2);
});

test("a question without an answer is not remembered, half an answer is", async () => {
  const { model, engines } = await loaded();
  const chat = model.chat();
  const failed = chat.ask("One?");
  await counted(engines[0], 5000);
  await assert.rejects(failed.text(), PromptTooLongError);
  assert.equal(chat.messages.length, 0);
  const half = chat.ask("Two?");
  await counted(engines[0], 5);
  engines[0].last("generate").write("hal");
  half.stop();
  engines[0].last("generate").end("stopped");
  await half.figures;
  await turns();
  assert.deepEqual(words(chat.messages), ["user: Two?", "model: hal"]);
});

test("where the context is full the oldest questions go, and the system's text stays", async () => {
  const { model, engines } = await loaded();
  const before = ["One?", "1", "Two?", "2"].map((text, index) => ({ role: index % 2 ? "model" : "user", parts: [{ type: "text", text }] }));
  const chat = model.chat({ system: "S", messages: before });
  chat.ask("Three?");
  await counted(engines[0], (messages) => (messages.length > 4 ? 500 : 100));
  assert.deepEqual(words(engines[0].last("generate").messages), ["system: S", "user: Two?", "model: 2", "user: Three?"]);
  assert.equal(chat.forgotten, 2);
  assert.deepEqual(engines[0].calls.filter(({ name }) => name === "count").map(({ messages }) => messages.length), [6, 4], "each once");
  engines[0].last("generate").end();
});
