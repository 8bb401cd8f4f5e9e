// @ts-check
/**
 * Conversations, and the one place where they become what an engine reads: text, with pictures and sounds between. Pure.
 *
 * That text is well-formed, and only the turns control the model: whatever a message says is text (foreign_text.js).
 *
 * A conversation is a list of messages; a message has a role and parts: what somebody says, and marks of the model's own format around
 * it, such as those of a function's call. Only users' messages may have pictures and sounds; media.js says how large they may be, and what
 * they cost.
 *
 * @typedef {'system' | 'user' | 'model'} Role
 * @typedef {{type: 'text', text: string}} TextPart
 * @typedef {{type: 'mark', text: string}} MarkPart goes to the engine as it is: written by the page, never made of what anybody said
 * @typedef {{type: 'image', image: ImageBitmap}} ImagePart
 * @typedef {{type: 'audio', samples: Float32Array<ArrayBuffer>, sampleRate: number}} AudioPart one channel, from -1 to 1
 * @typedef {ImagePart | AudioPart} MediaPart
 * @typedef {TextPart | MarkPart} WrittenPart
 * @typedef {WrittenPart | MediaPart} Part
 * @typedef {{role: Role, parts: Part[]}} Message
 *
 * @typedef {string | MediaPart} PromptPiece
 *
 * @typedef {object} Turns the template of a model, as its file gives it
 * @property {string} prefix before what the user says first
 * @property {string} suffix after it; the model's answer follows at once
 * @property {string} [end] after an answer; where the file does not say, `conversationTurns` finds it in the other two
 * @property {{prefix: string, suffix: string} | null} [system] the system's turn, where the file shows it
 *
 * @typedef {object} ConversationTurns
 * @property {string} opening before the first turn, such as a system text of the template's own
 * @property {{prefix: string, suffix: string} | null} system its turn, which takes the place of the opening; null where there is none
 * @property {string} prefix before what the user says
 * @property {string} suffix after it
 * @property {string} end after an answer
 */

import { MARKS, wellFormed } from "./foreign_text.js";

/** What begins a turn of ChatML, whoever speaks: all its models know a system, also those whose template writes none by itself. */
const CHATML = "<|im_start|>";

/** A message of one text. @param {string} text @param {Role} [role] @returns {Message} */
export function message(text, role = "user") {
  return { role, parts: [{ type: "text", text }] };
}

/** @param {string} text @returns {MarkPart} */
export function mark(text) {
  return { type: "mark", text };
}

/** @param {Part} part @returns {part is WrittenPart} */
const isWritten = (part) => part.type === "text" || part.type === "mark";

/** What a message says, without what it shows. @param {Message} message */
export function textOf({ parts }) {
  return parts.map((part) => (isWritten(part) ? part.text : "")).join("");
}

/** The pictures and sounds of all messages. @param {Message[]} messages */
export function mediaOf(messages) {
  return messages.flatMap(({ parts }) => parts.filter((/** @type {Part} */ part) => !isWritten(part)));
}

/** The same messages without pictures and sounds. @param {Message[]} messages @returns {Message[]} */
export function textsOnly(messages) {
  return messages.map(({ role, parts }) => ({ role, parts: parts.filter(isWritten) }));
}

/**
 * The turns of a whole conversation, from the texts around one question, in which they are: what ends the user's turn ends the
 * model's, and a turn begins with the same piece each time. Where no piece can be told, an answer ends with its line.
 * @param {Turns} turns
 * @returns {ConversationTurns}
 */
export function conversationTurns({ prefix, suffix, end: said, system: known }) {
  const [, ...pieces] = suffix.match(MARKS) ?? []; // the first ends the user's turn
  const begins = pieces.find((piece) => prefix.includes(piece));
  const model = begins ?? pieces[0];
  const end = said ?? (model ? suffix.slice(0, suffix.indexOf(model, 1)) : "\n");
  const opening = begins ? prefix.slice(0, prefix.lastIndexOf(begins)) : "";
  const header = begins ? prefix.slice(opening.length + begins.length).replace(/^\w+/, "") : ""; // after the name of the role
  const [role] = (begins && opening.startsWith(begins) && /^\w+/.exec(opening.slice(begins.length))) || [];
  const beginning = begins && role && header ? begins + role + header : null;
  const derived = beginning && opening.startsWith(beginning) && opening.endsWith(end) ? { prefix: beginning, suffix: end } : null;
  const system = known ?? derived ?? (begins === CHATML && !opening ? { prefix: `${CHATML}system\n`, suffix: end } : null);
  return { opening, system, prefix: prefix.slice(opening.length), suffix, end };
}

/**
 * What the template tells the model as the system where nobody says anything; a system's message takes its place. Empty where there is none.
 * @param {Turns | null} turns
 */
export function ownSystem(turns) {
  if (!turns) return "";
  const { opening, system } = conversationTurns(turns);
  if (!system || !opening.startsWith(system.prefix) || !opening.endsWith(system.suffix)) return "";
  return opening.slice(system.prefix.length, opening.length - system.suffix.length).trim();
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
  if (!turns) return joined(messages.flatMap(({ parts }) => parts.map((part) => (isWritten(part) ? part.text : part))));
  const { opening, system: systemTurn, prefix, suffix, end } = conversationTurns(turns);
  /** @type {PromptPiece[]} */
  let pieces = [];
  /** @type {Part[]} */
  let system = [];
  /** Whose turn it was. @type {Role} */
  let last = "system";
  for (const [index, { role, parts }] of messages.entries()) {
    if (role === "system") {
      if (last !== "system") throw new Error("a message of the system follows another");
      system = [...(system.length ? [...system, BREAK] : []), ...parts];
    } else if (role === "user") {
      if (last === "user") throw new Error("two messages of the user follow each other");
      if (last === "system") pieces = system.length && systemTurn ? said(trimmed(system), systemTurn.prefix, systemTurn.suffix, control) : [opening];
      const before = last === "system" && !systemTurn && system.length ? [...system, BREAK] : [];
      pieces.push(...said([...before, ...parts], prefix, suffix, control));
    } else {
      if (last !== "user") throw new Error("a message of the model follows none of the user");
      pieces.push(...said(parts.filter(isWritten), "", index < messages.length - 1 ? end : "", control));
    }
    last = role;
  }
  if (last === "system") throw new Error("there is no message of the user");
  return joined(pieces);
}

/** Between what the system says and what follows. @type {TextPart} */
const BREAK = { type: "text", text: "\n\n" };

/**
 * One turn. A text is broken up where it would control the model, also with what stands beside it.
 * @param {Part[]} given
 * @param {string} before
 * @param {string} after
 * @param {import('./foreign_text.js').ControlPieces | null} control
 * @returns {PromptPiece[]}
 */
function said(given, before, after, control) {
  const parts = merged(given);
  /** @type {PromptPiece[]} */
  const pieces = [];
  let whole = before;
  for (const [at, part] of parts.entries()) {
    if (!isWritten(part)) {
      pieces.push(whole, part);
      whole = "";
      continue;
    }
    const rest = parts.slice(at + 1);
    const media = rest.findIndex((each) => !isWritten(each));
    const beside = textOf({ role: "user", parts: media < 0 ? rest : rest.slice(0, media) }) + (media < 0 ? after : "");
    whole += part.type === "text" && control ? control.disarm(part.text, { before: whole, after: beside }) : part.text;
  }
  return [...pieces, whole + after];
}

/** With texts that follow each other in one. @param {Part[]} parts @returns {Part[]} */
function merged(parts) {
  /** @type {Part[]} */
  const made = [];
  for (const part of parts) {
    const last = made.at(-1);
    if (last?.type === "text" && part.type === "text") made[made.length - 1] = { type: "text", text: last.text + part.text };
    else made.push(part);
  }
  return made;
}

/** Without white space at the end. @param {Part[]} parts */
function trimmed(parts) {
  const made = merged(parts);
  const last = made.at(-1);
  return last?.type === "text" ? [...made.slice(0, -1), { ...last, text: last.text.trimEnd() }] : made;
}

/** All texts of a template, in which its pieces are. @param {Turns | null} turns */
export function textsOf(turns) {
  const { prefix = "", suffix = "", end = "", system } = turns ?? {};
  return [prefix, suffix, end, system?.prefix ?? "", system?.suffix ?? ""].join(" ");
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
      if (!isWritten(part)) return part;
      const kept = part.text.slice(0, Math.max(0, left));
      left -= part.text.length;
      return { type: part.type, text: kept };
    }),
  }));
}
