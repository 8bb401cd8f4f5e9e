// @ts-check
/**
 * Where a WebAssembly engine built with Emscripten keeps the weights that XNNPACK has packed, once for all functions of a graph.
 *
 * XNNPACK packs what it multiplies, for each function anew, unless it is given a file to keep it in. It writes that file in steps, and
 * after each maps what is new, while the first mapping must show what is written to the file's first bytes later. Emscripten's own
 * files copy what is mapped; those of this folder lie in the engine's memory, and a mapping is a place in it.
 *
 * Each step lies in one piece, wherever there is room for it: where the matrices of earlier steps were, as far as nobody reads these
 * again (see graph_matrices.js), else in memory of its own. So a model's matrices are there packed or unpacked, and not both. What a step
 * has packed stands in the file itself: behind each step follows a list of all, and the header says where.
 */

import { FlatBuffer } from "./flatbuffer.js";
import { OwnMemory, SpentMatrices } from "./packing_room.js";

/** Bytes of a page of WebAssembly's memory; a mapping begins at one in the file. */
const PAGE = 65_536;
/** Where the header has the place and the size of the list, and its own size. */
const HEADER = { list: 8, listSize: 16, size: 24 };
/** Fields of the list's tables. */
const LIST = { packed: 1 };
const PACKED = { weights: 1 };

/**
 * @typedef {import('./mapped_file.js').Module} Module
 * @typedef {import('./packing_room.js').Room} Room
 *
 * @typedef {object} Step
 * @property {number} start the place in the file of its first byte
 * @property {number} end the place behind its last
 * @property {number} address of its first byte
 * @property {number} limit the address up to which it may grow
 * @property {boolean} own whether it lies in memory of its own
 */

export class PackedWeights {
  #module;
  #folder;
  #room;
  #spent;
  /** @type {PackedFile[]} */
  #files = [];

  /**
   * Makes a folder whose files lie in the memory of the engine.
   * @param {object} engine a Module
   * @param {string} folder which does not exist
   * @param {number} room what a file will take of memory of its own, or nearly so; more costs no memory until it is used
   * @param {Map<number, Room>} [spent] matrices, by their number in the graph, that nobody reads again once they are packed
   */
  constructor(engine, folder, room, spent = new Map()) {
    this.#module = /** @type {Module} */ (engine);
    this.#folder = folder;
    this.#room = room;
    this.#spent = spent;
    const { FS } = this.#module;
    FS.mkdir(folder);
    const { node } = FS.lookupPath(folder);
    const mknod = node.node_ops.mknod;
    node.node_ops = {
      ...node.node_ops,
      mknod: (/** @type {unknown[]} */ ...parameters) => {
        const made = mknod(...parameters);
        this.#files.push(new PackedFile(this.#module, made, this.#room, this.#spent));
        this.#spent = new Map(); // another file would take the same room again
        return made;
      },
    };
  }

  /** Gives the memory back, and removes the folder; nothing may be mapped any more. */
  free() {
    const { FS } = this.#module;
    for (const file of this.#files.splice(0)) file.free();
    if (!FS.analyzePath(this.#folder).exists) return;
    for (const name of FS.readdir(this.#folder)) if (name !== "." && name !== "..") FS.unlink(`${this.#folder}/${name}`);
    FS.rmdir(this.#folder);
  }
}

class PackedFile {
  #module;
  #node;
  #own;
  #spent;
  /** By their places in the file. The first begins with the header. @type {Step[]} */
  #steps = [];
  /** Where the first step begins behind the header. @type {number | null} */
  #first = null;
  /** Whether the last step is being written. */
  #writing = false;

  /**
   * @param {Module} module
   * @param {any} node an empty file of Emscripten's
   * @param {number} room
   * @param {Map<number, Room>} spent
   */
  constructor(module, node, room, spent) {
    this.#module = module;
    this.#node = node;
    this.#own = new OwnMemory(module, room);
    this.#spent = new SpentMatrices(spent);
    const setattr = node.node_ops.setattr;
    node.node_ops = {
      ...node.node_ops,
      setattr: (/** @type {any} */ of, /** @type {{size?: number}} */ { size, ...others }) => {
        if (size !== undefined) node.usedBytes = size;
        setattr(of, others);
      },
    };
    node.stream_ops = {
      ...node.stream_ops,
      read: this.#read.bind(this),
      write: this.#write.bind(this),
      mmap: (/** @type {object} */ _, /** @type {number} */ __, /** @type {number} */ position) => this.#mapped(position),
    };
  }

  free() {
    this.#own.free();
  }

  /**
   * As far as one step goes, which may be less than was asked for.
   * @param {object} _
   * @param {Uint8Array} to
   * @param {number} offset
   * @param {number} length
   * @param {number} position
   */
  #read(_, to, offset, length, position) {
    const next = this.#steps.find(({ start }) => start > position)?.start ?? Infinity;
    const end = Math.min(position + length, this.#node.usedBytes, next);
    if (end <= position) return 0;
    to.set(this.#bytes(position, end), offset);
    return end - position;
  }

  /**
   * @param {object} _
   * @param {Int8Array} from the engine's memory
   * @param {number} offset
   * @param {number} length
   * @param {number} position
   */
  #write(_, from, offset, length, position) {
    if (from.buffer !== this.#module.HEAPU8.buffer) throw new Error("packed weights are written by the engine only");
    const header = position === 0;
    const end = position + length;
    const step = header ? this.#begun(0, length) : this.#grown(this.#stepOf(position, length), end);
    this.#module.HEAPU8.copyWithin(addressOf(step, position), offset, offset + length);
    step.end = Math.max(step.end, end);
    this.#node.usedBytes = Math.max(this.#node.usedBytes, end);
    if (header && this.#writing) this.#ended();
    this.#writing = !header;
    return length;
  }

  /**
   * The step that is written at a position, a new one where the last has ended.
   * @param {number} position
   * @param {number} length
   */
  #stepOf(position, length) {
    this.#first ??= position; // the empty list, and the first step again: they are mapped together with the header
    const goesOn = this.#writing || position === this.#first;
    return goesOn ? /** @type {Step} */ (this.#steps.at(-1)) : this.#begun(position, length);
  }

  /**
   * The step with a place as its start: with that of the header the first, else a new one.
   * @param {number} start
   * @param {number} size of its first piece
   * @returns {Step}
   */
  #begun(start, size) {
    if (start === 0 && this.#steps.length) return this.#steps[0];
    const spent = this.#spent.take(start, size);
    const { begin, end } = spent ?? this.#own.take(start, size);
    const step = { start, end: start, address: begin, limit: end, own: !spent };
    this.#steps.push(step);
    return step;
  }

  /**
   * The step with room up to a place in the file; where there is none it moves into memory of its own.
   * @param {Step} step
   * @param {number} end
   */
  #grown(step, end) {
    if (addressOf(step, end) <= step.limit) return step;
    const start = step.start || /** @type {number} */ (this.#first); // the header stays, which a mapping shows
    const room = this.#own.take(start, end - start);
    const moved = { start, end: step.end, address: room.begin, limit: room.end, own: true };
    this.#module.HEAPU8.copyWithin(moved.address, addressOf(step, start), addressOf(step, Math.max(start, step.end)));
    if (step.start) this.#steps.pop();
    if (!step.own) this.#spent.giveBack({ begin: step.address, end: step.limit });
    this.#steps.push(moved);
    return moved;
  }

  /** The last step is whole: what is left of its room, and what it has packed, is room for the next. */
  #ended() {
    const step = /** @type {Step} */ (this.#steps.at(-1));
    const end = addressOf(step, step.end);
    if (step.own) this.#own.used(end);
    else this.#spent.giveBack({ begin: end, end: step.limit });
    const header = new FlatBuffer(this.#bytes(0, HEADER.size));
    const [list, size] = [header.uint64(HEADER.list), header.uint64(HEADER.listSize)];
    if (list < step.start || list + size > step.end) return; // not XNNPACK's
    const packed = new FlatBuffer(this.#bytes(list, list + size));
    const entries = packed.tables(packed.follow(0), LIST.packed);
    this.#spent.packed(entries.map((entry) => packed.uint64(packed.field(entry, PACKED.weights))));
  }

  /** Where what begins at the page of a position lies: the last step that begins there or before. @param {number} position */
  #mapped(position) {
    const step = /** @type {Step} */ (this.#steps.findLast(({ start }) => Math.floor(start / PAGE) * PAGE <= position));
    return { ptr: addressOf(step, position), allocated: false };
  }

  /**
   * Bytes of the file that lie in one step.
   * @param {number} begin
   * @param {number} end
   */
  #bytes(begin, end) {
    const step = /** @type {Step} */ (this.#steps.findLast(({ start }) => start <= begin));
    return this.#module.HEAPU8.subarray(addressOf(step, begin), addressOf(step, end));
  }
}

/**
 * @param {Step} step
 * @param {number} position in the file
 */
function addressOf({ start, address }, position) {
  return address + position - start;
}
