// @ts-check
/**
 * Whether what a model wrote fits a JSON Schema, and what to tell the model where it does not. Pure, but for the library's loading.
 *
 * A schema may come from a file. What it could harm with is refused: a pattern can take a browser minutes for one short text, and an
 * address would be fetched. The library interprets a schema and makes no function of it, which the page's policy would not allow.
 *
 * @typedef {typeof import('@cfworker/json-schema').Validator} Validator
 * @typedef {import('@cfworker/json-schema').Schema} Schema
 * @typedef {{schema: Schema} | {problem: 'not-json' | 'not-a-schema' | 'pattern' | 'reference' | 'too-large', detail: string}} ReadSchema
 */

import { depthOf } from "./json_text.js";

/** Characters of a schema; a longer one leaves a small model no room. */
const MAX_LENGTH = 20_000;
const MAX_DEPTH = 32;
/** Mismatches that are told. */
const MAX_PROBLEMS = 5;
/** Keywords whose value is a map from names to schemas; a name in it is no keyword. */
const MAPS = ["properties", "$defs", "definitions", "dependentSchemas"];
/** Keywords whose value is data. */
const DATA = ["const", "enum", "default", "examples"];
/** Keywords that only say that something within does not fit. */
const WITHIN = ["properties", "items", "prefixItems", "additionalProperties", "allOf", "$ref", "dependentSchemas", "if"];

/** @param {import('../../engine/protocol.js').VendorUrls} vendor @returns {Promise<Validator>} */
export async function loadValidator(vendor) {
  const { href } = new URL(`${vendor["@cfworker/json-schema"]}index.js`, document.baseURI);
  const { Validator } = /** @type {typeof import('@cfworker/json-schema')} */ (await import(href));
  return Validator;
}

/** @param {string} text @returns {ReadSchema} */
export function readSchema(text) {
  if (text.length > MAX_LENGTH) return { problem: "too-large", detail: "" };
  let schema;
  try {
    schema = JSON.parse(text);
  } catch (error) {
    return { problem: "not-json", detail: error instanceof Error ? error.message : "" };
  }
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return { problem: "not-a-schema", detail: "" };
  if (depthOf(schema) > MAX_DEPTH) return { problem: "too-large", detail: "" };
  return refusalOf(schema, true) ?? { schema };
}

/** @param {unknown} value @param {boolean} keywords whether its keys are the schema's own words @returns {ReadSchema | null} */
function refusalOf(value, keywords) {
  if (typeof value !== "object" || value === null) return null;
  for (const [key, each] of Object.entries(value)) {
    if (keywords && !Array.isArray(value)) {
      if (DATA.includes(key)) continue;
      if (key === "pattern" || key === "patternProperties") return { problem: "pattern", detail: "" };
      if (key === "format" && each === "regex") return { problem: "pattern", detail: "" };
      if (/^\$(?:ref|dynamicRef|recursiveRef)$/.test(key) && !String(each).startsWith("#")) return { problem: "reference", detail: String(each) };
      if (/^\$?id$/.test(key) && typeof each === "string") return { problem: "reference", detail: each };
    }
    const found = refusalOf(each, !(keywords && !Array.isArray(value) && MAPS.includes(key)));
    if (found) return found;
  }
  return null;
}

/**
 * @param {Validator} Validator
 * @param {Schema} schema of `readSchema`
 * @param {unknown} value
 * @returns {string[]} what does not fit, "" none of it, each as `place: sentence`; empty where all fits
 */
export function mismatches(Validator, schema, value) {
  let result;
  try {
    result = new Validator(schema, draftOf(schema), false).validate(value);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]; // a reference to nowhere, say
  }
  if (result.valid) return [];
  const told = result.errors.filter(({ keyword }) => !WITHIN.includes(keyword));
  const sentences = (told.length ? told : result.errors).map(({ instanceLocation, error }) => `${placeOf(instanceLocation)}${error}`);
  return [...new Set(sentences)].slice(0, MAX_PROBLEMS);
}

/** `#/guests/0` → `guests.0: `. @param {string} pointer */
function placeOf(pointer) {
  const place = pointer.replace(/^#\/?/, "").replaceAll("/", ".").replaceAll("~1", "/").replaceAll("~0", "~");
  return place && `${place}: `;
}

/** @param {Schema} schema */
function draftOf({ $schema = "" }) {
  const [draft] = /draft-0?[47]\b|2019-09/.exec($schema) ?? [];
  return draft === "2019-09" ? "2019-09" : draft?.endsWith("4") ? "4" : draft ? "7" : "2020-12";
}

/**
 * What the model is told once, after an answer that does not fit.
 * @param {string[]} problems
 */
export function repairOf(problems) {
  return `That is not right:\n${problems.map((each) => `- ${each}`).join("\n")}\nAnswer again with the corrected JSON only.`;
}

/** An empty value of a schema: small models fill in a form, and copy a schema. @param {unknown} schema @param {number} [depth] @returns {unknown} */
export function formOf(schema, depth = 0) {
  const { type, properties, items, enum: choices, const: only } = /** @type {Record<string, any>} */ (typeof schema === "object" && schema !== null ? schema : {});
  if (only !== undefined) return only;
  if (Array.isArray(choices)) return choices.map(String).join(" | ");
  if (properties && depth < MAX_DEPTH) return Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, formOf(each, depth + 1)]));
  const [kind] = [type].flat();
  if (kind === "array") return items && depth < MAX_DEPTH ? [formOf(items, depth + 1)] : [];
  return kind === "object" ? {} : kind === "integer" || kind === "number" ? 0 : kind === "boolean" ? false : kind === "null" ? null : "";
}
