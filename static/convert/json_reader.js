// @ts-check
/**
 * Reads a JSON text from its beginning to its end, value after value, without making objects of it: those of a tokenizer.json would fill ten
 * times its bytes. Whoever asks for members or elements reads each value, or skips it. SyntaxError where it is no JSON as far as it is read.
 */

const [QUOTE, BACKSLASH] = ['"', "\\"];

export class JsonReader {
  #text;
  #at = 0;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  /** What comes next: `{`, `[`, a quotation mark, or the beginning of a number or a word. */
  get next() {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    return this.#text[this.#at] ?? "";
  }

  /** The names of an object's members, each before its value. @returns {Generator<string>} */
  *members() {
    for (const _ of this.#items("{", "}")) {
      const name = this.string();
      this.#expect(":");
      yield name;
    }
  }

  /** Once before each value of an array. @returns {Generator<void>} */
  *elements() {
    yield* this.#items("[", "]");
  }

  /** A text. @returns {string} */
  string() {
    this.#expect(QUOTE);
    const from = this.#at;
    for (;;) {
      const end = this.#text.indexOf(QUOTE, this.#at);
      if (end < 0) throw new SyntaxError("a text has no end");
      let slashes = 0;
      while (this.#text[end - 1 - slashes] === BACKSLASH) slashes += 1;
      this.#at = end + 1;
      if (slashes % 2) continue;
      const raw = this.#text.slice(from, end);
      return raw.includes(BACKSLASH) ? JSON.parse(`"${raw}"`) : raw;
    }
  }

  /** Any value. @returns {any} */
  value() {
    void this.next;
    const from = this.#at;
    this.skip();
    return JSON.parse(this.#text.slice(from, this.#at));
  }

  /** Goes past a value. */
  skip() {
    for (let depth = 0; ; ) {
      const begins = this.next;
      if (begins === QUOTE) this.string();
      else if (/[[\]{},:]/.test(begins)) {
        if (/[[{]/.test(begins)) depth += 1;
        if (/[\]}]/.test(begins)) depth -= 1;
        this.#at += 1;
      } else if (begins) {
        const from = this.#at;
        while (/[\w.+-]/.test(this.#text[this.#at] ?? "")) this.#at += 1;
        if (this.#at === from) throw new SyntaxError(`${JSON.stringify(begins)} begins no value`);
      } else throw new SyntaxError("it is cut");
      if (depth < 0) throw new SyntaxError("a value is missing");
      if (depth === 0) return;
    }
  }

  /** @param {string} opens @param {string} closes */
  *#items(opens, closes) {
    this.#expect(opens);
    while (this.next !== closes) {
      yield;
      if (this.next !== closes) this.#expect(",");
    }
    this.#at += 1;
  }

  /** @param {string} mark */
  #expect(mark) {
    if (this.next !== mark) throw new SyntaxError(`${JSON.stringify(this.next)} where ${mark} should be`);
    this.#at += 1;
  }
}
