// @ts-check
/**
 * What the page says, in the language that it speaks now. It begins with the document's (`<html lang>`), so only one language is fetched.
 *
 * The objects stay the same when the language changes, and so do those in them: a view may keep `texts.chat.turn`, but not a sentence of
 * it past its own mounting.
 */

import { bestFor } from "./languages.js";

const { code, load } = bestFor([globalThis.document?.documentElement?.lang]);
const first = await load();
let spoken = code;

export const texts = copied(first.texts);
export const PROBLEMS = copied(first.PROBLEMS);
export const format = copied(first.format);

/**
 * Changes the language of all that is shown from now on. Rejects, with nothing changed, where it cannot be had.
 * @param {import('./languages.js').Language} language
 */
export async function speak(language) {
  if (language.code === spoken) return;
  const words = await language.load();
  spoken = language.code;
  fill(texts, words.texts);
  fill(PROBLEMS, words.PROBLEMS);
  fill(format, words.format);
}

/** The same sentences in objects that are ours to change. @template {object} Words @param {Words} words @returns {Words} */
function copied(words) {
  return fill(/** @type {Words} */ ({}), words);
}

/** @template {object} Words @param {Words} target @param {Words} words */
function fill(target, words) {
  const into = /** @type {Record<string, unknown>} */ (target);
  for (const [name, value] of Object.entries(words)) {
    const group = typeof value === "object" && value !== null && !Array.isArray(value);
    into[name] = group ? fill(into[name] ?? {}, value) : value;
  }
  return target;
}
