// @ts-check
/** A conversation with a model. */

import { message } from "../engine/messages.js";
import { Answer } from "./answer.js";

/**
 * @typedef {import('../engine/messages.js').Message} Message
 * @typedef {import('./model.js').AskOptions} AskOptions
 * @typedef {import('./model.js').Model} Model
 */

/**
 * ```js
 * const chat = model.chat({ system: "Answer in one sentence." });
 * for await (const piece of chat.ask("What is a gulf?")) show(piece);
 * ```
 *
 * Where the context is full the oldest questions and answers are left out, never the system's text: `forgotten` says how many messages.
 */
export class Chat {
  #model;
  #system;
  #writing = false;

  /**
   * @param {Model} model
   * @param {{system?: string, messages?: Message[]}} [options] `messages`: what was said before, by user and model in turn
   */
  constructor(model, { system, messages = [] } = {}) {
    this.#model = model;
    this.#system = system ? [message(system, "system")] : [];
    /** All that was said, the system's text left out. */
    this.messages = [...messages];
    /** Messages at the beginning that the model sees no longer. */
    this.forgotten = 0;
  }

  /**
   * One question at a time: it is an error to ask while an answer is being written.
   * @param {string} question
   * @param {Omit<AskOptions, 'system'>} [options]
   * @returns {Answer} PromptTooLongError, where not even the question alone fits, OnpageError and the signal's reason are thrown to whoever reads it
   */
  ask(question, { tokens, signal } = {}) {
    if (this.#writing) throw new Error("An answer of this chat is being written: read it to its end, or stop it.");
    this.#writing = true;
    const asked = [...this.messages, message(question)];
    const answer = new Answer(async (onText, stop) => {
      const counted = await this.#makeRoom(asked, this.#model.room(tokens));
      return this.#model.write([...this.#system, ...asked.slice(this.forgotten)], { tokens, counted, onText, stop, signal });
    }, signal);
    answer.figures
      .catch(() => {})
      .finally(() => {
        this.#writing = false;
        if (answer.written) this.messages = [...asked, message(answer.written, "model")]; // else it can be asked again
      });
    return answer;
  }

  /**
   * Leaves out the oldest questions with their answers until the rest fits; not the last question.
   * @param {Message[]} asked
   * @param {number} room
   * @returns {Promise<number | null>} tokens of the rest; null where there was nothing to leave out, and so nothing to count
   */
  async #makeRoom(asked, room) {
    while (this.forgotten + 2 < asked.length) {
      const tokens = await this.#model.count([...this.#system, ...asked.slice(this.forgotten)]);
      if (tokens <= room) return tokens;
      this.forgotten += 2;
    }
    return null;
  }

  /** Another conversation that goes on from here. */
  clone() {
    const copy = new Chat(this.#model, { messages: this.messages });
    copy.#system = this.#system;
    copy.forgotten = this.forgotten;
    return copy;
  }
}
