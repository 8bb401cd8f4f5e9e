// @ts-check
/**
 * A conversation with functions: questions, what the model called, what came of it, and answers; as a record of the device, and as files.
 * Pure. What is read is checked: another version of the page, or somebody with the browser's tools, may have written it.
 *
 * @typedef {import('../../records/record.js').Entry} Entry
 * @typedef {import('../../records/record.js').Head} Head
 * @typedef {import('../../engine/client.js').Figures} Figures
 *
 * @typedef {'waiting' | 'running' | 'done' | 'failed' | 'refused' | 'wrong'} CallState `waiting` for the person; `failed`: the tool could not do
 *   it; `wrong`: it was never shown for approval, for there is no such function or its arguments do not fit
 *
 * @typedef {object} Call
 * @property {string} id
 * @property {string} name
 * @property {Record<string, unknown>} arguments
 * @property {CallState} state
 * @property {unknown} result JSON, as the model is given it; null until there is one
 * @property {import('./fault.js').Fault | null} fault why there is none, for the person
 * @property {boolean} automatic whether it ran without being asked for, because its function was always allowed
 * @property {boolean} edited whether the person has changed its arguments
 *
 * @typedef {{text: string, calls: Call[]}} Step `text`: what the model said beside its calls
 *
 * @typedef {Figures['ended'] | 'lost' | 'rounds' | 'wrong' | 'no-room' | 'unchecked'} Ending `rounds`: it called again and again; `wrong`: a second call could
 *   not be used; `unchecked`: what checks arguments could not be loaded
 *
 * @typedef {object} Exchange
 * @property {string} question
 * @property {Step[]} steps
 * @property {string} answer
 * @property {Ending | null} ended null while it is going on
 * @property {string} model its name
 * @property {Figures | null} figures of what was written last, where that is of this visit
 *
 * @typedef {object} Conversation
 * @property {string} id
 * @property {number} at
 * @property {Exchange[]} exchanges
 * @property {string[]} allowed functions that run without being asked for, in this conversation; not kept
 */

import { faultIn } from "./fault.js";
import { newId } from "../../records/record.js";

/** @type {Ending[]} */
const ENDINGS = ["model", "stopped", "limit", "context", "lost", "rounds", "wrong", "no-room", "unchecked"];
/** @type {CallState[]} */
const STATES = ["done", "failed", "refused", "wrong"];
const FORMAT = "onpage-functions/1";

/** @param {{id?: string, at?: number}} [made] @returns {Conversation} */
export function empty({ id = newId(), at = Date.now() } = {}) {
  return { id, at, exchanges: [], allowed: [] };
}

/** @param {string} question @param {string} model @returns {Exchange} */
export function exchange(question, model) {
  return { question, steps: [], answer: "", ended: null, model, figures: null };
}

/** @param {Conversation} conversation @param {string} id @returns {Call | undefined} */
export function callIn({ exchanges }, id) {
  for (const { steps } of exchanges) for (const { calls } of steps) for (const call of calls) if (call.id === id) return call;
  return undefined;
}

/** A conversation in which one call is changed. @param {Conversation} conversation @param {string} id @param {Partial<Call>} change @returns {Conversation} */
export function withCall(conversation, id, change) {
  const exchanges = conversation.exchanges.map((each) =>
    each.steps.some(({ calls }) => calls.some((call) => call.id === id))
      ? { ...each, steps: each.steps.map((step) => ({ ...step, calls: step.calls.map((call) => (call.id === id ? { ...call, ...change } : call)) })) }
      : each,
  );
  return { ...conversation, exchanges };
}

/** @param {Conversation} conversation @returns {Entry} */
export function entryOf({ id, at, exchanges }) {
  const [first] = exchanges;
  const last = exchanges.at(-1);
  const kept = exchanges.map(({ figures: _, ...rest }) => ({ ...rest, ended: rest.ended ?? "lost" }));
  return { id, at, head: { question: first?.question ?? "", answer: last?.answer ?? "", model: last?.model ?? "", called: calledIn(exchanges) }, body: { exchanges: kept } };
}

/** Names of what was called, each once. @param {Exchange[]} exchanges */
function calledIn(exchanges) {
  return [...new Set(exchanges.flatMap(({ steps }) => steps.flatMap(({ calls }) => calls.filter(({ state }) => state !== "wrong").map(({ name }) => name))))];
}

/** What a list shows of it; null for what is no conversation. @param {Head} head */
export function headOf({ at, head }) {
  const { question, answer, model, called } = recordOf(head);
  if (typeof question !== "string" || !question) return null;
  return { at, question, answer: string(answer), model: string(model), called: Array.isArray(called) ? called.filter((each) => typeof each === "string") : [] };
}

/** @param {Entry} entry @returns {Conversation | null} null for what is none */
export function conversationOf({ id, at, body }) {
  const { exchanges } = recordOf(body);
  if (!Array.isArray(exchanges)) return null;
  const read = exchanges.flatMap((each) => exchangeOf(each) ?? []);
  return read.length ? { id, at, exchanges: read, allowed: [] } : null;
}

/** @param {unknown} value @returns {Exchange | null} */
function exchangeOf(value) {
  const { question, steps, answer, ended, model } = recordOf(value);
  if (typeof question !== "string" || !Array.isArray(steps)) return null;
  const read = steps.map((each) => {
    const { text, calls } = recordOf(each);
    return { text: string(text), calls: Array.isArray(calls) ? calls.flatMap((call) => callOf(call) ?? []) : [] };
  });
  return { question, steps: read.filter(({ calls }) => calls.length), answer: string(answer), ended: ENDINGS.find((each) => each === ended) ?? "lost", model: string(model), figures: null };
}

/** @param {unknown} value @returns {Call | null} */
function callOf(value) {
  const { id, name, arguments: values, state, result, fault, automatic, edited } = recordOf(value);
  if (typeof name !== "string" || !name) return null;
  // What was waiting when the page went away was not allowed.
  return { id: string(id) || newId(), name, arguments: recordOf(values), state: STATES.find((each) => each === state) ?? "refused", result: result ?? null, fault: faultIn(fault), automatic: automatic === true, edited: edited === true };
}

/** All conversations, the newest first. @param {Entry[]} entries */
export function asJson(entries) {
  const conversations = entries.flatMap((entry) => {
    const found = conversationOf(entry);
    return found ? [{ date: new Date(found.at).toISOString(), exchanges: found.exchanges.map(exported) }] : [];
  });
  return `${JSON.stringify({ format: FORMAT, conversations }, null, 2)}\n`;
}

/** @param {Exchange} exchange */
function exported({ question, steps, answer, ended, model }) {
  const calls = steps.map(({ text, calls: made }) => ({ ...(text && { text }), calls: made.map(({ name, arguments: values, state, result, automatic, edited }) => ({ name, arguments: values, state, automatic, edited, result })) }));
  return { question, steps: calls, answer, ended, model };
}

/**
 * @param {Conversation[]} conversations
 * @param {{title: string, called: (call: Call) => string, heading: (conversation: Conversation) => string}} said
 */
export function asMarkdown(conversations, { title, called, heading }) {
  const parts = conversations.flatMap((conversation) => [
    `## ${heading(conversation)}`,
    ...conversation.exchanges.flatMap(({ question, steps, answer }) => [
      quoted(question),
      ...steps.flatMap(({ calls }) => calls.flatMap((call) => [`*${called(call)}*`, fenced(JSON.stringify(call.arguments, null, 2)), fenced(JSON.stringify(call.result, null, 2))])),
      answer.trim(),
    ]),
  ]);
  return `${[`# ${title}`, ...parts].filter(Boolean).join("\n\n")}\n`;
}

/** The last answer with what it is made of, for the clipboard. @param {Exchange} exchange */
export function asText({ question, steps, answer }) {
  const calls = steps.flatMap(({ calls: made }) => made.map(({ name, arguments: values, result }) => `${name}(${JSON.stringify(values)}) → ${JSON.stringify(result)}`));
  return [question, calls.join("\n"), answer.trim()].filter(Boolean).join("\n\n");
}

/** @param {string} text */
function quoted(text) {
  return text.split("\n").map((line) => `> ${line}`).join("\n");
}

/** @param {string} text */
function fenced(text) {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const marks = "`".repeat(longest + 1);
  return `${marks}json\n${text}\n${marks}`;
}

/** @param {unknown} value @returns {Record<string, unknown>} */
function recordOf(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? /** @type {Record<string, unknown>} */ (value) : {};
}

const string = (/** @type {unknown} */ value) => (typeof value === "string" ? value : "");
