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
 * @property {Post | null} post the one on the screen
 * @property {Post[]} choices those that were written together
 * @property {boolean} choosing whether the choices are on the screen
 * @property {boolean} busy whether more of them are to come
 * @property {import('./check/rules.js').Rule | null} again why another one is being written, to keep the best
 * @property {import('./voice.js').Voice} voice
 *
 * @typedef {object} Asked what a post was asked to be
 * @property {string} tone
 * @property {string} length
 * @property {number} seed
 * @property {string} lora the adapter's name, "" for none
 * @property {string} [model] its name
 * @property {string} [language] as in a draft
 *
 * @typedef {Figures['ended'] | 'lost'} Ending `lost`: the engine or the page went away while it was written
 */

import { newId } from "../../records/record.js";
import { TextCounter } from "../../text/counting.js";
import { Edits } from "./edits.js";
import { lengthOf, toneOf } from "./prompt.js";
import { NO_VOICE } from "./voice.js";

/** One post: what it was asked to be, its text piece by piece, and in the end its figures. A piece costs the same at any length. */
export class Post {
  /** @type {string[]} */
  #pieces = [];
  #counter = new TextCounter();
  /** Null until it is finished, for one of the history, and where the engine was lost. @type {Figures | null} */
  figures = null;
  /** Null while it is being written. @type {Ending | null} */
  ended = null;
  ranAway = false;
  /** Whether the page has left out what was wrong or too much. */
  mended = false;
  /** Whether it has sentences of other draws. */
  assembled = false;
  /** Whether a character came in parts that the engine did not put together. */
  broken = false;
  /** Hashtags and link of the person that had no room. @type {string[]} */
  left = [];
  /** What a person makes of the text; null while it is being written. @type {Edits | null} */
  edits = null;

  /**
   * @param {Asked} asked
   * @param {{id?: string, at?: number, source?: string, past?: string[]}} [made] `at`: when it was begun; `source`: the text it is about;
   *   `past`: what undo leads back to
   */
  constructor(asked, { id = newId(), at = Date.now(), source = "", past = [] } = {}) {
    this.asked = asked;
    this.id = id;
    this.at = at;
    this.source = source;
    this.past = past;
  }

  /** @param {string} piece */
  add(piece) {
    this.#pieces.push(piece);
    this.broken ||= piece.includes("\ufffd");
    this.#counter.add(piece);
  }

  /** Nothing more comes. @param {Figures | null} figures null where the engine was lost */
  end(figures) {
    this.figures = figures;
    this.ended = this.ranAway ? "limit" : (figures?.ended ?? "lost");
    this.edits = new Edits(this.text, this.past);
  }

  /** As the model wrote it. */
  get text() {
    if (this.#pieces.length > 1) this.#pieces = [this.#pieces.join("")];
    return this.#pieces[0] ?? "";
  }

  /** As it is now. */
  get current() {
    return this.edits ? this.edits.text : this.text;
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
 * @param {{id: string}[]} platforms
 * @param {unknown} recalled
 * @returns {PostState}
 */
export function initial(definition, platforms, recalled) {
  const { text, tone, length, platform, three, language } = /** @type {Partial<Draft>} */ (recalled ?? {});
  const draft = {
    text: typeof text === "string" ? text : "",
    tone: toneOf(definition, String(tone)).id,
    length: lengthOf(definition, String(length)).id,
    platform: platforms.find(({ id }) => id === platform)?.id ?? "",
    three: three === true,
    language: typeof language === "string" ? language : "",
  };
  return { draft, count: null, tooLong: false, post: null, choices: [], choosing: false, busy: false, again: null, voice: NO_VOICE };
}

/** @param {PostState} state @param {Partial<Draft>} change @returns {PostState} */
export function drafted(state, change) {
  return { ...state, draft: { ...state.draft, ...change }, count: null, tooLong: false };
}

/** A count of another draft than the present one is dropped. @param {PostState} state @param {Draft} draft @param {Count} count @returns {PostState} */
export function counted(state, draft, count) {
  return draft === state.draft ? { ...state, count } : state;
}
