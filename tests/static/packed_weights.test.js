// Packed weights inside an engine's memory: written in steps and mapped between them, as XNNPACK does it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PackedWeights } from "../../static/engine/workers/packed_weights.js";

const PAGE = 65_536;
const HEADER = 32;
/** Of packed weights, in the file and in memory. */
const ALIGNMENT = 128;

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
    const at = ptr + position - from;
    assert.equal((at - position) % ALIGNMENT, 0);
    assert.ok(module.HEAPU8.subarray(at, at + size).every((byte) => byte === i + 1), `step ${i}`);
  });
  // the first mapping shows the header as it was written last
  assert.deepEqual(module.HEAPU8.slice(mappings[0].ptr, mappings[0].ptr + HEADER), filled(HEADER, sizes.length));
}

for (const [what, room, regions] of [["that fits", 1 << 20, 1], ["that does not fit", 1000, 3]]) {
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

/** As XNNPACK wrote them after its first step and its second: matrix 3 of the graph, then 6 and 3. */
const LISTS = [
  "140000000000000000000a001800040008000c000a0000005400000010000000800000000000000000000000010000001400000000000e00280004000c00140000001c00" +
    "0e000000ca040000000000000300000000000000ffffffff0000000000480f000000000000000000010000000088900c26bfdf8b",
  "140000000000000000000a001400040008000c000a000000940000000c000000800000000000000002000000580000001400000000000e00320004000c0014001c002400" +
    "0e000000ca060000000000000600000000000000ffffffff0000000000480f0000000000001e0a00000000000000000000000e00280004000c00140000001c000e000000" +
    "ca040000000000000300000000000000ffffffff0000000000480f000000000000000000010000000088900c26bfdf8b",
].map((text) => Uint8Array.from(text.match(/../g), (pair) => Number.parseInt(pair, 16)));

/** One step of one piece, its list, and the header that ends it; gives where the next begins. */
function step(module, node, bytes, position, list) {
  const at = position + bytes.length;
  write(module, node, bytes, position);
  write(module, node, list, at);
  const header = new DataView(new ArrayBuffer(HEADER));
  header.setBigUint64(8, BigInt(at), true);
  header.setBigUint64(16, BigInt(list.length), true);
  write(module, node, new Uint8Array(header.buffer), 0);
  return at;
}

/** An engine with the header of an empty file, and two matrices side by side that nobody reads again. */
function begun() {
  const module = engine();
  const spent = new Map([[3, { begin: 1_000_000, end: 1_050_000 }], [6, { begin: 1_050_000, end: 1_070_000 }]]);
  const weights = new PackedWeights(module, "/packed", 100_000, spent);
  const folder = module.nodes.get("/packed");
  const node = folder.node_ops.mknod(folder, "a");
  write(module, node, filled(HEADER, 0), 0);
  return { module, weights, folder, node };
}

test("packed weights take the room of the matrices that earlier steps have packed", () => {
  const { module, node } = begun();
  const place = (position) => node.stream_ops.mmap({}, 1, Math.floor(position / PAGE) * PAGE).ptr + (position % PAGE);
  const second = step(module, node, filled(51_200, 1), 128, LISTS[0]);
  assert.ok(place(128) < 500_000, "nothing is packed before the first step");
  const third = step(module, node, filled(40_960, 2), second, LISTS[1]);
  assert.ok(place(second) >= 1_000_000 && place(second) < 1_000_128);
  const fourth = step(module, node, filled(25_600, 3), third, LISTS[1]);
  assert.ok(place(third) > place(second) + 40_960 && place(third) + 25_600 < 1_070_000, "what is left of one, and the other");
  step(module, node, filled(25_600, 4), fourth, LISTS[1]);
  assert.ok(place(fourth) < 500_000, "none has room any more");
  for (const [position, size, value] of [[128, 51_200, 1], [second, 40_960, 2], [third, 25_600, 3], [fourth, 25_600, 4]]) {
    assert.deepEqual(read(node, position, size), filled(size, value));
  }
  assert.equal(module.allocated.length, 1);
});

test("a step that outgrows the room of a matrix moves, and leaves it to the next", () => {
  const { module, node } = begun();
  const second = step(module, node, filled(1280, 1), 128, LISTS[0]);
  write(module, node, filled(40_960, 2), second);
  const third = step(module, node, filled(40_960, 3), second + 40_960, LISTS[0]);
  assert.deepEqual(read(node, second, 2 * 40_960), new Uint8Array([...filled(40_960, 2), ...filled(40_960, 3)]));
  step(module, node, filled(1280, 4), third, LISTS[0]);
  assert.ok(module.HEAPU8.subarray(1_000_128, 1_001_000).every((byte) => byte === 4));
  assert.deepEqual(read(node, second, 2 * 40_960), new Uint8Array([...filled(40_960, 2), ...filled(40_960, 3)]));
});

test("a matrix that is packed again after its bytes are gone is an error, and other files have memory of their own", () => {
  const { module, folder, node } = begun();
  const second = step(module, node, filled(1280, 1), 128, LISTS[0]);
  const again = LISTS[1].slice();
  again[80] = 3; // for 6
  assert.throws(() => step(module, node, filled(1280, 2), second, again), /matrix 3 of the graph was packed again/);
  const other = folder.node_ops.mknod(folder, "b");
  write(module, other, filled(HEADER, 0), 0);
  step(module, other, filled(1280, 3), step(module, other, filled(1280, 3), 128, LISTS[0]), LISTS[0]);
  assert.ok(other.stream_ops.mmap({}, 1, 0).ptr < 500_000);
});
