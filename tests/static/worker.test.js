// A worker whose engine dies without keeping its promise: what waits for the engine hears of the crash, at every step of its life.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { message } from "../../static/engine/messages.js";

const model = fileURLToPath(new URL("../../webapp/demo_model/onpage-demo.litertlm", import.meta.url));
const bytes = readFileSync(model);
const sha256 = createHash("sha256").update(bytes).digest("hex");
const LOAD = {
  type: "load",
  id: 1,
  model: { url: "http://server/model", size: bytes.length, sha256 },
  settings: { temperature: 1, topK: 1, seed: 1, maxTokens: 64 },
  turns: null,
  backend: "CPU",
  fresh: false,
  warmUp: true,
  ranks: [],
  lora: null,
};
const GENERATE = { type: "generate", id: 2, messages: [message("Hello")], tokens: null, stop: null };

/** A worker whose engine says nothing at one step; `heard` waits for a reply. */
function worker(silent) {
  const replies = [];
  let wake = () => {};
  const thread = new Worker(new URL("support/worker_thread.js", import.meta.url), { workerData: { silent, model, sha256 } });
  thread.on("message", (reply) => {
    replies.push(reply);
    wake();
  });
  const heard = async (test) => {
    for (;;) {
      const found = replies.find(test);
      if (found) return found;
      await new Promise((resolve) => (wake = resolve));
    }
  };
  return { thread, heard };
}

const answerTo = (id) => (reply) => reply.id === id && (reply.type === "done" || reply.type === "failed");

test("an engine that keeps its promises loads and writes", async () => {
  const { thread, heard } = worker("");
  await heard(({ type }) => type === "up");
  thread.postMessage(LOAD);
  assert.equal((await heard(answerTo(1))).type, "done");
  thread.postMessage(GENERATE);
  assert.equal((await heard(answerTo(2))).result.ended, "model");
  await thread.terminate();
});

for (const silent of ["loading: create", "loading: converse", "loading: send", "loading: wait", "writing: converse", "writing: send", "writing: wait"]) {
  test(`a crash is an answer while it waits at ${silent}`, { timeout: 20_000 }, async () => {
    const { thread, heard } = worker(silent);
    await heard(({ type }) => type === "up");
    thread.postMessage(LOAD);
    let id = 1;
    if (silent.startsWith("writing")) {
      assert.equal((await heard(answerTo(1))).type, "done");
      thread.postMessage(GENERATE);
      id = 2;
    } else if (silent !== "loading: create") {
      await heard(({ type, progress }) => type === "progress" && progress.step === "warming");
    } else {
      await heard(({ type, progress }) => type === "progress" && progress.step === "creating");
    }
    thread.postMessage("crash");
    const { type, error } = await heard(answerTo(id));
    await thread.terminate();
    assert.deepEqual([type, error.code, error.detail], ["failed", "engine-failed", "memory access out of bounds"]);
  });
}
