// @ts-check
/** Arguments and results as a table that a person reads. Text only ever goes in as text. */

import { texts } from "../../text/texts.js";
import { h } from "../../ui/dom.js";

const said = texts.functions.call;

/**
 * @param {unknown} value
 * @param {string} caption
 * @returns {HTMLElement}
 */
export function tableOf(value, caption) {
  /** @type {[string, unknown][]} */
  const rows = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [["", value]];
  if (!rows.length) return h("p", { class: "functions-note" }, said.none);
  const body = h("tbody", {}, ...rows.map(([name, each]) => h("tr", {}, ...(name ? [h("th", { scope: "row" }, name.replaceAll("_", " "))] : []), h("td", { dir: "auto" }, shown(each)))));
  return h("table", { class: "functions-table" }, h("caption", {}, caption), body);
}

/** @param {unknown} value @returns {string | Node} */
function shown(value) {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? said.yes : said.no;
  if (typeof value !== "object" || value === null) return String(value ?? "–");
  return h("pre", { class: "functions-json", tabindex: "0" }, Array.isArray(value) && value.every((each) => typeof each === "string") ? value.join("\n") : JSON.stringify(value, null, 2));
}
