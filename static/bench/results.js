// @ts-check
/**
 * A results file, as `onpage/bench/results.schema.json` has it: made of records for the download, and read for comparing with.
 *
 * @typedef {import('./record.js').BenchRecord} BenchRecord
 * @typedef {{version: string, commit: string | null, modified: boolean | null}} Onpage
 * @typedef {{schema: string, created: string, onpage: Onpage, machine: null, records: BenchRecord[]}} Results
 */

import measures from "./measures.json" with { type: "json" };

export const SCHEMA = measures.schema;
/** Bytes; an hour's run has a few hundred thousand. */
const LARGEST = 16 << 20;
/** Records, and measures of a record, as in the schema. */
const MAX_ITEMS = 1000;
const MEASURES = measures.measures.map(({ id }) => id);

/**
 * @param {BenchRecord[]} records
 * @param {Onpage} onpage
 * @returns {Results}
 */
export function resultsOf(records, onpage) {
  return { schema: SCHEMA, created: new Date().toISOString(), onpage, machine: null, records };
}

/** "onpage-bench-2026-01-31-0915.json", by the local clock. @param {Date} at */
export function fileName(at) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `onpage-bench-${day}-${two(at.getHours())}${two(at.getMinutes())}.json`;
}

/**
 * What an older file is compared by. Nothing else of it is kept: it may come from anywhere, and the report looks at no value twice.
 *
 * @typedef {import('./record.js').Measure} Measure
 * @typedef {{engine: {id: string, backend: string}, model: {name: string, quantization: string | null}, summary: Measure[]}} Past
 */

/**
 * A file that a person chose; an Error says in a sentence what is wrong with it.
 * @param {File} file
 * @returns {Promise<{records: Past[]}>}
 */
export async function readResults(file) {
  const wrong = (/** @type {string} */ what) => new Error(`${file.name} ${what}. Choose a results file that this page or onpage bench wrote.`);
  if (file.size > LARGEST) throw wrong("is too large");
  const text = await file.text();
  /** @type {any} */
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("is not JSON");
  }
  if (value?.schema !== SCHEMA && measures.readable.includes(value?.schema)) {
    throw new Error(`${file.name} is of an older version (${value.schema}), which only onpage bench compare and report read.`);
  }
  if (value?.schema !== SCHEMA) throw wrong(`has no schema “${SCHEMA}”`);
  const records = listOf(value.records, pastOf);
  if (!records) throw wrong("has records that are damaged");
  return { records };
}

/** @param {any} record @returns {Past | null} null of what is none */
function pastOf(record) {
  const { engine, model } = record ?? {};
  const summary = listOf(record?.summary, measureOf);
  const texts = [engine?.id, engine?.backend, model?.name, model?.quantization ?? ""];
  if (!summary || !texts.every((text) => typeof text === "string")) return null;
  const [id, backend, name] = texts;
  return { engine: { id, backend }, model: { name, quantization: model.quantization ?? null }, summary };
}

/** @param {any} value @returns {Measure | null} */
function measureOf(value) {
  const { measure, prefill, unit, n, typical, p25, median, p75, interval, noisy } = value ?? {};
  const isNumber = (/** @type {unknown} */ number) => typeof number === "number" && number >= 0 && number < Infinity;
  const sound =
    MEASURES.includes(measure) &&
    (prefill === null || Number.isSafeInteger(prefill)) &&
    measures.units.includes(unit) &&
    Number.isSafeInteger(n) &&
    [typical, p25, median, p75].every(isNumber) &&
    (interval === null || (Array.isArray(interval) && interval.length === 2 && interval.every(isNumber)));
  if (!sound) return null;
  const between = /** @type {[number, number] | null} */ (interval && [interval[0], interval[1]]);
  return { measure, prefill, unit, n, typical, p25, median, p75, interval: between, noisy: Boolean(noisy) };
}

/**
 * @template Item
 * @param {unknown} value
 * @param {(each: any) => Item | null} read
 * @returns {Item[] | null} null where it is no list, or one of its items is none
 */
function listOf(value, read) {
  if (!Array.isArray(value) || value.length > MAX_ITEMS) return null;
  const items = value.map(read).filter((item) => item !== null);
  return items.length === value.length ? items : null;
}
