// @ts-check
/** What a person looks at first of a record: four figures, and what must be known before they are believed. */

import { FEWEST_VALUES } from "../statistics.js";
import { html } from "./elements.js";
import { measuresOf, nameOf } from "./names.js";
import { measured } from "./numbers.js";
import { SERIES } from "./plots.js";

/** @typedef {import('./names.js').Rec} Rec @typedef {import('./names.js').Measure} Measure */

const SHOWN = ["prefill", "decode", "ttft", "load_cold"];
/** Share of the processor that other programs may have before a record says so. */
const BUSY = 0.2;

/** @param {Rec} record @param {number} index */
export function headline(record, index) {
  const figures = SHOWN.flatMap((name) => {
    const measure = measuresOf(record, name).at(-1); // at the longest prompt
    if (!measure) return [];
    const what = measure.prefill === null ? nameOf(name) : `${nameOf(name)} at ${measure.prefill}`;
    return [html("div", {}, html("dt", {}, what), html("dd", {}, measured(measure.unit, measure.typical)))];
  });
  const remarks = remarksOf(record).map(({ text, bad }) => html("li", { class: bad ? "remark-bad" : null }, text));
  return html(
    "article",
    { class: "report-card", "data-series": index % SERIES, "data-status": record.status },
    html("h3", {}, record.label),
    ...(figures.length ? [html("dl", { class: "report-figures" }, ...figures)] : []),
    ...(remarks.length ? [html("ul", { class: "report-remarks" }, ...remarks)] : []),
  );
}

/** @param {{positions: number, same: number}} agreement */
function agreementText({ positions, same }) {
  const share = `${(100 * (same / positions)).toFixed(1)} %`;
  return `Takes the reference's likeliest token on ${share} of ${positions} positions.`;
}

/** @param {Rec} record */
function remarksOf(record) {
  const noisy = record.summary.filter((/** @type {Measure} */ { noisy, n, prefill }) => noisy && n >= FEWEST_VALUES && prefill !== null).length;
  const few = record.plan.runs < FEWEST_VALUES;
  const others = record.load?.others ?? 0;
  const error = record.errors[0];
  const why = error ? ` (${[error.during, error.sentence.replace(/\.$/, "")].filter(Boolean).join(": ")})` : "";
  return [
    ...(record.correctness.ok === false ? [{ text: "Wrong answer: the speed of this engine means nothing.", bad: true }] : []),
    ...(record.software ? [{ text: "Software adapter: these are not a GPU's figures.", bad: true }] : []),
    ...(record.status === "running" ? [{ text: "Being measured …", bad: false }] : []),
    ...(record.status === "failed" ? [{ text: `Failed${why}.`, bad: true }] : []),
    ...(record.status === "partial" ? [{ text: `Partial: not everything was measured${why}.`, bad: true }] : []),
    ...(others > BUSY ? [{ text: `Other programs took ${Math.round(100 * others)} % of the processor meanwhile.`, bad: false }] : []),
    ...(noisy ? [{ text: `Noisy: ${noisy} of the figures scatter by more than 10 %.`, bad: false }] : []),
    ...(few ? [{ text: "Too few runs to say how much the figures scatter.", bad: false }] : []),
    ...(record.agreement?.positions ? [{ text: agreementText(record.agreement), bad: false }] : []),
    ...(record.correctness.ok === true ? [{ text: "Answer checked: correct.", bad: false }] : []),
  ];
}
