// Where MediaPipe's sampler is found in a memory, and that nothing else is ever written to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SamplerMemory, mark } from "../../static/engine/workers/sampler_memory.js";

const SEED = 0x5eed1234;
const LOADED = { temperature: 1.375, topK: 37, seed: SEED };
const word = (value) => new Int32Array(new Float32Array([value]).buffer)[0];
/** As the engine has it: what is at its end is the seed. */
const copy = ({ temperature, topK, seed }) => [1058684, 0, 31, 0, 2, topK, word(1), word(temperature), seed];

function memory(...copies) {
  const heap = { HEAPU8: new Uint8Array(4000) };
  const words = new Int32Array(heap.HEAPU8.buffer);
  for (const [at, values] of copies) words.set(values, at);
  return { heap, words, at: (place) => [...words.subarray(place, place + 9)] };
}

test("every copy is found and written, again and again", () => {
  const { heap, at } = memory([100, copy(LOADED)], [300, copy(LOADED)]);
  const sampler = new SamplerMemory(heap, LOADED);
  for (const next of [{ temperature: 0.5, topK: 5, seed: 7 }, { temperature: 1, topK: 37, seed: 0 }]) {
    assert.equal(sampler.write(next), true);
    assert.deepEqual([at(100), at(300)], [copy(next), copy(next)]);
  }
});

test("a number that happens to be the seed is left alone, also at the edges of the memory", () => {
  const others = [
    [0, [SEED]],
    [991, [1, 2, 3, 4, 5, 6, 7, 8, SEED]],
    [200, copy({ ...LOADED, topK: 36 })],
    [400, copy({ ...LOADED, temperature: 1 })],
  ];
  const { heap, words } = memory(...others, [300, copy(LOADED)]);
  const before = words.slice();
  new SamplerMemory(heap, LOADED).write({ ...LOADED, seed: 9 });
  before[308] = 9;
  assert.deepEqual(words, before);
});

test("a copy that the engine has freed since is not written to", () => {
  const { heap, words, at } = memory([100, copy(LOADED)], [300, copy(LOADED)]);
  const sampler = new SamplerMemory(heap, LOADED);
  words[104] = 1; // something else is there now
  const freed = at(100);
  assert.equal(sampler.write({ ...LOADED, seed: 9 }), true);
  assert.deepEqual([at(100), at(300)[8]], [freed, 9]);
  words[300] = 0;
  assert.equal(sampler.write({ ...LOADED, seed: 10 }), false, "then it is to be loaded again");
});

test("a memory that has grown is another array", () => {
  const { heap } = memory([100, copy(LOADED)]);
  const sampler = new SamplerMemory(heap, LOADED);
  const grown = new Uint8Array(8000);
  grown.set(heap.HEAPU8);
  heap.HEAPU8 = grown;
  assert.equal(sampler.write({ ...LOADED, seed: 9 }), true);
  assert.equal(new Int32Array(grown.buffer)[108], 9);
});

test("an engine that keeps it elsewhere is known for one", () => {
  const { heap } = memory();
  assert.equal(new SamplerMemory(heap, LOADED).write(LOADED), false);
});

test("a mark is no number that is everywhere, and a seed that every engine takes", () => {
  for (let tries = 0; tries < 1000; tries += 1) assert.ok(mark() >= 2 ** 30 && mark() < 2 ** 31);
});

test("a memory of two gigabytes, which has grown with a large model, is looked through as well", () => {
  const heap = { HEAPU8: new Uint8Array(2 ** 31) }; // untouched pages take no room
  new Int32Array(heap.HEAPU8.buffer, 2 ** 31 - 400).set(copy(LOADED));
  assert.equal(new SamplerMemory(heap, LOADED).write({ ...LOADED, seed: 9 }), true);
});
