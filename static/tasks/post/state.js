// @ts-check
/**
 * What the task holds: the draft, what is known of its prompt, and the last post. Pure, but for the post that grows.
 *
 * @typedef {import('./prompt.js').Draft} Draft
 * @typedef {import('./prompt.js').PostDefinition} PostDefinition
 * @typedef {import('../../engine/client.js').Figures} Figures
 * @typedef {{tokens: number, room: number}} Count of the prompt that a draft makes
 *
 * @typedef {object} PostState
 * @property {Draft} draft
 * @property {Count | null} count null while unknown
 * @property {boolean} tooLong whether the draft was refused for its length
 * @property {Post | null} post
 */

import { TextCounter } from "../../text/counting.js";
import { lengthOf, toneOf } from "./prompt.js";

/** One post: what it was asked to be, its text piece by piece, and in the end its figures. A piece costs the same at any length. */
export class Post {
  /** @type {string[]} */
  #pieces = [];
  #counter = new TextCounter();
  /** Null until it is finished, and for ever where the engine was lost. @type {Figures | null} */
  figures = null;
  ranAway = false;
  /** Whether a character came in parts that the engine did not put together. */
  broken = false;

  /** @param {{tone: string, length: string, seed: number, lora: string}} asked `lora`: its name, "" for none */
  constructor(asked) {
    this.asked = asked;
  }

  /** @param {string} piece */
  add(piece) {
    this.#pieces.push(piece);
    this.broken ||= piece.includes("\ufffd");
    this.#counter.add(piece);
  }

  get text() {
    if (this.#pieces.length > 1) this.#pieces = [this.#pieces.join("")];
    return this.#pieces[0] ?? "";
  }

  get words() {
    return this.#counter.words;
  }

  get characters() {
    return this.#counter.characters;
  }
}

/**
 * @param {PostDefinition} definition
 * @param {unknown} recalled
 * @returns {PostState}
 */
export function initial(definition, recalled) {
  const { text, tone, length } = /** @type {Partial<Draft>} */ (recalled ?? {});
  const draft = {
    text: typeof text === "string" ? text : "",
    tone: toneOf(definition, String(tone)).id,
    length: lengthOf(definition, String(length)).id,
  };
  return { draft, count: null, tooLong: false, post: null };
}

/** @param {PostState} state @param {Partial<Draft>} change @returns {PostState} */
export function drafted(state, change) {
  return { ...state, draft: { ...state.draft, ...change }, count: null, tooLong: false };
}

/** A count of another draft than the present one is dropped. @param {PostState} state @param {Draft} draft @param {Count} count @returns {PostState} */
export function counted(state, draft, count) {
  return draft === state.draft ? { ...state, count } : state;
}
