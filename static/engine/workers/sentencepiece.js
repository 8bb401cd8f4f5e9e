// @ts-check
/**
 * Counts the tokens of a text as SentencePiece does it, for an engine that has a tokenizer inside and no way to ask it, and
 * knows which pieces control the model.
 *
 * Symbols that the model defines stay whole, everything else begins as characters. In a byte-pair model, which Gemma's are, the
 * pair with the best score is joined until none is left; in a unigram model, as synthetic ones have, the way with the best sum
 * of scores is taken. Of the normalizations only the one of white space is done, which is
 * all that Gemma's tokenizers have. `tests/webapp/test_sentencepiece.py` holds it to SentencePiece's own counts.
 *
 * The model comes out of a file that nobody vouches for: its limits keep memory small, and time in proportion to the text.
 */

import { ControlPieces, isControl } from "../foreign_text.js";
import { joinPairs } from "./pairs.js";

/** @type {{[name: string]: number}} what a piece is */
const TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 };
const UNIGRAM = 1;
const BYTE_PAIR = 2;
/** What an unknown character costs a way through a text, beside the least likely piece. */
const UNKNOWN = 10;
const SPACE = "▁";
/** Four times those of Gemma 3. */
const MAX_PIECES = 1 << 20;
/** Characters of a piece; Gemma's longest has 31. */
const LONGEST_PIECE = 256;
const LONGEST_VARINT = 10;
const UTF_8 = new TextDecoder("utf-8", { ignoreBOM: true }); // one of Gemma's pieces is that mark

/** @typedef {import('./pairs.js').Symbol} Symbol */

export class SentencePiece {
  /** Scores of what a text can be made of. @type {Map<string, number>} */
  #scores = new Map();
  /** Pieces that stay whole wherever they appear. @type {Set<string>} */
  #whole = new Set();
  /** The lengths of those by their first character, longest first. @type {Map<string, number[]>} */
  #wholeLengths = new Map();
  /** Pieces that are only steps on the way to longer ones, and come apart again. @type {Set<string>} */
  #unused = new Set();
  /** Pieces that foreign text must not contain. @type {string[]} */
  #control = [];
  /** Whether it takes compatible characters for each other, before it looks for pieces. */
  #folds = false;
  #unigram = false;
  #longest = 0;
  #leastScore = Infinity;
  #byteFallback = false;
  #dummyPrefix = true;
  #oneSpace = true;
  #escaped = true;

  /** @param {Uint8Array} model a serialized SentencePiece model; RangeError or Error where it is none */
  constructor(model) {
    let kind = 0;
    let pieces = 0;
    for (const [field, value] of fieldsOf(model)) {
      if (field === 1) {
        pieces += 1;
        if (pieces > MAX_PIECES) throw new RangeError(`its tokenizer has more than ${MAX_PIECES} pieces`);
        this.#add(/** @type {Uint8Array} */ (value));
      }
      if (field === 2) {
        kind = UNIGRAM; // where it does not say
        for (const [number, said] of fieldsOf(/** @type {Uint8Array} */ (value))) {
          if (number === 3) kind = Number(said);
          if (number === 35) this.#byteFallback = Boolean(said);
        }
      }
      if (field === 3) {
        for (const [number, said] of fieldsOf(/** @type {Uint8Array} */ (value))) {
          if (number === 2) this.#folds = /** @type {Uint8Array} */ (said).length > 0;
          if (number === 3) this.#dummyPrefix = Boolean(said);
          if (number === 4) this.#oneSpace = Boolean(said);
          if (number === 5) this.#escaped = Boolean(said);
        }
      }
    }
    if ((kind !== BYTE_PAIR && kind !== UNIGRAM) || !this.#scores.size) {
      throw new Error("its tokenizer is no byte-pair or unigram SentencePiece model");
    }
    this.#unigram = kind === UNIGRAM;
    for (const lengths of this.#wholeLengths.values()) lengths.sort((a, b) => b - a);
  }

  /** What foreign text must not contain for this tokenizer. @param {string} template the model's turns */
  controlPieces(template) {
    return new ControlPieces(this.#control, { template, folds: this.#folds });
  }

  /** Without the token that begins a text. @param {string} text */
  count(text) {
    const symbols = this.#split(this.#normalized(text));
    const halves = this.#unigram ? this.#takeBestWay(symbols) : this.#join(symbols);
    /** @type {(text: string) => number} */
    const parts = (text) => {
      const found = this.#unused.has(text) && halves.get(text);
      return found ? parts(found[0]) + parts(found[1]) : 1;
    };
    let tokens = 0;
    let unknown = false; // a run of them is one token, unless they fall back to bytes
    for (const { text } of symbols) {
      if (!text) continue;
      const known = this.#scores.has(text);
      if (known) tokens += parts(text);
      else if (this.#byteFallback) tokens += new TextEncoder().encode(text).length;
      else if (!unknown) tokens += 1;
      unknown = !known && !this.#byteFallback;
    }
    return tokens;
  }

  /** @param {Uint8Array} message */
  #add(message) {
    let piece = "";
    let score = 0;
    let type = TYPES.normal;
    for (const [field, value] of fieldsOf(message)) {
      if (field === 1) piece = UTF_8.decode(/** @type {Uint8Array} */ (value));
      if (field === 2) score = /** @type {number} */ (value);
      if (field === 3) type = /** @type {number} */ (value);
    }
    if (piece.length > LONGEST_PIECE) throw new RangeError(`its tokenizer has a piece of ${piece.length} characters`);
    if (type === TYPES.control || type === TYPES.unknown || (type === TYPES.userDefined && isControl(piece))) this.#control.push(piece);
    if (type === TYPES.userDefined && piece) {
      this.#whole.add(piece);
      const lengths = this.#wholeLengths.get(piece.charAt(0)) ?? [];
      if (!lengths.includes(piece.length)) lengths.push(piece.length);
      this.#wholeLengths.set(piece.charAt(0), lengths);
    }
    if (type === TYPES.unused) this.#unused.add(piece);
    if (type !== TYPES.unknown && type !== TYPES.control && type !== TYPES.byte) this.#scores.set(piece, score);
    if (type === TYPES.normal) this.#leastScore = Math.min(this.#leastScore, score);
    this.#longest = Math.max(this.#longest, piece.length);
  }

  /** @param {string} text */
  #normalized(text) {
    let normal = this.#oneSpace ? text.replace(/ +/g, " ").replace(/^ /, "") : text;
    if (this.#dummyPrefix && normal) normal = ` ${normal}`;
    const escaped = this.#escaped ? normal.replaceAll(" ", SPACE) : normal;
    return this.#oneSpace ? escaped.replace(/[ ▁]+$/, "") : escaped; // also those that the text has itself
  }

  /**
   * @param {string} text
   * @returns {Symbol[]}
   */
  #split(text) {
    /** @type {Symbol[]} */
    const symbols = [];
    for (let at = 0; at < text.length; ) {
      const length = this.#wholeLengths.get(text.charAt(at))?.find((some) => this.#whole.has(text.substring(at, at + some)));
      const next = length ? text.substring(at, at + length) : String.fromCodePoint(text.codePointAt(at) ?? 0);
      const place = symbols.length;
      symbols.push({ left: place - 1, right: place + 1, text: next, frozen: length !== undefined });
      at += next.length;
    }
    const last = symbols.at(-1);
    if (last) last.right = -1;
    return symbols;
  }

  /**
   * Leaves in `symbols` the pieces of the best way, each in its first symbol. A unigram model has no halves.
   * @param {Symbol[]} symbols
   * @returns {Map<string, [string, string]>}
   */
  #takeBestWay(symbols) {
    /** Of the best way to each place, which ends there: its score, and where its last piece begins. */
    const best = [{ score: 0, from: 0 }];
    for (let from = 0; from < symbols.length; from += 1) {
      let text = "";
      for (let end = from; end < symbols.length && (end === from || !(symbols[from].frozen || symbols[end].frozen)); end += 1) {
        text += symbols[end].text;
        if (text.length > this.#longest && end > from) break;
        const known = this.#unused.has(text) ? undefined : this.#scores.get(text);
        if (known === undefined && end > from) continue;
        const score = best[from].score + (known ?? this.#leastScore - UNKNOWN);
        if (!best[end + 1] || score > best[end + 1].score) best[end + 1] = { score, from };
      }
    }
    for (let end = symbols.length; end > 0; end = best[end].from) {
      for (let at = end - 1; at > best[end].from; at -= 1) {
        symbols[at - 1].text += symbols[at].text;
        symbols[at].text = "";
      }
    }
    return new Map();
  }

  /**
   * @param {Symbol[]} symbols
   * @returns {Map<string, [string, string]>} what each unused piece among them was joined of
   */
  #join(symbols) {
    /** @type {Map<string, [string, string]>} */
    const halves = new Map();
    joinPairs(symbols, (left, right) => {
      const text = left + right;
      if (this.#unused.has(text)) halves.set(text, [left, right]);
      return this.#scores.get(text);
    });
    return halves;
  }
}

/**
 * The fields of a protobuf message in order: bytes, an integer, or (for 32 bits) a float.
 * @param {Uint8Array} message
 * @returns {Generator<[number, Uint8Array | number]>}
 */
function* fieldsOf(message) {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let length = 0, factor = 1; length < LONGEST_VARINT; length += 1, factor *= 128) {
      const byte = view.getUint8(at);
      at += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError("a number is too long");
  };
  while (at < message.length) {
    const key = varint();
    const [field, wire] = [Math.floor(key / 8), key % 8];
    if (wire === 0) yield [field, varint()];
    else if (wire === 2) {
      const length = varint();
      if (length > message.length - at) throw new RangeError("a field is longer than its message");
      yield [field, message.subarray(at, at + length)];
      at += length;
    } else if (wire === 5) {
      yield [field, view.getFloat32(at, true)];
      at += 4;
    } else if (wire === 1) at += 8;
    else throw new RangeError(`a field of type ${wire}`);
  }
}
