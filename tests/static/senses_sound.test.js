// Files, frames and recordings on their way to a model: limits, one channel, sizes, and what a browser cannot read.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { MAX_PICTURE } from "../../static/tasks/senses/picture_file.js";
import { pictureFrom, readPicture, readSound, soundsLike, thumbnailOf } from "../../static/tasks/senses/reading.js";
import { oneChannel, wavOf } from "../../static/tasks/senses/sound.js";

const RATE = 16_000;
const floats = (...values) => Float32Array.from(values);
const PNG = [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 6, 0, 0, 0, 4];
const png = (size = PNG.length) => new Blob([Uint8Array.from(PNG), new Uint8Array(size - PNG.length)]);
/** A folder that was dropped looks like a file, or one has gone since. */
const unreadable = (size = 9) => Object.assign(new Blob([new Uint8Array(size)]), { arrayBuffer: () => Promise.reject(new DOMException("", "NotFoundError")) });

/** What the browser does: `pixels` of a picture that it decodes, `seconds` that a sound says, `channels` that it decodes. */
let browser;
beforeEach(() => {
  browser = { pixels: [6, 4], seconds: 1, channels: [new Float32Array(RATE)], decoded: 0, closed: 0, rates: [], urls: new Set() };
  const bitmap = ([width, height]) => ({ width, height, close: () => (browser.closed += 1) });
  globalThis.window = globalThis;
  globalThis.createImageBitmap = async (source, { resizeWidth, resizeHeight } = {}) => {
    browser.decoded += 1;
    if (!browser.pixels) throw new DOMException("", "InvalidStateError");
    return bitmap(resizeWidth ? [resizeWidth, resizeHeight] : browser.pixels);
  };
  globalThis.OfflineAudioContext = class {
    constructor(channels, length, rate) {
      browser.rates.push(rate);
    }

    async decodeAudioData() {
      browser.decoded += 1;
      if (!browser.channels) throw new DOMException("", "EncodingError");
      return { numberOfChannels: browser.channels.length, getChannelData: (at) => browser.channels[at] };
    }
  };
  globalThis.document = {
    createElement: (tag) =>
      tag === "audio"
        ? { duration: browser.seconds, removeAttribute() {}, set src(url) { queueMicrotask(browser.seconds === null ? this.onerror : this.onloadedmetadata); } }
        : { getContext: () => ({ drawImage: (...given) => (browser.drawn = given.slice(1)) }), toBlob(done) { done(new Blob([`${this.width} x ${this.height}`])); } },
  };
  URL.createObjectURL = () => (browser.urls.add("blob:1"), "blob:1");
  URL.revokeObjectURL = (url) => browser.urls.delete(url);
});

// Samples

test("channels are mixed to their mean", () => {
  const { samples, cut } = oneChannel([floats(1, 0.5, -0.5, 0), floats(0, 0.5, 0.5, -1)]);
  assert.deepEqual([[...samples], cut], [[0.5, 0.5, 0, -0.5], false]);
  assert.deepEqual([...oneChannel([floats(0.25)]).samples], [0.25]);
  assert.deepEqual([...oneChannel([floats(0.75), floats(0), floats(0)]).samples], [0.25]);
});

test("what is louder than full is full, and what is no number is silence", () => {
  assert.deepEqual([...oneChannel([floats(1.5, -7, Infinity, -Infinity, NaN, 0.5)]).samples], [1, -1, 1, -1, 0, 0.5]);
});

test("thirty seconds go in, and one sample more is cut", () => {
  const whole = oneChannel([new Float32Array(30 * RATE)]);
  assert.deepEqual([whole.samples.length, whole.cut], [480_000, false]);
  const more = oneChannel([new Float32Array(30 * RATE + 1).fill(0.5), new Float32Array(30 * RATE + 1)]);
  assert.deepEqual([more.samples.length, more.cut, more.samples.at(-1)], [480_000, true, 0.25]);
  assert.deepEqual(oneChannel([]), { samples: new Float32Array(0), cut: false });
});

test("what is played is a WAV file of what is heard", async () => {
  const wav = wavOf(floats(0, 1, -1, 0.5));
  const view = new DataView(await wav.arrayBuffer());
  const letters = (at) => String.fromCharCode(...new Uint8Array(view.buffer, at, 4));
  assert.equal(wav.type, "audio/wav");
  assert.deepEqual([letters(0), letters(8), letters(12), letters(36)], ["RIFF", "WAVE", "fmt ", "data"]);
  assert.deepEqual([view.getUint32(4, true), view.getUint32(40, true), view.byteLength], [52 - 8, 8, 52]);
  assert.deepEqual([20, 22, 32, 34].map((at) => view.getUint16(at, true)), [1, 1, 2, 16], "PCM, one channel, two bytes, 16 bits");
  assert.deepEqual([view.getUint32(24, true), view.getUint32(28, true)], [RATE, 2 * RATE]);
  assert.deepEqual([44, 46, 48, 50].map((at) => view.getInt16(at, true)), [0, 32_767, -32_767, 16_384]);
});

// Files

test("a file is a sound by its type, or by its name where it has none", () => {
  for (const file of [{ type: "audio/mpeg" }, { type: "video/webm" }, { type: "", name: "A.WAV" }, { type: "", name: "talk.opus" }]) assert.ok(soundsLike(file), JSON.stringify(file));
  for (const file of [{ type: "image/png", name: "a.png" }, { type: "", name: "wav" }, { type: "", name: "a.wav.png" }, { type: "application/audio" }, { type: "" }]) assert.ok(!soundsLike(file), JSON.stringify(file));
});

test("a picture that is small stays as it is", async () => {
  const { part, name } = await readPicture(png(), "a.png");
  assert.deepEqual([part.type, part.image.width, part.image.height, name], ["image", 6, 4, "a.png"]);
  assert.deepEqual([browser.decoded, browser.closed], [1, 0]);
});

for (const [pixels, size] of [
  [[768, 768], [768, 768]],
  [[1536, 1024], [768, 512]],
  [[1000, 3000], [256, 768]],
  [[8000, 3], [768, 1]],
]) {
  test(`a picture of ${pixels.join(" × ")} goes in as ${size.join(" × ")}`, async () => {
    browser.pixels = pixels;
    const { part } = await readPicture(png(), "");
    assert.deepEqual([part.image.width, part.image.height], size);
    assert.equal(browser.closed, pixels[0] === size[0] ? 0 : 1, "the large one is let go");
  });
}

for (const [name, file, code, decoded, more] of [
  ["a picture of more than 50 MB", Object.defineProperty(png(), "size", { value: MAX_PICTURE + 1 }), "too-large", 0],
  ["a text", new Blob(["Dear Sir,"]), "unknown-kind", 0],
  ["a picture of too many pixels", new Blob([Uint8Array.from([...PNG.slice(0, 16), 0, 0, 255, 255, 0, 0, 255, 255])]), "too-many-pixels", 0],
  ["a picture that the browser cannot decode", png(), "damaged", 1, { pixels: null }],
  ["a folder", unreadable(), "damaged", 0],
]) {
  test(`${name}: ${code}`, async () => {
    Object.assign(browser, more);
    await assert.rejects(readPicture(file, ""), { name: "MediaError", code });
    assert.equal(browser.decoded, decoded, "it is not decoded before it was looked at");
  });
}

test("a sound is one channel at the model's rate, and its address goes", async () => {
  browser.channels = [new Float32Array(8000).fill(0.5), new Float32Array(8000).fill(-0.25)];
  const { part, name, cut, wav } = await readSound(new Blob(["…"]), "a.mp3");
  assert.deepEqual([part.type, part.sampleRate, part.samples.length, part.samples[7999], name, cut], ["audio", RATE, 8000, 0.125, "a.mp3", false]);
  assert.deepEqual([browser.rates, wav.size, browser.urls.size], [[RATE], 44 + 16_000, 0]);
});

const sized = (size) => Object.defineProperty(new Blob(["…"]), "size", { value: size });
for (const [name, file, code, decoded, more] of [
  ["a sound of more than 16 MB", sized(16_000_001), "too-large", 0],
  ["a sound of more than ten minutes", new Blob(["…"]), "too-long", 0, { seconds: 600.1 }],
  ["a large sound that does not say how long it is", sized(2_000_001), "too-long", 0, { seconds: Infinity }],
  ["what the browser cannot play", new Blob(["Dear Sir,"]), "unknown-kind", 0, { seconds: null }],
  ["a sound that breaks off", new Blob(["…"]), "damaged", 1, { channels: null }],
  ["a sound without samples", new Blob(["…"]), "silent", 1, { channels: [new Float32Array(0)] }],
  ["a sound that has gone", unreadable(), "damaged", 0],
]) {
  test(`${name}: ${code}`, async () => {
    Object.assign(browser, more);
    await assert.rejects(readSound(file, ""), { name: "MediaError", code });
    assert.deepEqual([browser.decoded, browser.urls.size], [decoded, 0]);
  });
}

for (const [name, file, seconds] of [["ten minutes in 16 MB", sized(16_000_000), 600], ["a recording that does not say how long it is", sized(2_000_000), Infinity]]) {
  test(`${name} are taken, and the beginning goes in`, async () => {
    Object.assign(browser, { seconds, channels: [new Float32Array(31 * RATE)] });
    const { part, cut } = await readSound(file, "");
    assert.deepEqual([part.samples.length, cut], [30 * RATE, true]);
  });
}

test("a browser that never says how long a sound is, is not waited for", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.document = { createElement: () => ({ removeAttribute() {} }) };
  const reading = readSound(new Blob(["…"]), "");
  t.mock.timers.tick(10_000);
  await assert.rejects(reading, { code: "unknown-kind" });
});

test("a camera that shows nothing yet is waited for", async () => {
  browser.pixels = [1920, 1080];
  const video = Object.assign(new EventTarget(), { videoWidth: 0 });
  const taking = pictureFrom(video, "Camera");
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(browser.decoded, 0);
  video.dispatchEvent(new Event("loadeddata"));
  const { part, name } = await taking;
  assert.deepEqual([part.image.width, part.image.height, name], [768, 432, "Camera"]);
});

for (const [image, size] of [[{ width: 768, height: 384 }, "96 x 48"], [{ width: 40, height: 50 }, "40 x 50"], [{ width: 768, height: 1 }, "96 x 1"]]) {
  test(`the history keeps ${image.width} × ${image.height} as ${size}`, async () => assert.equal(new TextDecoder().decode(await thumbnailOf(image)), size));
}
