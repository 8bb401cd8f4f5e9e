// @ts-check
/** Whether a call that a model wrote may be shown to the person at all: its function is there, and its arguments fit. Pure. */

import { newId } from "../../records/record.js";
import { mismatches } from "../parts/schema.js";
import { ToolFault } from "./fault.js";
import { failure } from "./told.js";

/**
 * @typedef {import('./formats/index.js').ModelCall} ModelCall
 * @typedef {import('./tools/index.js').Tool} Tool
 * @typedef {{tool: Tool, values: Record<string, unknown>} | {fault: ToolFault}} Checked
 */

const MAX_ARGUMENTS = 4000;

/**
 * @param {Tool[]} tools those that the model was told of
 * @param {ModelCall} call
 * @param {import('../parts/schema.js').Validator} Validator
 * @returns {Checked}
 */
export function checkedCall(tools, { name, arguments: given }, Validator) {
  const tool = tools.find((each) => each.name === name);
  if (!tool) return { fault: new ToolFault("no-function", name.slice(0, 60), tools.map((each) => each.name).join(", ")) };
  if (JSON.stringify(given).length > MAX_ARGUMENTS) return { fault: new ToolFault("long-arguments", name) };
  const values = coerced(tool.parameters, given);
  const problems = mismatches(Validator, tool.parameters, values);
  return problems.length ? { fault: new ToolFault("wrong-arguments", name, problems.join(" ")) } : { tool, values };
}

/**
 * A call as the person sees it: waiting for their word, or wrong.
 * @param {Tool[]} tools those that the model was told of
 * @param {ModelCall} written
 * @param {import('../parts/schema.js').Validator} Validator
 * @returns {import('./conversation.js').Call}
 */
export function writtenCall(tools, written, Validator) {
  const checked = checkedCall(tools, written, Validator);
  const made = { id: newId(), name: written.name.slice(0, 60), automatic: false, edited: false };
  if ("fault" in checked) return { ...made, arguments: written.arguments, state: "wrong", ...failure(checked.fault) };
  return { ...made, arguments: checked.values, state: "waiting", result: null, fault: null };
}

/**
 * The arguments as their schema has them, where only the way of writing differs: "5" for a number, 5 for a text. Small models write them so.
 * @param {any} schema
 * @param {Record<string, unknown>} values
 * @returns {Record<string, unknown>}
 */
export function coerced(schema, values) {
  const properties = schema.properties ?? {};
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const wanted = Object.hasOwn(properties, name) ? properties[name] : null;
      const optional = !(schema.required ?? []).includes(name);
      if (wanted && optional && (value === null || value === "")) return []; // left out, in other words
      return [[name, wanted ? coercedValue(wanted.type, value) : value]];
    }),
  );
}

/** @param {unknown} type @param {unknown} value */
function coercedValue(type, value) {
  if ((type === "number" || type === "integer") && typeof value === "string" && /^\s*-?\d+(?:\.\d+)?\s*$/.test(value)) return Number(value);
  if (type === "string" && (typeof value === "number" || typeof value === "boolean")) return String(value);
  if (type === "boolean" && typeof value === "string" && /^(?:true|false)$/i.test(value)) return value.toLowerCase() === "true";
  return value;
}
