// An answer is drawn with what was asked for, also where the engine's sampler is not to be found: then the model is loaded again for it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { message } from "../../static/engine/messages.js";
import { NO_SENSES } from "../../static/engine/media.js";
import { startedWorker } from "./support/worker.js";

const bytes = new Uint8Array(2048);
const sha256 = createHash("sha256").update(bytes).digest("hex");
const SETTINGS = { temperature: 0.5, topK: 4, seed: 7, maxTokens: 64 };
const LOAD = {
  type: "load",
  id: 1,
  model: { url: "http://server/model", size: bytes.length, sha256 },
  settings: SETTINGS,
  turns: null,
  fresh: false,
  warmUp: false,
  ranks: [],
  lora: null,
  senses: NO_SENSES,
};

/** A worker that is up: `write` gives what an answer was drawn with. @param {import('node:test').TestContext} context @param {number[]} hidden */
async function worker(context, hidden) {
  const { thread, ask } = await startedWorker(context, "mediapipe_thread.js", { bytes, sha256, hidden });
  const write = async (draw = null) => JSON.parse((await ask({ type: "generate", id: 2, messages: [message("Hello")], tokens: null, draw, stop: null })).text);
  return { thread, load: (settings) => ask({ ...LOAD, settings }), write };
}

const { maxTokens, ...ASKED } = SETTINGS;
const OTHER = { temperature: 0.25, seed: 99 };

for (const [name, hidden, loads] of [
  ["a sampler that is found", [], [1, 1, 1, 1]],
  ["a sampler that is hidden", [0, 1, 2, 3, 4, 5], [2, 3, 4, 5]],
]) {
  test(`${name} draws with what was asked for`, { timeout: 20_000 }, async (context) => {
    const { load, write } = await worker(context, hidden);
    await load(SETTINGS);
    assert.deepEqual(await write(), { ...ASKED, loads: loads[0] }, "the settings");
    assert.deepEqual(await write(OTHER), { ...ASKED, ...OTHER, loads: loads[1] }, "one answer's own");
    assert.deepEqual(await write(), { ...ASKED, loads: loads[2] }, "the settings again");
    await load({ ...SETTINGS, seed: 8 });
    assert.deepEqual(await write(), { ...ASKED, seed: 8, loads: loads[3] }, "other settings");
  });
}

test("a sampler that is lost is loaded again", { timeout: 20_000 }, async (context) => {
  const { thread, load, write } = await worker(context, []);
  await load(SETTINGS);
  assert.equal((await write()).loads, 1);
  thread.postMessage("forget");
  assert.deepEqual(await write(OTHER), { ...ASKED, ...OTHER, loads: 2 });
  assert.deepEqual(await write(), { ...ASKED, loads: 2 }, "the new one is found");
});
