// What the page lists of a model that it made of a checkpoint is what the server would say of the same file.

import assert from "node:assert/strict";
import { test } from "node:test";
import { convertedModel } from "../../static/tasks/models/converted_model.js";

const MADE = { sha256: "0".repeat(64), size: 9, parameters: 5, prompt: null, temperature: null, topK: null, context: 8192 };

test("a stream that nothing bounds is computed in float32, and tables stay out of the GPU", () => {
  for (const [precision, onDemand] of /** @type {const} */ ([["float32", 0], ["float16", 4]])) {
    const [file] = convertedModel({ name: "gemma" }, "8", { ...MADE, precision, onDemand }).files;
    assert.deepEqual([file.precision, file.onDemand], [precision, onDemand]);
  }
});
