/** Storage that fails in any way at any moment costs a download, never a load. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { MemoryStorage } from "./support/memory_storage.js";
import { listStored, openStored, removeStored } from "../../static/engine/storage.js";
import { FakeClock } from "./support/clock.js";
import { begin, CHUNK, CONTENT, load, SHA256, SIZE } from "./support/load.js";
import { serve, stalledAfter } from "./support/server.js";

const ERRORS = [
  "QuotaExceededError",
  "NotReadableError",
  "InvalidStateError",
  "NoModificationAllowedError",
  "NotFoundError",
  "SecurityError",
  "UnknownError",
  "TypeError",
];
/** Those for which the how manieth call fails matters; for the others each call fails. */
const ONE_BY_ONE = ["QuotaExceededError", "UnknownError"];
const CALLS = ["list", "room", "open", "claim", "remove", "read", "write", "truncate", "close"];

/** What fails: the name of a call, and the how manieth (0: each). */
class FaultyStorage extends MemoryStorage {
  failing = "";
  number = 0;
  error = "";
  #count = 0;

  /** @param {string} call @param {number} number @param {string} error */
  fail(call, number, error) {
    this.failing = call;
    this.number = number;
    this.error = error;
    this.#count = 0;
  }

  /** @param {string} call */
  #pass(call) {
    if (call !== this.failing) return;
    this.#count += 1;
    if (this.number && this.#count !== this.number) return;
    throw this.error === "TypeError" ? new TypeError("failed by the test") : new DOMException("failed by the test", this.error);
  }

  async list() {
    this.#pass("list");
    return super.list();
  }

  async room() {
    if (this.failing === "room") this.#pass("room");
    return super.room();
  }

  /** @param {string} name */
  async remove(name) {
    this.#pass("remove");
    return super.remove(name);
  }

  /** @param {string} name */
  async claim(name) {
    this.#pass("claim");
    return super.claim(name);
  }

  /** @param {string} name @param {'read' | 'write'} mode */
  async open(name, mode) {
    this.#pass("open");
    const file = await super.open(name, mode);
    /** @type {any} */
    const faulty = { size: file.size };
    for (const call of /** @type {const} */ (["read", "write", "truncate", "close"])) {
      faulty[call] = async (/** @type {any[]} */ ...values) => {
        this.#pass(call);
        return /** @type {any} */ (file)[call](...values);
      };
    }
    return faulty;
  }
}

/** @param {MemoryStorage} storage @param {string} name @param {Uint8Array<ArrayBuffer>} bytes */
async function put(storage, name, bytes) {
  const file = await storage.open(name, "write");
  await file.write(bytes, 0);
  await file.close();
}

for (const error of ERRORS) {
  test(`${error} of any call, at any moment: the load goes on, and the next one too`, async (t) => {
    const { url } = await serve(t, CONTENT);
    const before = /** @type {const} */ ({ nothing: 0, part: CHUNK + 1000, all: SIZE, "more than all": SIZE + 1 });
    for (const call of CALLS) {
      for (const number of ONE_BY_ONE.includes(error) ? [0, 1, 2] : [0]) {
        for (const [there, length] of Object.entries(before)) {
          for (const fresh of [false, true]) {
            const storage = new FaultyStorage();
            const what = `${call} ${number}, ${there} there${fresh ? ", fresh" : ""}`;
            const bytes = new Uint8Array(length);
            bytes.set(CONTENT.subarray(0, length));
            if (length) await put(storage, SHA256, bytes);
            storage.fail(call, number, error);
            assert.ok((await load(url, { storage, fresh })).bytes.equals(CONTENT), what);
            storage.fail("", 0, "");
            assert.ok((await load(url, { storage })).bytes.equals(CONTENT), `after ${what}`);
            await listStored(storage);
            await removeStored({ storage });
          }
        }
      }
    }
  });
}

test("what cannot be read is forgotten, and what came before it is not sent again", async (t) => {
  const { url, requests } = await serve(t, CONTENT);
  const storage = new FaultyStorage();
  await put(storage, SHA256, new Uint8Array(CONTENT));
  storage.fail("read", 2, "NotReadableError");
  assert.deepEqual((await load(url, { storage })).bytes, CONTENT);
  assert.deepEqual(requests, [`bytes=${CHUNK}-`]);
  assert.deepEqual(await listStored(storage), []);
});

test("what cannot be written is forgotten, and the download goes on", async (t) => {
  const { url, requests } = await serve(t, CONTENT);
  const storage = new FaultyStorage();
  storage.fail("write", 2, "QuotaExceededError");
  assert.deepEqual((await load(url, { storage })).bytes, CONTENT);
  assert.deepEqual(requests, [""]);
  assert.deepEqual(await listStored(storage), []);
});

test("what cannot be removed is emptied: it is not read again", async (t) => {
  const { url } = await serve(t, CONTENT);
  const storage = new FaultyStorage();
  await put(storage, SHA256, new Uint8Array(CHUNK + 1000)); // damaged
  storage.fail("remove", 0, "NoModificationAllowedError");
  await assert.rejects(load(url, { storage }), (/** @type {any} */ error) => error.code === "model-corrupt");
  assert.deepEqual((await load(url, { storage })).bytes, CONTENT);
});

test("no function throws where nothing works", async () => {
  const storage = new FaultyStorage();
  for (const call of CALLS) {
    storage.fail(call, 0, "SecurityError");
    await listStored(storage);
    await removeStored({ storage });
  }
});

test("the oldest models make room, one at a time", async () => {
  const storage = new MemoryStorage(3_500_000);
  for (const name of ["oldest", "newer"]) await put(storage, name, new Uint8Array(1_000_000));
  const stored = await openStored({ sha256: "new", size: 3_000_000 }, { storage });
  assert.equal(await stored?.append(new Uint8Array(2_000_000)), true);
  assert.deepEqual((await listStored(storage)).map(({ sha256 }) => sha256), ["newer", "new"]);
  assert.equal(await stored?.append(new Uint8Array(2_000_000)), false);
  assert.deepEqual((await listStored(storage)).map(({ sha256 }) => sha256), ["new"]);
});

test("what is used of the room counts: a model is not begun that cannot be kept", async () => {
  const storage = new MemoryStorage(3_000_000);
  await put(storage, "other", new Uint8Array(1_000_000));
  storage.room = async () => 500_000; // the site keeps other things as well
  assert.equal(await openStored({ sha256: "new", size: 2_000_000 }, { storage }), null);
  const stored = await openStored({ sha256: "new", size: 1_500_000 }, { storage });
  assert.equal(stored?.length, 0);
  await stored?.close();
});

test("a file that its last page still holds is waited for, two seconds", async () => {
  const storage = new MemoryStorage();
  const clock = new FakeClock();
  const held = await storage.open("model", "write");
  clock.onSleep = async () => {
    if (clock.slept.length === 3) await held.close();
  };
  const stored = await openStored({ sha256: "model", size: 10 }, { storage, clock });
  assert.equal(stored?.length, 0);
  assert.equal(await openStored({ sha256: "model", size: 10 }, { storage: without("claim", storage), clock }), null);
  assert.ok(clock.seconds < 3, `${clock.seconds} s`);
});

test("of two tabs that load a model one waits for the other, and sees how far it is", async (t) => {
  const storage = new MemoryStorage();
  const { url, requests, cut } = await serve(t, CONTENT, [stalledAfter(CHUNK + 1000)]);
  const first = await begin(url, { storage });
  await until(() => first.stored?.length === CHUNK);
  const clock = new FakeClock();
  clock.onSleep = async () => {
    if (clock.slept.length === 3) cut();
    if (clock.slept.length >= 3) await first.result;
  };
  const { bytes, shown } = await load(url, { storage, clock });
  assert.deepEqual(bytes, CONTENT);
  assert.equal(requests.length, 2, "both of the first tab");
  assert.deepEqual(
    shown.filter(({ step }) => step === "waiting").map(({ loaded, total }) => [loaded, total]),
    Array(3).fill([CHUNK, SIZE]),
  );
});

test("when the first tab is closed midway, the other goes on where it was", async (t) => {
  const storage = new MemoryStorage();
  const { url, requests } = await serve(t, CONTENT, [stalledAfter(CHUNK + 1000)]);
  const first = await begin(url, { storage });
  await until(() => first.stored?.length === CHUNK);
  const clock = new FakeClock();
  clock.onSleep = async () => {
    if (clock.slept.length === 5) await first.download.stop();
  };
  const second = await load(url, { storage, clock });
  assert.deepEqual([second.bytes.equals(CONTENT), second.kept], [true, true]);
  assert.deepEqual(requests, ["", `bytes=${CHUNK}-`]);
});

test("a tab that brings nothing is not waited for longer than half a minute", async (t) => {
  const storage = new MemoryStorage();
  const { url } = await serve(t, CONTENT, [stalledAfter(CHUNK + 1000)]);
  const first = await begin(url, { storage });
  await until(() => first.stored?.length === CHUNK);
  const clock = new FakeClock();
  const second = await load(url, { storage, clock });
  assert.deepEqual([second.bytes.equals(CONTENT), second.kept], [true, false]);
  assert.ok(clock.seconds >= 30 && clock.seconds <= 32, `${clock.seconds} s`);
  await first.download.stop();
});

/** As this storage, in a browser that lacks a call. @param {'claim'} call @param {MemoryStorage} storage */
function without(call, storage) {
  return new Proxy(storage, {
    get: (target, name) => {
      if (name === call) return async () => () => {};
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** @param {() => boolean} holds */
async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
