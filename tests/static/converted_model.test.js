// What the page lists of a model that it made of a checkpoint is what the server would say of the same file.

import assert from "node:assert/strict";
import { test } from "node:test";
import { functionGemma } from "../../static/tasks/functions/formats/function_gemma.js";
import { formatOf } from "../../static/tasks/functions/formats/index.js";
import { convertedModel } from "../../static/tasks/models/converted_model.js";

const MADE = { family: "gemma3", sha256: "0".repeat(64), size: 9, parameters: 5, prompt: null, temperature: null, topK: null, context: 8192 };

test("a stream that nothing bounds is computed in float32, and tables stay out of the GPU", () => {
  for (const [precision, onDemand] of /** @type {const} */ ([["float32", 0], ["float16", 4]])) {
    const [file] = convertedModel({ name: "gemma" }, "8", { ...MADE, precision, onDemand }).files;
    assert.deepEqual([file.precision, file.onDemand], [precision, onDemand]);
  }
});

test("a FunctionGemma calls functions as it was taught to, whatever its folder is called", () => {
  const made = { ...MADE, family: "functiongemma3", precision: /** @type {const} */ ("float32"), onDemand: 0 };
  assert.equal(formatOf(convertedModel({ name: "my-lamps" }, "8", made)), functionGemma);
  assert.notEqual(formatOf(convertedModel({ name: "my-lamps" }, "8", { ...made, family: "gemma3", prompt: { prefix: "<start_of_turn>user\n", suffix: "" } })), functionGemma);
});
