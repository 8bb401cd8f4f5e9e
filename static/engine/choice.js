// @ts-check
/**
 * Which engine runs a model here: a real GPU is best, the processor beats software that plays a GPU, and what a person has
 * chosen goes first. An engine that computes wrongly on this GPU comes last. `choose` and `optionsOf` are pure.
 *
 * @typedef {import('./model_list.js').Model} Model
 * @typedef {import('./model_list.js').ModelFile} ModelFile
 * @typedef {import('./registry.js').EngineEntry} EngineEntry
 *
 * @typedef {'gpu' | 'software' | 'insecure-origin' | 'no-webgpu' | 'no-adapter'} Gpu what the browser gives to this page
 *
 * @typedef {object} Option an engine that the page has
 * @property {EngineEntry} entry
 * @property {ModelFile | null} file what it would load
 * @property {'' | 'no-file' | 'no-webgpu'} problem why it cannot be chosen, "" where it can
 *
 * @typedef {{engine: string, wrong: number, of: number}} GpuFault an engine that gave so many wrong answers, of so many, on this GPU
 *
 * @typedef {{entry: EngineEntry, file: ModelFile, chosen: boolean, gpu: Gpu, fault: GpuFault | null}} Choice `chosen`: by a person; `gpu`:
 *   what there was to choose from; `fault`: of this engine, where there is no other, or else of the one whose place it takes
 */

import { OnpageError } from "./errors.js";
import { describeAdapter } from "./gpu.js";
import { ENGINES } from "./registry.js";

/** @returns {Promise<Gpu>} */
export async function lookAtGpu() {
  if (!globalThis.isSecureContext) return "insecure-origin";
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
    const problem = !file ? "no-file" : entry.backend === "WebGPU" && !hasGpu ? "no-webgpu" : "";
    return { entry, file, problem };
  });
}

/**
 * OnpageError where no engine can run the model here: its code is what the browser lacks.
 *
 * @param {Model} model
 * @param {Gpu} gpu
 * @param {string} wanted the id of the engine that a person has chosen, "" for none
 * @param {GpuFault[]} [faults] of the engines that compute wrongly here
 * @returns {Choice}
 */
export function choose(model, gpu, wanted, faults = []) {
  const possible = optionsOf(model, gpu).flatMap(({ entry, file, problem }) => (file && !problem ? [{ entry, file }] : []));
  const chosen = possible.find(({ entry }) => entry.id === wanted);
  const faultOf = (/** @type {EngineEntry} */ entry) => faults.find(({ engine }) => engine === entry.id) ?? null;
  if (chosen) return { ...chosen, chosen: true, gpu, fault: faultOf(chosen.entry) };
  const onCpu = possible.filter(({ entry }) => entry.backend === "CPU");
  const onGpu = possible.filter(({ entry }) => entry.backend === "WebGPU");
  const ranked = gpu === "gpu" ? [...onGpu, ...onCpu] : [...onCpu, ...onGpu];
  if (!ranked.length) throw new OnpageError(gpu === "gpu" || gpu === "software" ? "no-model" : gpu);
  const best = ranked.find(({ entry }) => !faultOf(entry)) ?? ranked[0];
  return { ...best, chosen: false, gpu, fault: faultOf(ranked[0].entry) };
}

/** Whether it is a choice to be warned of. @param {Choice} choice */
export function isSlow({ entry, gpu }) {
  return entry.backend === "WebGPU" && gpu === "software";
}
