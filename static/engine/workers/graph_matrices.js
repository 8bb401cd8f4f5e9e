// @ts-check
/**
 * Which bytes of a LiteRT graph nobody reads again once XNNPACK has packed them: matrices that all functions only multiply with, and that
 * share no byte with anything else. A tied embedding is none: its rows are looked up, too.
 */

import { FlatBuffer } from "./flatbuffer.js";

/** Fields of TFLite's schema. */
const MODEL = { codes: 1, subgraphs: 2, buffers: 4 };
const CODE = { deprecated: 0, builtin: 3 };
const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3 };
const TENSOR = { buffer: 2 };
const OPERATOR = { code: 0, inputs: 1 };
const BUFFER = { offset: 1, size: 2 };
const FULLY_CONNECTED = 9;
/** Which of its inputs is the matrix. */
const MATRIX = 1;

/** @typedef {{begin: number, end: number}} Range bytes, from the start of the graph */

/**
 * @param {Uint8Array} graph
 * @returns {Map<number, Range>} by the number of the buffer; empty where the graph cannot be read
 */
export function multipliedOnly(graph) {
  try {
    return read(graph);
  } catch (error) {
    if (error instanceof RangeError) return new Map(); // the engine will say what it thinks of it
    throw error;
  }
}

/** @param {Uint8Array} graph */
function read(graph) {
  const file = new FlatBuffer(graph);
  const model = file.follow(0);
  const codes = file
    .tables(model, MODEL.codes)
    .map((code) => file.uint32(file.field(code, CODE.builtin)) || file.uint8(file.field(code, CODE.deprecated)));
  /** @type {Set<number>} */
  const multiplied = new Set();
  /** @type {Set<number>} */
  const read = new Set();
  for (const subgraph of file.tables(model, MODEL.subgraphs)) {
    const buffers = file.tables(subgraph, SUBGRAPH.tensors).map((tensor) => file.uint32(file.field(tensor, TENSOR.buffer)));
    for (const field of [SUBGRAPH.inputs, SUBGRAPH.outputs]) {
      for (const tensor of file.integers(subgraph, field)) read.add(buffers[tensor]);
    }
    for (const operator of file.tables(subgraph, SUBGRAPH.operators)) {
      const code = codes[file.uint32(file.field(operator, OPERATOR.code))];
      for (const [index, tensor] of file.integers(operator, OPERATOR.inputs).entries()) {
        (code === FULLY_CONNECTED && index === MATRIX ? multiplied : read).add(buffers[tensor]);
      }
    }
  }
  const ranges = file.tables(model, MODEL.buffers).map((buffer) => {
    const [begin, size] = [BUFFER.offset, BUFFER.size].map((field) => file.uint64(file.field(buffer, field)));
    return { begin, end: begin + size };
  });
  return new Map([...alone(ranges, graph.length)].filter(([number]) => multiplied.has(number) && !read.has(number)));
}

/**
 * Those that lie in the graph and share no byte with another.
 * @param {Range[]} ranges
 * @param {number} size
 * @returns {Iterable<[number, Range]>}
 */
function* alone(ranges, size) {
  const ordered = [...ranges.entries()].filter(([, { begin, end }]) => begin < end).sort(([, a], [, b]) => a.begin - b.begin);
  let before = 0;
  for (const [index, [number, range]] of ordered.entries()) {
    const next = ordered[index + 1]?.[1].begin ?? size;
    if (before <= range.begin && range.end <= next) yield [number, range];
    before = Math.max(before, range.end);
  }
}
