// @ts-check
/**
 * The record of one plan: what it holds, how it grows out of the runner's events, and what is computed from it. Pure.
 *
 * The same fold is in `onpage/bench/record.py`, so that a driver has everything that was measured up to the moment a tab dies.
 *
 * @typedef {import('./statistics.js').Summary} Summary
 * @typedef {{name: string, url: string, size: number, sha256: string, context: number, synthetic?: boolean, file?: string,
 *   format?: string, quantization?: string | null, parameters?: number | null, weight_bytes?: number | null, origin?: string}} PlanModel
 *
 * @typedef {object} Plan one engine, one model, one browser
 * @property {string} engine an id of the registry
 * @property {PlanModel} model
 * @property {number[]} prefill tokens
 * @property {number} decode tokens
 * @property {number} context tokens of prompt and answer that the engine makes room for
 * @property {number} runs
 * @property {number} warmup runs of each length that are not counted
 * @property {number} seed
 * @property {{cold: number, warm: number}} loads
 * @property {{prompt: string, text: string | null, tokens: number} | null} [correctness] a prompt and its greedy answer
 * @property {boolean} [bandwidth] whether to measure that of the GPU's memory
 *
 * @typedef {object} Sample one generation
 * @property {number} prefill tokens asked for
 * @property {number} run from 1; warm-up runs are counted apart
 * @property {boolean} warmup
 * @property {number} prompt_tokens
 * @property {number} tokens of the answer, as delivered
 * @property {number} first_tokens of its first piece
 * @property {'construction' | 'tokenizer'} counted
 * @property {number | null} checked_tokens the tokenizer's count of an answer that is counted by construction
 * @property {number} ttft milliseconds
 * @property {[number, number][]} pieces milliseconds since the call, and characters
 * @property {object | null} engine_figures
 *
 * @typedef {{kind: 'cold' | 'warm', milliseconds: {bytes: number, engine: number}, from_cache: boolean | null}} Load
 * @typedef {{code: string, sentence: string, detail: string, during: string}} Fault
 * @typedef {{ok: boolean | null, expected: string | null, found: string | null, tokens: number | null}} Correctness
 * @typedef {Summary & {measure: string, prefill: number | null, unit: string}} Measure
 *
 * @typedef {object} BenchRecord
 * @property {string} label
 * @property {string} started
 * @property {import('./environment.js').Browser | null} browser
 * @property {Record<string, string | number | boolean | null> | null} environment
 * @property {import('./environment.js').Adapter | null} adapter
 * @property {boolean} software
 * @property {{id: string, name: string, backend: string, package: string | null, version: string | null}} engine
 * @property {ReturnType<typeof modelOf>} model
 * @property {Plan} plan
 * @property {'complete' | 'partial' | 'failed'} status
 * @property {Fault[]} errors
 * @property {string[]} notes
 * @property {Correctness} correctness
 * @property {Load[]} loads
 * @property {{milliseconds: number, tokens: number} | null} first_answer
 * @property {Sample[]} samples
 * @property {{peak_bytes: number, how: string} | null} memory
 * @property {import('./bandwidth.js').Bandwidth | null} bandwidth
 * @property {Measure[]} summary
 *
 * @typedef {{at: string, value: any}} Event
 */

import { summarize } from "./statistics.js";

const LISTS = ["samples", "loads", "notes", "errors"];

/** @param {Plan} plan @returns {BenchRecord} */
export function emptyRecord(plan) {
  return {
    label: "",
    started: new Date().toISOString(),
    browser: null,
    environment: null,
    adapter: null,
    software: false,
    engine: { id: plan.engine, name: plan.engine, backend: "", package: null, version: null },
    model: modelOf(plan.model),
    plan,
    status: "partial",
    errors: [],
    notes: [],
    correctness: { ok: null, expected: null, found: null, tokens: null },
    loads: [],
    first_answer: null,
    samples: [],
    memory: null,
    bandwidth: null,
    summary: [],
  };
}

/**
 * @param {BenchRecord} record
 * @param {Event} event `progress` is for whoever watches and is not kept
 * @returns {BenchRecord}
 */
export function fold(record, { at, value }) {
  if (at === "progress") return record;
  if (!LISTS.includes(at)) return { ...record, [at]: value };
  return { ...record, [at]: [.../** @type {any} */ (record)[at], value] };
}

/** A record with its label and its summary. @param {BenchRecord} record @returns {BenchRecord} */
export function finished(record) {
  return { ...record, label: labelOf(record), summary: summaryOf(record) };
}

/** What a record says of a plan's model; the rest of it is in the plan. @param {PlanModel} model */
export function modelOf({ name, url, size, sha256, synthetic, ...more }) {
  return {
    name,
    file: more.file ?? decodeURIComponent(url.slice(url.lastIndexOf("/") + 1)),
    size,
    sha256,
    origin: more.origin ?? "served",
    format: more.format ?? null,
    quantization: more.quantization ?? null,
    parameters: more.parameters ?? null,
    weight_bytes: more.weight_bytes ?? null,
    synthetic: Boolean(synthetic),
  };
}

/** "gemma3-270m int4 · MediaPipe · software GPU · Chromium". @param {BenchRecord} record */
function labelOf({ model, engine, adapter, browser, software }) {
  const name = [model.name, model.quantization].filter(Boolean).join(" ");
  const gpu = software ? "software GPU" : [adapter?.vendor, adapter?.architecture].filter(Boolean).join(" ");
  return [name, engine.name, engine.backend === "CPU" ? "CPU" : gpu, browser?.name].filter(Boolean).join(" · ");
}

/** Prompt tokens per second; null where the clock did not move. @param {Sample} sample */
export function prefillRate({ prompt_tokens, ttft }) {
  return ttft > 0 ? prompt_tokens / (ttft / 1000) : null;
}

/** Tokens per second after the first piece; null where all came at once. @param {Sample} sample */
export function decodeRate({ tokens, first_tokens, pieces }) {
  const first = pieces[0]?.[0] ?? 0;
  const last = pieces.at(-1)?.[0] ?? 0;
  return last > first && tokens > first_tokens ? (tokens - first_tokens) / ((last - first) / 1000) : null;
}

/**
 * TTFT as if the first piece had held one token: derived, for comparing engines that deliver differently.
 * @param {Sample} sample
 */
function ttftOfOneToken(sample) {
  const rate = decodeRate(sample);
  return rate === null ? null : sample.ttft - ((sample.first_tokens - 1) / rate) * 1000;
}

/**
 * The share of the roof that decoding reaches: each token reads every weight once, and no faster than the memory gives them.
 * @param {Sample} sample
 * @param {Pick<BenchRecord, 'model' | 'bandwidth'>} record
 */
export function roofline(sample, { model, bandwidth }) {
  const rate = decodeRate(sample);
  return rate === null || !bandwidth || !model.weight_bytes ? null : (rate * model.weight_bytes) / bandwidth.bytes_per_second;
}

/** @param {Pick<BenchRecord, 'samples' | 'loads' | 'first_answer' | 'memory' | 'model' | 'bandwidth'>} record @returns {Measure[]} */
export function summaryOf(record) {
  const { samples, loads, first_answer, memory } = record;
  const counted = samples.filter(({ warmup }) => !warmup);
  const lengths = [...new Set(counted.map(({ prefill }) => prefill))].sort((a, b) => a - b);
  const total = (/** @type {string} */ kind) =>
    loads.filter((load) => load.kind === kind).map(({ milliseconds: { bytes, engine } }) => bytes + engine);
  const warm = loads.filter(({ kind }) => kind === "warm");
  /** @type {[string, number | null, string, (number | null)[]][]} */
  const measures = [
    ...lengths.flatMap((prefill) => {
      const some = counted.filter((sample) => sample.prefill === prefill);
      return /** @type {[string, number | null, string, (number | null)[]][]} */ ([
        ["prefill", prefill, "tok/s", some.map(prefillRate)],
        ["decode", prefill, "tok/s", some.map(decodeRate)],
        ["ttft", prefill, "ms", some.map(({ ttft }) => ttft)],
        ["ttft_one_token", prefill, "ms", some.map(ttftOfOneToken)],
        ["roofline", prefill, "share", some.map((sample) => roofline(sample, record))],
      ]);
    }),
    ["load_cold", null, "ms", total("cold")],
    ["load_warm", null, "ms", total("warm")],
    ["engine_creation", null, "ms", (warm.length ? warm : loads).map(({ milliseconds }) => milliseconds.engine)],
    ["first_answer", null, "ms", first_answer ? [first_answer.milliseconds] : []],
    ["memory", null, "bytes", memory ? [memory.peak_bytes] : []],
  ];
  return measures.flatMap(([measure, prefill, unit, values]) => {
    const summary = summarize(/** @type {number[]} */ (values.filter((value) => value !== null)));
    return summary ? [{ measure, prefill, unit, ...summary }] : [];
  });
}
