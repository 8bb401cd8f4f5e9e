// @ts-check
/**
 * The values of each measure in a record, one for each run, from its raw samples; and their summary. Pure. What a run gives is
 * told in `onpage/bench/values.py`, which computes the same: a test compares the two.
 *
 * @typedef {import('./record.js').Sample} Sample
 * @typedef {import('./record.js').BenchRecord} BenchRecord
 * @typedef {import('./statistics.js').Summary & {measure: string, prefill: number | null, unit: string}} Measure
 * @typedef {Pick<BenchRecord, 'samples' | 'loads' | 'first_answer' | 'memory' | 'model' | 'bandwidth'>} Measured
 */

import measures from "./measures.json" with { type: "json" };
import { median, quantile, summarize } from "./statistics.js";

/** What is measured, by id. */
export const MEASURES = new Map(measures.measures.map((one) => [one.id, one]));

/** The answers of each run that counts, in order of time. @param {Pick<Measured, 'samples'>} record */
export function runsOf({ samples }) {
  /** @type {Map<string, Sample[]>} */
  const runs = new Map();
  for (const sample of samples.filter(({ warmup }) => !warmup)) {
    const key = `${sample.prefill} ${sample.run}`;
    runs.set(key, [...(runs.get(key) ?? []), sample]);
  }
  return [...runs.values()];
}

/** Tokens a second after the first pieces; null where every answer came in one piece. @param {Sample[]} answers */
export function decodeRate(answers) {
  let [tokens, milliseconds] = [0, 0];
  for (const answer of answers.filter(({ pieces, ...each }) => pieces.length > 1 && each.tokens > each.first_tokens)) {
    tokens += answer.tokens - answer.first_tokens;
    milliseconds += answer.pieces[answer.pieces.length - 1][0] - answer.pieces[0][0];
  }
  return milliseconds > 0 ? (tokens / milliseconds) * 1000 : null;
}

/** Milliseconds between pieces, for each token of a piece. @param {Sample[]} answers */
function gapsOf(answers) {
  return answers.flatMap(({ pieces, tokens, first_tokens }) => {
    const share = (pieces.length - 1) / (tokens - first_tokens);
    return tokens > first_tokens ? pieces.slice(1).map(([time], index) => (time - pieces[index][0]) * share) : [];
  });
}

/**
 * The values of one run.
 * @param {Sample[]} answers
 * @param {Pick<Measured, 'model' | 'bandwidth'>} record
 * @returns {Record<string, number | null>}
 */
export function valuesOfRun(answers, { model, bandwidth }) {
  const average = (/** @type {'prompt_tokens' | 'first_tokens'} */ name) => answers.reduce((sum, each) => sum + each[name], 0) / answers.length;
  const ttft = median(answers.map((answer) => answer.ttft));
  const rate = decodeRate(answers);
  const gaps = gapsOf(answers);
  const gap = (/** @type {number} */ share) => (gaps.length ? quantile(gaps, share) : null);
  const engine = answers.map(engineTtft).filter((said) => said !== null);
  return {
    prefill: ttft > 0 ? (average("prompt_tokens") / ttft) * 1000 : null,
    decode: rate,
    ttft,
    ttft_engine: engine.length ? median(engine) : null,
    ttft_one_token: rate ? ttft - ((average("first_tokens") - 1) / rate) * 1000 : null,
    gap_p50: gap(0.5),
    gap_p95: gap(0.95),
    gap_p99: gap(0.99),
    roofline: rate && bandwidth && model.weight_bytes ? (rate * model.weight_bytes) / bandwidth.bytes_per_second : null,
  };
}

/** @param {Sample} sample */
function engineTtft({ engine_figures }) {
  const figures = /** @type {Record<string, unknown>} */ (engine_figures ?? {});
  const said = measures.engine_ttft_seconds.map((name) => figures[name]).find((value) => value !== undefined);
  return typeof said === "number" ? said * 1000 : null;
}

/** Every measure that the record has, in the order of tables. @param {Measured} record @returns {Measure[]} */
export function summaryOf(record) {
  const { loads, first_answer, memory } = record;
  const runs = runsOf(record).map((answers) => ({ prefill: answers[0].prefill, values: valuesOfRun(answers, record) }));
  const lengths = [...new Set(runs.map(({ prefill }) => prefill))].sort((a, b) => a - b);
  const total = (/** @type {string} */ kind) =>
    loads.filter((load) => load.kind === kind).map(({ milliseconds: { bytes, engine } }) => bytes + engine);
  const warm = loads.filter(({ kind }) => kind === "warm");
  /** @type {Record<string, (number | null)[]>} */
  const whole = {
    load_cold: total("cold"),
    load_warm: total("warm"),
    engine_creation: (warm.length ? warm : loads).map(({ milliseconds }) => milliseconds.engine),
    first_answer: [first_answer?.milliseconds ?? null],
    memory: [memory?.peak_bytes ?? null],
  };
  return measures.measures.flatMap(({ id, unit, each_length }) => {
    const rows = each_length
      ? lengths.map((prefill) => ({ prefill, values: runs.filter((run) => run.prefill === prefill).map((run) => run.values[id]) }))
      : [{ prefill: null, values: whole[id] }];
    return rows.flatMap(({ prefill, values }) => {
      const summary = summarize(values.filter((value) => value !== null && value > 0 && Number.isFinite(value)).map(Number));
      return summary ? [{ measure: id, prefill, unit, ...summary }] : [];
    });
  });
}
