// @ts-check
/**
 * Counts the tokens of a text as a byte-level byte-pair tokenizer cuts it (GPT-2's kind: SmolLM2, Llama 3, Qwen), for an engine that
 * has one inside and no way to ask it, and knows which pieces control the model.
 *
 * It reads what onpage writes (`builder/model/byte_pairs.py`): added tokens stay whole, the rest is cut into words by patterns, and the
 * letters of a word's bytes are joined by the list of merges. `tests/webapp/test_byte_pairs.py` holds it to Hugging Face's counts.
 *
 * The tokenizer comes out of a file that nobody vouches for: its limits keep memory small, and time in proportion to the text.
 */

import { ControlPieces, isControl } from "../foreign_text.js";
import { joinPairs } from "./pairs.js";

/** Bytes of a tokenizer.json; Llama 3's has 9 million. */
const MAX_BYTES = 64 << 20;
const SIZE_IN_FRONT = 8;
/** Words that are remembered. */
const MAX_KNOWN = 10_000;

/** As tokenizer.json spells them, and as this language does: without a modifier for the case, which not every browser knows. */
const PATTERNS = {
  gpt2: String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  llama3: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  qwen2: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
};
const ANY_CASE = { theirs: "(?i:'s|'t|'re|'ve|'m|'ll|'d)", ours: "'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])" };
const DIGITS = String.raw`\p{N}|\P{N}+`;
/** Unicode's white space, of which `\s` here is not all and has more. */
const WHITE = String.raw`\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;

/** @param {string} pattern */
function compiled(pattern) {
  const white = pattern
    .replace(ANY_CASE.theirs, ANY_CASE.ours)
    .replaceAll(String.raw`[^\s`, `[^${WHITE}`)
    .replaceAll(String.raw`\S`, `[^${WHITE}]`)
    .replaceAll(String.raw`\s`, `[${WHITE}]`);
  return new RegExp(white, "gu");
}

/** The letter of each byte: itself where it can be seen, else one from 256 on. */
const LETTERS = (() => {
  const seen = (/** @type {number} */ byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let others = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    if (seen(byte)) return String.fromCharCode(byte);
    others += 1;
    return String.fromCharCode(others - 1);
  });
})();

export class BytePairs {
  /** The place of each pair in the list of merges. @type {Map<string, number>} */
  #ranks = new Map();
  /** @type {Set<string>} */
  #pieces;
  /** What finds the added tokens, the longest first. @type {RegExp | null} */
  #cuts = null;
  /** What cuts into words, one after the other. @type {RegExp[]} */
  #steps;
  #composed;
  #wordsFirst;
  #unknown;
  /** @type {string[]} */
  #control = [];
  /** @type {Map<string, number>} */
  #known = new Map();

  /** @param {any} values a tokenizer.json, parsed; Error where it is of another kind */
  constructor(values) {
    const model = values?.model;
    if (model?.type !== "BPE" || typeof model.vocab !== "object" || !Array.isArray(model.merges)) {
      throw new Error("its tokenizer is no list of byte pairs");
    }
    this.#pieces = new Set(Object.keys(model.vocab));
    for (const merge of model.merges) {
      const [left, right] = Array.isArray(merge) ? merge : String(merge).split(" ");
      const pair = `${left} ${right}`; // no letter of a byte is a space
      if (!this.#ranks.has(pair)) this.#ranks.set(pair, this.#ranks.size);
    }
    this.#wordsFirst = model.ignore_merges === true;
    this.#unknown = typeof model.unk_token === "string" ? 1 : 0;
    this.#composed = values.normalizer?.type === "NFC";
    if (values.normalizer && !this.#composed) throw new Error("its tokenizer changes a text in a way that is not known");
    this.#steps = [...stepsOf(values.pre_tokenizer)];
    const texts = [];
    for (const { content } of values.added_tokens ?? []) {
      if (typeof content !== "string" || !content) throw new Error("its tokenizer has an added token that is none");
      texts.push(content);
      if (isControl(content)) this.#control.push(content);
    }
    if (texts.length) {
      texts.sort((a, b) => b.length - a.length);
      this.#cuts = new RegExp(texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "gu");
    }
  }

  /**
   * The tokenizer in a section of a `.litertlm`: the size of a tokenizer.json, and it compressed.
   * @param {Uint8Array<ArrayBuffer>} section
   */
  static async ofSection(section) {
    const size = Number(new DataView(section.buffer, section.byteOffset).getBigUint64(0, true));
    if (size > MAX_BYTES) throw new RangeError(`its tokenizer has ${size} bytes`);
    const text = new Uint8Array(size);
    let end = 0;
    const stream = new Blob([section.subarray(SIZE_IN_FRONT)]).stream().pipeThrough(new DecompressionStream("deflate"));
    for (const reader = stream.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      if (end + value.length > size) throw new RangeError("its tokenizer is larger than it says");
      text.set(value, end);
      end += value.length;
    }
    if (end < size) throw new RangeError("its tokenizer is smaller than it says");
    return new BytePairs(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text)));
  }

  /** What foreign text must not contain for this tokenizer. @param {string} template the model's turns */
  controlPieces(template) {
    return new ControlPieces(this.#control, { template });
  }

  /** Without a token that begins a text. @param {string} text */
  count(text) {
    if (!this.#cuts) return this.#countPlain(text);
    let tokens = 0;
    let end = 0;
    for (const found of text.matchAll(this.#cuts)) {
      tokens += this.#countPlain(text.slice(end, found.index)) + 1;
      end = found.index + found[0].length;
    }
    return tokens + this.#countPlain(text.slice(end));
  }

  /** @param {string} text without added tokens */
  #countPlain(text) {
    let words = [this.#composed ? text.normalize("NFC") : text];
    for (const step of this.#steps) words = words.flatMap((word) => word.match(step) ?? []);
    return words.reduce((tokens, word) => tokens + this.#countWord(word), 0);
  }

  /** @param {string} word */
  #countWord(word) {
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const letters = Array.from(new TextEncoder().encode(word), (byte) => LETTERS[byte]);
    let tokens = 1;
    if (!this.#wordsFirst || !this.#pieces.has(letters.join(""))) {
      const last = letters.length - 1;
      const symbols = letters.map((text, at) => ({ left: at - 1, right: at < last ? at + 1 : -1, text, frozen: false }));
      joinPairs(symbols, (left, right) => {
        const rank = this.#ranks.get(`${left} ${right}`);
        return rank === undefined ? undefined : -rank;
      });
      tokens = 0;
      for (const { text } of symbols) if (text) tokens += this.#pieces.has(text) ? 1 : this.#unknown;
    }
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(word, tokens);
    return tokens;
  }
}

/** @param {any} preTokenizer of tokenizer.json @returns {Generator<RegExp>} */
function* stepsOf(preTokenizer) {
  const steps = preTokenizer?.type === "Sequence" ? preTokenizer.pretokenizers : [preTokenizer];
  for (const step of steps) {
    const known = step?.type === "Split" && Object.values(PATTERNS).includes(step.pattern?.Regex);
    if (step?.type === "Digits" && step.individual_digits) yield compiled(DIGITS);
    else if (known && step.behavior === "Isolated" && !step.invert) yield compiled(step.pattern.Regex);
    else if (step?.type === "ByteLevel" && !step.add_prefix_space) {
      if (step.use_regex ?? true) yield compiled(PATTERNS.gpt2);
    } else throw new Error("its tokenizer cuts texts in a way that is not known");
  }
}
