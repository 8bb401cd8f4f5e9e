// @ts-check
/**
 * What a person has made of a template, and what the model is told of it. Pure.
 *
 * @typedef {import('./template.js').Template} Template
 *
 * @typedef {object} Draft what a person has made of a template
 * @property {Record<string, string>} values by the fields' ids
 * @property {string} instruction
 * @property {boolean} pageSampling whether the page's sampling is used and not the template's
 */

import { normalized } from "../../engine/index.js";
import { englishName } from "../parts/languages.js";
import { formOf, readSchema } from "../parts/schema.js";
import { readData } from "./data_text.js";
import { filled } from "./fill.js";
import { emptyValue, fieldsOf } from "./template.js";

/** @param {Template} template @returns {Draft} */
export function draftOf(template) {
  const fields = fieldsOf(template, template.instruction).map((field) => [field.id, keepsExample(field.kind) ? (template.example.values[field.id] ?? emptyValue(field)) : emptyValue(field)]);
  return { values: Object.fromEntries(fields), instruction: template.instruction, pageSampling: false };
}

/** What is a setting and no text of the person's begins as in the example. @param {import('./template.js').FieldKind} kind */
export function keepsExample(kind) {
  return kind === "choice" || kind === "language" || kind === "number" || kind === "schema";
}

/** @param {unknown} value @param {Template} template @returns {Draft} */
export function checkedDraft(value, template) {
  const { values, instruction, pageSampling } = /** @type {Record<string, unknown>} */ (value ?? {});
  const made = draftOf(template);
  const given = typeof values === "object" && values !== null ? Object.entries(values).filter(([, each]) => typeof each === "string") : [];
  return { values: { ...made.values, ...Object.fromEntries(given) }, instruction: typeof instruction === "string" ? instruction : made.instruction, pageSampling: pageSampling === true };
}

/** What the model is told. @param {Template} template @param {Draft} draft */
export function promptOf(template, draft) {
  const values = fieldsOf(template, draft.instruction).flatMap(({ id, kind }) => {
    const value = draft.values[id] ?? "";
    return kind === "schema" ? schemaValues(id, value) : [[id, valueOf(kind, value)]];
  });
  return filled(draft.instruction, Object.fromEntries(values));
}

/** What a value is to the model. @param {import('./template.js').FieldKind} kind @param {string} value */
function valueOf(kind, value) {
  if (kind === "data") return readData(value).text;
  return kind === "language" ? englishName(value) : normalized(value).trim();
}

/** @param {string} id @param {string} text of a schema */
function schemaValues(id, text) {
  const found = readSchema(text);
  if ("problem" in found) return [[id, text]]; // of a template that reads no JSON
  const { $schema: _, ...schema } = found.schema;
  return [
    [id, JSON.stringify(schema)],
    [`${id}_form`, JSON.stringify(formOf(schema))],
  ];
}
