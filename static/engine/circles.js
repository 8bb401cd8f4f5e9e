// @ts-check
/**
 * Whether a text goes round in circles, as small models do: they would until the context is full, which takes minutes. Pure.
 *
 * A song repeats its chorus, and a list its beginnings, but with something between. Here either the same piece follows itself, four times and
 * over some lines, or all that is said has been said three times before, in whatever order.
 */

const TIMES = 4;
/** Characters that the repeated pieces have together, at least. */
const LEAST = 240;
/** Of one piece, at most. */
const LONGEST = 400;
/** Words in a row that are compared with what was said before. */
const RUN = 4;
/** Words at the end that must all have been said before. */
const LAST_WORDS = 48;
/** Characters that are remembered. */
const MEMORY = 2400;
/** Characters after which a growing text is looked at again. */
const LOOK_EVERY = 40;
const WORD = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu;
/** What only counts the rounds, at the beginning of a line: “12.”, “**12)”, “Day 12:”. */
const COUNTER = /^[^\p{L}\p{N}\n]*(?:\p{L}+ )?\d{1,3}(?=[.):])/gmu;

/** Whether a text that grows goes round in circles: a piece costs the same at any length. */
export class CircleWatch {
  #end = "";
  #unseen = 0;
  #before;
  found = false;

  /** @param {string} [before] the first round of an answer that went round: where the text says nothing but that again, one round is enough */
  constructor(before = "") {
    this.#before = before && `${before.slice(-MEMORY / TIMES)}\n`.repeat(TIMES - 1);
  }

  /** @param {string} piece */
  add(piece) {
    this.#end = (this.#end + piece).slice(-MEMORY);
    this.#unseen += piece.length;
    if (this.#unseen < LOOK_EVERY) return;
    this.#unseen = 0;
    this.found ||= endsInCircles(this.#end) || this.#saysItAgain();
  }

  #saysItAgain() {
    return this.#before !== "" && countWords(this.#end) >= LAST_WORDS && saysNothingNew(this.#before + this.#end);
  }
}

/** @param {string} text */
export function endsInCircles(text) {
  const end = text.slice(-MEMORY);
  return followsItself(end) || saysNothingNew(end);
}

/**
 * A text that went round in circles without them: up to where the last run of words begins that was not said before, and to the signs behind its first word.
 * Others, after which too little follows, stay as they are.
 * @param {string} text
 */
export function firstRound(text) {
  const words = [...text.replace(COUNTER, (counter) => " ".repeat(counter.length)).matchAll(WORD)];
  const said = new Set();
  let end = 0;
  for (let start = 0; start + RUN <= words.length; start += 1) {
    const run = words.slice(start, start + RUN).map(([word]) => word.toLowerCase()).join(" ");
    if (!said.has(run)) end = words[start].index + words[start][0].length;
    said.add(run);
  }
  if (!end || !(countWords(text.slice(end)) >= LAST_WORDS || endsInCircles(text))) return text;
  return text.slice(0, end) + (/^[^\s\p{L}\p{N}]*/u.exec(text.slice(end)) ?? [""])[0];
}

/** @param {string} text */
function countWords(text) {
  return text.replace(COUNTER, "").match(WORD)?.length ?? 0;
}

/** Whether a text ends with the same piece TIMES times. @param {string} text */
function followsItself(text) {
  const longest = Math.min(LONGEST, Math.floor(text.length / TIMES));
  for (let length = 1; length <= longest; length += 1) {
    const reach = Math.max(TIMES * length, LEAST);
    if (reach > text.length) continue;
    let same = length;
    while (same < reach && text[text.length - 1 - same] === text[text.length - 1 - same + length]) same += 1;
    if (same === reach) return true;
  }
  return false;
}

/** Whether each of the last words of a text belongs to a run of words that is in it TIMES times. @param {string} text */
function saysNothingNew(text) {
  const words = text.toLowerCase().replace(COUNTER, "").match(WORD) ?? [];
  if (words.length < TIMES * RUN + LAST_WORDS) return false;
  const runs = Array.from({ length: words.length - RUN + 1 }, (_, start) => words.slice(start, start + RUN).join(" "));
  const times = new Map();
  for (const run of runs) times.set(run, (times.get(run) ?? 0) + 1);
  const isOld = runs.map((run) => times.get(run) >= TIMES);
  return words.every((_, place) => place < words.length - LAST_WORDS || isOld.slice(Math.max(0, place - RUN + 1), place + 1).includes(true));
}
