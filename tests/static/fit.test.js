/** Which model a device begins with. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { firstThatFits, isTooLarge } from "../../static/engine/fit.js";

const GB = 2 ** 30;
const [large, middle, small] = [{ size: 5 * GB }, { size: 3 * GB }, { size: GB }];

test("the first that fits is taken, whatever comes behind", () => {
  assert.equal(firstThatFits([large, middle, small], 4 * GB), middle);
  assert.equal(firstThatFits([small, large], 4 * GB), small);
});

test("where nothing fits it is the smallest", () => {
  assert.equal(firstThatFits([large, small, middle], GB), small);
  assert.equal(firstThatFits([], GB), undefined);
});

test("a browser that names no memory, or as much as it ever names, gets the first", () => {
  assert.equal(firstThatFits([large, small], null), large);
  assert.equal(firstThatFits([{ size: 20 * GB }, small], 8 * GB).size, 20 * GB);
  assert.ok(isTooLarge(4 * GB, 4 * GB) && !isTooLarge(3 * GB, 4 * GB));
});
