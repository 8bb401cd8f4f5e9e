// @ts-check
/** Calls as JSON objects, which most models write: `{"name": "…", "arguments": {…}}`, one or a list of them. Pure. */

import { depthOf, endOf } from "../../parts/json_text.js";
import { LiteralError, Reader, literal } from "./literal.js";

/** @typedef {import('./index.js').ModelCall} ModelCall */

const MAX_DEPTH = 20;
/** Places at which an object may begin that are looked at. */
const MAX_STARTS = 40;

/**
 * The calls in a value; null where it is none.
 * @param {unknown} value
 * @returns {ModelCall[] | null}
 */
export function callsOf(value) {
  const list = Array.isArray(value) ? value : [value];
  const calls = list.map(callOf);
  return calls.length && calls.every((each) => each !== null) ? /** @type {ModelCall[]} */ (calls) : null;
}

/** @param {unknown} value @returns {ModelCall | null} */
function callOf(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const { function: inner } = /** @type {Record<string, any>} */ (value);
  const { name, arguments: given, parameters, args } = /** @type {Record<string, any>} */ (typeof inner === "object" && inner !== null ? inner : value);
  const called = typeof name === "string" ? name : typeof inner === "string" ? inner : "";
  if (!called || (given ?? parameters ?? args) === undefined) return null;
  const values = argumentsIn(given ?? parameters ?? args);
  return values && { name: called, arguments: values };
}

/** @param {unknown} value an object, or its text @returns {Record<string, unknown> | null} */
function argumentsIn(value) {
  const given = typeof value === "string" ? parsed(value.trim() || "{}") : value;
  if (typeof given !== "object" || given === null || Array.isArray(given) || depthOf(given) > MAX_DEPTH) return null;
  return /** @type {Record<string, unknown>} */ (given);
}

/** @param {string} text @returns {unknown} null for what is no value */
function parsed(text) {
  try {
    return literal(text);
  } catch (error) {
    if (error instanceof LiteralError) return null;
    throw error;
  }
}

/**
 * Every call in a text, and the text without them.
 * @param {string} text
 * @returns {{calls: ModelCall[], rest: string}}
 */
export function callsIn(text) {
  /** @type {ModelCall[]} */
  const calls = [];
  let [rest, from, at] = ["", 0, 0];
  for (let starts = 0; starts < MAX_STARTS; starts += 1) {
    const start = at + text.slice(at).search(/[[{]/);
    if (start < at) break;
    const read = valueAt(text, start);
    const found = read && callsOf(read.value);
    at = start + 1;
    if (!read || !found) continue;
    calls.push(...found);
    rest += text.slice(from, start);
    from = at = read.end;
  }
  return { calls, rest: rest + text.slice(from) };
}

/**
 * The calls that begin behind a place, with nothing but space before them.
 * @param {string} text
 * @param {number} at
 * @returns {{calls: ModelCall[], end: number} | null}
 */
export function callsAt(text, at) {
  const start = at + text.slice(at).search(/\S/);
  const read = start >= at && /[[{]/.test(text[start]) ? valueAt(text, start) : null;
  const calls = read && callsOf(read.value);
  return read && calls && { calls, end: read.end };
}

/** @param {string} text @param {number} start @returns {{value: unknown, end: number} | null} */
function valueAt(text, start) {
  const end = endOf(text, start);
  if (end > start) {
    try {
      return { value: JSON.parse(text.slice(start, end)), end };
    } catch {
      // perhaps nearly JSON
    }
  }
  try {
    const reader = new Reader(text, start);
    return { value: reader.value(), end: reader.at };
  } catch (error) {
    if (error instanceof LiteralError) return null;
    throw error;
  }
}

/**
 * JSON whose texts hold none of these signs, so that whoever looks for the end of a result by its marks finds ours. It is spaced as Python
 * and chat templates write it, from which models have learned.
 * @param {unknown} value JSON
 * @param {RegExp} signs global
 */
export function guarded(value, signs) {
  return spaced(value).replace(signs, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}${found.slice(1)}`);
}

/** @param {unknown} value @returns {string} */
function spaced(value) {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  return `{${Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${spaced(each)}`).join(", ")}}`;
}
