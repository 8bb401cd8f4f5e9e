// @ts-check
/** Whether a text is clearly not English: another script, or the small words of another language. A short one without either may be. */

import { wordSet } from "./rules.js";

/** Of the Latin blocks of Unicode up to Latin Extended-B, and Latin Extended Additional. */
const LATIN = /^[\0-\u024f\u1e00-\u1eff]$/;

/** @param {import('./rules.js').Rules} rules */
export function languageRules({ language: rules }) {
  const [all, others] = [wordSet(rules.english), wordSet(rules.other.join(" "))];
  const english = new Set([...all].filter((word) => !others.has(word))); // a word of both speaks for neither
  const other = new Set([...others].filter((word) => !all.has(word)));

  return {
    /** @param {string} text */
    isForeign(text) {
      const letters = text.match(/\p{L}/gu) ?? [];
      if (letters.length && letters.filter((letter) => !LATIN.test(letter)).length / letters.length > rules.most_foreign_letters) return true;
      const found = text.toLowerCase().match(/\p{L}[\p{L}\p{M}'’]*/gu) ?? [];
      if (found.length < rules.fewest_words) return false;
      const [foreign, known] = [other, english].map((words) => found.filter((word) => words.has(word)).length);
      return foreign / found.length > rules.foreign_words && foreign > known * rules.times_english;
    },
  };
}
