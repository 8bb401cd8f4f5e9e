// @ts-check
/**
 * Answers about pictures and sounds as records of the device, and as files. Pure. A record has no picture and no sound but a thumbnail.
 *
 * @typedef {import('../../records/record.js').Head} Head
 * @typedef {import('../../records/record.js').Entry} Entry
 * @typedef {'model' | 'limit' | 'context' | 'stopped' | 'lost'} Ending
 *
 * @typedef {object} Answer
 * @property {string} id
 * @property {number} at
 * @property {string} template its id
 * @property {string} question
 * @property {('image' | 'audio')[]} media
 * @property {string[]} names of them
 * @property {string} text
 * @property {string} model
 * @property {Ending} ended
 * @property {Uint8Array<ArrayBuffer> | null} thumbnail a JPEG
 */

const ENDINGS = ["model", "limit", "context", "stopped", "lost"];
/** Bytes of a thumbnail that is shown. */
const MAX_THUMBNAIL = 100_000;

/** @param {Answer} answer @returns {Entry} */
export function entryOf({ id, at, ...head }) {
  return { id, at, head, body: null };
}

/** Null for what is no answer: another page may have written it. @param {Head} record @returns {Answer | null} */
export function answerOf({ id, at, head }) {
  const { template, question, media, names, text, model, ended, thumbnail } = /** @type {Record<string, unknown>} */ (head ?? {});
  if (typeof text !== "string" || typeof template !== "string") return null;
  const strings = (/** @type {unknown} */ value) => (Array.isArray(value) ? value.filter((each) => typeof each === "string") : []);
  return {
    id,
    at,
    template,
    text,
    question: typeof question === "string" ? question : "",
    media: /** @type {Answer['media']} */ (strings(media).filter((each) => each === "image" || each === "audio")),
    names: strings(names),
    model: typeof model === "string" ? model : "",
    ended: /** @type {Ending} */ (ENDINGS.includes(String(ended)) ? ended : "lost"),
    thumbnail: thumbnail instanceof Uint8Array && thumbnail.length <= MAX_THUMBNAIL ? /** @type {Uint8Array<ArrayBuffer>} */ (thumbnail) : null,
  };
}

/** @param {Entry[]} entries */
export function asJson(entries) {
  const answers = entries.flatMap((entry) => {
    const answer = answerOf(entry);
    if (!answer) return [];
    const { at, template, question, media, names, text, model, ended } = answer;
    return [{ date: new Date(at).toISOString(), template, question, media, names, text, model, ended }];
  });
  return `${JSON.stringify({ format: "onpage-senses/1", answers }, null, 2)}\n`;
}

/** @param {Answer} answer @param {(answer: Answer) => string} about */
export function asMarkdown(answer, about) {
  const { question, names, text } = answer;
  return [`## ${about(answer)}`, names.length && names.map((name) => `- ${name}`).join("\n"), question && `> ${question.replace(/\n/g, "\n> ")}`, text.trim()].filter(Boolean).join("\n\n") + "\n";
}
