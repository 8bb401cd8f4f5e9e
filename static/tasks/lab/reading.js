// @ts-check
/**
 * What an answer says, read as its template asks: a list from whatever numbers or bullets the model used, and JSON from whatever it put
 * around it. Pure, and nothing that a model writes is trusted.
 */

import { endOf } from "../parts/json_text.js";

/** A number or a bullet that begins an item, perhaps in bold type. */
const MARK = /^\s*(?:\*\*)?(?:(?:reply|option|line|answer)\s+)?(?:\d{1,2}\s*[.):]|[-*•–])(?:\*\*)?:?\s+/i;
/** What a model calls an item that it was asked for by its kind: `Yes: Sure, gladly.` */
const LABEL = /^(?:yes|no|question|option|reply)(?:\s+\d)?\s*:\s+(?=\S)/i;
/** Items in one line: `1. Yes 2. No`. */
const INLINE = /\s+(?=\d{1,2}[.)]\s+\S)/;
const FENCE = /```[\w-]*\s*\n([\s\S]*?)(?:```|$)/;
const QUOTES = /^(["“„«'‘])([\s\S]*)(["”“»'’])$/;
/** Places at which JSON may begin that are looked at. */
const MAX_STARTS = 50;

/**
 * @param {string} answer
 * @param {number} count at most so many
 * @returns {string[]}
 */
export function listIn(answer, count) {
  const json = jsonIn(answer);
  if ("value" in json && Array.isArray(json.value) && json.value.length && json.value.every((each) => typeof each === "string")) {
    return json.value.map((each) => each.trim()).filter(Boolean).slice(0, count);
  }
  const lines = answer.split(/\r?\n/).flatMap((line) => (/^\s*1[.)]\s/.test(line) ? line.split(INLINE) : [line]));
  const marked = lines.some((line) => MARK.test(line));
  /** @type {string[]} */
  const items = [];
  let open = false;
  for (const line of lines) {
    const begins = marked ? MARK.test(line) : line.trim() !== "";
    if (begins) items.push(line.replace(MARK, "").replace(MARK, "").trim()); // `* 1. ` are two
    else if (line.trim() && open) items[items.length - 1] += `\n${line.trim()}`; // what is before the first item, or after an empty line, is none
    open = begins || (open && line.trim() !== "");
  }
  const bare = items.map((item) => unquoted(item.replace(LABEL, ""))).filter(Boolean);
  return [...new Set(bare)].slice(0, count); // a small model says the same more than once
}

/** Without the marks that a model puts around a whole text. @param {string} text */
export function unquoted(text) {
  const bare = text.trim().replace(/^\*\*(.*)\*\*$/s, "$1");
  const [, , within] = QUOTES.exec(bare) ?? [];
  return within !== undefined && !/["“”„«»]/.test(within) ? within.trim() : bare;
}

/** How JSON begins, as no other text does. */
const BEGINS = /^(?:\{\s*["}]|\[\s*["{[\d\]-])/;

/**
 * The JSON of an answer, without what the model wrote around it: the first that is not much shorter than
 * another, for `[1]` may be a footnote, and a small model that has answered may go on with answers to nobody.
 * @param {string} answer
 * @returns {{value: unknown} | {problem: 'none' | 'cut' | 'broken', detail: string}} `cut`: it has no end
 */
export function jsonIn(answer) {
  const [, fenced] = FENCE.exec(answer) ?? [];
  const text = (fenced ?? answer).trim();
  /** @type {{problem: 'none' | 'cut' | 'broken', detail: string}} */
  let problem = { problem: "none", detail: "" };
  /** @type {{value: unknown, length: number}[]} */
  const found = [];
  let from = 0;
  for (let starts = 0; starts < MAX_STARTS; starts += 1) {
    const start = from + text.slice(from).search(/[[{]/);
    if (start < from) break;
    const end = endOf(text, start);
    if (end < 0 && BEGINS.test(text.slice(start, start + 100))) {
      problem = { problem: "cut", detail: "" };
      break;
    }
    from = start + 1;
    if (end < 0) {
      if (problem.problem === "none") problem = { problem: "cut", detail: "" };
      continue;
    }
    try {
      found.push({ value: JSON.parse(text.slice(start, end)), length: end - start });
      from = end;
    } catch (error) {
      if (problem.problem === "none") problem = { problem: "broken", detail: error instanceof Error ? error.message : "" };
    }
  }
  const most = Math.max(0, ...found.map(({ length }) => length));
  const first = found.find(({ length }) => length * 2 >= most);
  return first ? { value: first.value } : problem;
}
