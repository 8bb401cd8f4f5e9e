// A file that MediaPipe would write wrong text with, and say nothing, is not given to it, wherever it came from.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { NO_SENSES } from "../../static/engine/media.js";
import { headWithTable } from "./support/web_files.js";
import { startedWorker } from "./support/worker.js";

for (const [scales, code] of [[32, "model-unfit"], [16, undefined]]) {
  test(`a table of 16 rows on demand with ${scales} scales`, { timeout: 20_000 }, async (context) => {
    const bytes = headWithTable(scales, true);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const { ask } = await startedWorker(context, "mediapipe_thread.js", { bytes, sha256, hidden: [] });
    const model = { url: "http://server/model", size: bytes.length, sha256 };
    const settings = { temperature: 0.5, topK: 4, seed: 7, maxTokens: 64 };
    const loaded = ask({ type: "load", id: 1, model, settings, turns: null, fresh: false, warmUp: false, ranks: [], lora: null, senses: NO_SENSES });
    const found = await loaded.then(() => undefined, ({ actual }) => actual.code);
    assert.equal(found, code);
  });
}
