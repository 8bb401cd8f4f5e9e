// @ts-check
/**
 * Answers as records of the device, and as files. Pure.
 *
 * An answer keeps the passages that it was written from, so that it can be read when a document is gone.
 *
 * @typedef {import('../../records/record.js').Head} Head
 * @typedef {import('../../records/record.js').Entry} Entry
 * @typedef {'model' | 'limit' | 'context' | 'stopped' | 'lost'} Ending
 *
 * @typedef {object} Source
 * @property {string} id of the document
 * @property {string} name
 * @property {string[]} headings
 * @property {number} page
 * @property {number} start
 * @property {number} end
 * @property {string} text what the model was given
 *
 * @typedef {object} Answer
 * @property {string} id
 * @property {number} at
 * @property {string} question
 * @property {string} text
 * @property {Source[]} sources
 * @property {string} model
 * @property {Ending} ended
 */

import { partsOf } from "./citations.js";

const ENDINGS = ["model", "limit", "context", "stopped", "lost"];

/** @param {Answer} answer @returns {Entry} */
export function entryOf({ id, at, question, text, sources, model, ended }) {
  return { id, at, head: { question, text, model, ended }, body: { sources } };
}

/** Null for what is no answer: another page may have written it. @param {Entry} entry @returns {Answer | null} */
export function answerOf({ id, at, head, body }) {
  const found = /** @type {Record<string, unknown>} */ (head ?? {});
  if (typeof found.question !== "string" || typeof found.text !== "string") return null;
  const { sources } = /** @type {{sources?: unknown}} */ (body ?? {});
  return {
    id,
    at,
    question: found.question,
    text: found.text,
    model: typeof found.model === "string" ? found.model : "",
    ended: /** @type {Ending} */ (ENDINGS.includes(String(found.ended)) ? found.ended : "lost"),
    sources: Array.isArray(sources) ? sources.flatMap((each) => sourceOf(each) ?? []) : [],
  };
}

/** @param {unknown} value @returns {Source | null} */
function sourceOf(value) {
  const { id, name, headings, page, start, end, text } = /** @type {Record<string, unknown>} */ (value ?? {});
  if (typeof id !== "string" || typeof name !== "string" || typeof text !== "string" || !Array.isArray(headings)) return null;
  const [from, to, number] = [start, end, page].map((each) => (Number.isSafeInteger(each) && Number(each) >= 0 ? Number(each) : 0));
  return { id, name, text, headings: headings.filter((each) => typeof each === "string"), start: from, end: to, page: number };
}

/**
 * An answer with what it was written from, to be read elsewhere.
 * @param {Answer} answer
 * @param {{sources: string, place: (source: Source) => string}} said
 */
export function asMarkdown({ question, text, sources }, { sources: title, place }) {
  const list = sources.map((source, index) => `${index + 1}. ${place(source)}\n\n${quoted(source.text, "   ")}`);
  return [`## ${question.replace(/\s+/g, " ").trim()}`, text.trim(), ...(list.length ? [`### ${title}`, list.join("\n\n")] : [])].join("\n\n") + "\n";
}

/** All answers with what they were written from, the newest first. @param {Entry[]} entries */
export function asJson(entries) {
  const answers = entries.flatMap((entry) => {
    const answer = answerOf(entry);
    if (!answer) return [];
    const { at, question, text, model, ended, sources } = answer;
    return [{ date: new Date(at).toISOString(), question, text, model, ended, sources }];
  });
  return `${JSON.stringify({ format: "onpage-answers/1", answers }, null, 2)}\n`;
}

/** For the clipboard. @param {Answer} answer @param {(source: Source) => string} place */
export function asText({ text, sources }, place) {
  const list = sources.map((source, index) => `[${index + 1}] ${place(source)}`);
  const said = partsOf(text, sources.length).map((part) => ("text" in part ? part.text : `[${part.source}]`)).join("");
  return [said.trim(), list.join("\n")].filter(Boolean).join("\n\n");
}

/** @param {string} text @param {string} indent */
function quoted(text, indent) {
  return text
    .split("\n")
    .map((line) => `${indent}> ${line}`)
    .join("\n");
}
