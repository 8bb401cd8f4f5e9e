// @ts-check
/** A model in the words of the web file: its parameters and its type (builder/formats/web_model.py). */

import { message } from "./protobuf.js";

/** `odml.infra.LlmModelType` by family and published size; "" is for all others. @type {Record<string, Record<string, number>>} */
const MODEL_TYPES = {
  gemma3: { "": 38, "1b": 27, "4b": 28, "12b": 29, "27b": 30 },
};
/** A norm of the mean square. */
const RMS = 2;

/** @param {import('./description.js').Model} model */
export function modelTypeOf({ family, size }) {
  const types = MODEL_TYPES[family];
  return types[size ?? ""] ?? types[""];
}

/** `TransformerParameters`. @param {import('./description.js').Model} model */
export function transformerParameters({ width, layers, rope, finalCap }) {
  const [{ attention, inner }] = layers;
  const { heads, keyHeads, head, cap, queryScale } = attention;
  const windows = layers.map((layer) => layer.attention.window);
  const period = windows.indexOf(null) < 0 ? windows.length + 1 : windows.indexOf(null) + 1;
  const rescaled = queryScale !== 1 / Math.sqrt(head);
  return message([
    [1, 1],
    [3, width],
    [4, inner],
    [5, head],
    [6, heads],
    [7, layers.length],
    [9, keyHeads],
    [11, message([[1, 1], [2, 1], [3, RMS], [4, RMS]])],
    [12, message([[1, 1], [2, finalCap, "float"]])],
    [13, RMS],
    [14, RMS],
    [15, RMS],
    [16, message([[1, 1], [2, 1], [3, 1], [4, cap, "float"], [5, rescaled ? 4 : 2], [6, windows.find((window) => window !== null) ?? null], [7, 1], [8, 1]])],
    [18, 1],
    [19, period - 1, "always"],
    [25, rescaled ? head * queryScale : null, "float"],
    [32, rope.wavelength, "float"],
    [33, rope.factor === 1 ? null : rope.factor, "float"],
  ]);
}
