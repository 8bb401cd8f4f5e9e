// @ts-check
/**
 * Conversations, and the one place where they become what an engine reads: text, with pictures and sounds between. Pure.
 *
 * That text is well-formed, and only the turns control the model: whatever a message says is text (foreign_text.js).
 *
 * A conversation is a list of messages; a message has a role and parts. Only users' messages may have other parts than texts; media.js
 * says how large they may be, and what they cost.
 *
 * @typedef {'system' | 'user' | 'model'} Role
 * @typedef {{type: 'text', text: string}} TextPart
 * @typedef {{type: 'image', image: ImageBitmap}} ImagePart
 * @typedef {{type: 'audio', samples: Float32Array<ArrayBuffer>, sampleRate: number}} AudioPart one channel, from -1 to 1
 * @typedef {ImagePart | AudioPart} MediaPart
 * @typedef {TextPart | MediaPart} Part
 * @typedef {{role: Role, parts: Part[]}} Message
 *
 * @typedef {string | MediaPart} PromptPiece
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

/** What a message says, without what it shows. @param {Message} message */
export function textOf({ parts }) {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

/** The pictures and sounds of all messages. @param {Message[]} messages */
export function mediaOf(messages) {
  return messages.flatMap(({ parts }) => parts.filter((/** @type {Part} */ part) => part.type !== "text"));
}

/** The same messages without pictures and sounds. @param {Message[]} messages @returns {Message[]} */
export function textsOnly(messages) {
  return messages.map(({ role, parts }) => ({ role, parts: parts.filter((/** @type {Part} */ part) => part.type === "text") }));
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
 * The text that an engine reads, which ends where the model is to begin; after a message of the model, where it is to go on. Without
 * pictures and sounds, where there are any: `promptPieces` has them in their places.
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
  return promptPieces(messages, turns, control)
    .map((piece) => (typeof piece === "string" ? piece : ""))
    .join("");
}

/**
 * As `promptOf`, with the pictures and sounds where they are in the messages; one text is one piece.
 * @param {Message[]} messages
 * @param {Turns | null} turns
 * @param {import('./foreign_text.js').ControlPieces | null} [control]
 * @returns {PromptPiece[]}
 */
export function promptPieces(messages, turns, control = null) {
  if (!turns) return joined(messages.flatMap(({ parts }) => parts.map((part) => (part.type === "text" ? part.text : part))));
  const said = (/** @type {string} */ text, /** @type {string} */ before, /** @type {string} */ after) =>
    before + (control?.disarm(text, { before, after }) ?? text) + after;
  const { opening, system: systemTurn, prefix, suffix, end } = conversationTurns(turns);
  /** @type {PromptPiece[]} */
  let pieces = [];
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
      if (last === "system") pieces = [system && systemTurn ? said(system.trimEnd(), systemTurn.prefix, systemTurn.suffix) : opening];
      const before = last === "system" && !systemTurn ? system : "";
      const parts = joined([before, ...each.parts.map((part) => (part.type === "text" ? part.text : part))]);
      const place = (/** @type {number} */ at) => [at === 0 ? prefix : "", at === parts.length - 1 ? suffix : ""];
      for (const [at, part] of parts.entries()) {
        const [begins, ends] = place(at);
        pieces.push(...(typeof part === "string" ? [said(part, begins, ends)] : [begins, part, ends]));
      }
    } else {
      if (last !== "user") throw new Error("a message of the model follows none of the user");
      pieces.push(said(text, "", index < messages.length - 1 ? end : ""));
    }
    last = each.role;
  }
  if (last === "system") throw new Error("there is no message of the user");
  return joined(pieces);
}

/** With texts that follow each other in one, well-formed; at least one. @param {PromptPiece[]} pieces @returns {PromptPiece[]} */
function joined(pieces) {
  /** @type {PromptPiece[]} */
  const found = [];
  for (const piece of pieces) {
    const last = found.at(-1);
    if (typeof piece === "string" && typeof last === "string") found[found.length - 1] = last + piece;
    else if (piece !== "") found.push(piece);
  }
  const well = found.map((piece) => (typeof piece === "string" ? wellFormed(piece) : piece));
  return well.length ? well : [""];
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
  return messages.reduce((sum, message) => sum + textOf(message).length, 0);
}

/**
 * The same messages with no more than so many UTF-16 units of text; what comes last is cut, but for pictures and sounds.
 * @param {Message[]} messages
 * @param {number} length
 * @returns {Message[]}
 */
export function shortened(messages, length) {
  let left = length;
  return messages.map(({ role, parts }) => ({
    role,
    parts: parts.map((part) => {
      if (part.type !== "text") return part;
      const kept = part.text.slice(0, Math.max(0, left));
      left -= part.text.length;
      return { type: part.type, text: kept };
    }),
  }));
}
