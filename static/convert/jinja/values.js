// @ts-check
/**
 * Values of a chat template, told apart, compared and written as Python does it. Pure.
 *
 * @typedef {import('./renderer.js').Value} Value
 * @typedef {import('./renderer.js').Node} Node
 * @typedef {import('./renderer.js').Scope} Scope
 */

import { fail, not } from "./errors.js";

/** In a list. */
export const MOST_VALUES = 4096;
/** Characters. */
const MOST_TEXT = 16_384;
export const [TEXT, WHOLE, REAL, TRUTH, LIST, TUPLE, MAPPING, NOTHING, UNDEFINED] = ["StringValue", "IntegerValue", "FloatValue", "BooleanValue", "ArrayValue", "TupleValue", "ObjectValue", "NullValue", "UndefinedValue"];
export const NUMBERS = [WHOLE, REAL, TRUTH];
export const LISTS = [LIST, TUPLE];

/** As it is written into a text. @param {Value} value @returns {string} */
export function printed({ type, value }) {
  if (type === TEXT) return value;
  if (type === UNDEFINED) return "";
  if (type === NOTHING) return "None";
  if (type === TRUTH) return value ? "True" : "False";
  if (type === WHOLE) return String(value);
  const isOfParts = type === LIST && value.length && value.every((/** @type {Value} */ each) => each.type === MAPPING);
  return isOfParts ? `[${value.map((/** @type {Value} */ part) => written(part.value)).join(", ")}]` : not(`a text of ${type}`);
}

/** A part of a message, as Python writes it. @param {Map<string, Value>} part */
function written(part) {
  const quoted = (/** @type {unknown} */ text) => (typeof text === "string" && /^[ -&(-[\]-~]*$/.test(text) ? `'${text}'` : not("a text of a mapping"));
  return `{${[...part].map(([key, { value }]) => `${quoted(key)}: ${quoted(value)}`).join(", ")}}`;
}

/** @param {string} text */
export function bounded(text) {
  return text.length > MOST_TEXT ? not("a long text") : text;
}

/** @param {Value} value @param {(value: unknown) => Value} made @returns {Value[]} */
export function itemsOf({ type, value }, made) {
  if (LISTS.includes(type)) return value;
  if (type === MAPPING) return [...value.keys()].map(made);
  if (type === TEXT && value.length <= MOST_VALUES) return [...value].map(made);
  return type === UNDEFINED ? [] : type === TEXT ? not("a long text") : fail(`for of ${type}`);
}

/** @param {Scope} scope @param {Node} target @param {Value} item */
export function assign(scope, target, item) {
  if (target.type === "Identifier") return scope.setVariable(target.value, item);
  if (!LISTS.includes(item.type)) return not("for");
  if (target.value.length !== item.value.length) fail("for");
  for (const [i, { type, value }] of target.value.entries()) {
    if (type !== "Identifier") not("for");
    scope.setVariable(value, item.value[i]);
  }
  return item;
}

/** @param {Value} one @param {Value} other @returns {boolean} */
export function areEqual(one, other) {
  if (NUMBERS.includes(one.type) && NUMBERS.includes(other.type)) return Number(one.value) === Number(other.value);
  if (LISTS.includes(one.type) && LISTS.includes(other.type)) {
    if (one.type !== other.type) not("a list and a tuple"); // pairs of a mapping are tuples in Python alone
    return one.value.length === other.value.length && one.value.every((/** @type {Value} */ each, /** @type {number} */ i) => areEqual(each, other.value[i]));
  }
  if (one.type !== other.type) return false;
  if (one.type === TEXT) return one.value === other.value;
  if (one.type === NOTHING || one.type === UNDEFINED) return true;
  return one.type === MAPPING ? not("mappings compared") : one === other;
}

/** @param {Value} value @param {Value} container */
export function isWithin(value, container) {
  if (LISTS.includes(container.type)) return container.value.some((/** @type {Value} */ each) => areEqual(each, value));
  if (container.type === UNDEFINED) return false;
  if (container.type === TEXT) return value.type === TEXT ? container.value.includes(value.value) : fail("in");
  if (container.type === MAPPING && value.type === TEXT) return container.value.has(value.value);
  return container.type === MAPPING ? not("in") : fail("in");
}
