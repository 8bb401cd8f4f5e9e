// @ts-check
/**
 * What the page can find wrong with a post that was just written, knowing nothing but the text, the post and the length asked for. Rules, no
 * model: it is cheap, always says the same, and knows no better than its lists. Pure.
 *
 * `builder/demo/check.py` does the same for the evaluation, by the same rules and with the same results.
 *
 * @typedef {import('./rules.js').Rules} Rules
 * @typedef {import('./rules.js').Finding} Finding
 *
 * @typedef {object} Checker
 * @property {(text: string, post: string, limit: number) => Finding[]} check what is wrong with a post, the gravest first; nothing for a
 *   text in another language, which the rules do not know
 * @property {(text: string) => boolean} knows whether the rules know the language of a text
 * @property {(text: string, post: string, limit: number) => string} mended a post with less wrong with it, by leaving out
 * @property {(text: string, drafts: string[], limit: number) => string} assembled the draft with the least wrong, with sentences of the others
 * @property {(text: string, draw: number) => string} beginning how a post begins that is written again; "" as the model likes
 * @property {(findings: Finding[]) => number} cost how bad that is; 0 for nothing
 * @property {(text: string) => boolean} isForeign
 */

import { languageRules } from "./language.js";
import { mender } from "./mend.js";
import { nameRules } from "./names.js";
import { numberRules } from "./numbers.js";
import { countWords, hashtagsIn, sentenceRules, sentencesOf } from "./sentences.js";
import { onSubject } from "./tags.js";
import { toneRules } from "./tone.js";

/** @param {Rules} rules @returns {Checker} */
export function makeChecker(rules) {
  const { isForeign } = languageRules(rules);
  const tone = toneRules(rules);
  const sentences = sentenceRules(rules);
  const numbers = numberRules(rules);
  const names = nameRules(rules);

  /** @param {string} text @param {string} post @param {number} limit @returns {Finding[]} */
  function check(text, post, limit) {
    if (isForeign(text)) return [];
    if (isForeign(post)) return [{ rule: "language", found: [] }];
    const body = sentences.bodyOf(post);
    const tags = hashtagsIn(post);
    const main = names.main(text);
    const cheer = tone.isBadNews(text) ? tone.cheerIn(text, post, body) : [];
    const changed = [...new Set([...numbers.changed(text, body), ...names.changed(text, sentencesOf(body))])];
    const off = tags.filter((tag) => !onSubject(tag, text));
    const [cut, repeated] = [sentences.cutIn(body), sentences.repeatedIn(text, body)];
    const over = countWords(post) - limit;
    /** @type {[boolean, Finding['rule'], string[]][]} */
    const rulings = [
      [cheer.length > 0, "cheer", cheer],
      [cut !== "", "cut", [cut]],
      [changed.length > 0, "changed", changed],
      [repeated !== "", "repeated", [repeated]],
      [main.length > 0 && !main.some((name) => names.keeps(post, name)), "lost_name", [main[0]?.words.join(" ") ?? ""]],
      [!numbers.kept(text, body), "lost_fact", [numbers.first(text)]],
      [over > 0, "long", [String(over)]],
      [off.length > 0 || tags.length < 1 || tags.length > rules.max_tags, "tags", off],
    ];
    return rulings.flatMap(([is, rule, found]) => (is ? [{ rule, found }] : []));
  }

  const cost = (/** @type {Finding[]} */ findings) => findings.reduce((sum, { rule }) => sum + rules.weights[rule], 0);
  return { check, isForeign, knows: (text) => !isForeign(text), cost, beginning: names.beginning, ...mender(rules, { check, cost, isForeign }, tone, names, sentences) };
}
