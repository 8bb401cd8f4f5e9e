// @ts-check
/**
 * A LoRA adapter merged into the weights of its base while they are read: W + scale · B·A, whose rows DoRA gives a length of its own, to the bit as
 * `onpage convert --merge-lora` merges it (builder/lora/merge.py). What is held is A and B of one module.
 *
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 * @typedef {import('./adapter.js').LowRank} LowRank
 */

import { moduleOf, refuse } from "./adapter.js";
import { inStrips } from "./kernel.js";
import { Refusal, shown } from "./refusal.js";
import { valuesOf } from "./stored_values.js";

/**
 * The weights with the adapter in them. Refusal where it changes a module that the base has not, or of another shape.
 * @template {{weight: import('./gemma3.js').Weight, tensor: StoredTensor}} Pair
 * @param {Pair[]} weights
 * @param {import('./adapter.js').Adapter} adapter
 * @param {import('./kernel.js').Kernel} kernel for this alone
 * @returns {Pair[]}
 */
export function merged(weights, { modules }, kernel) {
  const left = new Map(modules);
  const merger = new Merger(kernel);
  const pairs = weights.map((pair) => {
    const module = moduleOf(pair.weight.source.replace(/\.weight$/, ""));
    const low = left.get(module);
    if (!low || pair.weight.kind !== "matrix" || pair.weight.isEmbedding) return pair;
    const shape = [low.b.shape[0], low.a.shape[1]];
    if (shape.join() !== pair.weight.shape.join()) refuse(module, shape, `, not ${shown(pair.weight.shape)}`);
    left.delete(module);
    const change = (/** @type {Float32Array} */ rows, /** @type {number} */ first) => merger.change(low, rows, first);
    return { ...pair, tensor: { ...pair.tensor, change } };
  });
  for (const module of left.keys()) throw new Refusal("adapter", module);
  return pairs;
}

/** Holds the factors that were read last. */
class Merger {
  #kernel;
  /** @type {{low: LowRank, factors: import('./kernel.js').Factors, lengths: Float32Array | null} | null} */
  #held = null;

  /** @param {import('./kernel.js').Kernel} kernel */
  constructor(kernel) {
    this.#kernel = kernel;
  }

  /** @param {LowRank} low @param {Float32Array} rows of its matrix @param {number} first */
  async change(low, rows, first) {
    if (this.#held?.low !== low) {
      this.#held = null;
      const rank = low.a.shape[0];
      const factors = { strips: inStrips(await finite(low.a), rank), b: await finite(low.b), rank, scale: low.scale };
      this.#held = { low, factors, lengths: low.magnitude ? await finite(low.magnitude) : null };
    }
    const { factors, lengths } = this.#held;
    this.#kernel.addProduct(rows, first, factors);
    if (lengths) giveLengths(rows, lengths.subarray(first), low.a.shape[1]);
  }
}

/** Makes each row as long as is said; one of zeros stays. Squares are added by halves, in float32. @param {Float32Array} rows @param {Float32Array} lengths @param {number} inputs */
function giveLengths(rows, lengths, inputs) {
  const squares = new Float32Array(inputs);
  for (let begin = 0; begin < rows.length; begin += inputs) {
    for (let i = 0; i < inputs; i += 1) squares[i] = rows[begin + i] * rows[begin + i];
    for (let left = inputs; left > 1; left -= left >> 1) {
      const [half, from] = [left >> 1, left - (left >> 1)];
      for (let i = 0; i < half; i += 1) squares[i] += squares[from + i];
    }
    const factor = Math.fround(lengths[begin / inputs] / (Math.fround(Math.sqrt(squares[0])) || 1));
    for (let i = begin; i < begin + inputs; i += 1) rows[i] *= factor;
  }
}

/** @param {StoredTensor} tensor */
async function finite(tensor) {
  const values = await valuesOf(tensor);
  if (!values.every(Number.isFinite)) throw new Refusal("not-finite", tensor.name);
  return values;
}
