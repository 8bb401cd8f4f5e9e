// @ts-check
/** A model in the words of the web file: its parameters and its type (builder/formats/web_model.py). */

import { message } from "./protobuf.js";

/** `odml.infra.LlmModelType` by family and published size; "" is for all others. @type {Record<string, Record<string, number>>} */
const MODEL_TYPES = {
  gemma: { "": 6, "7b": 12 },
  gemma2: { "": 18 },
  gemma3: { "": 38, "1b": 27, "4b": 28, "12b": 29, "27b": 30 },
};
/** Kinds of norms: none, and one of the mean square. */
const [NONE, RMS] = [1, 2];

/** @param {import('./description.js').Model} model */
export function modelTypeOf({ family, size }) {
  const types = MODEL_TYPES[family];
  return types[size ?? ""] ?? types[""];
}

/** `TransformerParameters`. @param {import('./description.js').Model} model */
export function transformerParameters({ width, layers, rope, finalCap }) {
  const [{ attention, inner, postNorms }] = layers;
  const { heads, keyHeads, head, cap, queryScale, queryKeyNorms } = attention;
  const windows = layers.map((layer) => layer.attention.window);
  const window = windows.find((each) => each !== null) ?? null;
  const localsPerGlobal = windows.includes(null) ? windows.indexOf(null) : windows.length;
  const postNorm = postNorms ? RMS : NONE;
  const rescaled = queryScale !== 1 / Math.sqrt(head);
  return message([
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
    [16, message([[1, 1], [2, 1], [3, 1], [4, cap, "float"], [5, rescaled ? 4 : 2], [6, window], [7, Number(queryKeyNorms)], [8, Number(queryKeyNorms)]])],
    [18, 1],
    [19, window === null ? null : localsPerGlobal, "always"],
    [25, rescaled ? head * queryScale : null, "float"],
    [32, rope.wavelength, "float"],
    [33, rope.factor === 1 ? null : rope.factor, "float"],
  ]);
}
