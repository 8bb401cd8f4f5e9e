// A model's file inside an engine's memory: what the engine reads and maps of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MappedFile } from "../../static/engine/workers/mapped_file.js";

const PAGE = 65_536;

/** A module whose memory is another array after each allocation, as when it grows. */
function engine(room = 1 << 20) {
  const freed = [];
  const files = new Map();
  const module = {
    HEAPU8: new Uint8Array(room),
    freed,
    files,
    _malloc: (size) => (size + 1000 > room ? 0 : 1000),
    _free: (address) => freed.push(address),
    FS: {
      open: (path) => files.set(path, { stream_ops: { llseek: () => 0 } }),
      close: () => {},
      lookupPath: (path) => ({ node: files.get(path) }),
      analyzePath: (path) => ({ exists: files.has(path) }),
      unlink: (path) => files.delete(path),
    },
    grow: () => {
      const old = module.HEAPU8;
      module.HEAPU8 = new Uint8Array(old.length + PAGE);
      module.HEAPU8.set(old);
      old.fill(0);
    },
  };
  return module;
}

const bytes = (count) => Uint8Array.from({ length: count }, (_, i) => i % 251);

/** A stream of pieces; the memory grows while it is read. */
function stream(module, data, piece = 700) {
  let position = 0;
  return new ReadableStream({
    pull: (controller) => {
      module.grow();
      if (position >= data.length) return controller.close();
      controller.enqueue(data.slice(position, position + piece));
      position += piece;
    },
  });
}

test("a mapping is a place in the engine's memory, also after it has grown", async () => {
  const [module, data] = [engine(), bytes(3000)];
  const file = await MappedFile.create(module, "/m", stream(module, data), data.length);
  const node = module.files.get("/m");
  module.grow();
  const { ptr, allocated } = node.stream_ops.mmap({}, 500, 64);
  assert.equal(allocated, false);
  assert.equal((ptr - 64) % PAGE, 0);
  assert.deepEqual(module.HEAPU8.slice(ptr, ptr + 500), data.slice(64, 564));
  assert.equal(node.usedBytes, 3000);
  assert.equal(typeof node.stream_ops.llseek, "function");
  file.free();
  file.free();
  assert.deepEqual(module.freed, [1000]);
  assert.equal(module.files.size, 0);
});

test("reading stops where the file ends", async () => {
  const [module, data] = [engine(), bytes(1000)];
  await MappedFile.create(module, "/m", stream(module, data), data.length);
  const { read } = module.files.get("/m").stream_ops;
  const to = new Uint8Array(30);
  assert.equal(read({}, to, 10, 20, 990), 10);
  assert.deepEqual(to.slice(10, 20), data.slice(990));
  assert.equal(read({}, to, 0, 20, 1000), 0);
});

test("a model that does not fit, or is not as long as it should be, leaves nothing behind", async () => {
  const data = bytes(1000);
  for (const [room, size, said] of [[60_000, 1000, /no room/], [1 << 20, 999, /more than its 999/], [1 << 20, 1001, /1000 of its 1001/]]) {
    const module = engine(room);
    await assert.rejects(MappedFile.create(module, "/m", stream(module, data), size), said);
    assert.deepEqual(module.freed, room < 100_000 ? [] : [1000]);
    assert.equal(module.files.size, 0);
  }
});
