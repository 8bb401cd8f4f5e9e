// @ts-check
/**
 * A results file, as `e2e/bench/results.schema.json` has it: made of records for the download, and read for comparing.
 *
 * @typedef {import('./record.js').BenchRecord} BenchRecord
 * @typedef {{version: string, commit: string | null, modified: boolean | null}} Onpage
 * @typedef {{schema: string, created: string, onpage: Onpage, machine: null, records: BenchRecord[]}} Results
 */

export const SCHEMA = "onpage-bench/1";
const LARGEST = 64 << 20;

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
 * A file that a person chose. What a report reads of it is looked at; an Error says in a sentence what is wrong.
 * @param {File} file
 * @returns {Promise<Results>}
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
  if (value?.schema !== SCHEMA) throw wrong(`has no schema “${SCHEMA}”`);
  if (!Array.isArray(value.records) || !value.records.every(isRecord)) throw wrong("has records that are damaged");
  return value;
}

/** @param {any} record */
function isRecord(record) {
  const numbers = ["median", "p25", "p75", "n"];
  return (
    typeof record?.label === "string" &&
    typeof record.engine?.id === "string" &&
    typeof record.model?.name === "string" &&
    Array.isArray(record.samples) &&
    Array.isArray(record.summary) &&
    record.summary.every(
      (/** @type {any} */ each) =>
        numbers.every((name) => Number.isFinite(each?.[name])) &&
        Array.isArray(each.interval) &&
        each.interval.length === 2 &&
        each.interval.every(Number.isFinite) &&
        ["tok/s", "ms", "bytes", "share"].includes(each.unit),
    )
  );
}
