// @ts-check
/** A text under edit, with every state it had: undo and redo over typing and one-tap changes alike. Pure. */

/** Typing without a pause of this many milliseconds is undone together. */
const PAUSE = 1000;
const MAX_STEPS = 200;

export class Edits {
  /** @type {string[]} */
  #past;
  /** @type {string[]} */
  #future = [];
  #text;
  /** The last change, if it was typed: when, and whether it made the text longer. @type {{at: number, grew: boolean} | null} */
  #typed = null;

  /** @param {string} text @param {string[]} [past] what undo leads back to, the oldest first */
  constructor(text, past = []) {
    this.#text = text;
    this.#past = past;
  }

  get text() {
    return this.#text;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** All states up to the present one. */
  get states() {
    return [...this.#past, this.#text];
  }

  /** One whole change. @param {string} text */
  change(text) {
    if (text === this.#text) return;
    this.#past = [...this.#past, this.#text].slice(-MAX_STEPS);
    this.#future = [];
    this.#text = text;
    this.#typed = null;
  }

  /** A change by the keyboard, which may be one with the typing before it. @param {string} text @param {number} at milliseconds */
  type(text, at) {
    const grew = text.length > this.#text.length;
    const joins = this.#typed !== null && this.#typed.grew === grew && at - this.#typed.at < PAUSE;
    if (joins) {
      this.#text = text;
      this.#future = [];
    } else this.change(text);
    this.#typed = { at, grew };
  }

  undo() {
    const before = this.#past.at(-1);
    if (before === undefined) return;
    this.#past = this.#past.slice(0, -1);
    this.#future = [...this.#future, this.#text];
    this.#text = before;
    this.#typed = null;
  }

  redo() {
    const after = this.#future.at(-1);
    if (after === undefined) return;
    this.#future = this.#future.slice(0, -1);
    this.#past = [...this.#past, this.#text];
    this.#text = after;
    this.#typed = null;
  }
}
