// @ts-check
/**
 * The sources that an answer names, `[1]` or `[1, 3]`, found while it streams: each character is looked at once, so a piece costs the same
 * at any length. Pure.
 *
 * @typedef {{text: string} | {source: number}} Part `source`: from 1
 */

/** Longer brackets hold no numbers of ours. */
const MAX_BRACKET = 24;
const NUMBERS = /^\[\s*\d{1,2}(?:\s*[,;]\s*\d{1,2})*\s*\]$/;

export class Citations {
  #sources;
  /** A bracket that has not been closed yet. */
  #open = "";

  /** @param {number} sources how many there are; another number is text */
  constructor(sources) {
    this.#sources = sources;
  }

  /** @param {string} piece @returns {Part[]} what is certain by now */
  add(piece) {
    /** @type {Part[]} */
    const parts = [];
    let text = "";
    for (const character of piece) {
      if (character === "[") {
        text += this.#open;
        this.#open = character;
      } else if (this.#open) {
        this.#open += character;
        if (character === "]") {
          const sources = this.#sourcesIn(this.#open);
          if (sources.length) {
            if (text) parts.push({ text });
            text = "";
            parts.push(...sources.map((source) => ({ source })));
          } else text += this.#open;
          this.#open = "";
        } else if (this.#open.length > MAX_BRACKET || character === "\n") {
          text += this.#open;
          this.#open = "";
        }
      } else text += character;
    }
    if (text) parts.push({ text });
    return parts;
  }

  /** What is left when nothing more comes. @returns {Part[]} */
  end() {
    const text = this.#open;
    this.#open = "";
    return text ? [{ text }] : [];
  }

  /** @param {string} bracket */
  #sourcesIn(bracket) {
    if (!NUMBERS.test(bracket)) return [];
    const numbers = (bracket.match(/\d+/g) ?? []).map(Number);
    return numbers.every((number) => number >= 1 && number <= this.#sources) ? numbers : [];
  }
}

/** A whole answer. @param {string} text @param {number} sources @returns {Part[]} */
export function partsOf(text, sources) {
  const citations = new Citations(sources);
  return [...citations.add(text), ...citations.end()];
}

/** The sources that an answer names, each once. @param {string} text @param {number} sources */
export function citedIn(text, sources) {
  return [...new Set(partsOf(text, sources).flatMap((part) => ("source" in part ? [part.source] : [])))];
}
