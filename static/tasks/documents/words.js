// @ts-check
/**
 * The terms of a text, as they are searched: the words that the language's own rules find, without case and accents. Of Chinese and
 * Japanese words also each pair of characters, for what is one word there is a matter of context. Words are not stemmed here, which
 * would do for English only: a search takes their other forms along (bm25.js). Pure.
 */

const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
/** UTF-16 units that are cut into words at a time: an engine takes a copy of what it is given. */
const STRIDE = 20_000;
const MAX_WORD = 40;
const EAST_ASIAN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー々]/u;
const ENDING = /(?:ings?|ies|e[drs]?|ers|ly|y|s)$/;
const MIN_STEM = 3;
/** Letters after the stem of another form of the word: "treasury" for "treasurer", "closing" for "close". */
export const MAX_ENDING = 4;
const PARTICLE = /^\p{Script=Hiragana}{1,2}$/u;

/** Words of English questions that say nothing of what is asked for. */
const STOP = new Set(
  ("a about after all also am an and any anyone anything are as at be because been before being but by can could did do does doing done for " +
    "from get gets give given go goes got had happen happens has have having he her here him his how i if in into is it its itself just me more most " +
    "may mean means might much many my no nor not of off on once one only or other our out over own same say says shall she should so some such tell than that the their " +
    "them then there these they this those through to too under until up us very was we were what when where which while who whom whose " +
    "why will with would you your yours someone something somebody anybody").split(" "),
);

/**
 * @param {string} text
 * @param {(term: string, start: number, end: number) => void} visit each term in order, with where its word stands in the text
 */
export function visitTerms(text, visit) {
  for (const [piece, at] of pieces(text)) {
    for (const { segment, index, isWordLike } of segmenter.segment(piece)) {
      if (!isWordLike) continue;
      const start = at + index;
      const word = plain(segment);
      if (EAST_ASIAN.test(word)) {
        if (!PARTICLE.test(word)) eastAsian(word, (term) => visit(term, start, start + segment.length));
      } else if (word && !STOP.has(word)) visit(word.slice(0, MAX_WORD), start, start + segment.length);
    }
  }
}

/** @param {string} text */
export function termsOf(text) {
  /** @type {string[]} */
  const terms = [];
  visitTerms(text, (term) => terms.push(term));
  return terms;
}

/** What the forms of an English word begin with; null for what has none, or is too short to tell. @param {string} term */
export function stemOf(term) {
  if (!/^[a-z]{3,}$/.test(term)) return null;
  const stem = term.replace(ENDING, "");
  return stem.length >= MIN_STEM ? stem : term;
}

/** Whether a term of a text is the word that was asked for, in some form. @param {string} found @param {string} asked */
export function isFormOf(found, asked) {
  const stem = stemOf(asked);
  return found === asked || (stem !== null && found.startsWith(stem) && found.length <= stem.length + MAX_ENDING);
}

/** @param {string} word @param {(term: string) => void} visit */
function eastAsian(word, visit) {
  const characters = [...word.slice(0, MAX_WORD)];
  visit(characters.join(""));
  if (characters.length > 2) for (let at = 1; at < characters.length; at += 1) visit(characters[at - 1] + characters[at]);
}

/** @param {string} word */
function plain(word) {
  const small = word.normalize("NFKC").toLowerCase();
  if (/^[a-z]+$/.test(small)) return small;
  if (/^\d{1,3}(?:[,'’]\d{3})+$/.test(small)) return small.replace(/\D/g, "");
  return small
    .replace(/['’]s$|['’]/gu, "")
    .replace(/ß/g, "ss")
    .normalize("NFD")
    .replace(/(?<=\p{Script=Latin})\p{M}+/gu, "")
    .normalize("NFC");
}

/** Pieces that end between words. @param {string} text @returns {Generator<[string, number]>} with where each begins */
function* pieces(text) {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + STRIDE);
    if (end < text.length) {
      const space = Math.max(text.lastIndexOf(" ", end), text.lastIndexOf("\n", end), text.lastIndexOf("。", end));
      if (space > at) end = space + 1;
    }
    yield [text.slice(at, end), at];
    at = end;
  }
}
