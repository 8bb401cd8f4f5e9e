// @ts-check
/**
 * A SentencePiece model as it stands beside a checkpoint: its pieces, and the changes that a web file wants. Control pieces that stand in the
 * turns become user-defined ones, because SentencePiece finds no control piece in a text; tokens that were added beside the file become pieces
 * (builder/model/tokenizer.py, builder/model/added_tokens.py). What is not changed keeps its bytes.
 *
 * @typedef {{text: string, score: number, type: number, begin: number, end: number}} Piece where its field begins and ends; 0 for one that was added
 */

import { bytesOf } from "./folder.js";
import { joined, message } from "./protobuf.js";
import { Refusal, shown } from "./refusal.js";

export const [NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE] = [1, 2, 3, 4, 5, 6];
/** Fields of ModelProto, SentencePiece and TrainerSpec. */
const [PIECES, TRAINER, TEXT, SCORE, TYPE, VOCABULARY, FALLS_BACK, BOS, EOS] = [1, 2, 1, 2, 3, 4, 35, 41, 42];
/** How the piece of a byte is called. */
const OF_A_BYTE = /^<0x[0-9A-F]{2}>$/;
const MAX_BYTES = 32 << 20;
/** Gemma has 262,144; of two bytes each they would fill a gigabyte. */
const MAX_PIECES = 1 << 20;
const NAME = "tokenizer.model";
export const SPACE = "\u2581";
const MAX_TEXT = 512;

export class SentencePieceModel {
  #bytes;
  /** What stands in place of the bytes between two places. @type {{begin: number, end: number, parts: Uint8Array[]}[]} */
  #changes = [];
  /** Where the pieces end, and where the trainer's settings are. */
  #last = 0;
  #trainer = { begin: 0, from: 0, to: 0 };
  /** @type {Piece[]} */
  pieces = [];
  /** The ids that begin and end a text; -1 where there is none. */
  begin = 1;
  end = 2;
  /** Whether a text that no piece stands for is taken by its bytes. */
  fallsBack = false;

  /** @param {Blob} file not trusted */
  static async of(file) {
    if (file.size > MAX_BYTES) throw new Refusal("tokenizer", `${NAME}: ${file.size} bytes`);
    const model = new SentencePieceModel(new Uint8Array(await bytesOf(file)));
    refuseWhatDoesNotLoad(model.pieces, model.fallsBack, NAME);
    return model;
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes not trusted */
  constructor(bytes) {
    this.#bytes = bytes;
    try {
      this.#read();
    } catch (error) {
      if (error instanceof RangeError || error instanceof TypeError) throw new Refusal("tokenizer", `${NAME}: protobuf`);
      throw error;
    }
    for (const id of [this.begin, this.end]) if (id < -1 || id >= this.pieces.length) throw new Refusal("tokenizer", `${NAME}: ${id} of ${this.pieces.length}`);
  }

  #read() {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const bytes = this.#bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const [outer, inner] = [new Fields(bytes), new Fields(bytes)];
    while (outer.next()) {
      const { number, begin, from, to } = outer;
      inner.enter(from, to);
      if (number === TRAINER) {
        this.#trainer = { begin, from, to };
        while (inner.next()) {
          if (inner.number === FALLS_BACK) this.fallsBack = inner.value !== 0;
          if (inner.number === BOS) this.begin = inner.value;
          if (inner.number === EOS) this.end = inner.value;
        }
      }
      if (number !== PIECES) continue;
      const piece = { text: "", score: 0, type: NORMAL, begin, end: to };
      while (inner.next()) {
        if (inner.number === TEXT) piece.text = decoder.decode(bytes.subarray(inner.from, inner.to));
        if (inner.number === SCORE) piece.score = view.getFloat32(inner.from, true);
        if (inner.number === TYPE) piece.type = inner.value;
      }
      if (this.pieces.length === MAX_PIECES) throw new RangeError("there are too many pieces");
      this.pieces.push(piece);
      this.#last = to;
    }
  }

  /** The id of a piece, -1 where there is none. @param {string} text */
  idOf(text) {
    return this.pieces.findIndex((piece) => piece.text === text);
  }

  /**
   * Puts the tokens in that stand beside it.
   * @param {Map<number, string>} added by id
   * @param {number} rows of the embedding; tokens behind them are left out
   */
  add(added, rows) {
    const before = this.pieces.length;
    const ids = added.size ? new Map(this.pieces.map(({ text }, id) => [text, id])) : new Map();
    /** @type {Uint8Array[]} */
    const appended = [];
    let changed = false;
    for (const [id, written] of [...added].sort(([one], [other]) => one - other)) {
      const text = written.replaceAll(" ", SPACE);
      const old = this.pieces[id];
      if (id >= rows || old?.text === text || old?.type === BYTE) continue;
      if (id > this.pieces.length || ids.has(text) || (old && old.type !== USER_DEFINED && old.type !== UNUSED)) throw new Refusal("tokenizer", `${shown(text)} ${id}`);
      const bytes = message([[PIECES, message([[TEXT, text], [SCORE, 0, "float"], [TYPE, USER_DEFINED]])]]);
      if (old) {
        ids.delete(old.text);
        this.#changes.push({ begin: old.begin, end: old.end, parts: [bytes] });
      } else appended.push(bytes);
      this.pieces[id] = { text, score: 0, type: USER_DEFINED, begin: old?.begin ?? 0, end: old?.end ?? 0 };
      ids.set(text, id);
      changed = true;
    }
    if (this.pieces.length > before) this.#changes.push({ begin: this.#last, end: this.#last, parts: appended });
    if (changed) this.#count();
  }

  /** Makes those control pieces readable that a text holds. @param {string} texts */
  read(texts) {
    for (const piece of this.pieces) {
      if (piece.type !== CONTROL || !texts.includes(piece.text)) continue;
      piece.type = USER_DEFINED;
      const own = new Fields(this.#bytes, piece.begin, piece.end);
      own.next();
      own.enter(own.from, own.to);
      const others = own.rest(TYPE).map(({ bytes }) => bytes);
      this.#changes.push({ begin: piece.begin, end: piece.end, parts: [message([[PIECES, joined([...others, message([[TYPE, USER_DEFINED]])])]])] });
    }
  }

  /** @returns {Uint8Array} */
  bytes() {
    const parts = [];
    let at = 0;
    for (const { begin, end, parts: instead } of this.#changes.toSorted((one, other) => one.begin - other.begin)) {
      parts.push(this.#bytes.subarray(at, begin));
      for (const part of instead) parts.push(part); // spread, many would fill the stack
      at = end;
    }
    return joined([...parts, this.#bytes.subarray(at)]);
  }

  /** The trainer's settings say how many pieces there are. */
  #count() {
    const { begin, from, to } = this.#trainer;
    const others = new Fields(this.#bytes, from, to).rest(VOCABULARY);
    const some = (/** @type {(number: number) => boolean} */ chosen) => others.filter(({ number }) => chosen(number)).map(({ bytes }) => bytes);
    const content = joined([...some((number) => number < VOCABULARY), message([[VOCABULARY, this.pieces.length]]), ...some((number) => number > VOCABULARY)]);
    this.#changes.push({ begin, end: to, parts: [message([[TRAINER, content]])] });
  }
}

/**
 * As SentencePiece loads it: one unknown piece, none that is empty or holds a zero, none twice among those that texts become or among the others, and
 * all bytes by their names where it falls back to them, else none.
 * @param {Iterable<{text: string, type: number}>} pieces
 * @param {boolean} fallsBack
 * @param {string} name of what holds them
 */
export function refuseWhatDoesNotLoad(pieces, fallsBack, name) {
  const [found, others] = [new Set(), new Set()];
  let [unknown, bytes] = [0, 0];
  for (const { text, type } of pieces) {
    const among = type === NORMAL || type === USER_DEFINED || type === UNUSED ? found : others;
    const isSound = text && !text.includes("\0") && !among.has(text) && (type !== BYTE || (fallsBack && OF_A_BYTE.test(text)));
    if (!isSound) throw new Refusal("tokenizer", `${name}: ${shown(text)}`);
    among.add(text);
    unknown += Number(type === UNKNOWN);
    bytes += Number(type === BYTE);
  }
  if (unknown !== 1 || (fallsBack && bytes !== 256)) throw new Refusal("tokenizer", `${name}: ${unknown}, ${bytes}`);
}

/**
 * The tokens that stand beside a tokenizer.model, by id.
 * @param {Record<string, any>} tokens of added_tokens.json
 * @param {Record<string, any>} config of tokenizer_config.json
 * @returns {Map<number, string>}
 */
export function addedTokens(tokens, config) {
  const decoder = config.added_tokens_decoder;
  const listed = Object.entries(typeof decoder === "object" && decoder ? decoder : {}).map(([id, said]) => [/^\d{1,9}$/.test(id) ? Number(id) : id, said?.content ?? said]);
  /** @type {Map<number, string>} */
  const found = new Map();
  for (const [id, text] of [...Object.entries(tokens).map(([each, number]) => [number, each]), ...listed]) {
    const usable = Number.isSafeInteger(id) && id >= 0 && typeof text === "string" && text.length > 0 && [...text].length <= MAX_TEXT && !text.includes("\0") && text.isWellFormed();
    if (!usable || (found.get(id) ?? text) !== text) throw new Refusal("tokenizer", `${shown(text)} ${shown(id)}`);
    found.set(id, text);
  }
  return found;
}

/** The fields of a message, one after the other in the same object: 262,144 pieces would fill the memory with objects of theirs. */
class Fields {
  #bytes;
  #at;
  #end;
  number = 0;
  /** Where its key is. */
  begin = 0;
  /** Where its content begins and ends. */
  from = 0;
  to = 0;
  /** Of a number. */
  value = 0;

  /** @param {Uint8Array} bytes @param {number} [at] @param {number} [end] */
  constructor(bytes, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** Goes on in another message of the same bytes. @param {number} at @param {number} end */
  enter(at, end) {
    this.#at = at;
    this.#end = end;
  }

  /** Reads the next field; false where there is none. RangeError where it is damaged. */
  next() {
    if (this.#at >= this.#end) return false;
    this.begin = this.#at;
    const key = this.#varint();
    this.number = Math.floor(key / 8);
    const kind = key % 8;
    this.from = this.#at;
    this.value = kind === 0 ? this.#varint() : 0;
    if (kind !== 0) {
      const length = kind === 2 ? this.#varint() : kind === 5 ? 4 : kind === 1 ? 8 : -1;
      this.from = this.#at;
      if (length < 0 || this.#at + length > this.#end) throw new RangeError("a field is cut");
      this.#at += length;
    }
    this.to = this.#at;
    return true;
  }

  #varint() {
    let [value, low] = [0, 0];
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw new RangeError("a message is cut");
      const byte = this.#bytes[this.#at];
      this.#at += 1;
      value += (byte & 127) * 2 ** shift;
      if (shift < 32) low |= (byte & 127) << shift;
      if (byte < 128) return shift < 63 ? value : low; // ten bytes are of a negative number
    }
    throw new RangeError("a number has no end");
  }

  /** The fields that are left, each with its key, but those of a number. @param {number} [without] @returns {{number: number, bytes: Uint8Array}[]} */
  rest(without) {
    const found = [];
    while (this.next()) if (this.number !== without) found.push({ number: this.number, bytes: this.#bytes.subarray(this.begin, this.to) });
    return found;
  }
}
