/** A model's way from a server that misbehaves to an engine: nothing lost, nothing sent twice, and what is wrong has its name. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ModelDownload } from "../../static/engine/download.js";
import { MemoryStorage } from "./support/memory_storage.js";
import { Meter } from "../../static/engine/meter.js";
import { listStored, openStored } from "../../static/engine/storage.js";
import { FakeClock } from "./support/clock.js";
import { begin, CHUNK, CONTENT, load, SHA256, SIZE } from "./support/load.js";
import { cutAfter, displaced, hangUp, serve, silent, stalledAfter, status, whole } from "./support/server.js";

/** @param {string} code @param {RegExp} [detail] */
function problem(code, detail = /./) {
  return (/** @type {any} */ error) => {
    assert.equal(error.code, code, `${error.code}: ${error.detail}`);
    assert.match(error.detail, detail);
    return true;
  };
}

test("a model is sent once", async (t) => {
  const storage = new MemoryStorage();
  const { url, requests } = await serve(t, CONTENT);
  const first = await load(url, { storage });
  assert.deepEqual(first.bytes, CONTENT);
  assert.deepEqual((await listStored(storage)).map(({ sha256, size }) => [sha256, size]), [[SHA256, SIZE]]);
  const second = await load(url, { storage });
  assert.deepEqual(second.bytes, CONTENT);
  assert.deepEqual(requests, [""]);
  assert.deepEqual([...new Set(second.shown.map(({ step }) => step))], ["reading"]);
});

test("a cut connection goes on from the byte where it broke", async (t) => {
  const { url, requests } = await serve(t, CONTENT, [cutAfter(10_000), cutAfter(CHUNK), hangUp, status(500)]);
  const { bytes, shown } = await load(url);
  assert.deepEqual(bytes, CONTENT);
  assert.equal(requests.length, 5);
  const from = requests.map((range) => Number(/\d+/.exec(range)?.[0] ?? 0));
  assert.deepEqual([...from].sort((a, b) => a - b), from);
  assert.ok(shown.some(({ step, retry }) => step === "retrying" && retry?.seconds === 1));
});

test("the part that storage has is not sent again", async (t) => {
  const storage = new MemoryStorage();
  const { url, requests } = await serve(t, CONTENT, [stalledAfter(CHUNK + 10_000)]);
  const left = await begin(url, { storage });
  await until(() => left.stored?.length === CHUNK);
  left.download.stop();
  await assert.rejects(left.result);
  const { bytes } = await load(url, { storage });
  assert.deepEqual(bytes, CONTENT);
  assert.equal(requests.at(-1), `bytes=${CHUNK}-`);
});

for (const [name, answer] of /** @type {const} */ ([
  ["the whole file", whole],
  ["the file from an earlier byte", displaced(-1000)],
])) {
  test(`${name} in answer to a range: the bytes that are there are passed over`, async (t) => {
    const storage = new MemoryStorage();
    const { url, requests, cut } = await serve(t, CONTENT, [stalledAfter(CHUNK + 10_000), answer]);
    const { result, stored } = await begin(url, { storage });
    await until(() => stored?.length === CHUNK);
    cut();
    assert.deepEqual(await result, CONTENT);
    assert.match(requests[1], /^bytes=\d{5}-$/);
    assert.deepEqual((await load(url, { storage })).bytes, CONTENT);
  });
}

test("a server that sends a later range than was asked for is asked for the whole", async (t) => {
  const { url, requests, cut } = await serve(t, CONTENT, [stalledAfter(CHUNK + 10_000), displaced(1000), hangUp]);
  const { result, stored } = await begin(url);
  await until(() => stored?.length === CHUNK);
  cut();
  assert.deepEqual(await result, CONTENT);
  assert.deepEqual(requests.slice(2), ["", ""]);
});

test("bytes that are passed over do not count as progress: a connection that never comes further is given up", async (t) => {
  const answers = Array.from({ length: 100 }, () => (/** @type {any[]} */ ...args) => {
    const [, response] = args;
    response.writeHead(200, { "Content-Length": SIZE });
    response.write(CONTENT.subarray(0, 1000), () => response.destroy());
  });
  const { url, cut } = await serve(t, CONTENT, [stalledAfter(CHUNK + 10_000), ...answers]);
  const { result, stored } = await begin(url);
  await until(() => stored?.length === CHUNK);
  cut();
  await assert.rejects(result, problem("download-cut", /of 146072 bytes/));
});

test("only a wrong hash is damage, and what was damaged is forgotten", async (t) => {
  const storage = new MemoryStorage();
  const damaged = Buffer.from(CONTENT);
  damaged[SIZE - 1] ^= 1;
  const { url } = await serve(t, damaged);
  await assert.rejects(load(url, { storage }), problem("model-corrupt", /^sha256 /));
  assert.deepEqual(await listStored(storage), []);
});

test("what was damaged in storage is forgotten too, and the next load is sound", async (t) => {
  const storage = new MemoryStorage();
  const file = await storage.open(SHA256, "write");
  await file.write(new Uint8Array(SIZE), 0);
  await file.close();
  const { url, requests } = await serve(t, CONTENT);
  await assert.rejects(load(url, { storage }), problem("model-corrupt"));
  assert.deepEqual((await load(url, { storage })).bytes, CONTENT);
  assert.deepEqual(requests, [""]);
});

for (const [answer, code, detail] of /** @type {const} */ ([
  [status(400), "server-refused", /400/],
  [status(401), "server-refused", /401: it asks for a sign-in/],
  [status(403), "server-refused", /403: it does not allow this/],
  [status(404), "model-missing", /404/],
  [status(404, {}, '{"message": "The file has been moved."}'), "model-missing", /^The file has been moved\.$/],
  [status(409, {}, '{"message": "The file has changed."}'), "model-missing", /^The file has changed\.$/],
  [status(410), "model-missing", /410/],
  [status(416), "model-missing", /shorter/],
  [status(200, { "Content-Type": "text/html" }, "<h1>Sign in</h1>"), "server-refused", /web page/],
  [status(200, { "Content-Length": "5" }, "short"), "model-missing", /has 5 bytes, expected 146072/],
])) {
  test(`${code} ${detail}: said at once, also in the middle`, async (t) => {
    const { url, requests, answers } = await serve(t, CONTENT, [answer]);
    await assert.rejects(load(url), problem(code, detail));
    assert.equal(requests.length, 1);
    answers.push(cutAfter(20_000), answer);
    await assert.rejects(load(url), problem(code, detail));
    assert.equal(requests.length, 3);
  });
}

test("a proxy that asks for a sign-in is named", async (t) => {
  t.mock.method(globalThis, "fetch", async () => new Response("", { status: 407 })); // Node's own hides it
  await assert.rejects(load("http://127.0.0.1/model"), problem("server-refused", /407: a proxy/));
});

test("a file that was made shorter while it was sent is missing, in the server's words", async (t) => {
  const gone = status(409, {}, '{"message": "The file has changed since the server started."}');
  const { url } = await serve(t, CONTENT, [cutAfter(20_000), gone]);
  await assert.rejects(load(url), problem("model-missing", /has changed since the server started/));
});

test("a server that asks to wait is not asked before", async (t) => {
  const clock = new FakeClock();
  const busy = status(429, { "Retry-After": "20" });
  const { url, requests } = await serve(t, CONTENT, [busy, cutAfter(10_000), status(503, { "Retry-After": "7" })]);
  const { bytes, shown } = await load(url, { clock });
  assert.deepEqual(bytes, CONTENT);
  assert.equal(requests.length, 4);
  assert.ok(clock.seconds >= 27 && clock.seconds < 28, `${clock.seconds} s`);
  assert.equal(shown.find(({ retry }) => retry)?.retry?.code, "server-busy");
  assert.deepEqual([...new Set(shown.map(({ retry }) => retry?.seconds))].filter((each) => (each ?? 0) > 7), [20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8]);
});

test("one that asks to wait for an hour is busy, at once", async (t) => {
  const clock = new FakeClock();
  const { url, requests } = await serve(t, CONTENT, [status(429, { "Retry-After": "3600" })]);
  await assert.rejects(load(url, { clock }), problem("server-busy", /429/));
  assert.deepEqual([requests.length, clock.seconds], [1, 0]);
});

test("a server that is gone is tried for minutes, and then does not answer", async (t) => {
  const clock = new FakeClock();
  const { url, requests } = await serve(t, CONTENT, Array(100).fill(hangUp));
  await assert.rejects(load(url, { clock }), problem("server-unreachable", /^0 of 146072 bytes/));
  assert.ok(clock.seconds > 240 && clock.seconds <= 300, `${clock.seconds} s`);
  assert.ok(requests.length > 10 && requests.length < 40, `${requests.length} requests`);
});

test("a server that is silent is tried again, before its answer and in the middle of it", async (t) => {
  const { url, requests } = await serve(t, CONTENT, [silent, stalledAfter(20_000)]);
  assert.deepEqual((await load(url, { patience: { answer: 300, byte: 300 } })).bytes, CONTENT);
  assert.equal(requests.length, 3);
});

test("bytes that arrive begin the patience anew", async (t) => {
  const clock = new FakeClock(100); // so that all progress is shown
  const faults = Array.from({ length: 15 }, () => [...Array(6).fill(hangUp), stalledAfter(4_000)]).flat();
  const { url, cut } = await serve(t, CONTENT, faults);
  const { result, shown } = await begin(url, { clock });
  for (let bytes = 4_000; bytes <= 60_000; bytes += 4_000) {
    await until(() => shown.at(-1)?.loaded === bytes);
    cut();
  }
  assert.deepEqual(await result, CONTENT);
  assert.ok(clock.seconds > 300, `${clock.seconds} s`);
});

test("a pause ends when the browser is online again", async (t) => {
  const events = new EventTarget();
  const clock = new FakeClock();
  clock.onSleep = () => events.dispatchEvent(new Event("online"));
  const { url, requests } = await serve(t, CONTENT, Array(20).fill(hangUp));
  assert.deepEqual((await load(url, { clock, events })).bytes, CONTENT);
  assert.equal(requests.length, 21);
  assert.equal(clock.now(), 0);
});

test("it ends a second later at most where the browser does not say so by an event", async (t) => {
  const clock = new FakeClock();
  let looks = 0;
  const isOnline = () => (looks += 1) % 2 === 0; // offline when a pause begins, online a second later
  const { url, requests } = await serve(t, CONTENT, Array(20).fill(hangUp));
  assert.deepEqual((await load(url, { clock, isOnline })).bytes, CONTENT);
  assert.equal(requests.length, 21);
  assert.ok(clock.seconds <= 20, `${clock.seconds} s`);
});

test("a pause ends when the download is stopped, and storage is let go of", async (t) => {
  const storage = new MemoryStorage();
  const clock = new FakeClock();
  const { url, requests, cut } = await serve(t, CONTENT, [stalledAfter(CHUNK + 10_000)]);
  const { download, result, stored } = await begin(url, { storage, clock });
  clock.onSleep = () => download.stop();
  await until(() => stored?.length === CHUNK);
  cut();
  await assert.rejects(result, { name: "AbortError" });
  assert.equal(requests.length, 1);
  assert.equal((await load(url, { storage })).kept, true);
  assert.equal(requests[1], `bytes=${CHUNK}-`);
});

test("an engine that cancels its stream stops the download", async (t) => {
  const { url, requests } = await serve(t, CONTENT, [stalledAfter(CHUNK + 10_000)]);
  const storage = new MemoryStorage();
  const { download } = await beginUnread(url, storage);
  const reader = download.stream().getReader();
  await reader.read();
  await reader.cancel("not this model");
  await assert.rejects(download.finish(), (error) => error === "not this model");
  assert.equal(requests.length, 1);
  assert.notEqual(await storage.claim(SHA256), null);
});

/** @param {string} url @param {MemoryStorage} storage */
async function beginUnread(url, storage) {
  const model = { url, size: SIZE, sha256: SHA256 };
  const stored = await openStored(model, { storage });
  const hasher = { update: () => {}, digest: () => SHA256 };
  const network = { events: new EventTarget() };
  return { download: new ModelDownload(model, hasher, { stored, fresh: false, meter: new Meter(() => {}), network, chunk: CHUNK }) };
}

/** @param {() => boolean} holds */
async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
