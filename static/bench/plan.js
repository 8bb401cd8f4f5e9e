// @ts-check
/**
 * The plans that a person can choose in the page, and how long they take. Pure.
 *
 * @typedef {import('./record.js').Plan} Plan
 * @typedef {import('./record.js').Sample} Sample
 * @typedef {import('./record.js').BenchRecord} BenchRecord
 * @typedef {import('../engine/model_list.js').Model} Model
 * @typedef {import('../engine/registry.js').EngineEntry} EngineEntry
 * @typedef {{prefill: number[], decode: number, context: number, runs: number}} Size
 * @typedef {{sha256: string, prompt: string, text: string, tokens: number}} KnownAnswer the greedy one of a model
 * @typedef {{entry: EngineEntry, file: import('../engine/model_list.js').ModelFile}} Choice an engine, and the file that it reads
 */

import { runMilliseconds } from "./record.js";
import { fitting } from "./status.js";

export const LENGTHS = [32, 128, 512, 1024];
/** What is measured unless one says otherwise: as others measure, and for a GPU. @type {Size} */
export const FULL = { prefill: LENGTHS, decode: 256, context: 2048, runs: 5 };
/** For a processor that plays a GPU: the full plan would take hours. @type {Size} */
export const SMALL = { prefill: [32, 128], decode: 48, context: 512, runs: 5 };

const WARMUP = 1;
const SEED = 1;
const LOADS = { cold: 1, warm: 1 };

/**
 * The engines that can run a model here, each with the file that it reads.
 * @param {Model} model
 * @param {EngineEntry[]} engines
 * @param {boolean} gpu whether there is WebGPU, on whatever adapter
 * @returns {Choice[]}
 */
export function choices(model, engines, gpu) {
  return engines.flatMap((entry) => {
    const file = model.files.find((each) => each.engines.includes(entry.id));
    return file && (gpu || entry.backend !== "WebGPU") ? [{ entry, file }] : [];
  });
}

/**
 * @param {Model} model
 * @param {Choice} choice
 * @param {Size} size
 * @param {KnownAnswer | null} known
 * @returns {Plan}
 */
export function planOf({ name, parameters, sha256: id }, { entry, file }, { prefill, decode, context, runs }, known) {
  const { format, url, size, sha256, quantization, context: most } = file;
  const limit = Math.min(context, most);
  const model = { name, url, size, sha256, context: most, format, quantization, parameters };
  const correctness = known?.sha256 === id ? { prompt: known.prompt, text: known.text, tokens: known.tokens } : null;
  return { engine: entry.id, model, prefill, decode, context: limit, runs, warmup: WARMUP, seed: SEED, loads: LOADS, correctness };
}

/**
 * Milliseconds until a plan is through, from what its record holds so far; null while there is nothing to go by.
 * @param {BenchRecord} record
 */
export function timeLeft({ plan, samples, first_answer, loads }) {
  const runs = runLengths(samples);
  const last = samples.at(-1);
  if (!last && !first_answer) return null;
  const lengths = fitting(plan);
  const guess = (/** @type {number} */ length) => {
    const same = runs.filter(({ prefill }) => prefill === length).at(-1);
    if (same) return same.took;
    const once = last
      ? took(last) + (last.ttft * Math.max(0, length - last.prefill)) / last.prefill
      : ((first_answer?.milliseconds ?? 0) * plan.decode) / Math.max(1, first_answer?.tokens ?? 1);
    return Math.max(once, runMilliseconds(plan));
  };
  const left = lengths.flatMap((length) => {
    const done = runs.filter(({ prefill }) => prefill === length).length;
    return Array(Math.max(0, plan.warmup + plan.runs - done)).fill(guess(length));
  });
  const toLoad = plan.loads.cold + plan.loads.warm - loads.length;
  const load = loads.at(-1);
  const loading = load ? Math.max(0, toLoad) * (load.milliseconds.bytes + load.milliseconds.engine) : 0;
  return left.reduce((sum, each) => sum + each, loading);
}

/** How long each run took, all its answers together. @param {Sample[]} samples */
function runLengths(samples) {
  /** @type {Map<string, {prefill: number, took: number}>} */
  const runs = new Map();
  for (const sample of samples) {
    const key = [sample.prefill, sample.run, sample.warmup].join();
    runs.set(key, { prefill: sample.prefill, took: (runs.get(key)?.took ?? 0) + took(sample) });
  }
  return [...runs.values()];
}

/** @param {Sample} sample */
function took({ pieces, ttft }) {
  return pieces.at(-1)?.[0] ?? ttft;
}
