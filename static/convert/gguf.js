// @ts-check
/**
 * A GGUF file, llama.cpp's: its metadata, and where its tensors lie (builder/checkpoint/gguf.py). The header is read with distrust: every length,
 * type and offset is held against the file before it is used. A model that is split over several files is read from all of them.
 *
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 * @typedef {Map<string, any>} Metadata numbers, booleans, texts, lists of these, and typed arrays
 * @typedef {{metadata: Metadata, tensors: Map<string, StoredTensor>}} Gguf
 */

import { PART_OF_GGUF, bytesOf } from "./folder.js";
import { BLOCK_TYPES, TYPE_NAMES, bytesOfValues } from "./ggml_types.js";
import { Refusal, shown } from "./refusal.js";

const MAGIC = 0x4655_4747;
/** Types of the metadata. */
const [UINT32, BOOLEAN, STRING, ARRAY, UINT64] = [4, 7, 8, 9, 10];
/** Bytes of metadata and tensor table: read at first, which is enough for Gemma 3, whose have 6.5 MB; and at most. */
const [USUAL, MOST] = [8 << 20, 64 << 20];
/** Values in lists of the metadata, each of which takes more memory than bytes of the file; Gemma 3's tokenizer has three lists of 262,144. */
const MAX_ITEMS = 2_000_000;
const [MAX_NAME, MAX_DIMENSIONS, MAX_DEPTH, MAX_LENGTH, MAX_ALIGNMENT] = [1024, 4, 4, 2 ** 40, 1 << 16];
/** Bytes of a number. @type {Record<number, number>} */
const SIZES = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
/** @type {Record<number, (view: DataView, at: number) => number | boolean>} */
const NUMBERS = {
  0: (view, at) => view.getUint8(at),
  1: (view, at) => view.getInt8(at),
  2: (view, at) => view.getUint16(at, true),
  3: (view, at) => view.getInt16(at, true),
  4: (view, at) => view.getUint32(at, true),
  5: (view, at) => view.getInt32(at, true),
  6: (view, at) => view.getFloat32(at, true),
  7: (view, at) => view.getUint8(at) !== 0,
  10: (view, at) => Number(view.getBigUint64(at, true)),
  11: (view, at) => Number(view.getBigInt64(at, true)),
  12: (view, at) => view.getFloat64(at, true),
};

/**
 * @param {Map<string, Blob>} files
 * @param {string} name of the one that was given
 * @returns {Promise<Gguf>} rejects with Refusal
 */
export async function readGguf(files, name) {
  /** @type {Map<string, StoredTensor>} */
  const tensors = new Map();
  /** @type {Metadata | null} */
  let metadata = null;
  const parts = partsOf(name);
  for (const [number, part] of parts.entries()) {
    const file = files.get(part);
    if (!file) throw new Refusal("incomplete", part);
    const found = await readHeader(file, part);
    metadata ??= found.metadata;
    const [count, no] = [found.metadata.get("split.count") ?? 1, found.metadata.get("split.no")];
    if (count !== 1 && (count !== parts.length || no !== number)) throw new Refusal("incomplete", `${name.replace(/(-\d{5}-of-\d{5})?\.gguf$/i, "")}-0000N-of-${String(count).padStart(5, "0").slice(0, 20)}.gguf`);
    for (const tensor of found.tensors) {
      if (tensors.has(tensor.name)) throw new Refusal("damaged", `${part}: ${shown(tensor.name)} twice`);
      tensors.set(tensor.name, tensor);
    }
  }
  return { metadata: metadata ?? new Map(), tensors };
}

/** @param {string} name */
function partsOf(name) {
  const [, stem, , count] = PART_OF_GGUF.exec(name) ?? [];
  return count ? Array.from({ length: Math.max(1, Number(count)) }, (_, i) => `${stem}-${String(i + 1).padStart(5, "0")}-of-${count}.gguf`) : [name];
}

/** @param {Blob} file @param {string} name */
async function readHeader(file, name) {
  const most = Math.min(file.size, MOST);
  for (let size = Math.min(USUAL, most); ; size = Math.min(2 * size, most)) {
    try {
      return new Header(await bytesOf(file, 0, size), file, name).read();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // it goes on behind what was read
      if (size === most) throw new Refusal("damaged", `${name}: a header of more than ${size} bytes`);
    }
  }
}

/** Reads a header from its beginning; RangeError where it is longer than its bytes. */
class Header {
  #view;
  #bytes;
  #file;
  #name;
  #at = 0;
  #items = 0;
  #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /** @param {ArrayBuffer} bytes @param {Blob} file @param {string} name */
  constructor(bytes, file, name) {
    this.#bytes = new Uint8Array(bytes);
    this.#view = new DataView(bytes);
    this.#file = file;
    this.#name = name;
  }

  read() {
    if (this.#number(UINT32) !== MAGIC) throw this.#damaged("GGUF");
    const version = this.#number(UINT32);
    if (version !== 2 && version !== 3) throw this.#damaged(`version ${version}`);
    const [count, keys] = [this.#count(24), this.#count(13)];
    /** @type {Metadata} */
    const metadata = new Map();
    for (let i = 0; i < keys; i += 1) {
      const key = this.#text();
      if (metadata.has(key)) throw this.#damaged(`${shown(key)} twice`);
      metadata.set(key, this.#value(this.#number(UINT32)));
    }
    const listed = Array.from({ length: count }, () => this.#tensor());
    const alignment = metadata.get("general.alignment") ?? 32;
    if (!Number.isInteger(alignment) || alignment < 1 || alignment > MAX_ALIGNMENT) throw this.#damaged(`general.alignment ${shown(alignment)}`);
    const start = Math.ceil(this.#at / alignment) * alignment;
    const tensors = listed.map((tensor) => ({ ...tensor, begin: start + tensor.begin, end: start + tensor.end }));
    for (const { name, end } of tensors) if (end > this.#file.size) throw this.#damaged(`${shown(name)}: ${this.#file.size} bytes, not ${end}`);
    return { metadata, tensors };
  }

  /** Its place is counted from the first tensor's. @returns {StoredTensor} */
  #tensor() {
    const name = this.#text(MAX_NAME);
    const dimensions = this.#number(UINT32);
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) throw this.#damaged(`${shown(name)}: ${dimensions} dimensions`);
    const shape = Array.from({ length: dimensions }, () => this.#number(UINT64)).reverse();
    if (!shape.every((length) => length > 0 && length <= MAX_LENGTH)) throw this.#damaged(`${shown(name)} ${shown(shape)}`);
    const type = this.#number(UINT32);
    const dtype = Object.hasOwn(TYPE_NAMES, type) ? TYPE_NAMES[type] : `${type}`;
    const begin = this.#number(UINT64);
    const width = Object.hasOwn(BLOCK_TYPES, dtype) ? BLOCK_TYPES[dtype].values : 1;
    if (shape[shape.length - 1] % width) throw this.#damaged(`${shown(name)} ${shown(shape)} ${dtype}`);
    return { name, dtype, shape, file: this.#file, begin, end: begin + bytesOfValues(dtype, shape.reduce((product, each) => product * each, 1)) };
  }

  /** @param {number} type @param {number} [depth] @returns {any} */
  #value(type, depth = 0) {
    if (type === STRING) return this.#text();
    if (type !== ARRAY) return this.#number(type);
    const inner = this.#number(UINT32);
    if (depth === MAX_DEPTH) throw this.#damaged("arrays in arrays");
    const isList = inner === STRING || inner === ARRAY;
    const count = this.#count(isList ? 8 : (SIZES[inner] ?? 1));
    if ((this.#items += count) > MAX_ITEMS) throw this.#damaged(`${this.#items} values in lists`);
    if (isList || inner === BOOLEAN) return Array.from({ length: count }, () => this.#value(inner, depth + 1));
    return Float64Array.from({ length: count }, () => this.#number(inner));
  }

  /** @param {number} type of the metadata @returns {any} */
  #number(type) {
    const read = Object.hasOwn(NUMBERS, type) ? NUMBERS[type] : null;
    if (!read) throw this.#damaged(`a value of the type ${type}`);
    return read(this.#view, this.#take(SIZES[type]));
  }

  /** @param {number} [most] bytes */
  #text(most = MOST) {
    const length = this.#count(1);
    if (length > most) throw this.#damaged(`a name of ${length} bytes`);
    const at = this.#take(length);
    return this.#decoder.decode(this.#bytes.subarray(at, at + length));
  }

  /** Of things of which each takes at least so many bytes. @param {number} least @returns {number} */
  #count(least) {
    const count = this.#number(UINT64);
    if (count * least > Math.min(this.#file.size, MOST) - this.#at) throw this.#damaged(`${count} things at byte ${this.#at - 8} of ${this.#file.size}`);
    return count;
  }

  /** Goes past some bytes; where they begin. @param {number} size */
  #take(size) {
    const at = this.#at;
    if (at + size > this.#bytes.length) throw new RangeError("the header goes on");
    this.#at += size;
    return at;
  }

  /** @param {string} detail */
  #damaged(detail) {
    return new Refusal("damaged", `${this.#name}: ${detail}`);
  }
}
