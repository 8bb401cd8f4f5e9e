// @ts-check
/**
 * Words and characters of a text that grows, each piece looked at once. Pure.
 *
 * Characters are what a reader sees as one (an emoji with a skin tone is one); words are those of the language's own rules, so texts
 * without spaces have words, too. Some networks count links and emoji their own way, so near a limit their own counter has the last
 * word.
 */

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const words = new Intl.Segmenter(undefined, { granularity: "word" });
/** UTF-16 units that may still belong to what comes next. Longer ones (a word of a confused model) are taken as they are. */
const MAX_OPEN = 64;

export class TextCounter {
  #characters = 0;
  #words = 0;
  /** The end of the text, which the next piece may make longer. */
  #openCharacter = "";
  #openWord = "";

  /** Half a character of a piece that was cut within one. */
  #half = "";

  /** @param {string} text */
  add(text) {
    const all = this.#half + text;
    const whole = all.replace(/[\uD800-\uDBFF]$/, "");
    this.#half = all.slice(whole.length);
    this.#add(whole);
  }

  /** @param {string} piece */
  #add(piece) {
    const characters = segmentsOf(graphemes, this.#openCharacter + piece);
    this.#openCharacter = open(characters.slice(-1));
    this.#characters += characters.length - (this.#openCharacter ? 1 : 0);
    const found = segmentsOf(words, this.#openWord + piece);
    this.#openWord = open(found.slice(-2)); // an apostrophe between two letters makes one word of them
    this.#words += wordsIn(this.#openWord ? found.slice(0, -2) : found);
  }

  /** What a reader sees as one. */
  get characters() {
    return this.#characters + (this.#openCharacter ? 1 : 0);
  }

  get words() {
    return this.#words + wordsIn(segmentsOf(words, this.#openWord));
  }
}

/** @param {Intl.Segmenter} segmenter @param {string} text */
function segmentsOf(segmenter, text) {
  return [...segmenter.segment(text)];
}

/** @param {Intl.SegmentData[]} segments */
function wordsIn(segments) {
  return segments.filter(({ isWordLike }) => isWordLike).length;
}

/** @param {Intl.SegmentData[]} segments */
function open(segments) {
  const text = segments.map(({ segment }) => segment).join("");
  return text.length <= MAX_OPEN ? text : "";
}
