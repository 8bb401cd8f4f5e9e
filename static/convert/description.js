// @ts-check
/**
 * What a decoder is, layer by layer, whatever its family (builder/model/description.py).
 *
 * @typedef {{wavelength: number, factor: number, proportion?: number}} Rope `factor`: by how much it turns more slowly; `proportion`: the share of a
 *   head's pairs that turn, all where it is not said
 *
 * @typedef {object} Attention
 * @property {number} heads
 * @property {number} keyHeads
 * @property {number} head its dimension
 * @property {number | null} window tokens that it sees; null: all
 * @property {number} queryScale
 * @property {number | null} cap of its logits
 * @property {boolean} queryKeyNorms
 * @property {boolean} [valuesAreKeys] whether values are what the keys' matrix makes
 * @property {number | null} [cacheOf] the layer whose keys and values it reads; null: its own
 *
 * @typedef {object} Layer
 * @property {Attention} attention
 * @property {number} inner width of the feed-forward
 * @property {boolean} postNorms whether what it adds to the stream goes through norms
 * @property {number} [given] width of what it is given for a token from a table of its own, 0 where there is none
 * @property {number} [rank] of a learned residual beside the attention, 0 where there is none
 * @property {number | null} [sparseAbove] above how many standard deviations a gate of the feed-forward goes on; null: all do
 * @property {boolean} [scaled] whether the stream is multiplied by a number of the layer's own
 *
 * @typedef {object} Model
 * @property {string} family
 * @property {string | null} size of a published one
 * @property {number} width of the residual stream
 * @property {Layer[]} layers
 * @property {Rope} rope of the layers that see everything
 * @property {number | null} finalCap
 * @property {number} [streams] that run side by side through the layers, 1 where it is not said
 * @property {number} [normOffset] what is added to a norm's weights to make its factors, 1 where it is not said
 * @property {number} rows of the embedding that the checkpoint has
 * @property {number} vocabulary rows of it that the web file has
 * @property {number} context tokens that it was made for
 */

import { Refusal } from "./refusal.js";

/** Rows and columns of a block of the format. */
export const BLOCK = 4;
/** Of the layers with a window, in every engine. */
export const LOCAL_WAVELENGTH = 10_000;
/** Rows of an embedding behind those of the tokenizer's pieces. */
const MAX_SPARE_ROWS = 1024;

/** Whether each of some layers sees everything, where every one in `period` does. @param {number} period @param {number} layers */
export function globalLayers(period, layers) {
  return Array.from({ length: layers }, (_, i) => (i + 1) % period === 0);
}

/** The model as far as its tokenizer reaches: the rows that no text can reach are left out. @param {Model} model @param {number} pieces @returns {Model} */
export function fitted(model, pieces) {
  const { rows } = model;
  const reached = Math.ceil(pieces / BLOCK) * BLOCK;
  const vocabulary = pieces <= rows && rows <= reached + MAX_SPARE_ROWS ? reached : rows;
  if (!(vocabulary - BLOCK < pieces && pieces <= vocabulary)) throw new Refusal("tokenizer", `${pieces} pieces, vocab_size ${rows}`);
  return { ...model, vocabulary };
}
