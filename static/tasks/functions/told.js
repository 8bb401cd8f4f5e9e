// @ts-check
/**
 * What the model is told of a conversation: questions, calls and what came of them. Pure. What a tool gives is data, and leaves room for more.
 *
 * @typedef {import('./conversation.js').Call} Call
 * @typedef {import('./conversation.js').Exchange} Exchange
 */

import { newId } from "../../records/record.js";
import { ToolFault } from "./fault.js";

/** Characters of a result, as JSON. */
const MAX_RESULT = 3000;
/** How what cannot be read as a call is called, to the model and in the list. */
export const UNREADABLE = "unreadable_call";

export const REFUSED = new ToolFault("refused");

/** What a call has of what went wrong with it: for the model, and for the person. @param {ToolFault} fault */
export function failure(fault) {
  return { result: { error: fault.message }, fault: fault.toJSON() };
}

/** @param {string} text @returns {Call} */
export function unreadable(text) {
  return { id: newId(), name: UNREADABLE, arguments: { text: text.slice(0, 500) }, state: "wrong", ...failure(new ToolFault("unreadable")), automatic: false, edited: false };
}

/** @param {Exchange} exchange @returns {import('./formats/index.js').ModelTurn} */
export function toModel({ question, steps, answer }) {
  return { question, steps: steps.map(({ text, calls }) => ({ text, calls: calls.map(({ name, arguments: values, result }) => ({ name, arguments: name === UNREADABLE ? {} : values, result: result ?? failure(REFUSED).result })) })), answer };
}

/** A result that leaves room in the context. @param {unknown} result */
export function bounded(result) {
  const json = JSON.stringify(result) ?? "null";
  return json.length <= MAX_RESULT ? JSON.parse(json) : { cut: `${json.slice(0, MAX_RESULT)}…` };
}
