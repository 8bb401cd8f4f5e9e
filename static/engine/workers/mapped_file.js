// @ts-check
/**
 * A file in the memory of a WebAssembly engine built with Emscripten, where mapping it is a place in that memory and no copy.
 *
 * Emscripten's own file system holds files outside of that memory and copies what is mapped, so that a model would be there twice. A
 * mapping stays whole until `free`, whatever becomes of the file's name.
 */

/** Bytes of a page of WebAssembly's memory, where a mapping begins. */
const PAGE = 65_536;

/**
 * What is used of a module: its memory, which is another array once it has grown, its allocator and its file system.
 * @typedef {object} Module
 * @property {Uint8Array} HEAPU8
 * @property {(size: number) => number} _malloc 0 where there is no room
 * @property {(address: number) => void} _free
 * @property {any} FS
 */

export class MappedFile {
  #module;
  #allocated;

  /**
   * @param {Module} module
   * @param {string} path
   * @param {number} allocated
   */
  constructor(module, path, allocated) {
    this.#module = module;
    this.#allocated = allocated;
    this.path = path;
    /** The address of its first byte. */
    this.begin = Math.ceil(allocated / PAGE) * PAGE;
  }

  /**
   * Reads a stream of `size` bytes into a new file; Error where there is no room, or where there are fewer bytes or more.
   * @param {object} engine a Module
   * @param {string} path
   * @param {ReadableStream<Uint8Array>} stream
   * @param {number} size
   */
  static async create(engine, path, stream, size) {
    const module = /** @type {Module} */ (engine);
    const allocated = module._malloc(size + PAGE);
    if (!allocated) throw new Error(`the engine has no room for the ${size} bytes of a model`);
    const file = new MappedFile(module, path, allocated);
    try {
      await fill(module, stream, file.begin, size);
      module.FS.close(module.FS.open(path, "w"));
      show(module, module.FS.lookupPath(path).node, file.begin, size);
      return file;
    } catch (error) {
      file.free();
      throw error;
    }
  }

  /** Gives the memory back; nothing may be mapped any more. */
  free() {
    if (!this.#allocated) return;
    if (this.#module.FS.analyzePath(this.path).exists) this.#module.FS.unlink(this.path);
    this.#module._free(this.#allocated);
    this.#allocated = 0;
  }
}

/**
 * @param {Module} module
 * @param {ReadableStream<Uint8Array>} stream
 * @param {number} begin
 * @param {number} size
 */
async function fill(module, stream, begin, size) {
  const reader = stream.getReader();
  let position = 0;
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    if (position + piece.value.length > size) throw new Error(`the model has more than its ${size} bytes`);
    module.HEAPU8.set(piece.value, begin + position);
    position += piece.value.length;
  }
  if (position < size) throw new Error(`the model has ${position} of its ${size} bytes`);
}

/**
 * Makes an empty file of Emscripten's the `size` bytes from `begin` on.
 * @param {Module} module
 * @param {any} node
 * @param {number} begin
 * @param {number} size
 */
function show(module, node, begin, size) {
  node.usedBytes = size;
  node.stream_ops = {
    ...node.stream_ops,
    /** @type {(stream: object, to: Uint8Array, offset: number, length: number, position: number) => number} */
    read: (_, to, offset, length, position) => {
      const end = Math.min(position + length, size);
      if (end <= position) return 0;
      to.set(module.HEAPU8.subarray(begin + position, begin + end), offset);
      return end - position;
    },
    /** @type {(stream: object, length: number, position: number) => {ptr: number, allocated: boolean}} */
    mmap: (_, __, position) => ({ ptr: begin + position, allocated: false }),
  };
}
