// @ts-check
/**
 * Where a WebAssembly engine built with Emscripten keeps the weights that XNNPACK has packed, once for all functions of a graph.
 *
 * XNNPACK packs what it multiplies, for each function anew, unless it is given a file to keep it in. It writes that file in steps, and
 * after each maps what is new, while the first mapping must show what is written to the file's first bytes later. Emscripten's own
 * files copy what is mapped; those of this folder lie in the engine's memory, and a mapping is a place in it.
 *
 * A file is a list of regions, each of which begins with a step. There is one, unless the first was chosen too small: a step that does
 * not fit moves into a new one, and what was mapped before stays where it is.
 */

/** Bytes of a page of WebAssembly's memory, where a mapping begins. */
const PAGE = 65_536;

/**
 * @typedef {import('./mapped_file.js').Module} Module
 *
 * @typedef {object} Region
 * @property {number} allocated
 * @property {number} address of its first byte, at a page
 * @property {number} start its first byte's place in the file, at a page
 * @property {number} step the place where its step begins; what lies before it is another region's
 * @property {number} size
 */

export class PackedWeights {
  #module;
  #folder;
  #room;
  /** @type {PackedFile[]} */
  #files = [];

  /**
   * Makes a folder whose files lie in the memory of the engine.
   * @param {object} engine a Module
   * @param {string} folder which does not exist
   * @param {number} room what a file will take, or nearly so; more costs no memory until it is used
   */
  constructor(engine, folder, room) {
    this.#module = /** @type {Module} */ (engine);
    this.#folder = folder;
    this.#room = room;
    const { FS } = this.#module;
    FS.mkdir(folder);
    const { node } = FS.lookupPath(folder);
    const mknod = node.node_ops.mknod;
    node.node_ops = {
      ...node.node_ops,
      mknod: (/** @type {unknown[]} */ ...parameters) => {
        const made = mknod(...parameters);
        this.#files.push(new PackedFile(this.#module, made, this.#room));
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
  #room;
  /** @type {Region[]} */
  #regions = [];
  /** Where the step that is being written began, null between two. @type {number | null} */
  #step = null;

  /**
   * @param {Module} module
   * @param {any} node an empty file of Emscripten's
   * @param {number} room
   */
  constructor(module, node, room) {
    this.#module = module;
    this.#node = node;
    this.#room = room;
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
    for (const { allocated } of this.#regions.splice(0)) this.#module._free(allocated);
  }

  /**
   * As far as one region goes, which may be less than was asked for.
   * @param {object} _
   * @param {Uint8Array} to
   * @param {number} offset
   * @param {number} length
   * @param {number} position
   */
  #read(_, to, offset, length, position) {
    const next = this.#regions.find(({ step }) => step > position)?.step ?? Infinity;
    const end = Math.min(position + length, this.#node.usedBytes, next);
    if (end <= position) return 0;
    const { address, start } = this.#at(position);
    const place = address + position - start;
    to.set(this.#module.HEAPU8.subarray(place, place + end - position), offset);
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
    if (position === 0) this.#step = null; // the header, with which a step ends
    else this.#step ??= position;
    if (!this.#regions.length) this.#extend(0, Math.max(this.#room, position + length));
    let region = this.#at(position);
    const end = position + length;
    if (end > region.start + region.size) {
      region = this.#extend(this.#step ?? 0, Math.max(end - (this.#step ?? 0), 2 * region.size));
    }
    this.#module.HEAPU8.copyWithin(region.address + position - region.start, offset, offset + length);
    this.#node.usedBytes = Math.max(this.#node.usedBytes, end);
    return length;
  }

  /** @param {number} position */
  #mapped(position) {
    const region = /** @type {Region} */ (this.#regions.findLast(({ start }) => start <= position));
    return { ptr: region.address + position - region.start, allocated: false };
  }

  /** The region that a place in the file belongs to. @param {number} position */
  #at(position) {
    return /** @type {Region} */ (this.#regions.findLast(({ step }) => step <= position));
  }

  /**
   * A new region, with what its step has so far.
   * @param {number} step
   * @param {number} size from the step on
   */
  #extend(step, size) {
    const module = this.#module;
    const start = Math.floor(step / PAGE) * PAGE;
    const whole = step - start + size;
    const allocated = module._malloc(whole + PAGE);
    if (!allocated) throw new Error(`the engine has no room for ${whole} bytes of packed weights`);
    const region = { allocated, address: Math.ceil(allocated / PAGE) * PAGE, start, step, size: whole };
    const last = this.#regions.at(-1);
    if (last) {
      const place = last.address + step - last.start;
      module.HEAPU8.copyWithin(region.address + step - start, place, place + this.#node.usedBytes - step);
    }
    this.#regions.push(region);
    return region;
  }
}
