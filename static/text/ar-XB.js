// @ts-check
/**
 * English from right to left, made of the English texts, so that it never lacks one: each word stands between marks which have it written
 * backwards, as Android's pseudo language has it. What reads from left to right in it was said past the texts, or comes from people.
 */

import { PROBLEMS as ENGLISH_PROBLEMS, format, texts as english } from "./en.js";

export { format };

/** Right-to-left mark and override; pop, and mark again. */
const [BEFORE, AFTER] = ["\u200f\u202e", "\u202c\u200f"];
/** What is no sentence: parts that are joined have been turned by themselves. */
const AS_IT_IS = ["line", "command", "wayOn"];

/** @param {string} sentence */
function turned(sentence) {
  return sentence.replace(/[^\s]+/g, (word) => (word.includes(BEFORE) ? word : BEFORE + word + AFTER)); // what is given may have been turned
}

/** @param {unknown} value @returns {any} */
function mirror(value) {
  if (typeof value === "string") return turned(value);
  if (typeof value === "function") return (/** @type {unknown[]} */ ...given) => mirror(value(...given));
  if (Array.isArray(value)) return value.map(mirror);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, AS_IT_IS.includes(name) ? each : mirror(each)]));
}

/** @type {typeof english} */
export const texts = { ...mirror(english), language: "ar-XB" };
/** @type {typeof ENGLISH_PROBLEMS} */
export const PROBLEMS = mirror(ENGLISH_PROBLEMS);
