// @ts-check
/**
 * What comes from people, documents and tools is text to a model, never a control token. Pure.
 *
 * A tokenizer finds some pieces wherever they stand. `<end_of_turn>` inside a pasted text would end the user's turn, and what
 * follows could speak as the model. Engines take text, not ids, so the text itself must not have them: a space after the first
 * character, `< end_of_turn>`, leaves ordinary pieces that read the same. (A zero-width character in there would be three tokens of
 * noise to a model that has no piece for it.)
 */

/** Elements of HTML that Gemma's tokenizer has as pieces: they mark text up, and end nothing. */
const HTML =
  /^<\/?(?:a|b|bbox|blockquote|body|br|caption|code|div|em|footer|h[1-6]|hr|html|i|iframe|img|li|ol|p|pre|s|span|strong|sub|sup|table|tbody|td|tfoot|th|thead|tr|u|ul)\/?>$/;
/** White space, as tokenizers write it, and words. */
const PLAIN = /^(?:[\s▁]+|[\p{L}\p{M}\p{N}▁'’-]+)$/u;
/** What looks like a piece that controls: `<end_of_turn>`, `<|turn>`, `[INST]`. */
export const MARKS = /<[|/]?[\p{L}\p{N}_.:-]{1,64}\|?>|<\|[^<>\s]{1,64}>|\[\/?[\p{Lu}_]{2,32}\]/gu;
/** What such tokenizers leave out. */
const DROPPED = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/g;

/** @param {string} text @returns {string} the same, with U+FFFD for every half of a surrogate pair, which some engines die of */
export function wellFormed(text) {
  return text.isWellFormed?.() ? text : text.replace(/\p{Surrogate}/gu, "\ufffd");
}

/** The pieces of one model that foreign text must not contain. */
export class ControlPieces {
  /** @type {Set<string>} */
  #pieces = new Set();
  /** Their lengths by their first character, longest first. @type {Map<string, number[]>} */
  #lengths = new Map();

  /**
   * @param {Iterable<string> | null} pieces those that the tokenizer does not make of what is written, see `isControl`; null where
   *   they are not known: then whatever looks like one is taken for one
   * @param {object} [options]
   * @param {string} [options.template] the model's turns: what looks like a piece there is none for foreign text
   * @param {boolean} [options.folds] whether the tokenizer takes compatible characters for each other, `＜` for `<`
   */
  constructor(pieces, { template = "", folds = false } = {}) {
    this.known = pieces !== null;
    this.folds = folds;
    for (const piece of [...(pieces ?? []), ...(template.match(MARKS) ?? [])]) this.#add(piece.replaceAll("▁", " ").trim());
  }

  /**
   * Foreign text that a tokenizer reads as text.
   * @param {string} text
   * @param {{before?: string, after?: string}} [around] what it is put between: no piece may come to be at the seams
   */
  disarm(text, { before = "", after = "" } = {}) {
    if (!this.known) {
      for (const piece of (before + text + after).match(MARKS) ?? []) if (isControl(piece)) this.#add(piece);
    }
    let safe = this.folds ? text.replace(DROPPED, "").normalize("NFKC") : text;
    for (;;) {
      const broken = this.#broken(before, safe, after);
      if (broken === safe) return safe;
      safe = broken;
    }
  }

  /** @param {string} piece */
  #add(piece) {
    if ([...piece].length < 2 || this.#pieces.has(piece)) return;
    this.#pieces.add(piece);
    const lengths = this.#lengths.get(piece.charAt(0)) ?? [];
    if (!lengths.includes(piece.length)) lengths.push(piece.length);
    this.#lengths.set(piece.charAt(0), lengths.sort((a, b) => b - a));
  }

  /**
   * @param {string} before
   * @param {string} text
   * @param {string} after
   */
  #broken(before, text, after) {
    const whole = before + text + after;
    const [begin, end] = [before.length, before.length + text.length];
    let broken = "";
    let kept = begin;
    for (let at = 0; at < end; ) {
      const length = this.#lengthAt(whole, at);
      if (length && at + length > begin) {
        const place = Math.max(begin, at + String.fromCodePoint(whole.codePointAt(at) ?? 0).length);
        broken += `${whole.slice(kept, place)} `;
        kept = place;
      }
      at += length || 1;
    }
    return broken + whole.slice(kept, end);
  }

  /** @param {string} text @param {number} at */
  #lengthAt(text, at) {
    return this.#lengths.get(text.charAt(at))?.find((length) => this.#pieces.has(text.substring(at, at + length))) ?? 0;
  }
}

/**
 * Whether a piece that a tokenizer finds wherever it stands controls the model. White space, words and HTML do not.
 * @param {string} piece
 */
export function isControl(piece) {
  return !PLAIN.test(piece) && !HTML.test(piece);
}
