// @ts-check
/**
 * The status of a record, from what is in it alone: the rules are in `measures.json`, and the first whose condition holds
 * decides. What the conditions mean is here and in `onpage/bench/measures.py`; a test holds the two against each other. Pure.
 *
 * @typedef {Pick<import('./record.js').BenchRecord, 'plan' | 'samples' | 'loads' | 'first_answer' | 'errors' | 'correctness'>} Measured
 */

import measures from "./measures.json" with { type: "json" };

/** @type {Record<string, (record: Measured) => boolean>} */
const CONDITIONS = {
  wrong_answer: ({ correctness }) => correctness.ok === false,
  nothing_measured: (record) => !record.loads.length && !record.first_answer && !countedRuns(record).length,
  error: ({ errors }) => errors.length > 0,
  something_missing: isMissingSomething,
  otherwise: () => true,
};

/** @param {Measured} record */
export function statusOf(record) {
  const rule = measures.status.find((each) => CONDITIONS[each.if](record));
  return /** @type {'complete' | 'partial' | 'failed'} */ (rule?.is);
}

/** The plan's prompt lengths that leave room for an answer. @param {import('./record.js').Plan} plan */
export function fitting({ prefill, decode, context }) {
  return prefill.filter((length) => length + decode <= context);
}

/** The prompt length of each run that counts. @param {Pick<Measured, 'samples'>} record */
function countedRuns({ samples }) {
  const counted = samples.filter(({ warmup }) => !warmup);
  return [...new Set(counted.map(({ prefill, run }) => `${prefill} ${run}`))].map((each) => Number(each.split(" ")[0]));
}

/** @param {Measured} record */
function isMissingSomething(record) {
  const { plan } = record;
  const runs = plan.paced ? 1 : plan.runs;
  const counted = countedRuns(record);
  return !counted.length || fitting(plan).some((length) => counted.filter((each) => each === length).length < runs);
}
