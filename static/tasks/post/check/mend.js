// @ts-check
/**
 * What is put right in a post that a model has written, before anybody is asked to look at it. Nothing is written but a hashtag: sentences
 * and hashtags that are wrong, or too many, are left out, as long as that leaves less to find fault with. Over bad news glad emoji go,
 * and exclamation marks that warn of nothing become full stops. Where no hashtag fits, the name that the text is about becomes one. What one
 * draw leaves out may stand in another: of several, a sentence without fault is taken over. Pure; `builder/demo/mend.py` does the same.
 *
 * @typedef {import('./index.js').Checker} Checker
 */

import { countWords, sentenceSpans } from "./sentences.js";

/** Letters of a hashtag that is made of a name; one with a number in it reads badly. */
const MAX_TAG = 32;
/** Words of a sentence that tells nothing yet. */
const GREETING = 3;
/** Rules about words that are there; the others are about what is missing. @type {import('./rules.js').Rule[]} */
const UNSOUND = ["language", "cheer", "cut", "changed", "repeated"];
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

  /** What it costs, at any length, and how many things are found. @param {string} text @param {string[]} parts */
  function badness(text, parts) {
    const post = parts.join("").trim();
    const findings = check(text, post, post.length);
    return [cost(findings), findings.reduce((sum, { found }) => sum + found.length, 0)];
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

  /** All with one part less, the last one first, that still say something, and have a hashtag where there was one. @param {string[]} parts */
  function shorter(parts) {
    const rests = parts.map((_, place) => parts.toSpliced(parts.length - 1 - place, 1));
    return rests.filter((rest) => bodyOf(rest.join("")) !== "" && rest.some(isTag) === parts.some(isTag));
  }

  /**
   * With the last sentences left out that nothing is lost with, but for the one that tells the news; as it is if that is not enough.
   * @param {string} text
   * @param {string[]} parts
   * @param {number} limit words
   */
  function fitted(text, parts, limit) {
    const news = parts[newsAt(parts)];
    let fits = parts;
    while (countWords(fits.join("")) > limit) {
      const worst = badness(text, fits);
      const rest = shorter(fits).find((each) => each.includes(news) && !isLess(worst, badness(text, each)));
      if (!rest) return parts;
      fits = rest;
    }
    return fits;
  }

  /**
   * A post with less wrong with it; as it is where nothing can be put right by leaving out.
   * @param {string} text what it is about
   * @param {string} post
   * @param {number} limit words
   */
  function mended(text, post, limit) {
    if (isForeign(text) || isForeign(post)) return post;
    let parts = partsOf(isBadNews(text) ? sobered(post, text) : post);
    let worst = badness(text, parts);
    while (worst[0]) {
      let [best, least] = [parts, worst];
      for (const rest of shorter(parts)) {
        const left = badness(text, rest);
        if (isLess(left, least)) [best, least] = [rest, left]; // of equals the last one is left out
      }
      if (best === parts) break;
      [parts, worst] = [best, least];
    }
    const withName = named(text, parts);
    return fitted(text, isLess(badness(text, withName), worst) ? withName : parts, limit).join("").trim();
  }

  /** Whether a sentence can stand in any post about a text: of what is wrong with it alone, nothing is wrong with its words. @param {string} text @param {string} part */
  function isSound(text, part) {
    const said = part.trim();
    return !isTag(part) && !check(text, said, said.length).some(({ rule }) => UNSOUND.includes(rule));
  }

  /**
   * The draft with the least wrong, put right, and with sentences of the others as long as less is then wrong: in place of one of its own, or
   * before or after the one that tells the news.
   * @param {string} text
   * @param {string[]} drafts one or more, as the model wrote them
   * @param {number} limit words
   */
  function assembled(text, drafts, limit) {
    const costOf = (/** @type {string} */ post) => cost(check(text, post, limit));
    const best = drafts.map((draft) => mended(text, draft, limit)).reduce((least, post) => (costOf(post) < costOf(least) ? post : least));
    if (isForeign(text) || isForeign(best)) return best;
    let parts = partsOf(best);
    const others = drafts.flatMap((draft) => partsOf(isBadNews(text) ? sobered(draft, text) : draft));
    const sound = [...new Set(others)].filter((part) => isSound(text, part));
    let worst = badness(text, parts);
    while (worst[0]) {
      let [move, least] = [parts, worst];
      for (const part of sound.filter((each) => !parts.includes(each))) {
        for (const next of taking(parts, part)) {
          const left = badness(text, next);
          if (isLess(left, least)) [move, least] = [next, left];
        }
      }
      if (move === parts) break;
      [parts, worst] = [move, least];
    }
    const made = mended(text, parts.join(""), limit);
    return costOf(made) < costOf(best) ? made : best;
  }

  return { mended, assembled };
}

/** Where the sentence is that tells the news: the first that is longer than a greeting. @param {string[]} parts */
const newsAt = (parts) => Math.max(0, parts.findIndex((part) => countWords(part) > GREETING));

/** All ways to take a sentence in: in place of each other one, before the news, after it. @param {string[]} parts @param {string} part */
function taking(parts, part) {
  const news = newsAt(parts);
  const instead = parts.flatMap((each, place) => (isTag(each) ? [] : [joined(parts.slice(0, place), part, parts.slice(place + 1))]));
  return [...instead, ...[news, news + 1].map((place) => joined(parts.slice(0, place), part, parts.slice(place)))];
}

/** With the space before each but the first. @param {string[]} before @param {string} part @param {string[]} after */
function joined(before, part, after) {
  const [first, ...rest] = [...before, part.trim(), ...after];
  return [first.trimStart(), ...rest.map((each) => (/^\s/.test(each) ? each : ` ${each}`))];
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
