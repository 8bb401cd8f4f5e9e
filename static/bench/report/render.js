// @ts-check
/**
 * A report of results: `renderReport(root, results, …)` fills an element. The same modules draw `/bench` while it measures and
 * the page that `onpage bench report` writes, so they take all they show as arguments, import only each other, keep nothing,
 * and need `report.css` and no network. Strings of the results become text, never markup.
 *
 * @typedef {import('./names.js').Rec} Rec
 * @typedef {import('./published.js').Published} Published
 * @typedef {import('./comparison.js').Comparison} Comparison
 * @typedef {{records: Rec[]}} Results as `onpage/bench/results.schema.json` has them
 */

import { decodeAlong } from "./along.js";
import { headline } from "./cards.js";
import { compared } from "./comparison.js";
import { html } from "./elements.js";
import { loads } from "./loads.js";
import { beside, publishedTable } from "./published.js";
import { baselineTable, figuresTable, remarks, whereTable } from "./tables.js";
import { throughput } from "./throughput.js";

/**
 * @param {Element} root
 * @param {Results} results
 * @param {{published?: Published[], baseline?: Results | null, comparison?: Comparison | null}} [more] `comparison` as `onpage
 *   bench compare` makes it; without one, a baseline's values stand beside, and nothing is said of them
 */
export function renderReport(root, results, { published = [], baseline = null, comparison = null } = {}) {
  const { records } = results;
  const before = records.map((record) => baseline?.records.find((other) => isSame(record, other)) ?? null);
  const missing = baseline !== null && records.some((_, index) => !before[index]);
  root.classList.add("report");
  root.replaceChildren(
    ...section(comparison ? "What changed" : "Against the baseline", [
      comparison ? compared(comparison) : baselineTable(records, before),
      missing ? html("p", {}, "The baseline has no record of the same engine and model for some of these.") : null,
    ]),
    ...section("Results", [records.length ? html("div", { class: "report-cards" }, ...records.map(headline)) : null]),
    ...section("Speed", [
      figures([throughput(records, "prefill", before), throughput(records, "decode", before), decodeAlong(records), loads(records)]),
    ]),
    ...section("Beside published figures", [
      figures([beside(records, published, "prefill"), beside(records, published, "decode")]),
      publishedTable(records, published),
    ]),
    ...section("Every figure", records.map(figuresTable)),
    ...section("What ran where", [records.length ? whereTable(records) : null]),
    ...section("Notes", [remarks(records)]),
  );
}

/** The same engine with the same model. @param {Rec} one @param {Rec} other */
function isSame(one, other) {
  const what = (/** @type {Rec} */ { engine, model }) => [engine.id, engine.backend, model.name, model.quantization].join("\n");
  return what(one) === what(other);
}

/** @param {(Element | null)[]} drawn */
function figures(drawn) {
  const some = drawn.filter((each) => each !== null);
  return some.length ? html("div", { class: "report-plots" }, ...some) : null;
}

/** Nothing where there is nothing in it. @param {string} title @param {(Element | null)[]} content */
function section(title, content) {
  const some = content.filter((each) => each !== null);
  if (!some.length) return [];
  return [html("section", {}, html("h2", {}, title), ...some)];
}
