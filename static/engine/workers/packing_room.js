// @ts-check
/** Where packed weights may lie in an engine's memory: in memory of their own, and where the matrices were that they were made of. */

/** What XNNPACK aligns packed weights to, in the file and so in memory. */
const ALIGNMENT = 128;

/**
 * @typedef {import('./mapped_file.js').Module} Module
 * @typedef {{begin: number, end: number}} Room addresses in the engine's memory
 */

/** The first address from `begin` on that is aligned as a place in a file is. @param {number} begin @param {number} place */
function aligned(begin, place) {
  return begin + ((((place - begin) % ALIGNMENT) + ALIGNMENT) % ALIGNMENT);
}

/** Memory of the engine's allocator, used from its beginning on. */
export class OwnMemory {
  #module;
  #size;
  #begin = 0;
  #end = 0;
  /** @type {number[]} */
  #allocated = [];

  /** @param {Module} module @param {number} size bytes to begin with */
  constructor(module, size) {
    this.#module = module;
    this.#size = size;
  }

  /**
   * Room for `size` bytes at least; what is used of it has to be said (`used`) before the next is asked for.
   * @param {number} place in the file, of its first byte
   * @param {number} size
   * @returns {Room}
   */
  take(place, size) {
    if (aligned(this.#begin, place) + size > this.#end) {
      const bytes = Math.max(this.#size, 2 * size) + ALIGNMENT;
      this.#begin = this.#module._malloc(bytes);
      if (!this.#begin) throw new Error(`the engine has no room for ${bytes} bytes of packed weights`);
      this.#allocated.push(this.#begin);
      this.#end = this.#begin + bytes;
    }
    return { begin: aligned(this.#begin, place), end: this.#end };
  }

  /** Up to which address the room is used. @param {number} end */
  used(end) {
    this.#begin = end;
  }

  free() {
    for (const address of this.#allocated.splice(0)) this.#module._free(address);
  }
}

/** The room of matrices that nobody reads again once they are packed. */
export class SpentMatrices {
  #matrices;
  /** How often each was packed when its room was given away. @type {Map<number, number>} */
  #given = new Map();
  /** In the order of their addresses; no two touch. @type {Room[]} */
  #rooms = [];

  /** @param {Map<number, Room>} matrices by their number in the graph */
  constructor(matrices) {
    this.#matrices = matrices;
  }

  /**
   * The largest room, if `size` bytes fit there; the caller gives back what it leaves of it.
   * @param {number} place in the file, of the first byte
   * @param {number} size
   * @returns {Room | null}
   */
  take(place, size) {
    const [largest] = this.#rooms.toSorted((a, b) => b.end - b.begin - (a.end - a.begin));
    if (!largest || aligned(largest.begin, place) + size > largest.end) return null;
    this.#rooms.splice(this.#rooms.indexOf(largest), 1);
    return { begin: aligned(largest.begin, place), end: largest.end };
  }

  /** @param {Room} room */
  giveBack({ begin, end }) {
    if (begin >= end) return;
    const index = this.#rooms.findIndex((room) => room.begin > begin);
    this.#rooms.splice(index < 0 ? this.#rooms.length : index, 0, { begin, end });
    this.#rooms = this.#rooms.reduce((/** @type {Room[]} */ joined, room) => {
      const last = joined.at(-1);
      if (last?.end === room.begin) last.end = room.end;
      else joined.push(room);
      return joined;
    }, []);
  }

  /**
   * Told after each step what is packed so far, a matrix as often as it was; Error where one was packed again after its bytes were gone.
   * @param {number[]} weights numbers of matrices
   */
  packed(weights) {
    /** @type {Map<number, number>} */
    const times = new Map();
    for (const number of weights) times.set(number, (times.get(number) ?? 0) + 1);
    for (const [number, count] of times) {
      const room = this.#matrices.get(number);
      if (!room) continue;
      const before = this.#given.get(number);
      if (before === undefined) this.giveBack(room);
      else if (count > before) throw new Error(`matrix ${number} of the graph was packed again after its room was used`);
      this.#given.set(number, count);
    }
  }
}
