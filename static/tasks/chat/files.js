// @ts-check
/**
 * Conversations as files, and the one place where a conversation from outside (a file, the storage, which an earlier page may have
 * written) is checked. Pure.
 *
 * A file is `{format: "onpage-chat", version: 1, conversations: […]}`; what is not known in it is left out.
 *
 * @typedef {import('./tree.js').Conversation} Conversation
 * @typedef {import('./tree.js').Turn} Turn
 */

import { FileError } from "../parts/file_error.js";
import { titleOf, turn } from "./tree.js";

export const FORMAT = "onpage-chat";
export const VERSION = 1;
/** Of a file; longer ones are no conversations. */
export const MAX_BYTES = 64 << 20;
const MAX_TURNS = 20_000;
const MAX_CONVERSATIONS = 500;
const MAX_TEXT = 4 << 20;
const ID = /^[\w-]{1,64}$/;
const STATES = ["whole", "stopped", "full", "limit"];

/** @extends {FileError<'not-json' | 'not-a-chat' | 'newer' | 'too-large' | 'damaged'>} */
export class ChatFileError extends FileError {}

/** @param {Conversation[]} conversations */
export function toFile(conversations) {
  return JSON.stringify({ format: FORMAT, version: VERSION, conversations }, null, 1);
}

/** The conversations of a file, each with its own id; ChatFileError for anything else. @param {string} text @returns {Conversation[]} */
export function fromFile(text) {
  if (text.length > MAX_BYTES) throw new ChatFileError("too-large");
  const file = objectOf(parsed(text));
  if (!file || file.format !== FORMAT || !Array.isArray(file.conversations)) throw new ChatFileError("not-a-chat");
  if (file.version !== VERSION) throw new ChatFileError("newer", String(file.version));
  if (file.conversations.length > MAX_CONVERSATIONS) throw new ChatFileError("too-large", `${file.conversations.length} conversations`);
  return file.conversations.map((each, index) => checked(each, `conversation ${index + 1}`));
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ChatFileError("not-json");
  }
}

/**
 * A conversation of which every part is what the page takes it for; ChatFileError where one is not.
 * @param {unknown} value
 * @param {string} [where]
 * @returns {Conversation}
 */
export function checked(value, where = "the conversation") {
  const found = objectOf(value);
  if (!found || !Array.isArray(found.turns)) throw new ChatFileError("damaged", `${where} has no turns`);
  if (found.turns.length > MAX_TURNS) throw new ChatFileError("too-large", `${where} has ${found.turns.length} turns`);
  /** @type {Map<string, Turn>} */
  const turns = new Map();
  for (const [index, each] of found.turns.entries()) {
    const made = checkedTurn(each, turns, `turn ${index + 1} of ${where}`);
    turns.set(made.id, made);
  }
  const chosen = Object.entries(objectOf(found.chosen) ?? {}).filter(([parent, child]) => turns.get(String(child))?.parent === parent);
  return {
    id: id(found.id, where),
    title: text(found.title ?? "", `the title of ${where}`),
    system: text(found.system ?? "", `the instructions of ${where}`),
    turns: [...turns.values()],
    chosen: /** @type {Record<string, string>} */ (Object.fromEntries(chosen)),
    removed: Array.isArray(found.removed) ? found.removed.filter((each) => typeof each === "string" && ID.test(each) && !turns.has(each)) : [],
    changed: time(found.changed),
  };
}

/** @param {unknown} value @param {Map<string, Turn>} before @param {string} where @returns {Turn} */
function checkedTurn(value, before, where) {
  const found = objectOf(value);
  if (!found) throw new ChatFileError("damaged", `${where} is no object`);
  const { role, state = "whole", parent, revision, memory, by } = found;
  if (role !== "user" && role !== "model") throw new ChatFileError("damaged", `${where} is of nobody`);
  if (typeof state !== "string" || !STATES.includes(state)) throw new ChatFileError("damaged", `${where} has no known state`);
  const above = typeof parent === "string" ? before.get(parent) : undefined;
  if (parent !== "" && !above) throw new ChatFileError("damaged", `${where} follows none before it`);
  if ((above?.role ?? "model") === role) throw new ChatFileError("damaged", `${where} follows one of the same role`);
  const own = id(found.id, where);
  if (before.has(own)) throw new ChatFileError("damaged", `${where} has the id of another`);
  const kept = objectOf(memory);
  if (role === "user" && kept && before.get(String(kept.from))?.role === "model") throw new ChatFileError("damaged", `${where} remembers from an answer on`);
  return turn({
    id: own,
    parent: String(parent),
    role,
    state: /** @type {import('./tree.js').TurnState} */ (state),
    text: text(found.text, where),
    at: time(found.at),
    revision: time(revision),
    by: text(by ?? "", where),
    memory: role === "user" && kept ? { from: id(kept.from, where), summary: text(kept.summary, where) } : null,
  });
}

/** @param {unknown} value @returns {Record<string, unknown> | null} */
function objectOf(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? /** @type {Record<string, unknown>} */ (value) : null;
}

/** @param {unknown} value @param {string} where */
function text(value, where) {
  if (typeof value !== "string") throw new ChatFileError("damaged", `${where} is no text`);
  if (value.length > MAX_TEXT) throw new ChatFileError("too-large", where);
  return value;
}

/** @param {unknown} value @param {string} where */
function id(value, where) {
  if (typeof value !== "string" || !ID.test(value)) throw new ChatFileError("damaged", `${where} has no id`);
  return value;
}

/** @param {unknown} value */
function time(value) {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0;
}

/**
 * A path to be read elsewhere. Whatever a turn says stands as it is: it is Markdown already, or plain text.
 * @param {Conversation} conversation
 * @param {Turn[]} path
 * @param {{you: string, model: string, instructions: string}} names
 */
export function toMarkdown(conversation, path, { you, model, instructions }) {
  const parts = path.map(({ role, text: said, by }) => `## ${role === "user" ? you : by || model}\n\n${said.trim()}\n`);
  const system = conversation.system.trim() ? [`## ${instructions}\n\n${conversation.system.trim()}\n`] : [];
  return [`# ${titleOf(conversation)}\n`, ...system, ...parts].join("\n");
}
