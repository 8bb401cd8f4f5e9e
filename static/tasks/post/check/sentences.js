// @ts-check
/** Whether every sentence of a post is whole, and said once. */

import { wordSet, wordsOf } from "./rules.js";

const SENTENCE_END = /(?<=[.!?…])["”’')\]]*\s+|\n+/u;
const ENDED = /[.!?…:]["”’')\]]*$/u;
/** The same letters five times in a row. */
const STAMMER = /(\p{L}{1,5}?)\1{4,}/gu;
const HASHTAG = /(?<!\S)#([\p{L}\p{N}_]+)/gu;

/** Hashtags without their sign. @param {string} post */
export const hashtagsIn = (post) => [...post.matchAll(HASHTAG)].map(([, tag]) => tag);

/** @param {string} body */
export const sentencesOf = (body) => body.split(SENTENCE_END).map((part) => part.trim()).filter(Boolean);

/** As `sentencesOf`, each with the space before it: joined they are the text again. @param {string} text */
export function sentenceSpans(text) {
  const ends = [...text.matchAll(new RegExp(SENTENCE_END, "gu"))].map(({ 0: end, index }) => index + end.trimEnd().length);
  return [0, ...ends].map((start, place) => text.slice(start, ends[place])).filter(Boolean);
}

/** Everything between white space, hashtags and emoji too. @param {string} post */
export const countWords = (post) => post.split(/\s+/).filter(Boolean).length;

/** @param {string} body @param {string} sign */
const count = (body, sign) => body.split(sign).length - 1;

/** @param {import('./rules.js').Rules} rules */
export function sentenceRules(rules) {
  const dangling = wordSet(rules.dangling);
  const emoji = new RegExp(`[${rules.emoji.map(([first, last]) => `${String.fromCodePoint(first)}-${String.fromCodePoint(last)}`).join("")}]`, "gu");

  return {
    /** The post without hashtags at its end and without emoji, which no sentence needs. @param {string} post */
    bodyOf: (post) =>
      post
        .replace(emoji, "")
        .replace(/(?:\s*#[\p{L}\p{N}_]+)+\s*$/u, "")
        .replace(HASHTAG, "$1")
        .trim(),

    /** The sentence that stops in the middle, or what is open at the end; "" if none. @param {string} body */
    cutIn(body) {
      const sentences = sentencesOf(body);
      if (!sentences.length) return "(nothing)";
      for (const sentence of sentences) {
        const last = wordsOf(sentence).at(-1);
        if (sentence.replace(/["”’')]+$/, "").endsWith(".") && last && dangling.has(last) && !sentence.endsWith("...")) return sentence;
      }
      const end = sentences[sentences.length - 1];
      const open = count(body, '"') % 2 || count(body, "“") !== count(body, "”") || count(body, "(") !== count(body, ")");
      return !ENDED.test(end) || open ? end : "";
    },

    /** What is said twice; "" if nothing is. @param {string} text what the post is about @param {string} body */
    repeatedIn(text, body) {
      const lists = sentencesOf(body).map((sentence) => wordsOf(sentence).map((word) => word.toLowerCase()));
      for (const [index, list] of lists.entries()) {
        for (const other of lists.slice(0, index)) {
          const [mine, others] = [new Set(list), new Set(other)];
          const shared = [...mine].filter((word) => others.has(word)).length;
          if (list.join(" ") === other.join(" ") || (shared >= 4 && shared >= rules.same_sentence * Math.min(mine.size, others.size))) return list.join(" ");
        }
      }
      const run = lists.flat();
      const seen = new Set();
      const twice = new Set();
      const runs = Array.from({ length: Math.max(0, run.length - rules.same_run + 1) }, (_, start) => run.slice(start, start + rules.same_run).join(" "));
      for (const words of runs) (seen.has(words) ? twice : seen).add(words);
      return runs.find((words) => twice.has(words)) ?? stuttered(text, body);
    },
  };
}

/**
 * What the text does not say so often: a name or figure of several words twice in one sentence ("the Elm Choir is at the Elm Choir"), a word
 * three times in a row, letters again and again; "" if there is nothing.
 * @param {string} text
 * @param {string} body
 */
function stuttered(text, body) {
  const known = pairsOf(wordsOf(text));
  for (const sentence of sentencesOf(body)) {
    const words = wordsOf(sentence);
    const seen = new Map();
    for (const [place, second] of words.slice(1).entries()) {
      const first = words[place];
      const pair = `${first} ${second}`.toLowerCase();
      seen.set(pair, (seen.get(pair) ?? 0) + 1);
      if (seen.get(pair) > Math.max(1, known.get(pair) ?? 0) && (isParticular(first) || isParticular(second))) return `${first} ${second}`;
      const thrice = first.toLowerCase() === second.toLowerCase() && words[place + 2] === second;
      if (thrice && /^\p{L}+$/u.test(first) && (known.get(pair) ?? 0) < 2) return `${first} ${second} ${second}`;
    }
    const again = (sentence.match(STAMMER) ?? []).find((letters) => !text.includes(letters));
    if (again) return again;
  }
  return "";
}

/** How often two words stand side by side. @param {string[]} words */
function pairsOf(words) {
  const pairs = new Map();
  for (const [place, second] of words.slice(1).entries()) {
    const pair = `${words[place]} ${second}`.toLowerCase();
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  return pairs;
}

/** Part of a name or a figure. @param {string} word */
const isParticular = (word) => /^\p{Lu}|\p{N}/u.test(word);
