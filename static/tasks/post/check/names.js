// @ts-check
/**
 * The names that a text is about, found by capital letters and place: a post about it should say one of the likeliest. A guess. Titles in
 * capitals, names that only begin a sentence, and texts that name many people are hard, so nothing is asked of a text whose names are all
 * unlikely.
 *
 * @typedef {{words: string[], likelihood: number}} Name without its article
 * @typedef {{text: string, begins: boolean, joined: boolean, sentence: number}} Token `begins`: whether a sentence or a line begins with
 *   it; `joined`: whether one space stands before it
 */

import { escaped, plain, wordSet, wordsOf } from "./rules.js";

const TOKEN = /[\p{L}\p{N}]+(?:['’.-][\p{L}\p{N}]+)*|&|\S/gu;
const NAME_WORD = /[\p{L}\p{N}]+(?:['’.-][\p{L}\p{N}]+)*/gu;
const isUpper = (/** @type {string} */ word) => /^\p{Lu}/u.test(word);
const isWord = (/** @type {string} */ word) => /^[\p{L}\p{N}]/u.test(word);
const isShouted = (/** @type {string} */ word) => word === word.toUpperCase() && word !== word.toLowerCase() && word.length > 1;

/** @param {string} text @returns {Token[]} */
function tokensOf(text) {
  /** @type {Token[]} */
  const found = [];
  let [end, begins, sentence] = [0, true, 0];
  for (const { 0: word, index } of text.matchAll(TOKEN)) {
    const between = text.slice(end, index);
    if (between.includes("\n")) begins = true;
    if (begins) sentence += 1;
    found.push({ text: word, begins: begins && isWord(word), joined: between === " ", sentence });
    if (isWord(word)) begins = false;
    if (".!?:…".includes(word)) begins = true;
    end = index + word.length;
  }
  return found;
}

/** Whether a run of words is a heading in capitals, such as FOR IMMEDIATE RELEASE or LOST. @param {Token[]} tokens @param {number} place @param {number} end */
function isTitle(tokens, place, end) {
  const words = tokens.slice(place, end).map(({ text }) => text);
  if (!words.filter((word) => /^\p{L}/u.test(word)).every(isShouted)) return false;
  return words.length > 2 || (words.length === 2 && ([":", ".", "–", "("].includes(tokens[end]?.text) || tokens[end]?.begins)) || (words.length === 1 && words[0].length > 3 && /^\p{L}+$/u.test(words[0]));
}

/** @param {import('./rules.js').Rules} rules */
export function nameRules({ names: rules, everyday, misspelt }) {
  const [starters, joiners, places, speakers, greetings] = [rules.starters, rules.joiners, rules.places, rules.speakers, rules.greetings].map(wordSet);
  const [roles, codes] = [rules.roles, rules.codes].map(wordSet);
  const ordinary = wordSet(everyday);
  const days = new Set([...ordinary, ...wordSet(rules.days)]);

  /** Where the run of capitalised words ends that begins at a place; the place itself if none does. @param {Token[]} tokens @param {number} place */
  function endOf(tokens, place) {
    if (!isUpper(tokens[place].text)) return place;
    let end = place + 1;
    while (end < tokens.length && tokens[end].joined && !tokens[end].begins) {
      const word = tokens[end].text;
      if (isUpper(word) || /^\d/.test(word)) end += 1;
      else if (joiners.has(word)) {
        let after = end + 1;
        while (after < tokens.length && joiners.has(tokens[after].text) && tokens[after].joined) after += 1;
        if (after >= tokens.length || !tokens[after].joined || !isUpper(tokens[after].text)) break;
        end = after + 1;
      } else break;
    }
    return end;
  }

  /** Without what belongs to no name at either end: articles, small words, days, months and their numbers. @param {string[]} run */
  function trimmed(run) {
    let words = run.map((word, place) => (place === run.length - 1 ? word.replace(/['’]s$/, "") : word));
    const [first, last] = [() => words[0].toLowerCase(), () => words[words.length - 1]];
    while (words.length && (starters.has(first()) || days.has(first()) || /^\d/.test(words[0]))) words = words.slice(1);
    while (words.length && (days.has(last().toLowerCase()) || joiners.has(last()) || /^(?:19|20)\d\d$/.test(last()))) words = words.slice(0, -1);
    return words;
  }

  /**
   * How likely a text is about a name of it: one of several words, said often, early, and not only as a place, a speaker or a greeting.
   * @param {Token[]} tokens
   * @param {number} place
   * @param {number} end
   * @param {string[]} words
   * @param {string} text
   * @param {Set<string>} small
   */
  function likelihoodOf(tokens, place, end, words, text, small) {
    const start = place + tokens.slice(place, end).findIndex((token) => token.text.startsWith(words[0]));
    const [before, after, earlier] = [tokens[start - 1]?.text ?? "", tokens[end]?.text ?? "", (tokens[start - 2]?.text ?? "").toLowerCase()];
    const alone = words.length === 1 && /^\p{L}+$/u.test(words[0]);
    const times = text.match(new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(words[0])}(?![\\p{L}\\p{N}_])`, "gu"))?.length ?? 0;
    let likelihood = 0;
    if (words.length > 1 || /\d/.test(words[words.length - 1])) likelihood += 1;
    likelihood += 0.5 * Math.min(3, times - 1);
    likelihood += Math.max(0, 1.5 - 0.3 * (tokens[start].sentence - 1));
    if (tokens[start].begins && alone && (small.has(words[0].toLowerCase()) || !/^[,'’ih]/.test(after))) likelihood -= 2;
    if (tokens[start].begins || (start === place + 1 && tokens[place].begins)) likelihood += 0.7;
    if (places.has(before.toLowerCase()) || (before.toLowerCase() === "the" && places.has(earlier))) likelihood -= 1.2;
    if (greetings.has(before.toLowerCase())) likelihood -= 3;
    if (codes.has(before.toLowerCase())) likelihood -= 2;
    if (roles.has(before.toLowerCase()) || tokens.slice(place, end).some((token) => roles.has(token.text.toLowerCase()))) likelihood -= 1.5;
    if ([start - 2, start - 1, end, end + 1].some((near) => speakers.has(tokens[near]?.text.toLowerCase() ?? ""))) likelihood -= 1.5;
    if (tokens[start].begins && end >= tokens.length - 1 && words.length < 3) likelihood -= 2.5;
    return likelihood;
  }

  /** The likeliest name, and those nearly as likely; none if no name is likely. @param {string} text */
  function main(text) {
    const tokens = tokensOf(text);
    const small = new Set(tokens.map((token) => token.text).filter((word) => /^\p{Ll}/u.test(word)));
    /** @type {Map<string, Name>} */
    const best = new Map();
    for (let place = 0; place < tokens.length; ) {
      const end = endOf(tokens, place);
      const words = trimmed(tokens.slice(place, end).map((token) => token.text));
      if (words.length && !isTitle(tokens, place, end)) {
        const likelihood = likelihoodOf(tokens, place, end, words, text, small);
        const name = words.join(" ");
        if (likelihood > (best.get(name)?.likelihood ?? -9)) best.set(name, { words, likelihood });
      }
      place = Math.max(end, place + 1);
    }
    const ranked = [...best.values()].sort((a, b) => b.likelihood - a.likelihood);
    return ranked.length && ranked[0].likelihood >= rules.least ? ranked.filter(({ likelihood }) => likelihood >= ranked[0].likelihood - rules.near) : [];
  }

  return {
    main,

    /**
     * How the `draw`-th post (from 0) about a text begins: the first as the model likes (""), each other with one of the likely names, as the
     * text has it with its article, the likeliest first; once they are used up, as the model likes again. A longer one is rather a heading.
     * @param {string} text
     * @param {number} draw
     */
    beginning(text, draw) {
      const short = main(text).filter(({ words }) => words.length <= rules.most_begun);
      const name = draw < 1 ? undefined : short[draw - 1]?.words.join(" ");
      if (!name) return "";
      return new RegExp(`(?<![\\p{L}\\p{N}_])[Tt]he ${escaped(name)}(?![\\p{L}\\p{N}_])`, "u").test(text) ? `The ${name}` : name;
    },

    /** Whether a post has every word of a name, in any order or run together. @param {string} body @param {Name} name */
    keeps(body, { words }) {
      const said = new Set(wordsOf(body, NAME_WORD).map(plain));
      const joined = body.replace(/[^\p{L}\p{N}]+/gu, "").toLowerCase();
      return words.filter((word) => !joiners.has(word)).every((word) => said.has(plain(word))) || joined.includes(words.map(plain).join(""));
    },

    /**
     * Capitalised words inside sentences that the text does not have, and misspelt names of it.
     * @param {string} text
     * @param {string[]} sentences
     */
    changed(text, sentences) {
      const there = wordsOf(text);
      const known = new Set([...there.map((word) => word.toLowerCase()), ...ordinary]);
      for (const word of [...known]) for (const part of word.split(/['’-]/)) known.add(part);
      const names = [...new Set(there.filter((word) => isUpper(word) && word.length > 4).map((word) => word.toLowerCase()))];
      const found = [];
      for (const sentence of sentences) {
        for (const [place, word] of wordsOf(sentence).entries()) {
          const folded = word.replace(/['’]s$/, "").toLowerCase();
          if (!isUpper(word) || known.has(folded) || folded.split(/['’-]/).every((part) => known.has(part))) continue;
          const inside = place > 0 && !new RegExp(`[:"“”‘(–—•*-]\\s*${escaped(word)}`, "u").test(sentence);
          const close = names.some((name) => likeness(folded, name) >= misspelt);
          if (close || (inside && !isShouted(word) && ![...known].some((each) => each.startsWith(folded.slice(0, 5))))) found.push(word);
        }
      }
      return found;
    },
  };
}

/** How alike two words are, from 0 to 1: twice the letters of their common parts among all (Ratcliff and Obershelp). @param {string} a @param {string} b */
export function likeness(a, b) {
  return a.length + b.length ? (2 * common(a, b)) / (a.length + b.length) : 1;
}

/** The letters of the longest common part, and of those before and after it. @param {string} a @param {string} b @returns {number} */
function common(a, b) {
  let [size, from, to] = [0, 0, 0];
  let row = new Array(b.length + 1).fill(0);
  for (let i = 0; i < a.length; i += 1) {
    const next = new Array(b.length + 1).fill(0);
    for (let j = 0; j < b.length; j += 1) {
      if (a[i] !== b[j]) continue;
      next[j + 1] = row[j] + 1;
      if (next[j + 1] > size) [size, from, to] = [next[j + 1], i - next[j + 1] + 1, j - next[j + 1] + 1];
    }
    row = next;
  }
  return size ? size + common(a.slice(0, from), b.slice(0, to)) + common(a.slice(from + size), b.slice(to + size)) : 0;
}
