// @ts-check
/** A model that this page made of a checkpoint, as the session takes models. Pure. */

import { titleWithAdapter } from "../../convert/folder.js";

const [TEMPERATURE, TOP_K, SEED, CONTEXT] = [0.8, 40, 1, 2048];
const NAMES = { 8: "int8", q4_0: "int4 in blocks of 32" };

/**
 * @param {{name: string, adapter?: {name: string}}} checkpoint
 * @param {import('../../convert/convert.js').Bits} bits
 * @param {import('../../convert/convert.worker.js').Made} made
 * @returns {import('../../engine/model_list.js').Model}
 */
export function convertedModel(checkpoint, bits, { sha256, size, precision, onDemand, family, context: most, parameters, prompt, temperature, topK }) {
  const name = titleWithAdapter(checkpoint);
  const file = `${name}-web.task`;
  const url = `models/${sha256}/${encodeURIComponent(file)}`; // nobody has it: it is read from storage
  const context = Math.min(most, CONTEXT);
  const quantization = NAMES[bits];
  return {
    id: sha256.slice(0, 16),
    name,
    file,
    url,
    size,
    sha256,
    files: [{ format: "web", url, size, sha256, context, engines: ["mediapipe"], quantization, precision, onDemand }],
    demo: false,
    licence: null,
    family,
    quantization,
    parameters,
    context,
    promptTemplate: prompt ?? { prefix: "", suffix: "" },
    sampling: { temperature: temperature ?? TEMPERATURE, topK: topK ?? TOP_K, seed: SEED, maxTokens: context },
    adapters: [],
  };
}
