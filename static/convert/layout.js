// @ts-check
/**
 * Where everything lies in a web file, known before a weight is read, and the header that says so: builder/formats/web_file_layout.py in
 * JavaScript, byte for byte.
 *
 * @typedef {{name: string, type: number, size: number}} Spec a tensor: its TFLite type, and its bytes
 *
 * @typedef {object} Layout
 * @property {Uint8Array<ArrayBuffer>} header
 * @property {{offset: number, bytes: Uint8Array}[]} blobs the metadata
 * @property {Map<string, number>} offsets of the tensors, by name
 * @property {[number, number][]} parts (begin, end) of what the file holds sums of: all in front of the tensors, and each tensor
 * @property {number} sumsOffset
 * @property {number} size padding included
 */

import { FlatBufferWriter } from "./flatbuffer_writer.js";

const ALIGNMENT = 256;
/** The engine refuses a smaller file; small models are padded at the end. */
const SMALLEST = 1 << 20;
/** Every model type must be the index of a buffer. */
const BUFFER_TABLE = 101;
const encoder = new TextEncoder();

/** @typedef {[offset: number, size: number]} Place */

/**
 * @param {object} content
 * @param {number} content.modelType
 * @param {Uint8Array} content.parameters `LlmParameters`
 * @param {Uint8Array} content.tokenizer a SentencePiece model
 * @param {string} content.notes JSON
 * @param {Spec[]} content.tensors in the order of the file
 * @returns {Layout}
 */
export function layoutOf({ modelType, parameters, tokenizer, notes, tensors }) {
  const metadata = { "odml.infra.proto.LlmParameters": parameters, spm_vocab_model: tokenizer, backend: encoder.encode("gpu"), onpage: encoder.encode(notes) };
  const blobs = Object.values(metadata);
  const sizes = [...blobs.map(({ length }) => length), ...tensors.map(({ size }) => size), 4 * (tensors.length + 2)];
  const numbers = { "odml.infra.LlmModelType": modelType, "onpage.sums": sizes.length };
  const header = (/** @type {Place[]} */ places) => headerOf(Object.keys(metadata), numbers, tensors, places);
  let position = header(sizes.map((size) => [0, size ? 1 : 0])).length;
  /** @type {Place[]} */
  const places = [];
  for (const size of sizes) {
    position = Math.ceil(position / ALIGNMENT) * ALIGNMENT;
    places.push([position, size]);
    position += size;
  }
  const ofTensors = places.slice(blobs.length, -1);
  return {
    header: header(places),
    blobs: blobs.map((bytes, i) => ({ offset: places[i][0], bytes })),
    offsets: new Map(tensors.map(({ name }, i) => [name, ofTensors[i][0]])),
    parts: [[0, ofTensors[0][0]], ...ofTensors.map(([at, size]) => /** @type {[number, number]} */ ([at, at + size]))],
    sumsOffset: places.at(-1)?.[0] ?? 0,
    size: Math.max(position, SMALLEST),
  };
}

/** @param {string[]} entries @param {Record<string, number>} numbers @param {Spec[]} tensors @param {Place[]} places of the entries, of the tensors, of the sums */
function headerOf(entries, numbers, tensors, places) {
  const writer = new FlatBufferWriter();
  // buffer 0 is empty by TFLite's convention, and what is behind the places has no data
  const count = Math.max(BUFFER_TABLE, ...Object.values(numbers).map((index) => index + 1));
  const buffers = Array.from({ length: count }, (_, i) => {
    const [offset, size] = places[i - 1] ?? [0, 0];
    return writer.table(size ? [[1, "uint64", offset], [2, "uint64", size]] : []);
  });
  const table = writer.vector(buffers);
  const listed = writer.vector(
    tensors.map(({ name, type, size }, i) => {
      const called = writer.text(name);
      const shape = writer.integers([size]);
      return writer.table([[0, "offset", shape], [1, "int8", type], [2, "uint32", 1 + entries.length + i], [3, "offset", called]]);
    }),
  );
  const main = writer.text("main");
  const nothing = writer.vector([]);
  const graphs = writer.vector([writer.table([[0, "offset", listed], [1, "offset", nothing], [2, "offset", nothing], [3, "offset", nothing], [4, "offset", main]])]);
  const indices = [...entries.map((name, i) => /** @type {const} */ ([name, 1 + i])), ...Object.entries(numbers)];
  const metadata = writer.vector(
    indices.map(([name, index]) => {
      const called = writer.text(name);
      return writer.table([[0, "offset", called], [1, "uint32", index]]);
    }),
  );
  const description = writer.text("onpage");
  const codes = writer.vector([]);
  const model = writer.table([[0, "uint32", 3], [1, "offset", codes], [2, "offset", graphs], [3, "offset", description], [4, "offset", table], [6, "offset", metadata]]);
  return writer.finish(model, "TFL3");
}
