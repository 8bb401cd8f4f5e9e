// @ts-check
/** Tables of a report: every figure, a baseline beside, what ran where, and what went wrong. */

import { FEWEST_VALUES } from "../statistics.js";
import { html, table } from "./elements.js";
import { adapterName, nameOf, shortNames } from "./names.js";
import { bytes, measured } from "./numbers.js";

/** @typedef {import('./names.js').Rec} Rec @typedef {import('./names.js').Measure} Measure */

/** Every figure of a record. @param {Rec} record */
export function figuresTable(record) {
  const rows = record.summary.map((/** @type {Measure} */ { measure, prefill, unit, n, typical, p25, p75, interval, noisy }) => [
    nameOf(measure),
    prefill === null ? "–" : String(prefill),
    measured(unit, typical),
    n > 1 ? `${measured(unit, p25)} – ${measured(unit, p75)}` : "–",
    interval ? `${measured(unit, interval[0])} – ${measured(unit, interval[1])}` : "–",
    String(n),
    n < FEWEST_VALUES ? "few" : noisy ? "noisy" : "steady",
  ]);
  if (!rows.length) return null;
  return table(record.label, ["Measure", "Prompt", "Typical", "Middle half", "95 % interval", "Runs", "Scatter"], rows);
}

/**
 * The typical values side by side. Whether they differ is for `onpage bench compare` to say, which corrects its intervals.
 * @param {Rec[]} records
 * @param {(Rec | null)[]} baselines of each record
 */
export function baselineTable(records, baselines) {
  const names = shortNames(records);
  const rows = records.flatMap((record, index) =>
    record.summary.flatMap((/** @type {Measure} */ now) => {
      const before = baselines[index]?.summary.find((/** @type {Measure} */ { measure, prefill }) => measure === now.measure && prefill === now.prefill);
      if (!before) return [];
      const what = [nameOf(now.measure), now.prefill !== null && `at ${now.prefill}`].filter(Boolean).join(" ");
      const [then, today] = [before, now].map(({ unit, typical, noisy }) => `${measured(unit, typical)}${noisy ? " ~" : ""}`);
      return [[[names[index], what].filter(Boolean).join(": "), `× ${(now.typical / before.typical).toFixed(2)}`, then, today]];
    }),
  );
  return rows.length ? table("Against the baseline", ["Measure", "Ratio", "Baseline", "Now"], rows) : null;
}

/** Where each record ran and of what. @param {Rec[]} records */
export function whereTable(records) {
  const rows = records.map(({ label, browser, adapter, software, engine, model, plan, load, status }) => [
    label,
    browser ? `${browser.name} ${browser.version}` : "none",
    adapter ? [adapterName(adapter), software && "software"].filter(Boolean).join(", ") : "–",
    [engine.package ?? engine.name, engine.version].filter(Boolean).join(" "),
    `${model.file}, ${bytes(model.size)}, ${model.origin}`,
    html("code", {}, model.sha256.slice(0, 12)),
    `${plan.runs} runs, ${plan.warmup} warm-up, decode ${plan.decode}, context ${plan.context}`,
    load ? `${Math.round(100 * load.others)} % of ${load.cores} cores` : "–",
    status,
  ]);
  const heads = ["Record", "Browser", "Adapter", "Engine", "Model", "sha256", "Plan", "Other programs", "Status"];
  const made = table("What ran where", heads, rows);
  made.classList.add("report-where");
  return made;
}

/** Notes and errors. @param {Rec[]} records */
export function remarks(records) {
  const lists = records.flatMap(({ label, notes, errors }) => {
    const items = [
      ...errors.map((/** @type {any} */ { sentence, during, detail }) => html("li", { class: "remark-bad" }, `${during ? `${during}: ` : ""}${sentence}`, ...(detail ? [html("small", {}, ` ${detail}`)] : []))),
      ...notes.map((/** @type {string} */ note) => html("li", {}, note)),
    ];
    return items.length ? [html("h3", {}, label), html("ul", { class: "report-remarks" }, ...items)] : [];
  });
  return lists.length ? html("div", {}, ...lists) : null;
}
