// Numbers, words and characters as people read them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ERROR_CODES, OnpageError } from "../../static/engine/errors.js";
import { TextCounter } from "../../static/text/counting.js";
import { PROBLEMS, format } from "../../static/text/en.js";

for (const [text, characters, words] of [
  ["", 0, 0],
  [" \n", 2, 0],
  ["Two words", 9, 2],
  ["Tabs\tand\nlines  count", 21, 4],
  ["🎉 #Party", 8, 1],
  ["👩‍👩‍👧", 1, 0],
  ["👍🏽👍🏽", 2, 0],
  ["e\u0301", 1, 1],
  ["Don't pay 12.50, it's free", 26, 5],
  ["🇦🇹🇧🇪", 2, 0],
]) {
  for (const size of [Infinity, 1, 3]) {
    test(`${JSON.stringify(text)} in pieces of ${size}`, () => {
      const counter = new TextCounter();
      for (let at = 0; at < text.length; at += size) counter.add(text.slice(at, at + size));
      assert.deepEqual([counter.characters, counter.words], [characters, words]);
    });
  }
}

test("a language without spaces has words", () => {
  const counter = new TextCounter();
  for (const piece of ["我喜欢", "图书馆"]) counter.add(piece);
  assert.equal(counter.characters, 6);
  assert.ok(counter.words >= 3 && counter.words <= 6); // as the language's dictionary cuts it
});

test("a word without an end is counted again and again, and costs no more at any length", () => {
  const counter = new TextCounter();
  for (let piece = 0; piece < 500; piece += 1) counter.add("role");
  assert.equal(counter.characters, 2000);
  assert.ok(counter.words > 20);
});

test("numbers", () => {
  assert.equal(format.size(999), "1 kB");
  assert.equal(format.size(5_232_640), "5.2 MB");
  assert.equal(format.size(1_010_000_000), "1.01 GB");
  assert.equal(format.duration(340.4), "340 ms");
  assert.equal(format.duration(2920), "2.92 s");
  assert.deepEqual([0.2, 40, 61, 3540, 4200].map(format.wait), ["1 s", "40 s", "2 min", "59 min", "1 h 10 min"]);
  assert.equal(format.rate(null), "–");
  assert.equal(format.rate(8.66), "8.7 tok/s");
  assert.equal(format.rate(4339.2), "4,339 tok/s");
  assert.equal(format.parameters(4_990_000), "5.0 M");
  assert.equal(format.parameters(1e9), "1.0 B");
  assert.deepEqual([0, 1, 2, 1000].map((count) => format.counted(count, "word")), ["0 words", "1 word", "2 words", "1,000 words"]);
});

test("every error has its own title and a sentence", () => {
  assert.deepEqual(Object.keys(PROBLEMS).sort(), [...ERROR_CODES].sort());
  assert.equal(new Set(Object.values(PROBLEMS).map(({ title }) => title)).size, ERROR_CODES.length);
  for (const { sentence } of Object.values(PROBLEMS)) assert.match(sentence, /[.:]$/);
});

test("errors cross from a worker, and whatever is thrown becomes one", () => {
  const lost = new OnpageError("device-lost", "by the test");
  const crossed = OnpageError.fromJSON(structuredClone(lost.toJSON()));
  assert.deepEqual([crossed instanceof OnpageError, crossed.code, crossed.detail], [true, "device-lost", "by the test"]);
  assert.equal(OnpageError.from(lost), lost);
  assert.deepEqual(OnpageError.from(new Error("raw")).toJSON(), { code: "engine-failed", detail: "raw" });
  assert.deepEqual(OnpageError.from("text").toJSON(), { code: "engine-failed", detail: "text" });
});
