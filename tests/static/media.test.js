// Pictures and sounds on their way to MediaPipe: limits, costs, what it is created with, what a prompt becomes. Its own code is asked, too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MAX_IMAGES, NO_SENSES, mediaTokens, missingSense, possibleSenses } from "../../static/engine/media.js";
import { ELEMENTS, giveNamesOfElements, mediaOptions, promptFor } from "../../static/engine/workers/mediapipe_media.js";

const IMAGE = { type: "image", image: { width: 3, height: 2 } };
const sound = (seconds, sampleRate = 16_000) => ({ type: "audio", samples: new Float32Array(seconds * sampleRate), sampleRate });
const library = readFileSync(new URL("../../static/node_modules/@mediapipe/tasks-genai/genai_bundle.mjs", import.meta.url), "utf8");

test("a picture costs what the engine counts, a sound what it was seen to read", () => {
  const [, counted] = /\+=(\d+):\w+\(\w+\)&&console\.warn\("sizeInTokens is not yet implemented for audio/.exec(library);
  assert.equal(mediaTokens([IMAGE]), Number(counted));
  assert.deepEqual([1, 2.3, 30, 40].map((seconds) => mediaTokens([sound(seconds)])), [7 + 2, 15 + 2, 188 + 2, 200 + 2]);
  assert.equal(mediaTokens([sound(30, 8000)]), 188 + 2, "by its seconds, not by its samples");
  assert.equal(mediaTokens([IMAGE, IMAGE, sound(0.1), sound(0.02)]), 2 * 260 + 1 + 2 + 2);
  assert.equal(mediaTokens([]), 0);
});

test("what an engine has not loaded is missing", () => {
  assert.equal(missingSense([], NO_SENSES), null);
  assert.equal(missingSense([IMAGE, IMAGE], { images: 1, audio: true }), "image");
  assert.equal(missingSense([IMAGE, sound(1)], { images: 1, audio: false }), "audio");
  assert.equal(missingSense([IMAGE, sound(1)], { images: 1, audio: true }), null);
});

test("what a person wishes for is loaded as far as file and engine can", () => {
  const all = { images: 100, audio: true };
  assert.deepEqual(possibleSenses(all, { modalities: ["image", "audio"] }, { takesMedia: true }), { images: MAX_IMAGES, audio: true });
  assert.deepEqual(possibleSenses(all, { modalities: ["audio"] }, { takesMedia: true }), { images: 0, audio: true });
  assert.deepEqual(possibleSenses(all, {}, { takesMedia: true }), NO_SENSES);
  assert.deepEqual(possibleSenses(all, { modalities: ["image"] }, {}), NO_SENSES);
  assert.deepEqual(possibleSenses(NO_SENSES, { modalities: ["image", "audio"] }, { takesMedia: true }), NO_SENSES, "nobody asked");
});

test("the engine is told only what was asked for: else it would load more, and take no adapter", () => {
  assert.deepEqual(mediaOptions(NO_SENSES), {});
  assert.deepEqual(mediaOptions({ images: 4, audio: false }), { maxNumImages: 4 });
  assert.deepEqual(mediaOptions({ images: 0, audio: true }), { supportAudio: true });
});

test("a prompt of one text stays a text, and pictures and samples go in as the library names them", () => {
  assert.equal(promptFor(["Hello"]), "Hello");
  const heard = sound(1);
  assert.deepEqual(promptFor(["a", IMAGE, "b", heard]), [
    "a",
    { imageSource: IMAGE.image },
    "b",
    { audioSource: { audioSamples: heard.samples, audioSampleRateHz: 16_000 } },
  ]);
  for (const name of ["imageSource", "audioSource", "audioSamples", "audioSampleRateHz", "maxNumImages", "supportAudio"]) assert.ok(library.includes(name), name);
});

test("every class that the library compares a picture with has a name in a worker", () => {
  const named = new Set([...library.matchAll(/instanceof ((?:HTML|SVG|Video|Image|Offscreen)\w+)/g)].map(([, name]) => name));
  const elsewhere = new Set(["HTMLCanvasElement"]); // asked for by `typeof` first
  assert.deepEqual([...named].filter((name) => !elsewhere.has(name)).sort(), [...ELEMENTS].sort());
  giveNamesOfElements();
  for (const name of ELEMENTS) assert.equal({} instanceof globalThis[name], false);
});
