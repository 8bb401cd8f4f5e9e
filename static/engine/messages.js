// @ts-check
/**
 * Conversations, and the one place where they become the text that an engine reads. Pure.
 *
 * That text is well-formed, and only the turns control the model: whatever a message says is text (foreign_text.js).
 *
 * A conversation is a list of messages; a message has a role and parts. Text is the only kind of part so far; an engine that
 * takes images gets another kind, not another call.
 *
 * @typedef {'system' | 'user' | 'model'} Role
 * @typedef {{type: 'text', text: string}} TextPart
 * @typedef {TextPart} Part
 * @typedef {{role: Role, parts: Part[]}} Message
 *
 * @typedef {object} Turns the template of a model, as its file gives it
 * @property {string} prefix before what the user says
 * @property {string} suffix after it; the model's answer follows at once
 * @property {string} [end] after an answer; without it a conversation has one turn
 */

import { wellFormed } from "./foreign_text.js";

/** A message of one text. @param {string} text @param {Role} [role] @returns {Message} */
export function message(text, role = "user") {
  return { role, parts: [{ type: "text", text }] };
}

/** What a message says. @param {Message} message */
export function textOf({ parts }) {
  return parts.map(({ text }) => text).join("");
}

/**
 * The text that an engine reads, which ends where the model is to begin.
 *
 * Gemma has no turn for a system's message: it goes in front of the user's, as its own template puts it.
 *
 * @param {Message[]} messages the last one the user's
 * @param {Turns | null} turns null for none: the texts follow each other as they are, and may control the model themselves
 * @param {import('./foreign_text.js').ControlPieces | null} [control] those of the model; null leaves the messages as they are
 * @returns {string} Error where the messages do not fit the turns
 */
export function promptOf(messages, turns, control = null) {
  if (!turns) return wellFormed(messages.map(textOf).join(""));
  const said = (/** @type {string} */ text, /** @type {string} */ before, /** @type {string} */ after) =>
    before + (control?.disarm(text, { before, after }) ?? text) + after;
  let prompt = "";
  let system = "";
  let answered = true;
  for (const each of messages) {
    const text = textOf(each);
    if (each.role === "system") system += `${text}\n\n`;
    else if (each.role === "user") {
      if (!answered) throw new Error("two messages of the user follow each other");
      prompt += said(system + text, turns.prefix, turns.suffix);
      system = "";
      answered = false;
    } else {
      if (answered) throw new Error("a message of the model follows none of the user");
      if (turns.end === undefined) throw new Error("this model's template has one turn only");
      prompt += said(text, "", turns.end);
      answered = true;
    }
  }
  if (answered) throw new Error("the last message is not the user's");
  return wellFormed(prompt);
}

/**
 * The part of `prompt`, 0 to 1, that an engine still holds from `previous` and will not read again.
 * @param {string} prompt
 * @param {string} previous
 */
export function sharedBeginning(prompt, previous) {
  let same = 0;
  while (same < prompt.length && prompt[same] === previous[same]) same += 1;
  return prompt ? same / prompt.length : 0;
}

/** UTF-16 units of all texts. @param {Message[]} messages */
export function lengthOf(messages) {
  return messages.reduce((sum, { parts }) => sum + parts.reduce((length, { text }) => length + text.length, 0), 0);
}

/**
 * The same messages with no more than so many UTF-16 units of text; what comes last is cut.
 * @param {Message[]} messages
 * @param {number} length
 * @returns {Message[]}
 */
export function shortened(messages, length) {
  let left = length;
  return messages.map(({ role, parts }) => ({
    role,
    parts: parts.map(({ type, text }) => {
      const kept = text.slice(0, Math.max(0, left));
      left -= text.length;
      return { type, text: kept };
    }),
  }));
}
