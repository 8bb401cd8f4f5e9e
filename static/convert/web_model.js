// @ts-check
/** A model in the words of the web file: its parameters and its type (builder/formats/web_model.py). */

import { message } from "./protobuf.js";
import { Refusal, shown } from "./refusal.js";

/** `odml.infra.LlmModelType` by family and published size; "" is for all others. @type {Record<string, Record<string, number>>} */
const MODEL_TYPES = {
  gemma: { "": 6, "7b": 12 },
  gemma2: { "": 18 },
  functiongemma3: { "": 47 },
  gemma3: { "": 38, "1b": 27, "4b": 28, "12b": 29, "27b": 30 },
  gemma3n: { "": 37, "4b": 36 },
  gemma4: { "": 61, e2b: 52, e4b: 53 },
};
/** Kinds of norms: none, and one of the mean square. */
const [NONE, RMS] = [1, 2];
/** So many of the first layers the engine makes sparse, where it is told to at all. */
const SPARSE_LAYERS = 10;
/** How queries are scaled: by the root of a head's dimension, by another number, not at all. */
const [USUAL, RESCALED, NOT_SCALED] = [2, 4, 5];

/** @param {import('./description.js').Model} model */
export function modelTypeOf({ family, size }) {
  const types = MODEL_TYPES[family];
  return types[size ?? ""] ?? types[""];
}

/** `TransformerParameters`. @param {import('./description.js').Model} model */
export function transformerParameters(model) {
  const { family, width, layers, rope, finalCap } = model;
  const [{ attention, inner, postNorms }] = layers;
  const { heads, keyHeads, head, cap, queryScale, queryKeyNorms } = attention;
  const windows = layers.map((layer) => layer.attention.window);
  const window = windows.find((each) => each !== null) ?? null;
  const localsPerGlobal = windows.includes(null) ? windows.indexOf(null) : windows.length;
  const postNorm = postNorms ? RMS : NONE;
  const own = TOLD[family]?.(model) ?? [];
  const rescaled = !own.length && queryScale !== 1 / Math.sqrt(head);
  /** @type {import('./protobuf.js').Field[]} */
  const fields = [
    [1, 1],
    [3, width],
    [4, inner],
    [5, head],
    [6, heads],
    [7, layers.length],
    [9, keyHeads],
    [11, message([[1, 1], [2, 1], [3, RMS], [4, postNorm]])],
    [12, message([[1, 1], [2, finalCap, "float"]])],
    [13, RMS],
    [14, postNorm],
    [15, RMS],
    [16, message([[1, 1], [2, 1], [3, 1], [4, cap, "float"], [5, own.length ? NOT_SCALED : rescaled ? RESCALED : USUAL], [6, window], [7, Number(queryKeyNorms)], [8, Number(queryKeyNorms)]])],
    [18, 1],
    [19, window === null ? null : localsPerGlobal, "always"],
    [25, rescaled ? head * queryScale : null, "float"],
    [32, rope.wavelength, "float"],
    [33, rope.factor === 1 ? null : rope.factor, "float"],
  ];
  return message([...fields, ...own].sort(([one], [other]) => one - other));
}

/** What the families since Gemma 3n have beside, whose queries are not scaled. @type {Record<string, (model: import('./description.js').Model) => import('./protobuf.js').Field[]>} */
const TOLD = {
  gemma3n: (model) => {
    const { layers: [{ rank, sparseAbove = null }, ...others], streams = 1 } = model;
    if (others.at(-1)?.attention.cacheOf == null) throw new Refusal("setting", "num_kv_shared_layers 0"); // the engine then runs a Gemma 3
    const isSparse = (/** @type {import('./description.js').Layer} */ layer, /** @type {number} */ i) => (layer.sparseAbove ?? null) === (i < SPARSE_LAYERS ? sparseAbove : null);
    if (sparseAbove === 0 || !model.layers.every(isSparse)) throw new Refusal("setting", "activation_sparsity_pattern");
    return [
      ...toldSince3n(model),
      [34, message([[1, rank ?? 0]])],
      [37, message([[1, streams], [3, streams]])],
      [38, sparseAbove, "float"],
    ];
  },
  gemma4: (model) => {
    const [{ attention: local }] = model.layers;
    const seeingAll = model.layers.find(({ attention }) => attention.window === null)?.attention ?? local;
    return [
      ...toldSince3n(model),
      [48, model.rope.proportion ?? 1, "float"],
      [49, 1],
      [50, seeingAll.head], // the engine crashes without it, also where it is the same
      [53, seeingAll.valuesAreKeys ? 1 : null],
      [54, seeingAll.keyHeads === local.keyHeads ? null : seeingAll.keyHeads],
    ];
  },
};

/** @param {import('./description.js').Model} model @returns {import('./protobuf.js').Field[]} */
function toldSince3n({ layers, rope }) {
  const [{ given, inner }] = layers;
  const shared = layers.findIndex(({ attention }) => (attention.cacheOf ?? null) !== null);
  const wide = layers[shared]?.inner ?? inner;
  const isTold = layers.every((layer, i) => layer.inner === (shared >= 0 && i >= shared ? wide : inner));
  if (!isTold) throw new Refusal("setting", `intermediate_size ${shown(layers.map((layer) => layer.inner))}`);
  const inFloat32 = Object.values(rope).every((each) => Math.fround(each) === each);
  if (!inFloat32) throw new Refusal("setting", `rope_parameters ${shown(rope)}`);
  return [
    [21, given || null],
    [23, given ? 1 : null], // the tables are loaded on demand
    [35, shared < 0 ? null : shared],
    [47, 0, "float"],
    [51, wide === inner ? null : wide],
  ];
}
