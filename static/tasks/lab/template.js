// @ts-check
/**
 * What a template is: data that says what a person fills in, what the model is told, and how its answer is read. Types, and the one
 * place where a template from outside (a file, the storage, which an earlier page may have written) is checked. Pure.
 *
 * Names and sentences of the templates that come with the page are texts of its languages, by the ids here; a template of a person's
 * own has its `name`.
 *
 * @typedef {'text' | 'line' | 'data' | 'choice' | 'language' | 'number' | 'schema'} FieldKind `line`: a text of one line; `data`: a table
 *   or JSON; `schema`: a JSON Schema
 *
 * @typedef {object} Field
 * @property {string} id the variable's name in the instruction
 * @property {FieldKind} kind
 * @property {string[]} [options] of a choice: the words for the instruction
 * @property {number} [min] of a number
 * @property {number} [max]
 *
 * @typedef {{as: 'text'} | {as: 'list', count: number} | {as: 'json', schema: string}} Reading of an answer; `schema`: the field that has it
 *
 * @typedef {{temperature: number, topK: number}} Sampling
 *
 * @typedef {object} Example
 * @property {Record<string, string>} values by the fields' ids
 * @property {string} [result] what a model really made of them
 * @property {string} [by] its name
 *
 * @typedef {object} Template
 * @property {string} id
 * @property {string} name "" for those that come with the page
 * @property {Field[]} fields
 * @property {string} instruction with `{variables}`
 * @property {Reading} answer
 * @property {Sampling | null} sampling what suits it, where the engine takes it without a reload; null for the page's settings
 * @property {number} tokens an answer ends after so many
 * @property {Example} example
 */

import { variablesIn } from "./fill.js";

const KINDS = /** @type {FieldKind[]} */ (["text", "line", "data", "choice", "language", "number", "schema"]);
const ID = /^[\w-]{1,64}$/;
export const MAX_NAME = 60;
const MAX_TEXT = 100_000;
const MAX_FIELDS = 20;
const MAX_OPTIONS = 50;
const MAX_TOKENS = 4096;

/** What is wrong with a template: where. */
export class TemplateError extends Error {
  name = "TemplateError";
}

/**
 * What a person fills in: the template's fields (of a schema `{name}` is its text, and `{name_form}` an empty value of it), and a text for each other variable of the instruction.
 * @param {Template} template
 * @param {string} instruction as it is now
 * @returns {Field[]}
 */
export function fieldsOf({ fields }, instruction) {
  const known = new Set(fields.flatMap(({ id, kind }) => (kind === "schema" ? [id, `${id}_form`] : [id])));
  const others = variablesIn(instruction).filter((id) => !known.has(id));
  return [...fields, ...others.slice(0, MAX_FIELDS).map((id) => /** @type {Field} */ ({ id, kind: "text" }))];
}

/** What a field holds before a person has filled it in. @param {Field} field */
export function emptyValue({ kind, options = [], min = 0 }) {
  if (kind === "choice") return options[0] ?? "";
  return kind === "number" ? String(min) : kind === "language" ? "es" : "";
}

/**
 * A template of which every part is what the page takes it for; TemplateError where one is not. What is not known in it is left out.
 * @param {unknown} value
 * @param {string} [where]
 * @returns {Template}
 */
export function checked(value, where = "the template") {
  const found = objectOf(value, where);
  const { id, fields, answer, sampling, tokens } = found;
  if (typeof id !== "string" || !ID.test(id)) throw new TemplateError(`${where} has no id`);
  if (!Array.isArray(fields) || fields.length > MAX_FIELDS) throw new TemplateError(`${where} has no list of at most ${MAX_FIELDS} fields`);
  const checkedFields = fields.map((field, index) => checkedField(field, `field ${index + 1} of ${where}`));
  if (new Set(checkedFields.map((field) => field.id)).size < fields.length) throw new TemplateError(`${where} has two fields of one name`);
  return {
    id,
    name: text(found.name ?? "", `the name of ${where}`, MAX_NAME),
    fields: checkedFields,
    instruction: text(found.instruction, `the instruction of ${where}`),
    answer: checkedReading(answer, checkedFields, where),
    sampling: sampling === null || sampling === undefined ? null : checkedSampling(sampling, where),
    tokens: Math.round(number(tokens, 1, MAX_TOKENS, `the tokens of ${where}`)),
    example: checkedExample(found.example ?? {}, `the example of ${where}`),
  };
}

/** @param {unknown} value @param {string} where @returns {Field} */
function checkedField(value, where) {
  const { id, kind: named, options, min, max } = objectOf(value, where);
  if (typeof id !== "string" || variablesIn(`{${id}}`)[0] !== id) throw new TemplateError(`${where} has no name of letters, digits and _`);
  const kind = KINDS.find((each) => each === named);
  if (!kind) throw new TemplateError(`${where} is of no known kind`);
  if (kind === "number") {
    const least = number(min ?? 0, -1e9, 1e9, where);
    return { id, kind, min: least, max: number(max ?? 1e9, least, 1e9, where) };
  }
  if (kind !== "choice") return { id, kind };
  if (!Array.isArray(options) || !options.length || options.length > MAX_OPTIONS) throw new TemplateError(`${where} has no options`);
  return { id, kind, options: options.map((option) => text(option, `an option of ${where}`, MAX_NAME)) };
}

/** @param {unknown} value @param {Field[]} fields @param {string} where @returns {Reading} */
function checkedReading(value, fields, where) {
  const { as, count, schema } = objectOf(value ?? { as: "text" }, `the answer of ${where}`);
  if (as === "text") return { as };
  if (as === "list") return { as, count: Math.round(number(count, 1, 20, `the answer of ${where}`)) };
  if (as !== "json") throw new TemplateError(`the answer of ${where} is read in no known way`);
  const field = fields.find(({ id, kind }) => id === schema && kind === "schema");
  if (!field) throw new TemplateError(`the answer of ${where} names no field with a schema`);
  return { as, schema: field.id };
}

/** @param {unknown} value @param {string} where @returns {Sampling} */
function checkedSampling(value, where) {
  const { temperature, topK } = objectOf(value, `the sampling of ${where}`);
  return { temperature: number(temperature, 0.1, 2, `the temperature of ${where}`), topK: Math.round(number(topK, 1, 1000, `the top K of ${where}`)) };
}

/** @param {unknown} value @param {string} where @returns {Example} */
function checkedExample(value, where) {
  const { values, result, by } = objectOf(value, where);
  const entries = Object.entries(objectOf(values ?? {}, where)).map(([id, each]) => [id, text(each, where)]);
  return {
    values: Object.fromEntries(entries),
    ...(result !== undefined && { result: text(result, where) }),
    ...(by !== undefined && { by: text(by, where, MAX_NAME) }),
  };
}

/** @param {unknown} value @param {string} where @returns {Record<string, unknown>} */
function objectOf(value, where) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TemplateError(`${where} is no object`);
  return /** @type {Record<string, unknown>} */ (value);
}

/** @param {unknown} value @param {string} where @param {number} [most] characters */
function text(value, where, most = MAX_TEXT) {
  if (typeof value !== "string") throw new TemplateError(`${where} is no text`);
  if (value.length > most) throw new TemplateError(`${where} is longer than ${most} characters`);
  return value;
}

/** @param {unknown} value @param {number} least @param {number} most @param {string} where */
function number(value, least, most, where) {
  if (typeof value !== "number" || !(value >= least && value <= most)) throw new TemplateError(`${where} is no number from ${least} to ${most}`);
  return value;
}
