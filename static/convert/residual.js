// @ts-check
/**
 * How a model's residual stream is scaled so that float16 holds it, by what its weights allow at most: builder/convert/residual_bound.py in
 * JavaScript, the same sums in the same order. `onpage convert --residual-scale bound` comes to the same number.
 *
 * @typedef {{factor: number, bound: number | null}} Residual what the stream is multiplied with, and what no text brings it beyond then; null where no
 *   norms bound it, and nothing is said of it: engines compute such a file in float32
 */

import { Refusal } from "./refusal.js";
import { largestOf, vectorOf } from "./stored_rows.js";

const FLOAT16_MAX = 65_504;
/** What the bound should be at most. */
const BOUNDED = FLOAT16_MAX / 2;
const SMALLEST = 2 ** -24;
/** What a layer adds to the stream goes through these. */
const POST_NORMS = ["post_attention_norm", "post_feed_forward_norm", "post_per_layer_norm"];
/** What reads it otherwise than through a norm. */
const READERS = ["final_norm", "per_layer_gate", "per_layer_model_projection"];

/** Whether norms bound the stream, which takes a pass over the embedding. @param {import('./description.js').Model} model */
export function isBounded({ layers, streams = 1 }) {
  return streams === 1 && layers.every(({ postNorms }) => postNorms);
}

/**
 * @param {import('./description.js').Model} model
 * @param {{weight: import('./weights.js').Weight, tensor: import('./safetensors.js').StoredTensor}[]} weights in the order of the file
 * @param {(bytes: number) => void} report of the embedding
 * @returns {Promise<Residual>}
 */
export async function residualScale(model, weights, report) {
  if (!isBounded(model)) return { factor: 1, bound: null };
  const { width, normOffset = 1 } = model;
  const reach = Math.sqrt(width);
  const stream = new Float64Array(width);
  let largest = 0;
  for (const { weight, tensor } of weights) {
    if (weight.part === "embedding") stream.fill((await largestOf(tensor, report)) * reach);
    if (POST_NORMS.includes(weight.part)) (await vectorOf(tensor)).forEach((each, j) => (stream[j] += reach * Math.abs(normOffset + each)));
    if (weight.part === "layer_scale") {
      const [scale] = await vectorOf(tensor);
      stream.forEach((each, j) => (stream[j] = each * Math.abs(scale)));
    }
    if (!stream.every(Number.isFinite)) throw new Refusal("not-finite", weight.source);
    largest = stream.reduce((most, each) => Math.max(most, each), largest);
  }
  let factor = 1;
  while (largest * factor > BOUNDED && factor > SMALLEST) factor /= 2;
  return { factor, bound: Math.ceil(largest * factor) };
}

/** The least in which an engine holds all values of the stream, on any text. @param {Residual} residual @returns {import('../engine/protocol.js').Precision} */
export function precisionOf({ bound }) {
  return bound !== null && bound <= FLOAT16_MAX ? "float16" : "float32";
}

/** What a weight's values, or a norm's factors (1 + w), are multiplied with. @param {import('./weights.js').Weight} weight @param {number} factor */
export function factorOf({ part }, factor) {
  if (READERS.includes(part)) return 1 / factor;
  return part === "embedding" || POST_NORMS.includes(part) ? factor : 1;
}
