// @ts-check
/** Where a person gives the result of a function of their own: a field for each part of what it returns, or a text. */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, h, uniqueId } from "../../ui/dom.js";

const said = texts.functions.call;

/**
 * @param {import('./tools/index.js').Tool} tool
 * @param {(result: unknown) => void} give
 */
export function makeResultForm({ returns }, give) {
  const properties = Object.entries(/** @type {Record<string, any>} */ (returns?.properties ?? {}));
  const fields = properties.map(([name, schema]) => field(name, schema));
  const text = h("textarea", { rows: "3", "aria-label": said.yourResult, ...NOT_SENT_AWAY });
  const submit = h("button", { type: "submit", class: "button button-primary" }, said.give);
  const root = h("form", { class: "functions-result-form" }, ...(fields.length ? fields.map(({ root: row }) => row) : [text]), h("div", { class: "functions-actions" }, submit));
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    give(fields.length ? Object.fromEntries(fields.flatMap(({ name, value }) => (value() === null ? [] : [[name, value()]]))) : given(text.value));
  });
  return root;
}

/** @param {string} name @param {any} schema */
function field(name, schema) {
  const id = uniqueId("result");
  const { type, enum: choices } = schema ?? {};
  const label = h("label", { for: id }, schema?.title ?? name.replaceAll("_", " "));
  if (Array.isArray(choices)) {
    const select = h("select", { id }, ...choices.map((each) => h("option", { value: JSON.stringify(each) }, String(each))));
    return { name, root: h("p", { class: "functions-field" }, label, select), value: () => JSON.parse(select.value) };
  }
  if (type === "boolean") {
    const box = h("input", { id, type: "checkbox" });
    return { name, root: h("p", { class: "functions-field functions-tick" }, box, label), value: () => box.checked };
  }
  const numeric = type === "number" || type === "integer";
  const input = h("input", { id, type: numeric ? "number" : "text", ...NOT_SENT_AWAY });
  if (numeric) input.step = type === "integer" ? "1" : "any";
  return { name, root: h("p", { class: "functions-field" }, label, input), value: () => (numeric ? (input.value === "" ? null : Number(input.value)) : given(input.value)) };
}

/** JSON where it is an object or a list, else the text. @param {string} text */
function given(text) {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return trimmed;
  try {
    return JSON.parse(trimmed);
  } catch {
    return trimmed;
  }
}
