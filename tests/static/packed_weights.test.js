// Packed weights inside an engine's memory: written in steps and mapped between them, as XNNPACK does it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PackedWeights } from "../../static/engine/workers/packed_weights.js";

const PAGE = 65_536;
const HEADER = 32;

/** A module whose memory is another array after each allocation, with Emscripten's way to its files' operations. */
function engine(room = 1 << 22) {
  let end = 1000;
  const nodes = new Map();
  const file = () => ({ usedBytes: 0, stream_ops: {}, node_ops: { setattr: () => {} } });
  const module = {
    HEAPU8: new Uint8Array(room),
    freed: [],
    allocated: [],
    nodes,
    _malloc(size) {
      if (end + size > room / 2) return 0;
      const old = module.HEAPU8;
      module.HEAPU8 = new Uint8Array(room);
      module.HEAPU8.set(old);
      old.fill(0);
      module.allocated.push(end);
      end += size;
      return end - size;
    },
    _free: (address) => module.freed.push(address),
    FS: {
      mkdir: (path) => nodes.set(path, { node_ops: { mknod: (parent, name) => nodes.set(`${path}/${name}`, file()).get(`${path}/${name}`) } }),
      lookupPath: (path) => ({ node: nodes.get(path) }),
      analyzePath: (path) => ({ exists: nodes.has(path) }),
      readdir: (path) => [".", "..", ...[...nodes.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1))],
      unlink: (path) => nodes.delete(path),
      rmdir: (path) => nodes.delete(path),
    },
  };
  return module;
}

/** What stands in the upper half of the engine's memory is written to the file. */
function write(module, node, bytes, position) {
  const source = module.HEAPU8.length / 2;
  module.HEAPU8.set(bytes, source);
  assert.equal(node.stream_ops.write({}, new Int8Array(module.HEAPU8.buffer), source, bytes.length, position), bytes.length);
}

function read(node, position, length) {
  const to = new Uint8Array(length);
  assert.equal(node.stream_ops.read({}, to, 0, length, position), length);
  return to;
}

const filled = (count, value) => new Uint8Array(count).fill(value);

/** Writes steps of one piece each, maps what is new after each, and gives the mappings. */
function pack(module, node, sizes) {
  const mappings = [];
  write(module, node, filled(HEADER, 0), 0);
  mappings.push({ ...node.stream_ops.mmap({}, HEADER, 0), from: 0 });
  let position = 128;
  sizes.forEach((size, i) => {
    write(module, node, filled(size, i + 1), position);
    write(module, node, filled(HEADER, i + 1), 0);
    const from = Math.floor(position / PAGE) * PAGE;
    mappings.push({ ...node.stream_ops.mmap({}, position + size - from, from), from, position, size });
    position += size;
  });
  return mappings;
}

function holds(module, mappings, sizes) {
  sizes.forEach((size, i) => {
    const { ptr, from, position, allocated } = mappings[i + 1];
    assert.equal(allocated, false);
    assert.equal(ptr % PAGE, 0);
    const at = ptr + position - from;
    assert.ok(module.HEAPU8.subarray(at, at + size).every((byte) => byte === i + 1), `step ${i}`);
  });
  // the first mapping shows the header as it was written last
  assert.deepEqual(module.HEAPU8.slice(mappings[0].ptr, mappings[0].ptr + HEADER), filled(HEADER, sizes.length));
}

for (const [what, room, regions] of [["that fits", 1 << 20, 1], ["that does not fit", 1000, 4]]) {
  test(`what was mapped of a file ${what} stays, and shows what is written later`, () => {
    const module = engine();
    const weights = new PackedWeights(module, "/packed", room);
    const folder = module.nodes.get("/packed");
    const node = folder.node_ops.mknod(folder, "a.xnnpack_cache");
    const sizes = [600, 70_000, 30, 200_000, 5];
    holds(module, pack(module, node, sizes), sizes);
    assert.equal(node.usedBytes, 128 + sizes.reduce((a, b) => a + b));
    assert.equal(module.allocated.length, regions);
    assert.deepEqual(read(node, 0, HEADER), filled(HEADER, sizes.length));
    assert.deepEqual(read(node, 128 + 590, 10), filled(10, 1));
    assert.deepEqual(read(node, 128 + 600, 10), filled(10, 2));
    if (regions > 1) assert.equal(node.stream_ops.read({}, new Uint8Array(20), 0, 20, 128 + 590), 10);
    weights.free();
    weights.free();
    assert.deepEqual(module.freed, module.allocated);
    assert.equal(module.nodes.size, 0);
  });
}

test("a step of several pieces is in one place", () => {
  const module = engine();
  new PackedWeights(module, "/packed", 1000);
  const folder = module.nodes.get("/packed");
  const node = folder.node_ops.mknod(folder, "a");
  write(module, node, filled(HEADER, 9), 0);
  const pieces = [500, 500, 90_000, 300_000];
  let position = 128;
  for (const [i, size] of pieces.entries()) {
    write(module, node, filled(size, i + 1), position);
    position += size;
  }
  const { ptr } = node.stream_ops.mmap({}, position, 0);
  position = ptr + 128;
  for (const [i, size] of pieces.entries()) {
    assert.ok(module.HEAPU8.subarray(position, position + size).every((byte) => byte === i + 1), `piece ${i}`);
    position += size;
  }
});

test("a file can be emptied, and is told when there is no room", () => {
  const module = engine(1 << 19);
  new PackedWeights(module, "/packed", 1000);
  const folder = module.nodes.get("/packed");
  const node = folder.node_ops.mknod(folder, "a");
  write(module, node, filled(100, 1), 0);
  node.node_ops.setattr(node, { size: 0 });
  assert.equal(node.usedBytes, 0);
  assert.equal(node.stream_ops.read({}, new Uint8Array(4), 0, 4, 0), 0);
  assert.throws(() => write(module, node, filled(200_000, 1), 128), /no room/);
});
