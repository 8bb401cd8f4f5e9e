// @ts-check
/**
 * What the demo model cannot make a post of: it learned from short English texts alone, and of anything else it babbles. Of nothing, letters
 * struck at random, every model makes something up. Pure.
 *
 * Wrongly declining costs a person a click, wrongly writing costs them a strange post: only what is clear is declined. A headline without
 * a small word, a list of dates, names in other alphabets within a sentence are all written about.
 *
 * @typedef {'language' | 'code' | 'nothing'} Unsuited
 */

/** Characters. A longer text has no room in the demo model, which is said in its own way. */
const LONGEST = 4000;
/** Words from which on their kind can be told. */
const ENOUGH = 6;

/** Lines of a program among all. */
const CODE_LINES = 0.4;
/** Letters and digits among all characters that are no space. */
const LEAST_READABLE = 0.5;
/** Different words of a text that only repeats itself. */
const MOST_REPEATED = 2;
/** Words that nobody could say, among the long ones. */
const UNSPEAKABLE = 0.5;

/** Letters side by side on the keyboards of Europe, in either direction. */
const ROWS = ["qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "qsdfghjklm", "zxcvbnm", "yxcvbnm", "wxcvbn"].flatMap((row) => [row, [...row].reverse().join("")]).join(" ");
/** Letters of a stroke along a row, at least. */
const STROKE = 3;
/** Letters that words of strokes and words that nobody could say have together, at least: “Wert” is a German word, and Reza a name. */
const LEAST_STRUCK = 6;

/** A line that only a program or its data has. */
const CODE =
  /^\s*(?:def|function|import|from|const|let|var|class|return|public|private|static|#include|@\w+|SELECT|INSERT|UPDATE|elif|else:|try:|except)\b.*[(){}=;:*"'<]|^\s*(?:if|for|while)\s*\(|=>|^\s*<\/?[a-z][^>]*>|^\s*[\w.]+\s*=\s*[^=\s].*[()[\]{}"']|^\s*"[\w-]+"\s*:/i;
/** One that a program may have beside those. */
const END_OF_STATEMENT = /[;{}]\s*$/;

/**
 * @param {string} text
 * @param {(text: string) => boolean} isForeign whether a text is clearly not English
 * @returns {Unsuited | null} why the demo model cannot write about it, null where it may
 */
export function unsuited(text, isForeign) {
  if (!text.trim() || text.length > LONGEST) return null;
  if (isForeign(text)) return "language";
  if (isCode(text)) return "code";
  return isNothing(text) ? "nothing" : null;
}

/** @param {string} text */
function isCode(text) {
  const lines = text.split("\n").filter((line) => line.trim());
  const marked = lines.filter((line) => CODE.test(line) || END_OF_STATEMENT.test(line)).length;
  return marked >= 2 && lines.some((line) => CODE.test(line)) && marked / lines.length >= CODE_LINES;
}

/** Whether it says nothing in any language: no words, the same ones again and again, or letters struck at random. @param {string} text */
function isNothing(text) {
  const characters = text.match(/\S/gu)?.length ?? 0;
  const readable = text.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
  if (readable / characters < LEAST_READABLE) return true;
  const found = wordsOf(text);
  if (!found.length) return true;
  if (found.length >= ENOUGH && new Set(found).size <= MOST_REPEATED) return true;
  const long = found.filter((word) => word.length >= 4);
  const unspeakable = long.filter(isUnspeakable);
  const random = long.filter((word) => isUnspeakable(word) || isStruck(word));
  return long.length > 0 && (random.join("").length < LEAST_STRUCK ? unspeakable : random).length / long.length > UNSPEAKABLE;
}

/** @param {string} word */
function isUnspeakable(word) {
  return !/[aeiouyıà-öø-ÿ]/u.test(word.normalize("NFD")) || /[^aeiouy\W\d]{6}/u.test(word);
}

/**
 * Whether fingers that run along the rows of a keyboard make all of a word. Of the 100,000 commonest words of each of 42 languages that is true of nine,
 * two of which are of six letters: the names of keyboards.
 * @param {string} word
 */
function isStruck(word) {
  for (let at = 0, end = STROKE; at < word.length; at = end, end = at + STROKE) {
    if (end > word.length || !ROWS.includes(word.slice(at, end))) return false;
    while (end < word.length && ROWS.includes(word.slice(at, end + 1))) end += 1;
  }
  return true;
}

/** In small letters. @param {string} text */
function wordsOf(text) {
  return text.toLowerCase().match(/\p{L}[\p{L}\p{M}'’]*/gu) ?? [];
}
