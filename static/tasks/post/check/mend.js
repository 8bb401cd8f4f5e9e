// @ts-check
/**
 * What is put right in a post that a model has written, before anybody is asked to look at it. Nothing is written but a hashtag: sentences
 * and hashtags that are wrong, or too many, are left out, as long as that leaves less to find fault with. Over bad news glad emoji go,
 * and exclamation marks that warn of nothing become full stops. Where no hashtag fits, the name that the text is about becomes one. Pure;
 * `builder/demo/mend.py` does the same.
 *
 * @typedef {import('./index.js').Checker} Checker
 */

import { countWords, sentenceSpans } from "./sentences.js";

/** Letters of a hashtag that is made of a name; one with a number in it reads badly. */
const MAX_TAG = 32;
const TAIL = /(?:\s*#[\p{L}\p{N}_]+)*\s*$/u;
const TAG = /\s*#[\p{L}\p{N}_]+/gu;

/**
 * @param {import('./rules.js').Rules} rules
 * @param {Pick<Checker, 'check' | 'cost' | 'isForeign'>} checker
 * @param {ReturnType<typeof import('./tone.js').toneRules>} tone
 * @param {ReturnType<typeof import('./names.js').nameRules>} names
 * @param {ReturnType<typeof import('./sentences.js').sentenceRules>} sentences
 */
export function mender(rules, { check, cost, isForeign }, { isBadNews, gladExclamations }, names, { bodyOf }) {
  const glad = new RegExp(`[ \\t]*[${rules.cheerful_emoji}]`, "gu");

  /** What it costs; how many words it is too long; how many things are found. @param {string} text @param {string[]} parts @param {number} limit */
  function badness(text, parts, limit) {
    const post = parts.join("").trim();
    const findings = check(text, post, limit);
    return [cost(findings), Math.max(0, countWords(post) - limit), findings.reduce((sum, { found }) => sum + found.length, 0)];
  }

  /** Without glad emoji and the space before them, and with full stops for glad exclamation marks. @param {string} post @param {string} text */
  function sobered(post, text) {
    const plain = post.replace(glad, "");
    return gladExclamations(plain, text).reduce((said, sentence) => said.replaceAll(sentence, () => `${sentence.replace(/!+$/, "")}.`), plain);
  }

  /** With the name that the text is about as its only hashtag, where that makes one. @param {string} text @param {string[]} parts */
  function named(text, parts) {
    const said = parts.filter((part) => !isTag(part));
    const words = names.main(text)[0]?.words.join(" ").match(/[\p{L}\p{N}]+/gu) ?? [];
    const tag = words.map(([first, ...rest]) => first.toUpperCase() + rest.join("")).join("");
    return said.length && /^\p{L}+$/u.test(tag) && [...tag].length <= MAX_TAG ? [...said, ` #${tag}`] : parts;
  }

  /** Whether something is still said, and a hashtag is still there where one was. @param {string[]} rest @param {string[]} parts */
  const stands = (rest, parts) => bodyOf(rest.join("")) !== "" && rest.some(isTag) === parts.some(isTag);

  /**
   * A post with less wrong with it; as it is where nothing can be put right by leaving out.
   * @param {string} text what it is about
   * @param {string} post
   * @param {number} limit words
   */
  return function mended(text, post, limit) {
    if (isForeign(text) || isForeign(post)) return post;
    let parts = partsOf(isBadNews(text) ? sobered(post, text) : post);
    let worst = badness(text, parts, limit);
    while (worst[0]) {
      let [best, least] = [parts, worst];
      for (const place of parts.keys()) {
        const rest = parts.filter((_, other) => other !== parts.length - 1 - place); // the last first: of equals it is left out
        if (!stands(rest, parts)) continue;
        const left = badness(text, rest, limit);
        if (isLess(left, least)) [best, least] = [rest, left];
      }
      if (best === parts) break;
      [parts, worst] = [best, least];
    }
    const withName = named(text, parts);
    return (isLess(badness(text, withName, limit), worst) ? withName : parts).join("").trim();
  };
}

/** @param {string} part */
const isTag = (part) => /^\s*#[\p{L}\p{N}_]+$/u.test(part);

/** The first number that differs decides. @param {number[]} a @param {number[]} b */
function isLess(a, b) {
  const place = a.findIndex((value, at) => value !== b[at]);
  return place >= 0 && a[place] < b[place];
}

/** The sentences of a post and the hashtags at its end, each with the space before it. @param {string} post */
function partsOf(post) {
  const end = post.search(TAIL);
  return [...sentenceSpans(post.slice(0, end)), ...(post.slice(end).match(TAG) ?? [])];
}
