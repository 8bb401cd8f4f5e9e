// The tokenizer that a web file brings is copied out on its way into the engine, which gets every byte as it was.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SentencePiece } from "../../static/engine/workers/sentencepiece.js";
import { WebFile } from "../../static/engine/workers/web_file.js";

const DEMO = new Uint8Array(readFileSync(new URL("../../webapp/demo_model/onpage-demo-web.task", import.meta.url)));

/** @param {Uint8Array} bytes @param {number} chunk */
async function passed(bytes, chunk) {
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, index) => bytes.slice(index * chunk, (index + 1) * chunk));
  const file = new WebFile(new ReadableStream({ pull: (controller) => (chunks.length ? controller.enqueue(chunks.shift()) : controller.close()) }), bytes.length);
  const received = [];
  for await (const piece of file.stream) received.push(piece);
  assert.deepEqual(Buffer.concat(received), Buffer.from(bytes));
  return file.tokenizer;
}

test("also where it lies across several buffers", async () => {
  const whole = await passed(DEMO, 1 << 22);
  assert.ok(whole);
  assert.deepEqual(await passed(DEMO, 30_000), whole);
  assert.equal(new SentencePiece(whole).controlPieces("").disarm("<end_of_turn><b>"), "< end_of_turn><b>");
});

test("another format, and a header that points out of itself, have none", async () => {
  assert.equal(await passed(new Uint8Array(3000), 1000), null);
  const damaged = DEMO.slice(0, 100_000);
  damaged.fill(255, 0, 4);
  assert.equal(await passed(damaged, 50_000), null);
});

// What MediaPipe reads before it knows the format: four streams behind each other, each of which holds a piece and asks for another.
test("copies that read ahead do not meet the end of a file of few buffers", async () => {
  for (const [size, chunk] of [[5 << 20, 4 << 20], [1 << 20, 1 << 20], [40_000, 40_000]]) {
    const bytes = new Uint8Array(size).map((_, index) => index * 7);
    const chunks = Array.from({ length: Math.ceil(size / chunk) }, (_, index) => bytes.slice(index * chunk, (index + 1) * chunk));
    const file = new WebFile(new ReadableStream({ pull: (controller) => controller.enqueue(chunks.shift()) }), size);
    const reader = file.stream.getReader();
    for (let read = 0; read < 8; read++) {
      const { value, done } = await reader.read();
      assert.ok(!done && value.byteOffset === 0 && value.buffer.byteLength === value.length && value.length >= 8, `${size}, piece ${read}`);
    }
    assert.ok(!(await reader.read()).done);
  }
});
