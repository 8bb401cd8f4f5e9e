// @ts-check
/**
 * The weights of a decoder: what each is for, its shape, and where a checkpoint has it (builder/model/weights.py).
 *
 * @typedef {object} Weight
 * @property {string} part what it does
 * @property {number | null} layer
 * @property {number[]} shape (outputs, inputs) of a matrix, as the web file has it
 * @property {string} source its tensor's name in the checkpoint
 * @property {string} name in the web file; those of a matrix's three tensors begin with it
 *
 * @typedef {[part: string, shape: number[]]} Part
 */

/** @param {Pick<Weight, 'shape'>} weight */
export function isMatrix({ shape }) {
  return shape.length === 2;
}

/** Parts of a layer, in the order in which the engine reads them. @param {import('./description.js').Model} model @param {import('./description.js').Layer} layer @returns {Part[]} */
export function layerParts({ width }, { attention: { heads, keyHeads, head, queryKeyNorms }, inner, postNorms }) {
  /** @type {(isThere: boolean, ...parts: Part[]) => Part[]} */
  const where = (isThere, ...parts) => (isThere ? parts : []);
  return [
    ["pre_attention_norm", [width]],
    ["query", [heads * head, width]],
    ["key", [keyHeads * head, width]],
    ["value", [keyHeads * head, width]],
    ...where(queryKeyNorms, ["query_norm", [head]], ["key_norm", [head]]),
    ["output", [width, heads * head]],
    ...where(postNorms, ["post_attention_norm", [width]]),
    ["pre_feed_forward_norm", [width]],
    ["gate", [inner, width]],
    ["up", [inner, width]],
    ["down", [width, inner]],
    ...where(postNorms, ["post_feed_forward_norm", [width]]),
  ];
}
