// @ts-check
/**
 * What records and measures are called in a report. Pure.
 *
 * @typedef {import('../values.js').Measure} Measure
 * @typedef {import('../record.js').Sample} Sample
 * @typedef {any} Rec a record as `onpage/bench/results.schema.json` has it; one that is not finished has the status `running`
 */

import { MEASURES } from "../values.js";

/** @param {string} measure */
export function nameOf(measure) {
  return MEASURES.get(measure)?.label ?? measure;
}

/** @param {Rec} record @param {string} name @returns {Measure[]} */
export function measuresOf(record, name) {
  return record.summary.filter((/** @type {Measure} */ { measure }) => measure === name);
}

/**
 * The labels without the parts that all share, for legends: "MediaPipe", "LiteRT-LM · CPU". One record needs none.
 * @param {Rec[]} records
 * @returns {string[]}
 */
export function shortNames(records) {
  const parts = records.map(({ label }) => /** @type {string[]} */ (label.split(" · ")));
  const names = parts.map((some) => some.filter((part) => !parts.every((others) => others.includes(part))).join(" · "));
  return names.map((name, index) => (names.indexOf(name) === names.lastIndexOf(name) ? name : `${name || "record"} ${index + 1}`));
}

/** What an adapter says of itself, each word once. @param {Record<'vendor' | 'architecture' | 'device' | 'description', string>} adapter */
export function adapterName({ vendor, architecture, device, description }) {
  return [...new Set([vendor, architecture, device, description].join(" ").split(" "))].filter(Boolean).join(" ");
}
