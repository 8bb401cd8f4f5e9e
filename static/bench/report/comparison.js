// @ts-check
/**
 * What `onpage bench compare` found, in its own words: the verdict, why, and a table for each pair of records. Nothing is
 * computed here, so that the report cannot say anything else than the gate.
 *
 * @typedef {{verdict: string, cells: string[]}} Change
 * @typedef {{label: string, paired_by_round: boolean, differences: string[], notes: string[], measures: Change[]}} Pair
 * @typedef {{outcome: 'failed' | 'undecided' | 'passed', verdict: string, failures: string[], power: string | null, self_test: string | null, heads: string[], comparisons: Pair[]}} Comparison
 */

import { html, table } from "./elements.js";

/** @param {Comparison} comparison */
export function compared({ outcome, verdict, failures, power, self_test: tested, heads, comparisons }) {
  return html(
    "div",
    { class: "report-compared" },
    html("p", { class: `compared-${outcome}` }, verdict),
    ...list(failures),
    ...[power, tested].filter((text) => text !== null).map((text) => html("p", {}, text)),
    ...comparisons.flatMap(({ label, paired_by_round, differences, notes, measures }) => [
      table(
        paired_by_round ? `${label}, paired by round` : label,
        heads,
        measures.map(({ verdict: word, cells }) => cells.map((cell, column) => (column === 1 ? html("span", { "data-verdict": word }, cell) : cell))),
      ),
      ...list([...differences, ...notes]),
    ]),
  );
}

/** @param {string[]} items */
function list(items) {
  return items.length ? [html("ul", { class: "report-remarks" }, ...items.map((item) => html("li", {}, item)))] : [];
}
