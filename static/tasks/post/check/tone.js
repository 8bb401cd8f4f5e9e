// @ts-check
/** Whether a text tells bad news, and whether a post about it is glad. */

import { anyOf, isIn } from "./rules.js";

/** @param {import('./rules.js').Rules} rules */
export function toneRules(rules) {
  const [strong, weak, cheer, grave] = [rules.bad_news.strong, rules.bad_news.weak, rules.cheer, rules.grave_exclamation].map(anyOf);
  const glad = new Set(rules.cheerful_emoji);
  const different = (/** @type {string} */ text, /** @type {RegExp} */ words) => new Set(text.match(words)?.map((word) => word.toLowerCase())).size;

  /** Sentences with exclamation marks that warn of nothing and beg for nothing, and that the text does not have. @param {string} body @param {string} text */
  function gladExclamations(body, text) {
    const known = text.toLowerCase();
    const marked = body.match(/[^.!?\n]*!+/g) ?? [];
    return marked.filter((sentence) => !isIn(grave, sentence) && !known.includes(sentence.replace(/^[ !]+|[ !]+$/g, "").toLowerCase())).map((sentence) => sentence.trim());
  }

  return {
    /** Of a loss, a danger or a disruption: one strong word, or two different weak ones. @param {string} text */
    isBadNews: (text) => 2 * different(text, strong) + different(text, weak) >= 2,

    gladExclamations,

    /**
     * Glad words that the text itself does not have, exclamation marks that warn of nothing and beg for nothing, glad emoji.
     * @param {string} text
     * @param {string} post
     * @param {string} body of the post
     */
    cheerIn(text, post, body) {
      const known = text.toLowerCase();
      return [
        ...(body.match(cheer) ?? []).filter((word) => !known.includes(word.toLowerCase())),
        ...gladExclamations(body, text),
        ...[...post].filter((sign) => glad.has(sign)),
      ];
    },
  };
}
