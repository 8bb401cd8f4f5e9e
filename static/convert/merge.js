// @ts-check
/**
 * A LoRA adapter merged into the weights of its base while they are read: W + scale · B·A, to the bit as `onpage convert --merge-lora` merges it
 * (builder/lora/merge.py). What is held is A and B of one module.
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
  /** @type {{low: LowRank, factors: import('./kernel.js').Factors} | null} */
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
      this.#held = { low, factors: { strips: inStrips(await finite(low.a), rank), b: await finite(low.b), rank, scale: low.scale } };
    }
    this.#kernel.addProduct(rows, first, this.#held.factors);
  }
}

/** @param {StoredTensor} tensor */
async function finite(tensor) {
  const values = await valuesOf(tensor);
  if (!values.every(Number.isFinite)) throw new Refusal("not-finite", tensor.name);
  return values;
}
