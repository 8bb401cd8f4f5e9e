// @ts-check
/**
 * The weights of a decoder: what each is for, its shape, and where a checkpoint has it (builder/model/weights.py).
 *
 * @typedef {object} Weight
 * @property {string} part what it does
 * @property {number | null} layer
 * @property {number[]} shape (outputs, inputs) of a matrix, as the web file has it
 * @property {string} source its tensor's name in the checkpoint
 * @property {number[]} stored the tensor's shape there
 * @property {boolean} [hasMoreRows] whether it may have more rows there, which are left out
 * @property {number} column the first of the tensor's columns that are its own
 * @property {string} name in the web file; those of a matrix's three tensors begin with it
 *
 * @typedef {[part: string, shape: number[]]} Part
 */

/** What makes the other streams of a token's vector, and what brings each back. */
export const [STREAMS_BEGIN, STREAMS_END] = ["projection", "unembed_projection"].map((kind) => [0, 1, 2].map((i) => `altup_${kind}_${i}`));
/** Matrices that a web file holds in float16. */
const HALVES = [
  ...["per_layer_model_projection", "per_layer_gate", "per_layer_projection", "laurel_left", "laurel_right", "altup_router", "altup_prediction", "altup_correction"],
  ...STREAMS_BEGIN,
  ...STREAMS_END,
];
/** The tables that an engine takes rows out of, on demand. */
const TABLE = "per_layer_embedding";

/** @param {Pick<Weight, 'shape'>} weight */
export function isMatrix({ shape }) {
  return shape.length === 2;
}

/** @param {Weight} weight */
export function isInHalves({ part }) {
  return HALVES.includes(part);
}

/** @param {Weight} weight */
export function isTable({ part }) {
  return part === TABLE;
}

/** What a model has once, beside the embedding. @param {import('./description.js').Model} model @returns {Part[]} */
export function wholeParts({ width, streams = 1, layers: { length, 0: { given = 0 } } }) {
  const ofStreams = [...STREAMS_BEGIN.slice(0, streams - 1), ...STREAMS_END.slice(0, streams - 1)];
  return [
    ...where(given > 0, ["per_layer_model_projection", [length * given, width]], ["per_layer_projection_norm", [given]]),
    ...ofStreams.map((part) => /** @type {Part} */ ([part, [width, width]])),
    ["final_norm", [width]],
  ];
}

/** @param {boolean} isThere @param {...Part} parts */
function where(isThere, ...parts) {
  return isThere ? parts : [];
}

/** Parts of a layer, in the order in which the engine reads them. @param {import('./description.js').Model} model @param {import('./description.js').Layer} layer @returns {Part[]} */
export function layerParts({ width, vocabulary, streams = 1 }, { attention, inner, postNorms, given = 0, rank = 0, scaled = false }) {
  const { heads, keyHeads, head, queryKeyNorms, valuesAreKeys = false } = attention;
  const ownKeys = (attention.cacheOf ?? null) === null;
  const hasStreams = streams > 1;
  return [
    ...where(hasStreams, ["altup_router_norm", [width]], ["altup_router", [streams, width]], ["altup_prediction", [streams * streams, streams]]),
    ["pre_attention_norm", [width]],
    ...where(rank > 0, ["laurel_left", [rank, width]], ["laurel_right", [width, rank]], ["post_laurel_norm", [width]]),
    ["query", [heads * head, width]],
    ...where(ownKeys, ["key", [keyHeads * head, width]]),
    ...where(ownKeys && !valuesAreKeys, ["value", [keyHeads * head, width]]),
    ...where(queryKeyNorms, ["query_norm", [head]]),
    ...where(queryKeyNorms && ownKeys, ["key_norm", [head]]),
    ["output", [width, heads * head]],
    ...where(postNorms, ["post_attention_norm", [width]]),
    ["pre_feed_forward_norm", [width]],
    ["gate", [inner, width]],
    ["up", [inner, width]],
    ["down", [width, inner]],
    ...where(postNorms, ["post_feed_forward_norm", [width]]),
    ...where(hasStreams, ["altup_correction", [streams, streams]], ["altup_output_scale", [width]]),
    ...where(given > 0, ["per_layer_gate", [given, width]], [TABLE, [vocabulary, given]], ["per_layer_projection", [width, given]], ["post_per_layer_norm", [width]]),
    ...where(scaled, ["layer_scale", [1]]),
  ];
}
