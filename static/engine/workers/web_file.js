// @ts-check
/**
 * A web file on its way into MediaPipe, which keeps its tokenizer to itself: a copy of it is taken out. The file is a TFLite
 * FlatBuffer whose metadata lie outside it, before the weights.
 */

import { fieldsOf } from "../protobuf.js";
import { FlatBuffer } from "./flatbuffer.js";

const IDENTIFIER = "TFL3";
export const TOKENIZER = "spm_vocab_model";
/** As in builder/model/tokenizer.py. */
export const MAX_TOKENIZER = 32 << 20;
const MAX_ENTRIES = 256;
/** Fields of the tables Model, Metadata and Buffer in TFLite's schema. */
const MODEL = { buffers: 4, metadata: 6 };
const METADATA = { name: 0, buffer: 1 };
const BUFFER = { offset: 1, size: 2 };
/** …and of SubGraph and Tensor. */
const SUBGRAPHS = 2;
const TENSORS = 0;
const TENSOR = { type: 1, buffer: 2, name: 3 };
/** Bytes. */
const MAX_NAME = 256;
const PARAMETERS = "odml.infra.proto.LlmParameters";
/** Of LlmParameters and TransformerParameters. */
const [TRANSFORMER, TABLE_WIDTH, ON_DEMAND] = [1, 21, 23];
const TABLE = ".per_layer_embeddings.w";
/** Weights in a byte, by TFLite's type. @type {Record<number, number>} */
const IN_A_BYTE = { 9: 1, 17: 2 };
/**
 * MediaPipe tells the format from copies of its stream, each of which reads one piece ahead, and drops them. A copy that meets the
 * end when it is dropped takes the engine's own down with it, so a file begins with more pieces than there are copies.
 */
const FIRST_PIECES = 8;
const FIRST_PIECE = 4096;

export class WebFile {
  #position = 0;
  #begin = 0;
  /** The SentencePiece model in it, once it has passed; null where none is found. @type {Uint8Array<ArrayBuffer> | null} */
  tokenizer = null;

  /**
   * @param {ReadableStream<Uint8Array<ArrayBuffer>>} source whole buffers, the first with the FlatBuffer
   * @param {number} size of the file
   */
  constructor(source, size) {
    const reader = source.getReader();
    /** What the engine reads. Like its source it ends with its last bytes, not at one more pull. */
    this.stream = new ReadableStream(
      {
        pull: async (controller) => {
          const { value, done } = await reader.read();
          if (done) return controller.close();
          if (!this.#position) this.#find(value);
          this.#keep(value);
          const pieces = this.#position ? [value] : inPieces(value);
          this.#position += value.length;
          for (const piece of pieces) controller.enqueue(piece);
          return this.#position === size ? controller.close() : undefined;
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  /** @param {Uint8Array<ArrayBuffer>} chunk the first */
  #find(chunk) {
    try {
      const place = placeOf(chunk, TOKENIZER);
      if (!place || place.size > MAX_TOKENIZER) return;
      this.#begin = place.offset;
      this.tokenizer = new Uint8Array(place.size);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // it points out of itself: the engine will say what it thinks of that
    }
  }

  /** @param {Uint8Array} chunk */
  #keep(chunk) {
    if (!this.tokenizer) return;
    const end = this.#begin + this.tokenizer.length;
    const [from, to] = [Math.max(this.#begin, this.#position), Math.min(end, this.#position + chunk.length)];
    if (from < to) this.tokenizer.set(chunk.subarray(from - this.#position, to - this.#position), from - this.#begin);
  }
}

/** Some of FIRST_PIECE bytes, and the rest, each a buffer of its own. @param {Uint8Array<ArrayBuffer>} chunk */
function inPieces(chunk) {
  const ends = Array.from({ length: FIRST_PIECES }, (_, index) => (index + 1) * FIRST_PIECE).filter((end) => end < chunk.length);
  return [...ends, chunk.length].map((end, index) => chunk.slice(index * FIRST_PIECE, end));
}

/** Whether a file names such an entry. @param {Uint8Array<ArrayBuffer>} bytes its first @param {string} entry */
export function hasEntry(bytes, entry) {
  return placeOf(bytes, entry) !== null;
}

/**
 * Where a metadata entry lies in the file; null where there is none, or the file is no web file. RangeError where the bytes are damaged.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {string} entry
 */
export function placeOf(bytes, entry) {
  const text = new TextDecoder();
  if (text.decode(bytes.subarray(4, 8)) !== IDENTIFIER) return null;
  const file = new FlatBuffer(bytes);
  const root = file.follow(0);
  const buffers = file.tables(root, MODEL.buffers);
  for (const table of file.tables(root, MODEL.metadata).slice(0, MAX_ENTRIES)) {
    const [nameAt, bufferAt] = [file.field(table, METADATA.name), file.field(table, METADATA.buffer)];
    const name = nameAt ? file.follow(nameAt) : 0;
    if (!name || !bufferAt || text.decode(bytes.subarray(name + 4, name + 4 + file.uint32(name))) !== entry) continue;
    const buffer = buffers[file.uint32(bufferAt)];
    const [offsetAt, sizeAt] = buffer ? [file.field(buffer, BUFFER.offset), file.field(buffer, BUFFER.size)] : [0, 0];
    return offsetAt && sizeAt ? { offset: file.uint64(offsetAt), size: file.uint64(sizeAt) } : null;
  }
  return null;
}

/**
 * The tensors that a web file lists; null where the file is none. RangeError where the bytes are damaged, or not the whole header.
 * @param {Uint8Array<ArrayBuffer>} bytes its first
 */
export function tensorsOf(bytes) {
  const text = new TextDecoder();
  if (text.decode(bytes.subarray(4, 8)) !== IDENTIFIER) return null;
  const file = new FlatBuffer(bytes);
  const root = file.follow(0);
  const buffers = file.tables(root, MODEL.buffers);
  return file.tables(root, SUBGRAPHS).slice(0, 1).flatMap((graph) => file.tables(graph, TENSORS)).map((tensor) => {
    const name = file.follow(file.field(tensor, TENSOR.name));
    const buffer = buffers[file.uint32(file.field(tensor, TENSOR.buffer))];
    if (!buffer) throw new RangeError("a tensor has no buffer");
    const length = file.uint32(name);
    if (length > MAX_NAME) throw new RangeError(`a tensor's name has ${length} bytes`);
    return {
      name: text.decode(bytes.subarray(name + 4, name + 4 + length)),
      type: file.uint8(file.field(tensor, TENSOR.type)),
      offset: file.uint64(file.field(buffer, BUFFER.offset)),
      size: file.uint64(file.field(buffer, BUFFER.size)),
    };
  });
}

/** The fields of LlmParameters; none where they lie beyond `head`. RangeError where they are damaged. @param {Uint8Array<ArrayBuffer>} head the file's first bytes */
export function parametersIn(head) {
  const place = placeOf(head, PARAMETERS);
  return fieldsOf(head.subarray(place?.offset ?? 0, place ? place.offset + place.size : 0));
}

/**
 * Whether a table that the engine takes rows of on demand has other scales than one for each row, which is what it reads: `WebFile.problem` of
 * builder/formats/web_file_reader.py.
 * RangeError where the bytes are damaged, or not the whole header.
 * @param {Uint8Array<ArrayBuffer>} head the file's first bytes
 */
export function hasTablesInBlocks(head) {
  const told = fieldsOf(parametersIn(head).bytes(TRANSFORMER));
  const width = told.number(TABLE_WIDTH);
  if (!width || !told.number(ON_DEMAND)) return false;
  const tensors = tensorsOf(head) ?? [];
  const sizes = new Map(tensors.map(({ name, size }) => [name, size]));
  return tensors.some(({ name, type, size }) => {
    const scales = sizes.get(`${name}_quantized_scale`);
    return name.endsWith(TABLE) && type in IN_A_BYTE && scales !== undefined && scales !== 4 * Math.floor((size * IN_A_BYTE[type]) / width);
  });
}
