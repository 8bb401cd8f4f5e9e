/** What is shown of a load: bytes of all files, the speed of the last seconds, the time that is left. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { fetchLibrary } from "../../static/engine/library.js";
import { Meter } from "../../static/engine/meter.js";
import { Interruption } from "../../static/engine/retry.js";
import { FakeClock } from "./support/clock.js";
import { cutAfter, hangUp, serve, status } from "./support/server.js";

/** @param {number} [tick] */
function meter(tick) {
  const clock = new FakeClock(tick);
  /** @type {import('../../static/engine/protocol.js').LoadProgress[]} */
  const shown = [];
  return { clock, shown, meter: new Meter((progress) => shown.push(progress), clock) };
}

/** @param {ReturnType<typeof meter>} all @param {number} seconds @param {number} bytesPerSecond */
function receive({ clock, meter }, seconds, bytesPerSecond) {
  for (let i = 0; i < seconds * 10; i += 1) {
    clock.pass(100);
    meter.received(bytesPerSecond / 10);
  }
}

test("the time left is that of all files at the speed of the last seconds", () => {
  const all = meter();
  all.meter.expect(8_000_000);
  all.meter.expect(92_000_000);
  all.meter.begin();
  receive(all, 0.5, 1_000_000);
  assert.equal(all.shown.at(-1)?.secondsLeft, null, "too early to say");
  receive(all, 4.5, 1_000_000);
  const { loaded, total, bytesPerSecond, secondsLeft } = /** @type {any} */ (all.shown.at(-1));
  assert.deepEqual([loaded, total, Math.round(bytesPerSecond), Math.round(secondsLeft)], [5_000_000, 100_000_000, 1_000_000, 95]);
  receive(all, 30, 500_000);
  assert.equal(Math.round(all.shown.at(-1)?.bytesPerSecond ?? 0), 500_000, "the network of before is forgotten");
  assert.equal(Math.round(all.shown.at(-1)?.secondsLeft ?? 0), 160);
});

test("one slow moment does not make the time left jump", () => {
  const all = meter();
  all.meter.expect(100_000_000);
  all.meter.begin();
  receive(all, 20, 1_000_000);
  receive(all, 1, 0);
  assert.ok(Math.abs((all.shown.at(-1)?.secondsLeft ?? 0) - 89) < 2);
});

test("what storage had is no speed of the network", () => {
  const all = meter();
  all.meter.expect(100_000_000);
  all.meter.recalled(50_000_000);
  assert.deepEqual([all.shown.at(-1)?.step, all.shown.at(-1)?.bytesPerSecond], ["reading", 0]);
  all.meter.begin();
  receive(all, 5, 1_000_000);
  assert.equal(Math.round(all.shown.at(-1)?.secondsLeft ?? 0), 45);
});

test("it speaks ten times a second at most, and when all is there", () => {
  const all = meter();
  all.meter.expect(1000);
  all.meter.begin();
  for (let i = 0; i < 1000; i += 1) {
    all.clock.pass(1);
    all.meter.received(1);
  }
  assert.ok(all.shown.length <= 11, `${all.shown.length}`);
  assert.equal(all.shown.at(-1)?.loaded, 1000);
});

test("a pause is said with what failed, and speed is counted anew after it", () => {
  const all = meter();
  all.meter.expect(10_000_000);
  all.meter.begin();
  receive(all, 2, 1_000_000);
  all.clock.pass(60_000);
  all.meter.retrying(new Interruption("server-busy", "it answered 429"), 4200);
  assert.deepEqual(all.shown.at(-1)?.retry, { code: "server-busy", seconds: 5 });
  all.meter.begin();
  receive(all, 2, 2_000_000);
  assert.equal(Math.round(all.shown.at(-1)?.secondsLeft ?? 0), 2);
});

const SCRIPT = Buffer.from("export {};");

test("what the browser has of the engine is not fetched here", async (t) => {
  const script = await serve(t, SCRIPT);
  const rest = await serve(t, Buffer.alloc(10));
  const all = meter();
  const { PerformanceObserver } = globalThis;
  Reflect.set(globalThis, "PerformanceObserver", Cached);
  t.after(() => Reflect.set(globalThis, "PerformanceObserver", PerformanceObserver));
  await fetchLibrary(script.url, { [rest.url]: 10 }, all.meter, { clock: all.clock, events: new EventTarget() });
  assert.deepEqual([script.requests.length, rest.requests, all.shown], [1, [], []]);
});

/** A browser that says that nothing came over the wire. */
class Cached {
  /** @param {(list: any) => void} callback */
  constructor(callback) {
    this.callback = callback;
  }

  observe() {
    setTimeout(() => this.callback({ getEntriesByName: () => [{ transferSize: 0 }] }));
  }

  disconnect() {}
}

test("the engine's files are counted as they come over the wire, and tried again", async (t) => {
  const content = Buffer.alloc(300_000, 1);
  const packed = /** @type {import('./support/server.js').Answer} */ ((_, response) => {
    response.writeHead(200, { "Content-Length": 300_000 });
    response.end(content);
  });
  const { url, requests } = await serve(t, content, [hangUp, status(502), cutAfter(100_000), packed]);
  const all = meter();
  all.meter.expect(1_000_000);
  const script = await serve(t, SCRIPT, [hangUp]);
  await fetchLibrary(script.url, { [url]: 300_000 }, all.meter, { clock: all.clock, events: new EventTarget() });
  assert.deepEqual([script.requests.length, requests], [2, Array(4).fill("")]);
  all.meter.received(1_000_000);
  assert.deepEqual([all.shown.at(-1)?.loaded, all.shown.at(-1)?.total], [1_300_000, 1_300_000]);
  assert.ok(all.shown.some(({ step }) => step === "retrying"));
});

test("of compressed files those bytes are counted that come, in whole ones, and all of them in the end", async (t) => {
  const content = randomBytes(3_000_001);
  const packed = gzipSync(content);
  const { url } = await serve(t, content, [
    (_, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip", "Content-Length": packed.length });
      response.end(packed);
    },
  ]);
  const script = await serve(t, SCRIPT);
  const all = meter(100); // so that all progress is shown
  await fetchLibrary(script.url, { [url]: content.length }, all.meter, { clock: all.clock, events: new EventTarget() });
  assert.ok(all.shown.length > 3, `${all.shown.length}`);
  assert.ok(all.shown.every(({ loaded }) => Number.isInteger(loaded)));
  assert.deepEqual([all.shown.at(-1)?.loaded, all.shown.at(-1)?.total], [packed.length, packed.length]);
});

test("a file of the engine that the server lacks is the engine's failure; a server that is gone is not", async (t) => {
  const { url } = await serve(t, Buffer.alloc(10), [status(404), ...Array(50).fill(hangUp)]);
  const fetching = () => {
    const all = meter();
    return fetchLibrary(url, {}, all.meter, { clock: all.clock, events: new EventTarget() });
  };
  await assert.rejects(fetching, (/** @type {any} */ error) => error.code === "engine-failed");
  await assert.rejects(fetching, (/** @type {any} */ error) => error.code === "server-unreachable");
});
