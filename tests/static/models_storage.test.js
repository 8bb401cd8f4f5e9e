// Where models are kept: which goes for another, what may be deleted, and what other origins share.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openShared, share } from "../../static/engine/shared_storage.js";
import { evictedFor, listStored, openStored, removeOne, removeStored } from "../../static/engine/storage.js";
import { model } from "./support/engines.js";
import { MemoryStorage } from "./support/memory_storage.js";
import { ready } from "./support/sessions.js";

const hash = (digit) => digit.repeat(64);

test("those that were used longest ago go, as many as it takes, and never the model itself", () => {
  const stored = [
    { sha256: "new", size: 40, kept: 3 },
    { sha256: "old", size: 30, kept: 1 },
    { sha256: "wanted", size: 10, kept: 0 },
    { sha256: "middle", size: 20, kept: 2 },
    { sha256: "empty", size: 0, kept: 0 },
  ];
  const gone = (size, room) => evictedFor(stored, { sha256: "wanted", size }, room)?.map(({ sha256 }) => sha256) ?? null;
  assert.deepEqual(gone(50, 40), [], "a part of it is here");
  assert.deepEqual(gone(51, 40), ["old"]);
  assert.deepEqual(gone(81, 40), ["old", "middle"]);
  assert.deepEqual(gone(140, 40), ["old", "middle", "new"]);
  assert.equal(gone(141, 40), null);
});

async function filled(quota, ...names) {
  const storage = new MemoryStorage(quota);
  for (const name of names) {
    const stored = await openStored({ sha256: name, size: 10 }, { storage, shared: async () => null });
    await stored.append(new Uint8Array(10));
    await stored.close();
  }
  return storage;
}

test("a model that was read since is newer than one that was written after it", async () => {
  const storage = await filled(25, "first", "second");
  await (await openStored({ sha256: "first", size: 10 }, { storage })).close();
  const third = await openStored({ sha256: "third", size: 10 }, { storage, shared: async () => null });
  assert.ok(await third.append(new Uint8Array(10)));
  assert.deepEqual((await storage.list()).map(({ sha256 }) => sha256).sort(), ["first", "third"], "before, the first went");
});

test("one is deleted, unless a tab has it open", async () => {
  const storage = await filled(100, "first", "second");
  const open = await openStored({ sha256: "first", size: 10 }, { storage });
  assert.equal(await removeOne("first", storage), false);
  await open.close();
  assert.equal(await removeOne("first", storage), true);
  assert.deepEqual((await storage.list()).map(({ sha256 }) => sha256), ["second"]);
});

test("what the page keeps is removed, but what a person has imported stays", async () => {
  const storage = await filled(100, hash("a"), hash("b"), hash("c"));
  const { session } = await ready([model("first")], {
    storage: { listStored: () => listStored(storage), removeStored: (options) => removeStored({ storage, ...options }) },
    imported: () => [{ ...model("mine"), sha256: hash("b") }],
  });
  await session.removeKept();
  assert.deepEqual(session.state.kept.map(({ sha256 }) => sha256), [hash("b")]);
});

// Cross-Origin Storage, a proposal: as its explainer has it

class FakeCrossOrigin {
  files = new Map();
  asked = [];

  async requestFileHandle(wanted, options = {}) {
    this.asked.push([wanted, options]);
    if (!options.create && !this.files.has(wanted.value)) throw new DOMException("not here", "NotFoundError");
    return {
      getFile: async () => this.files.get(wanted.value),
      createWritable: async () => {
        const pieces = [];
        return new WritableStream({ write: (piece) => void pieces.push(piece), close: () => void this.files.set(wanted.value, new Blob(pieces)) });
      },
    };
  }
}

test("a model that another origin shares is read from there, and never written, removed or claimed", async () => {
  const origins = new FakeCrossOrigin();
  assert.equal(await share("abc", new Blob(["0123456789"]), origins), true);
  assert.deepEqual(origins.asked, [[{ algorithm: "SHA-256", value: "abc" }, { create: true, origins: "*" }]]);
  const storage = new MemoryStorage();
  const stored = await openStored({ sha256: "abc", size: 10 }, { storage, shared: (sha256, size) => openShared(sha256, size, origins) });
  assert.deepEqual([stored.length, stored.isShared], [10, true]);
  const buffer = new Uint8Array(4);
  assert.ok(await stored.read(3, buffer));
  assert.equal(new TextDecoder().decode(buffer), "3456");
  assert.equal(await stored.append(buffer), false);
  await stored.remove();
  assert.deepEqual([origins.files.size, await storage.list()], [1, []]);
});

test("without it, with nothing in it, or with another size, a model comes as it always did", async () => {
  const origins = new FakeCrossOrigin();
  assert.equal(await openShared("abc", 10, null), null);
  assert.equal(await openShared("abc", 10, origins), null);
  await share("abc", new Blob(["short"]), origins);
  assert.equal(await openShared("abc", 10, origins), null);
  assert.equal(await share("abc", new Blob(["x"]), null), false);
  origins.requestFileHandle = async () => {
    throw new DOMException("no", "NotAllowedError");
  };
  assert.equal(await share("abc", new Blob(["x"]), origins), false);
});
