// @ts-check
/**
 * Values as models write them: JSON, and what is nearly JSON or Python, with single quotes, a comma too many, True or None. Read by a
 * grammar of its own; nothing is evaluated. Pure.
 */

const MAX_DEPTH = 20;

/** Where a text is no value. */
export class LiteralError extends Error {
  name = "LiteralError";
}

const WORDS = new Map(/** @type {[string, unknown][]} */ ([["true", true], ["True", true], ["false", false], ["False", false], ["null", null], ["None", null]]));
const NUMBER = /[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y;
const WORD = /[A-Za-z_][\w.-]*/y;
const ESCAPES = new Map([["n", "\n"], ["t", "\t"], ["r", "\r"], ["b", "\b"], ["f", "\f"], ["\n", ""]]);

/** Reads a text from the left. */
export class Reader {
  #text;

  /** @param {string} text @param {number} [at] */
  constructor(text, at = 0) {
    this.#text = text;
    this.at = at;
  }

  get ended() {
    this.space();
    return this.at >= this.#text.length;
  }

  space() {
    while (this.at < this.#text.length && /\s/.test(this.#text[this.at])) this.at += 1;
  }

  /** Whether this sign is next; then past it. @param {string} sign */
  takes(sign) {
    this.space();
    if (!this.#text.startsWith(sign, this.at)) return false;
    this.at += sign.length;
    return true;
  }

  /** @param {string} sign */
  wants(sign) {
    if (!this.takes(sign)) throw new LiteralError(`“${sign}” is missing at ${this.at}`);
  }

  /** @param {RegExp} pattern sticky */
  match(pattern) {
    this.space();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text);
    if (found) this.at = pattern.lastIndex;
    return found ? found[0] : "";
  }

  /** @param {number} [depth] @returns {unknown} */
  value(depth = 0) {
    if (depth > MAX_DEPTH) throw new LiteralError("it is nested too deeply");
    this.space();
    const next = this.#text[this.at];
    if (next === '"' || next === "'") return this.#quoted(next);
    if (this.takes("{")) return this.#object(depth);
    if (this.takes("[")) return this.list("]", () => this.value(depth + 1));
    if (this.takes("(")) return this.list(")", () => this.value(depth + 1));
    const number = this.match(NUMBER);
    if (number) return Number(number.replaceAll("_", ""));
    const from = this.at;
    const word = this.match(WORD);
    if (WORDS.has(word)) return WORDS.get(word);
    this.at = from;
    throw new LiteralError(next === undefined ? "it ends too early" : `“${next}” begins no value`);
  }

  /** Up to the closing sign, with a comma between. @template T @param {string} closing @param {() => T} read @returns {T[]} */
  list(closing, read) {
    /** @type {T[]} */
    const found = [];
    while (!this.takes(closing)) {
      if (found.length) this.wants(",");
      if (this.takes(closing)) break; // a comma too many
      found.push(read());
    }
    return found;
  }

  /** @param {number} depth */
  #object(depth) {
    const entries = this.list("}", () => {
      this.space();
      const quote = this.#text[this.at];
      const key = quote === '"' || quote === "'" ? this.#quoted(quote) : this.match(WORD);
      if (typeof key !== "string" || !key) throw new LiteralError("a name is missing");
      this.wants(":");
      return /** @type {[string, unknown]} */ ([key, this.value(depth + 1)]);
    });
    return Object.fromEntries(entries);
  }

  /** @param {string} quote */
  #quoted(quote) {
    const triple = this.#text.startsWith(quote.repeat(3), this.at) ? quote.repeat(3) : quote;
    this.at += triple.length;
    let said = "";
    for (;;) {
      if (this.at >= this.#text.length) throw new LiteralError("a text has no end");
      if (this.#text.startsWith(triple, this.at)) break;
      const character = this.#text[this.at];
      this.at += 1;
      said += character === "\\" ? this.#escaped() : character;
    }
    this.at += triple.length;
    return said;
  }

  #escaped() {
    const character = this.#text[this.at] ?? "";
    this.at += 1;
    const length = character === "u" ? 4 : character === "x" ? 2 : 0;
    const code = length ? this.#text.slice(this.at, this.at + length) : "";
    if (length && /^[\da-fA-F]+$/.test(code) && code.length === length) {
      this.at += length;
      return String.fromCharCode(parseInt(code, 16));
    }
    return ESCAPES.get(character) ?? character;
  }
}

/** The value that a text is, and nothing else. @param {string} text @returns {unknown} LiteralError where it is none */
export function literal(text) {
  try {
    return JSON.parse(text);
  } catch {
    const reader = new Reader(text);
    const value = reader.value();
    if (!reader.ended) throw new LiteralError("something follows it");
    return value;
  }
}
