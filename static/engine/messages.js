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
 * @property {string} prefix before what the user says first
 * @property {string} suffix after it; the model's answer follows at once
 * @property {string} [end] after an answer; where the file does not say, `conversationTurns` finds it in the other two
 *
 * @typedef {object} ConversationTurns
 * @property {string} opening before the first turn, such as a system text of the template's own
 * @property {{prefix: string, suffix: string} | null} system its turn, which takes the place of the opening; null where there is none
 * @property {string} prefix before what the user says
 * @property {string} suffix after it
 * @property {string} end after an answer
 */

import { MARKS, wellFormed } from "./foreign_text.js";

/** A message of one text. @param {string} text @param {Role} [role] @returns {Message} */
export function message(text, role = "user") {
  return { role, parts: [{ type: "text", text }] };
}

/** What a message says. @param {Message} message */
export function textOf({ parts }) {
  return parts.map(({ text }) => text).join("");
}

/**
 * The turns of a whole conversation, from the texts around one question, in which they are: what ends the user's turn ends the
 * model's, and a turn begins with the same piece each time. Where no piece can be told, an answer ends with its line.
 * @param {Turns} turns
 * @returns {ConversationTurns}
 */
export function conversationTurns({ prefix, suffix, end: said }) {
  const [, ...pieces] = suffix.match(MARKS) ?? []; // the first ends the user's turn
  const begins = pieces.find((piece) => prefix.includes(piece));
  const model = begins ?? pieces[0];
  const end = said ?? (model ? suffix.slice(0, suffix.indexOf(model, 1)) : "\n");
  const opening = begins ? prefix.slice(0, prefix.lastIndexOf(begins)) : "";
  const [systemPrefix] = (begins && opening.startsWith(begins) && /^\w+\n/.exec(opening.slice(begins.length))) || [];
  const system = systemPrefix && opening.endsWith(end) ? { prefix: begins + systemPrefix, suffix: end } : null;
  return { opening, system, prefix: prefix.slice(opening.length), suffix, end };
}

/**
 * The text that an engine reads, which ends where the model is to begin; after a message of the model, where it is to go on.
 *
 * A system's message has a turn of its own where the template shows one. Gemma has none: it goes in front of the user's, as its own
 * template puts it.
 *
 * @param {Message[]} messages system, then user and model in turn
 * @param {Turns | null} turns null for none: the texts follow each other as they are, and may control the model themselves
 * @param {import('./foreign_text.js').ControlPieces | null} [control] those of the model; null leaves the messages as they are
 * @returns {string} Error where the messages do not fit the turns
 */
export function promptOf(messages, turns, control = null) {
  if (!turns) return wellFormed(messages.map(textOf).join(""));
  const said = (/** @type {string} */ text, /** @type {string} */ before, /** @type {string} */ after) =>
    before + (control?.disarm(text, { before, after }) ?? text) + after;
  const { opening, system: systemTurn, prefix, suffix, end } = conversationTurns(turns);
  let prompt = "";
  let system = "";
  /** Whose turn it was. @type {Role} */
  let last = "system";
  for (const [index, each] of messages.entries()) {
    const text = textOf(each);
    if (each.role === "system") {
      if (last !== "system") throw new Error("a message of the system follows another");
      system += `${text}\n\n`;
    } else if (each.role === "user") {
      if (last === "user") throw new Error("two messages of the user follow each other");
      if (last === "system") prompt = system && systemTurn ? said(system.trimEnd(), systemTurn.prefix, systemTurn.suffix) : opening;
      const before = last === "system" && !systemTurn ? system : "";
      prompt += said(before + text, prefix, suffix);
    } else {
      if (last !== "user") throw new Error("a message of the model follows none of the user");
      prompt += said(text, "", index < messages.length - 1 ? end : "");
    }
    last = each.role;
  }
  if (last === "system") throw new Error("there is no message of the user");
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
