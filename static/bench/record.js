// @ts-check
/**
 * The record of one plan: what it holds, how it grows out of the runner's events, and what is computed from it. Pure.
 *
 * The same fold is in `onpage/bench/record.py`, so that a driver has everything that was measured up to the moment a tab dies.
 *
 * @typedef {import('./values.js').Measure} Measure
 * @typedef {{name: string, url: string, size: number, sha256: string, context: number, synthetic?: boolean, precision?: import('../engine/protocol.js').Precision, file?: string,
 *   format?: string, quantization?: string | null, parameters?: number | null, weight_bytes?: number | null, origin?: string}} PlanModel
 *
 * @typedef {object} Plan one engine, one model, one browser
 * @property {string} engine an id of the registry
 * @property {PlanModel} model
 * @property {number[]} prefill tokens
 * @property {number} decode tokens
 * @property {number} context tokens of prompt and answer that the engine makes room for
 * @property {number} runs
 * @property {boolean} [paced] measured answer by answer, in turn with another page: one run, as long as turns are given
 * @property {number} [run_milliseconds] a run has as many answers as last so long
 * @property {number} warmup runs of each length that are not counted
 * @property {number} seed
 * @property {{cold: number, warm: number}} loads
 * @property {{prompt: string, text: string | null, tokens: number} | null} [correctness] a prompt and its greedy answer
 * @property {{beginnings: string[], tokens: number} | null} [agreement] texts to go on with greedily, so many tokens each
 * @property {'auto' | import('../engine/protocol.js').Precision} [precision] in which the engine computes, where it has a choice
 * @property {boolean} [bandwidth] whether to measure that of the memory
 *
 * @typedef {object} Sample one generation
 * @property {number} prefill tokens asked for
 * @property {number} run from 1; warm-up runs are counted apart. Several answers may be of one run
 * @property {boolean} warmup
 * @property {number} prompt_tokens
 * @property {number} tokens of the answer, as delivered
 * @property {number} first_tokens of its first piece
 * @property {'construction' | 'steps' | 'tokenizer'} counted by the words of a synthetic answer, the engine's steps, or tokenizing its text
 * @property {number | null} checked_tokens the engine's steps of an answer that is counted by construction
 * @property {number} ttft milliseconds
 * @property {[number, number][]} pieces milliseconds since the call, and characters
 * @property {object | null} engine_figures
 *
 * @typedef {{kind: 'cold' | 'warm', milliseconds: {bytes: number, engine: number}, from_cache: boolean | null}} Load
 * @typedef {{code: string, sentence: string, detail: string | null, during: string | null}} Fault
 * @typedef {{ok: boolean | null, expected: string | null, found: string | null, tokens: number | null}} Correctness
 *
 * @typedef {{answers: {beginning: string, text: string}[], positions: number | null, same: number | null}} Agreement the answers are
 *   judged by who can: on how many positions the engine took the reference's likeliest token
 *
 * @typedef {object} BenchRecord
 * @property {string} id of this run of the plan, and of no other
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
 * @property {Agreement | null} agreement
 * @property {Load[]} loads
 * @property {{milliseconds: number, tokens: number} | null} first_answer
 * @property {Sample[]} samples
 * @property {{peak_bytes: number, how: string} | null} memory
 * @property {import('./bandwidth.js').Bandwidth | null} bandwidth
 * @property {Measure[]} summary
 *
 * @typedef {{at: string, value: any}} Event
 */

import measures from "./measures.json" with { type: "json" };
import { statusOf } from "./status.js";
import { summaryOf } from "./values.js";

const LISTS = ["samples", "loads", "notes", "errors"];
const PASSING = ["progress", "turn", "status"];

/** @param {Plan} plan @returns {BenchRecord} */
export function emptyRecord(plan) {
  return {
    id: newId(),
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
    agreement: null,
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
 * @param {Event} event `progress` and `turn` are for whoever watches and are not kept; `status` only ends
 * @returns {BenchRecord}
 */
export function fold(record, { at, value }) {
  if (PASSING.includes(at)) return record;
  if (!LISTS.includes(at)) return { ...record, [at]: value };
  return { ...record, [at]: [.../** @type {any} */ (record)[at], value] };
}

/** A record with its label, status and summary. @param {BenchRecord} record @returns {BenchRecord} */
export function finished(record) {
  return { ...record, label: labelOf(record), status: statusOf(record), summary: summaryOf(record) };
}

/** Milliseconds that a run of a plan lasts at least. @param {Plan} plan */
export function runMilliseconds(plan) {
  return plan.run_milliseconds ?? measures.run_milliseconds;
}

/** 128 random bits; `crypto.randomUUID` is missing at insecure addresses. */
function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
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
