// @ts-check
/**
 * Posts as records of the device, and the history as a file. Pure.
 *
 * A record's head has the post, its body the text that it is about. What is read is checked: another version of the page, or
 * somebody with the browser's tools, may have written it.
 *
 * @typedef {import('../../records/record.js').Head} Head
 * @typedef {import('../../records/record.js').Entry} Entry
 * @typedef {import('./state.js').Ending} Ending
 *
 * @typedef {object} Kept a post of the history
 * @property {string} id
 * @property {number} at when it was begun, in milliseconds since 1970
 * @property {string} text as the model wrote it
 * @property {string} current as it was left
 * @property {string} tone
 * @property {string} length
 * @property {string} model
 * @property {string} lora
 * @property {string} [language] that was asked for, where one was
 * @property {number} seed
 * @property {Ending} ended
 */

import { Post } from "./state.js";

/** @type {Ending[]} */
const ENDINGS = ["model", "stopped", "limit", "context", "lost"];

/** @param {Post} post @returns {Entry} */
export function entryOf({ id, at, asked, text, current, ended, source }) {
  const { tone, length, seed, lora, model = "", language = "" } = asked;
  return { id, at, head: { text, current, tone, length, ...(language && { language }), seed, lora, model, ended: ended ?? "lost" }, body: { source } };
}

/** Null for what is no post. @param {Head} record @returns {Kept | null} */
export function keptOf({ id, at, head }) {
  const { text, current, tone, length, seed, lora, model, language, ended } = /** @type {Record<string, unknown>} */ (head ?? {});
  if (typeof text !== "string") return null;
  const ending = ENDINGS.find((each) => each === ended) ?? "lost";
  const number = typeof seed === "number" ? seed : 0;
  const [now, ...words] = [current, tone, length, lora, model].map((value) => (typeof value === "string" ? value : ""));
  return { id, at, text, current: typeof current === "string" ? now : text, tone: words[0], length: words[1], lora: words[2], model: words[3], ...(typeof language === "string" && language && { language }), seed: number, ended: ending };
}

/** The post of a record, as if it had just been written; null for what is no post. @param {Entry} entry */
export function postOf(entry) {
  const kept = keptOf(entry);
  if (!kept) return null;
  const { id, at, text, current, ended, ...asked } = kept;
  const post = new Post(asked, { id, at, source: sourceOf(entry.body) });
  post.add(text);
  post.ranAway = ended === "limit";
  post.end(null);
  post.ended = ended;
  post.edits?.change(current);
  return post;
}

/** @param {unknown} body */
function sourceOf(body) {
  const { source } = /** @type {Record<string, unknown>} */ (body ?? {});
  return typeof source === "string" ? source : "";
}

/** All posts and the texts that they are about, the newest first. @param {Entry[]} entries */
export function asJson(entries) {
  const posts = entries.flatMap((entry) => {
    const kept = keptOf(entry);
    if (!kept) return [];
    const { id, at, text, current, ...rest } = kept;
    return [{ date: new Date(at).toISOString(), post: current, ...(current !== text && { written: text }), source: sourceOf(entry.body), ...rest }];
  });
  return `${JSON.stringify({ format: "onpage-posts/1", posts }, null, 2)}\n`;
}

/**
 * @param {Entry[]} entries
 * @param {{title: string, written: string, source: string, heading: (kept: Kept) => string}} said
 */
export function asMarkdown(entries, { title, written, source, heading }) {
  const posts = entries.flatMap((entry) => {
    const kept = keptOf(entry);
    if (!kept) return [];
    const about = sourceOf(entry.body);
    return [
      `## ${heading(kept)}`,
      quoted(kept.current),
      ...(kept.current === kept.text ? [] : [`${written}:`, quoted(kept.text)]),
      ...(about ? [`${source}:`, quoted(about)] : []),
    ];
  });
  return `${[`# ${title}`, ...posts].join("\n\n")}\n`;
}

/** As a quotation, in which a line that looks like Markdown stays text. @param {string} text */
function quoted(text) {
  return text.replace(/[\\`*_[\]<>#|~]/g, "\\$&").replace(/^(\s*)([-+]|\d+[.)])(?=\s)/gm, (_, space, mark) => `${space}${escapedMark(mark)}`).replace(/(?<=.)\n(?=.)/g, "  \n").replace(/^/gm, "> ");
}

/** @param {string} mark of a list */
function escapedMark(mark) {
  return mark.length === 1 ? `\\${mark}` : `${mark.slice(0, -1)}\\${mark.slice(-1)}`;
}
