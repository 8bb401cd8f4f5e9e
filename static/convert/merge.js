// @ts-check
/**
 * A LoRA adapter merged into the weights of its base while they are read: W + scale · B·A, whose rows DoRA gives a length of its own, to the bit as
 * `onpage convert --merge-lora` merges it (builder/lora/merge.py), and modules that were trained whole in place of the base's. What is held is A and B
 * of one module.
 *
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 * @typedef {import('./adapter.js').LowRank} LowRank
 */

import { moduleOf, refuse } from "./adapter.js";
import { inStrips } from "./kernel.js";
import { Refusal, shown } from "./refusal.js";
import { haveSameRows } from "./stored_rows.js";
import { valuesOf } from "./stored_values.js";
import { isTable } from "./weights.js";
import { isMatrix } from "./weights.js";

const [EMBEDDING, OUTPUT] = ["embed_tokens", "lm_head"];

/**
 * The weights with the adapter in them. Refusal where it changes a module that the base has not, or of another shape, or makes the embedding another
 * matrix than the output's.
 * @template {{weight: import('./weights.js').Weight, tensor: StoredTensor}} Pair
 * @param {Pair[]} weights
 * @param {import('./adapter.js').Adapter} adapter
 * @param {number} rows of the base's embedding
 * @param {import('./kernel.js').Kernel} kernel for this alone
 * @returns {Promise<Pair[]>}
 */
export async function merged(weights, { modules, whole }, rows, kernel) {
  const merger = new Merger(kernel);
  const left = new Set([...modules.keys(), ...whole.keys()]);
  const fit = (/** @type {string} */ module, /** @type {number[]} */ shape, /** @type {number[]} */ expected) => {
    if (shape.join() !== expected.join()) refuse(module, shape, `, not ${shown(expected)}`);
    left.delete(module);
  };
  const pairs = weights.map(({ ...pair }) => {
    const { weight: { source, part, shape } } = pair;
    const isEmbedding = part === "embedding";
    const module = moduleOf(source.replace(/\.weight$/, ""));
    const [low, saved] = [isEmbedding || isTable(pair.weight) ? undefined : modules.get(module), whole.get(module)];
    if (low && isMatrix({ shape })) {
      fit(module, [low.b.shape[0], low.a.shape[1]], shape);
      pair.tensor = { ...pair.tensor, change: (values, first) => merger.change(low, values, first) };
    }
    if (saved) {
      fit(module, saved.shape, isEmbedding ? [rows, shape[1]] : shape);
      pair.tensor = saved;
    }
    return pair;
  });
  const { weight, tensor: base } = weights[0];
  const [embedding, output] = [whole.get(EMBEDDING), whole.get(OUTPUT)];
  if (output) fit(OUTPUT, output.shape, [rows, weight.shape[1]]);
  for (const module of left) throw new Refusal("adapter", module);
  const compared = embedding && output ? rows : Math.min(rows, weight.shape[0]);
  if (!(await haveSameRows(embedding ?? base, output ?? base, compared))) throw new Refusal("adapter", `${EMBEDDING}, ${OUTPUT}`);
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
      const lengths = low.magnitude ? await finite(low.magnitude) : null;
      this.#held = { low, factors: { strips: inStrips(await finite(low.a), rank), b: await finite(low.b), rank, scale: low.scale, lengths } };
    }
    this.#kernel.merge(rows, first, this.#held.factors);
  }
}

/** @param {StoredTensor} tensor */
async function finite(tensor) {
  const values = await valuesOf(tensor);
  if (!values.every(Number.isFinite)) throw new Refusal("not-finite", tensor.name);
  return values;
}
