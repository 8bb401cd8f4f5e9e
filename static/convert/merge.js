// @ts-check
/**
 * A LoRA adapter merged into the weights of its base while they are read: W + scale · B·A, to the bit as `onpage convert --merge-lora` merges it
 * (builder/lora/merge.py), which sums B·A in float64 by rank in order. What is held is A and B of one module.
 *
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 * @typedef {import('./adapter.js').LowRank} LowRank
 */

import { moduleOf, refuse } from "./adapter.js";
import { Refusal, shown } from "./refusal.js";
import { valuesOf } from "./stored_values.js";

/**
 * The weights with the adapter in them. Refusal where it changes a module that the base has not, or of another shape.
 * @template {{weight: import('./gemma3.js').Weight, tensor: StoredTensor}} Pair
 * @param {Pair[]} weights
 * @param {import('./adapter.js').Adapter} adapter
 * @returns {Pair[]}
 */
export function merged(weights, { modules }) {
  const left = new Map(modules);
  const pairs = weights.map((pair) => {
    const module = moduleOf(pair.weight.source.replace(/\.weight$/, ""));
    const low = left.get(module);
    if (!low || pair.weight.kind !== "matrix" || pair.weight.isEmbedding) return pair;
    const shape = [low.b.shape[0], low.a.shape[1]];
    if (shape.join() !== pair.weight.shape.join()) refuse(module, shape, `, not ${shown(pair.weight.shape)}`);
    left.delete(module);
    return { ...pair, tensor: { ...pair.tensor, low } };
  });
  for (const module of left.keys()) throw new Refusal("adapter", module);
  return pairs;
}

/** The factors that were read last. @type {{low: LowRank, a: Float64Array, b: Float64Array} | null} */
let held = null;

/**
 * Adds scale · B·A to some of a matrix's values.
 * @param {LowRank} low
 * @param {Float32Array} values
 * @param {number} at the place of the first one in the matrix
 */
export async function addLowRank(low, values, at) {
  if (held?.low !== low) {
    held = null;
    held = { low, a: await factor(low.a), b: await factor(low.b) };
  }
  const { a, b } = held;
  const [rank, inputs] = low.a.shape;
  const scale = Math.fround(low.scale);
  const sums = new Float64Array(inputs);
  for (let done = 0; done < values.length; ) {
    const [row, column] = [Math.floor((at + done) / inputs), (at + done) % inputs];
    const count = Math.min(inputs - column, values.length - done);
    sums.fill(0);
    for (let each = 0; each < rank; each += 1) {
      const [times, from] = [b[row * rank + each], each * inputs + column];
      for (let i = 0; i < count; i += 1) sums[i] += times * a[from + i];
    }
    for (let i = 0; i < count; i += 1) values[done + i] += Math.fround(Math.fround(sums[i]) * scale);
    done += count;
  }
}

/** @param {StoredTensor} tensor */
async function factor(tensor) {
  const values = await valuesOf(tensor);
  if (!values.every(Number.isFinite)) throw new Refusal("not-finite", tensor.name);
  return Float64Array.from(values);
}
