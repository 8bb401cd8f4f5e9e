// @ts-check
/**
 * How MediaPipe draws the next token, changed where the engine keeps it: in its WebAssembly memory.
 *
 * `setOptions` of 0.10.29 takes temperature, top K and seed only together with the whole model, which goes to the GPU again. But the
 * engine reads them anew for every prompt, and begins its random numbers with the seed. So a model is loaded with a seed by chance, the
 * mark; what has that seed among the other parameters, in the order of the engine's own class, is where they are; and from then on they
 * are written there. An answer is then the same, word for word, as after a load with these parameters (`e2e/exactness/test_sampling.py`). Top
 * K cannot grow beyond that of the load ("Top-K value 100 must be <= 37").
 *
 * The engine has several copies and may free some, so each is looked at again before it is written to.
 *
 * @typedef {{HEAPU8: Uint8Array}} Heap memory that may grow, and is another array then
 * @typedef {{temperature: number, topK: number, seed: number}} Sampling
 */

/** Its class in 32-bit words: table, metadata, which fields are set, cached size, then these. */
const FIELDS = /** @type {const} */ ({ type: 4, topK: 5, topP: 6, temperature: 7, seed: 8 });
const WORDS = 9;
/** All five fields are set. */
const ALL_SET = 0b11111;
/** SamplerParameters.Type.TOP_K */
const TOP_K = 2;

/** A seed that is hardly anywhere else in memory. */
export function mark() {
  return 0x40000000 + Math.floor(Math.random() * 0x3fffffff);
}

export class SamplerMemory {
  #heap;
  /** Of each copy: its place, in words, and the words that it had when it was last looked at. @type {{at: number, words: Int32Array}[]} */
  #copies;

  /**
   * @param {Heap} heap
   * @param {Sampling} loaded what the model was loaded with, its seed a `mark()`
   */
  constructor(heap, loaded) {
    this.#heap = heap;
    const memory = words(heap);
    this.#copies = [];
    for (let at = memory.indexOf(loaded.seed); at >= 0; at = memory.indexOf(loaded.seed, at + 1)) {
      const copy = memory.slice(Math.max(0, at - FIELDS.seed), at + 1);
      if (isSampler(copy, loaded)) this.#copies.push({ at: at - FIELDS.seed, words: copy });
    }
  }

  /**
   * The next answers are drawn so.
   * @param {Sampling} sampling `topK` at most that of the load
   * @returns {boolean} false where the parameters are not to be found: nothing was changed
   */
  write({ temperature, topK, seed }) {
    const memory = words(this.#heap);
    this.#copies = this.#copies.filter(({ at, words: known }) => known.every((word, index) => memory[at + index] === word));
    for (const { at, words: known } of this.#copies) {
      known[FIELDS.topK] = topK;
      known[FIELDS.temperature] = wordOf(temperature);
      known[FIELDS.seed] = seed;
      memory.set(known, at);
    }
    return this.#copies.length > 0;
  }
}

/** @param {Heap} heap */
function words({ HEAPU8: { buffer } }) {
  return new Int32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
}

/**
 * @param {Int32Array} copy
 * @param {Sampling} loaded
 */
function isSampler(copy, { temperature, topK }) {
  return (
    copy.length === WORDS &&
    copy[2] === ALL_SET &&
    copy[FIELDS.type] === TOP_K &&
    copy[FIELDS.topK] === topK &&
    copy[FIELDS.topP] === wordOf(1) &&
    copy[FIELDS.temperature] === wordOf(temperature)
  );
}

/** A 32-bit float as the word that it is in memory. @param {number} value */
function wordOf(value) {
  return new Int32Array(new Float32Array([value]).buffer)[0];
}
