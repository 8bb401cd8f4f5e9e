// @ts-check
/**
 * What the demo model cannot make a post of: it learned from short English texts alone, and of anything else it babbles. Pure.
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

/** Letters that are not Latin, among all. */
const MOST_FOREIGN_LETTERS = 0.4;
/** Small words of another language among all words, and how many times those of English. */
const FOREIGN_WORDS = 0.12;
const TIMES_ENGLISH = 2;
/** Lines of a program among all. */
const CODE_LINES = 0.4;
/** Letters and digits among all characters that are no space. */
const LEAST_READABLE = 0.5;
/** Different words of a text that only repeats itself. */
const MOST_REPEATED = 2;
/** Words that nobody could say, among the long ones. */
const UNSPEAKABLE = 0.5;

const words = (/** @type {string} */ text) => new Set(text.split(" "));

const ENGLISH = words(
  "the of and to in a is it for on with that this at by from as are was be an or we you our your has have will not but they their its who which when all more can after before into about up out if so he she his her i us them there been had were would no new now one two until than over",
);
/** Small words of languages that are written with Latin letters. One that English has as well speaks for neither. */
const OTHER = words(
  [
    "der das und ist ein eine einen einem einer nicht mit auf für von dem den des im zum zur sich auch wird werden sind bei nach wie als oder aber über unser unsere wir sie ihr ich haben hat",
    "le la les un une et est des du dans pour que qui sur pas au aux avec ce cette ces sont nous vous ils elle leur plus par ou été mais notre votre",
    "el los las una y es en del que por con para se su al lo como más pero sus está este esta son nuestro nuestra",
    "il lo gli della del di che è per con non una si dei alla al sono nel nella anche più come ma questo questa",
    "o os a as um uma e do da de dos das em no na que para com não por mais ao seu sua são foi está tem depois",
    "het een van en dat te zijn op met voor niet aan er om ook door bij uit naar onze",
    "och att det som är på av för inte med till ett den har vi kan från om nu",
    "og det som er på av til ikke med en et vi har fra",
    "się nie jest na do że z w i to jak od za po przez dla są oraz który która",
    "ve bir bu da de için ile çok olarak daha ne var gibi",
    "ja on ei että se oli kun mutta niin myös tai joka",
  ].join(" "),
);

/** A line that only a program or its data has. */
const CODE =
  /^\s*(?:def|function|import|from|const|let|var|class|return|public|private|static|#include|@\w+|SELECT|INSERT|UPDATE|elif|else:|try:|except)\b.*[(){}=;:*"'<]|^\s*(?:if|for|while)\s*\(|=>|^\s*<\/?[a-z][^>]*>|^\s*[\w.]+\s*=\s*[^=\s].*[()[\]{}"']|^\s*"[\w-]+"\s*:/i;
/** One that a program may have beside those. */
const END_OF_STATEMENT = /[;{}]\s*$/;

/**
 * @param {string} text
 * @returns {Unsuited | null} why the demo model cannot write about it, null where it may
 */
export function unsuited(text) {
  if (!text.trim() || text.length > LONGEST) return null;
  if (isForeign(text)) return "language";
  if (isCode(text)) return "code";
  return isNothing(text) ? "nothing" : null;
}

/** @param {string} text */
function isForeign(text) {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0;
  if (letters && (letters - latin) / letters > MOST_FOREIGN_LETTERS) return true;
  const found = wordsOf(text);
  if (found.length < ENOUGH) return false;
  const other = found.filter((word) => OTHER.has(word) && !ENGLISH.has(word)).length;
  const english = found.filter((word) => ENGLISH.has(word) && !OTHER.has(word)).length;
  return other / found.length > FOREIGN_WORDS && other > english * TIMES_ENGLISH;
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
  const unspeakable = long.filter((word) => !/[aeiouyà-öø-ÿ]/u.test(word) || /[^aeiouy\W\d]{6}/u.test(word)).length;
  return long.length > 0 && unspeakable / long.length > UNSPEAKABLE;
}

/** In small letters. @param {string} text */
function wordsOf(text) {
  return text.toLowerCase().match(/\p{L}[\p{L}\p{M}'’]*/gu) ?? [];
}
