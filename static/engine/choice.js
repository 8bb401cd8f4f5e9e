// @ts-check
/**
 * Which engine runs a model here, and why: a real GPU is best, the processor beats software that plays a GPU, and what a
 * person has chosen goes first. `choose` and `optionsOf` are pure.
 *
 * @typedef {import('../app/state.js').Model} Model
 * @typedef {import('../app/state.js').ModelFile} ModelFile
 * @typedef {import('./registry.js').EngineEntry} EngineEntry
 * @typedef {import('./errors.js').ProblemCode} ProblemCode
 *
 * @typedef {'gpu' | 'software' | 'insecure-origin' | 'no-webgpu' | 'no-adapter'} Gpu what the browser gives to this page
 *
 * @typedef {object} Option an engine that the page has
 * @property {EngineEntry} entry
 * @property {ModelFile | null} file what it would load
 * @property {string} problem why it cannot be chosen, "" where it can
 *
 * @typedef {{entry: EngineEntry, file: ModelFile, reason: string}} Choice
 */

import { OnpageError } from "./errors.js";
import { describeAdapter } from "./gpu.js";
import { ENGINES } from "./registry.js";

/** @type {Record<Gpu, string>} as the reason for the processor */
const WITHOUT = {
  gpu: "",
  software: "this browser found no graphics card",
  "insecure-origin": "browsers give the GPU only to localhost and to https",
  "no-webgpu": "this browser has no WebGPU",
  "no-adapter": "this browser found no graphics card",
};

/** @returns {Promise<Gpu>} */
export async function lookAtGpu() {
  if (!window.isSecureContext) return "insecure-origin";
  try {
    return (await describeAdapter()).software ? "software" : "gpu";
  } catch (error) {
    return OnpageError.from(error).code === "no-webgpu" ? "no-webgpu" : "no-adapter";
  }
}

/**
 * @param {Model} model
 * @param {Gpu} gpu
 * @returns {Option[]}
 */
export function optionsOf(model, gpu) {
  const hasGpu = gpu === "gpu" || gpu === "software";
  return ENGINES.map((entry) => {
    const file = model.files.find(({ engines }) => engines.includes(entry.id)) ?? null;
    const problem = !file ? "no file for it" : entry.backend === "WebGPU" && !hasGpu ? "no WebGPU here" : "";
    return { entry, file, problem };
  });
}

/**
 * OnpageError where no engine can run the model here: it says what the browser lacks.
 *
 * @param {Model} model
 * @param {Gpu} gpu
 * @param {string} wanted the id of the engine that a person has chosen, "" for none
 * @returns {Choice}
 */
export function choose(model, gpu, wanted) {
  /** @type {(Option & {file: ModelFile})[]} */
  const possible = [];
  for (const { entry, file, problem } of optionsOf(model, gpu)) if (file && !problem) possible.push({ entry, file, problem });
  const chosen = possible.find(({ entry }) => entry.id === wanted);
  if (chosen) return { ...chosen, reason: reasonFor(chosen.entry, gpu, true) };
  const onCpu = possible.find(({ entry }) => entry.backend === "CPU");
  const onGpu = possible.find(({ entry }) => entry.backend === "WebGPU");
  const best = gpu === "gpu" ? (onGpu ?? onCpu) : (onCpu ?? onGpu);
  if (!best) throw new OnpageError(/** @type {ProblemCode} */ (gpu === "gpu" || gpu === "software" ? "no-model" : gpu));
  return { ...best, reason: reasonFor(best.entry, gpu, false) };
}

/**
 * @param {EngineEntry} entry
 * @param {Gpu} gpu
 * @param {boolean} chosen by a person
 */
function reasonFor({ backend }, gpu, chosen) {
  if (backend === "WebGPU" && gpu !== "gpu") {
    const why = "this browser found no graphics card";
    return `Runs slowly, on software that plays a GPU: ${why}${chosen ? "." : ", and the model has no file for the processor."}`;
  }
  const where = backend === "CPU" ? "Runs on the processor" : "Runs on your GPU";
  if (chosen) return `${where}, as you chose.`;
  if (backend === "WebGPU") return `${where}.`;
  return `${where}: ${WITHOUT[gpu] || "the model has no file for the GPU"}.`;
}

/** Whether it is a choice to be warned of. @param {Choice} choice @param {Gpu} gpu */
export function isSlow({ entry }, gpu) {
  return entry.backend === "WebGPU" && gpu === "software";
}
