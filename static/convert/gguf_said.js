// @ts-check
/** The metadata of a GGUF file about its model, checked: what is not there, or is nothing that could be meant, is refused by its name. Pure. */

import { Refusal, shown } from "./refusal.js";

/** Of numbers of things, not reached. */
const MOST = 1 << 20;

/** The metadata of an architecture. */
export class Said {
  #metadata;
  #prefix;

  /** @param {import('./gguf.js').Metadata} metadata @param {string} architecture */
  constructor(metadata, architecture) {
    this.#metadata = metadata;
    this.#prefix = `${architecture}.`;
  }

  /** The value as config.json has it, undefined where there is none; of one for each layer the one that all have. @param {string} key */
  value(key) {
    const value = this.#metadata.get(this.#prefix + key);
    if (value instanceof Float64Array) {
      if (!value.length || value.some((each) => each !== value[0])) this.refuse(key);
      return value[0];
    }
    return typeof value === "number" && !Number.isInteger(value) ? shortest(value) : value;
  }

  /** @param {string} key */
  isSaid(key) {
    return this.#metadata.has(this.#prefix + key);
  }

  /** The value of each layer, whether it is said once or of each. @param {string} key @param {number} layers @returns {any[]} */
  ofLayers(key, layers) {
    const value = this.#metadata.get(this.#prefix + key);
    if (value === undefined) this.miss(key);
    const found = value instanceof Float64Array || Array.isArray(value) ? [...value] : new Array(layers).fill(this.value(key));
    if (found.length !== layers) this.miss(key);
    return found;
  }

  /** A number of things of each layer. @param {string} key @param {number} layers @returns {number[]} */
  counts(key, layers) {
    const found = this.ofLayers(key, layers);
    if (!found.every(Number.isInteger)) this.refuse(key);
    return found;
  }

  /** Whether each layer has a window. @param {number} layers @returns {boolean[]} */
  windowed(layers) {
    const found = this.ofLayers("attention.sliding_window_pattern", layers);
    if (!found.every((each) => typeof each === "boolean")) this.refuse("attention.sliding_window_pattern");
    return found;
  }

  /** A number of things. @param {string} key @param {number} [least] @param {number} [unsaid] where the file is silent @returns {number} */
  count(key, least = 1, unsaid) {
    const value = this.value(key) ?? unsaid;
    if (value === undefined) this.miss(key);
    if (!Number.isInteger(value) || value < least || value >= MOST) this.refuse(key);
    return value;
  }

  /** @param {string} key @param {...unknown} usual beside that nothing is said */
  refuseUnless(key, ...usual) {
    if (![undefined, ...usual].includes(this.value(key))) this.refuse(key);
  }

  /** @param {string} key @returns {never} */
  miss(key) {
    throw new Refusal("damaged", this.#prefix + key);
  }

  /** @param {string} key @returns {never} */
  refuse(key) {
    const value = this.#metadata.get(this.#prefix + key);
    throw new Refusal("setting", `${key} ${shown(value instanceof Float64Array ? [...value.subarray(0, 40)] : value)}`);
  }
}

/** The shortest decimal that is the same float32: 1e-6 is meant where float32 has 9.99999997e-7. @param {number} value */
function shortest(value) {
  const exact = Math.fround(value);
  for (let digits = 1; digits < 9; digits += 1) if (Math.fround(Number(exact.toPrecision(digits))) === exact) return Number(exact.toPrecision(digits));
  return Number(exact.toPrecision(9));
}
