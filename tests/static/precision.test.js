// How exactly MediaPipe is told to compute.
import assert from "node:assert/strict";
import { test } from "node:test";

import { precisionOptions } from "../../static/engine/workers/mediapipe_precision.js";

test("unless somebody asks for something else, a model gets what its file needs", () => {
  assert.deepEqual(precisionOptions("auto", "float16"), { forceF32: false });
  assert.deepEqual(precisionOptions("auto", "float32"), { forceF32: true });
});

test("what is asked for is done, whatever the file needs", () => {
  for (const needed of /** @type {const} */ (["float16", "float32"])) {
    assert.deepEqual(precisionOptions("float16", needed), { forceF32: false });
    assert.deepEqual(precisionOptions("float32", needed), { forceF32: true });
  }
});
