// @ts-check
/**
 * What the chat holds: what is on the screen, and an answer that grows. Pure, but for that answer.
 *
 * @typedef {import('./tree.js').Conversation} Conversation
 * @typedef {import('./tree.js').Turn} Turn
 * @typedef {import('./tree.js').TurnState} TurnState
 *
 * @typedef {object} Asked a question, in a conversation that has it
 * @property {Conversation} conversation
 * @property {Turn} question
 * @property {Turn | null} unfinished the answer that is to go on
 * @property {string} [before] its text, where it is the first round of one that went round in circles
 *
 * @typedef {object} Full what was asked did not fit
 * @property {Asked} asked
 * @property {number} tokens
 * @property {number} room
 * @property {boolean} alone whether it would not fit without all that was before, either
 *
 * @typedef {object} ChatState
 * @property {import('../../records/record.js').Head[]} list newest first
 * @property {Conversation} conversation
 * @property {string} draft
 * @property {Writing | null} writing
 * @property {boolean} summarizing whether what is written is a summary of what was before
 * @property {{tokens: number, room: number} | null} count of what would be sent now; null while unknown
 * @property {Full | null} full
 * @property {Record<string, import('../../engine/client.js').Figures>} figures of the answers of this visit, by their ids
 */

import { newId } from "../../records/record.js";
import { added, changedTurn, empty, pathOf, turn, turnOf } from "./tree.js";

/** Of an answer, by how its writing ended. @type {Record<import('../../engine/protocol.js').Ending, TurnState>} */
export const STATES = { model: "whole", limit: "limit", context: "full", stopped: "stopped" };

/** @returns {ChatState} */
export function initial() {
  return { list: [], conversation: empty(newId()), draft: "", writing: null, summarizing: false, count: null, full: null, figures: {} };
}

/** An answer that grows. */
export class Writing {
  /** @type {string[]} */
  #pieces;

  /** @param {Turn} turn what there is of it, "" at first */
  constructor(turn) {
    this.turn = turn;
    this.#pieces = turn.text ? [turn.text] : [];
  }

  /** @param {string} piece */
  add(piece) {
    this.#pieces.push(piece);
  }

  get text() {
    if (this.#pieces.length > 1) this.#pieces = [this.#pieces.join("")];
    return this.#pieces[0] ?? "";
  }
}

/** Whether there is anything in it to save. @param {Conversation} conversation */
export function holdsAnything({ turns, removed }) {
  return turns.length > 0 || removed.length > 0;
}

/** @param {Turn | null | undefined} parent @param {string} text @param {number} at */
export function questionAfter(parent, text, at) {
  return turn({ id: newId(), parent: parent?.id ?? "", role: "user", text, at });
}

/** What a draft asks. Where the last question has no answer yet, it asks both. @param {Conversation} conversation @param {string} draft @param {number} at */
export function nextQuestion(conversation, draft, at) {
  const last = pathOf(conversation).at(-1);
  if (last?.role !== "user") return questionAfter(last, draft.trim(), at);
  return { ...questionAfter(turnOf(conversation, last.parent), `${last.text}\n\n${draft.trim()}`, at), memory: last.memory };
}

/**
 * A conversation with what there is of an answer.
 * @param {Conversation} conversation
 * @param {Writing} writing
 * @param {{state: TurnState, ended: boolean, at: number}} is `ended`: whether nothing more comes
 */
export function withAnswer(conversation, { turn: answer, text }, { state, ended, at }) {
  const revision = answer.revision + text.length + (ended ? 1 : 0); // grows with the text, and once more with its end
  if (turnOf(conversation, answer.id)) return changedTurn(conversation, answer.id, { text, state, revision }, at);
  return added(conversation, { ...answer, text, state, revision });
}

/** What is asked, by a question from which on the model is told less. @param {Asked} asked @param {import('./tree.js').Memory} memory @param {number} at @returns {Asked} */
export function remembering({ conversation, question, unfinished, before }, memory, at) {
  const changed = changedTurn(conversation, question.id, { memory }, at);
  return { conversation: changed, question: turnOf(changed, question.id) ?? question, unfinished, before };
}
