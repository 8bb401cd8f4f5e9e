// @ts-check
/**
 * The engines that the page can run a model in: what each is called, how its worker starts, which files it takes. A worker
 * speaks the messages of `protocol.js`, so whoever has an entry can use any of them through `Engine`.
 *
 * @typedef {'web' | 'graph-task' | 'litertlm-web' | 'litertlm-graph'} ModelFormat what `/api/models` calls the formats
 *
 * @typedef {object} EngineEntry
 * @property {string} id as in addresses and results
 * @property {string} name for people
 * @property {'WebGPU' | 'CPU'} backend
 * @property {() => Worker} start its worker
 * @property {string[]} formats those of `ModelFormat`, for a peer its own
 * @property {string} package its npm package, which is also its name among the vendored libraries
 * @property {boolean} [keepsPrompt] whether it reads only what differs from the prompt before
 * @property {boolean} [takesAdapters] whether LoRA adapters can be put on its models
 * @property {string[]} [resampled] the formats of which a model goes on with other sampling, see `takesSampling`
 * @property {boolean} [takesPrecision] whether it can be told how exactly to compute
 * @property {boolean} [takesMedia] whether it takes pictures and sounds, where the model does
 */

import { litertLm, mediapipe } from "./start_worker.js";

/** @type {EngineEntry[]} best first */
export const ENGINES = [
  {
    id: "mediapipe",
    name: "MediaPipe",
    backend: "WebGPU",
    start: mediapipe,
    formats: ["web", "graph-task", "litertlm-web"],
    package: "@mediapipe/tasks-genai",
    keepsPrompt: true,
    takesAdapters: true,
    takesPrecision: true,
    resampled: ["web"],
    takesMedia: true,
  },
  {
    id: "litert-lm",
    name: "LiteRT-LM",
    backend: "WebGPU",
    start: litertLm,
    formats: ["litertlm-web"],
    package: "@litert-lm/core",
    resampled: ["litertlm-web"],
  },
  {
    id: "litert-lm-cpu",
    name: "LiteRT-LM",
    backend: "CPU",
    start: litertLm,
    formats: ["litertlm-graph"],
    package: "@litert-lm/core",
    resampled: ["litertlm-graph"],
  },
];

/** For engines that are measured beside ours and that the page itself does not offer. @param {EngineEntry} entry */
export function add(entry) {
  if (engineOf(entry.id)) throw new Error(`there is an engine ${entry.id} already`);
  ENGINES.push(entry);
}

/**
 * Whether a model goes on with another temperature, seed, or smaller top K, and is not loaded again for it; then one answer may have
 * its own.
 * @param {{entry: EngineEntry, file: {format: string, modalities?: string[]}}} choice
 */
export function takesSampling({ entry, file }) {
  const loadsMore = Boolean(entry.takesMedia && file.modalities?.length); // with pictures or sound the sampler is out of reach
  return !loadsMore && (entry.resampled?.includes(file.format) ?? false);
}

/** @param {string} id */
export function engineOf(id) {
  return ENGINES.find((entry) => entry.id === id) ?? null;
}

/**
 * The version of an engine's package, which the address of its vendored folder ends in; "" where it is not vendored.
 * @param {EngineEntry} entry
 * @param {import('./protocol.js').VendorUrls} vendor
 */
export function versionOf(entry, vendor) {
  return /-(\d[^/]*)\/$/.exec(vendor[entry.package] ?? "")?.[1] ?? "";
}
