// @ts-check
/**
 * A conversation is a tree of turns, of which one path is on the screen. Pure: every change gives a new conversation.
 *
 * An edited question is another turn beside the first, an answer written anew another one beside the one before: nothing that was said
 * is lost, and each path is a linear conversation of its own. What is sent to the model is such a path (`messagesOf`).
 *
 * @typedef {'whole' | 'stopped' | 'full' | 'limit'} TurnState `stopped`: the answer breaks off, by Stop, a crash or a reload, and can go
 *   on; `full`: it ends because the context was full; `limit`: it had run away
 *
 * @typedef {object} Memory what the model is told from this question on, where the context was full
 * @property {string} from the turn that it begins with, on the way to this one
 * @property {string} summary of what was before, "" for none
 *
 * @typedef {object} Turn
 * @property {string} id
 * @property {string} parent "" for a first one
 * @property {'user' | 'model'} role
 * @property {string} text
 * @property {TurnState} state
 * @property {number} at milliseconds since 1970
 * @property {number} revision grows with every change
 * @property {string} by the model that wrote it, "" for a person
 * @property {Memory | null} memory of a user's turn; the last one on a path counts
 *
 * @typedef {object} Conversation
 * @property {string} id
 * @property {string} title "" for that of its first turn
 * @property {string} system what the model is told before all turns
 * @property {Turn[]} turns in the order in which they were made, so that a parent is before its children
 * @property {Record<string, string>} chosen a turn, or "" → the one of its children that is on the path; the last one where none is said
 * @property {string[]} removed ids of turns, so that another tab does not bring them back
 * @property {number} changed milliseconds since 1970
 */

import { firstRound, message } from "../../engine/index.js";

/** Characters of a title. */
const TITLE = 60;

/** @param {string} id @param {string} [system] @returns {Conversation} */
export function empty(id, system = "") {
  return { id, title: "", system, turns: [], chosen: {}, removed: [], changed: 0 };
}

/** @param {Pick<Turn, 'id' | 'parent' | 'role' | 'text' | 'at'> & Partial<Turn>} said @returns {Turn} */
export function turn(said) {
  return { state: "whole", revision: 0, by: "", memory: null, ...said };
}

/** @typedef {{byId: Map<string, Turn>, children: Map<string, Turn[]>}} Index */

/** @type {WeakMap<Turn[], Index>} */
const indexes = new WeakMap();

/** @param {Conversation} conversation @returns {Index} */
function indexOf({ turns }) {
  const known = indexes.get(turns);
  if (known) return known;
  const byId = new Map(turns.map((each) => [each.id, each]));
  /** @type {Map<string, Turn[]>} */
  const children = new Map();
  for (const each of turns) {
    const beside = children.get(each.parent);
    if (beside) beside.push(each);
    else children.set(each.parent, [each]);
  }
  const made = { byId, children };
  indexes.set(turns, made);
  return made;
}

/** @param {Conversation} conversation @param {string} id */
export function turnOf(conversation, id) {
  return indexOf(conversation).byId.get(id) ?? null;
}

/** The turns beside one, itself included, in the order in which they were made. @param {Conversation} conversation @param {Turn} turn */
export function siblingsOf(conversation, { parent }) {
  return indexOf(conversation).children.get(parent) ?? [];
}

/** What is on the screen, from the first turn to the last. @param {Conversation} conversation */
export function pathOf(conversation) {
  const { children } = indexOf(conversation);
  /** @type {Turn[]} */
  const path = [];
  for (let parent = ""; ; ) {
    const beside = children.get(parent);
    const next = beside?.find(({ id }) => id === conversation.chosen[parent]) ?? beside?.at(-1);
    if (!next) return path;
    path.push(next);
    parent = next.id;
  }
}

/** The turns from the first to this one. @param {Conversation} conversation @param {string} id "" for none */
export function pathTo(conversation, id) {
  /** @type {Turn[]} */
  const path = [];
  for (let at = turnOf(conversation, id); at; at = turnOf(conversation, at.parent)) path.unshift(at);
  return path;
}

/** With one more turn, on the path. @param {Conversation} conversation @param {Turn} turn @returns {Conversation} */
export function added(conversation, turn) {
  const { turns, chosen } = conversation;
  return { ...conversation, turns: [...turns, turn], chosen: { ...chosen, [turn.parent]: turn.id }, changed: turn.at };
}

/** @param {Conversation} conversation @param {string} id @param {Partial<Pick<Turn, 'text' | 'state' | 'memory' | 'revision'>>} change @param {number} at @returns {Conversation} */
export function changedTurn(conversation, id, change, at) {
  const turns = conversation.turns.map((each) => (each.id === id ? { ...each, revision: each.revision + 1, ...change } : each));
  return { ...conversation, turns, changed: at };
}

/** With this turn, and all above it, on the path. @param {Conversation} conversation @param {string} id @returns {Conversation} */
export function withChosen(conversation, id) {
  const chosen = { ...conversation.chosen };
  for (const each of pathTo(conversation, id)) chosen[each.parent] = each.id;
  return { ...conversation, chosen };
}

/** Without a turn and all that follow it. @param {Conversation} conversation @param {string} id @param {number} at @returns {Conversation} */
export function without(conversation, id, at) {
  return pruned({ ...conversation, removed: [...conversation.removed, id], changed: at });
}

/** Without what was removed, and what has lost its parent. @param {Conversation} conversation @returns {Conversation} */
function pruned(conversation) {
  const removed = new Set(conversation.removed);
  const kept = new Set([""]);
  const turns = conversation.turns.filter(({ id, parent }) => {
    const stays = !removed.has(id) && kept.has(parent);
    if (stays) kept.add(id);
    return stays;
  });
  const chosen = Object.fromEntries(Object.entries(conversation.chosen).filter(([parent, child]) => kept.has(parent) && kept.has(child)));
  return { ...conversation, turns, chosen };
}

/**
 * What two tabs have made of one conversation: all turns of both, but for those that either has removed. Which path is on the screen is
 * each tab's own.
 * @param {Conversation} mine
 * @param {Conversation} theirs
 * @returns {Conversation}
 */
export function merged(mine, theirs) {
  const newer = theirs.changed > mine.changed ? theirs : mine;
  const known = new Map(mine.turns.map((each) => [each.id, each]));
  for (const each of theirs.turns) {
    const ours = known.get(each.id);
    if (!ours || each.revision > ours.revision) known.set(each.id, each);
  }
  const { title, system, changed } = newer;
  const removed = [...new Set([...mine.removed, ...theirs.removed])];
  return pruned({ ...mine, title, system, changed, removed, turns: inOrder([...known.values()]), chosen: { ...theirs.chosen, ...mine.chosen } });
}

/** As they were made, a parent before its children whatever the clocks of two tabs say. @param {Turn[]} turns */
function inOrder(turns) {
  const unplaced = new Set(turns.map(({ id }) => id));
  /** Children whose parent is not placed, by its id; a circle stays in here. @type {Map<string, Turn[]>} */
  const waiting = new Map();
  /** @type {Turn[]} */
  const ordered = [];
  for (const next of turns.toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))) {
    if (unplaced.has(next.parent)) {
      const beside = waiting.get(next.parent);
      if (beside) beside.push(next);
      else waiting.set(next.parent, [next]);
      continue;
    }
    for (const ready = [next]; ready.length; ) {
      const each = /** @type {Turn} */ (ready.pop());
      ordered.push(each);
      unplaced.delete(each.id);
      for (const child of waiting.get(each.id)?.reverse() ?? []) ready.push(child);
    }
  }
  return ordered;
}

/** @param {Conversation} conversation */
export function titleOf({ title, turns }) {
  const [first] = turns;
  const line = (title || first?.text || "").trim().replace(/\s+/g, " ");
  return line.length > TITLE ? `${[...line].slice(0, TITLE).join("").trimEnd()}…` : line;
}

/** Of the last question on a path that has one. @param {Turn[]} path */
export function memoryOf(path) {
  return path.findLast(({ memory }) => memory !== null)?.memory ?? null;
}

/** The turns of a path that the model is told of. @param {Turn[]} path */
export function remembered(path) {
  const memory = memoryOf(path);
  return memory ? path.slice(Math.max(0, path.findIndex(({ id }) => id === memory.from))) : path;
}

/** Of answers that the page ended. @type {WeakMap<Turn, string>} */
const firstRounds = new WeakMap();

/**
 * An answer without the circles that the page ended it for: what is on the screen, and what a model is told.
 * @param {Turn} turn
 */
export function firstRoundOf(turn) {
  if (turn.role !== "model" || turn.state !== "limit") return turn.text;
  const found = firstRounds.get(turn) ?? firstRound(turn.text);
  firstRounds.set(turn, found);
  return found;
}

/**
 * Whether an answer went round in circles again when it went on from its first round: this one, or one beside it, begins with the first round of
 * the other, and says no more.
 * @param {Turn} turn
 * @param {Turn[]} beside it and its siblings
 */
export function wentRoundAgain(turn, beside) {
  const circling = beside.filter((each) => firstRoundOf(each) !== each.text);
  return circling.includes(turn) && circling.some((other) => other !== turn && (saysNoMore(turn, other) || saysNoMore(other, turn)));
}

/** @param {Turn} later @param {Turn} earlier */
function saysNoMore(later, earlier) {
  const first = firstRoundOf(earlier);
  return later.text.startsWith(first) && firstRoundOf(later).length <= first.length;
}

/**
 * A path as the messages that are sent; the last may be an answer that is to go on. Of an answer that went round in circles a model is told the
 * first round: with all of them before it, it goes round again.
 * @param {string} system
 * @param {Turn[]} path
 * @returns {import('../../engine/messages.js').Message[]}
 */
export function messagesOf(system, path) {
  const sent = remembered(path);
  const summary = memoryOf(path)?.summary ?? "";
  const before = [system.trim(), summary && `So far: ${summary}`].filter(Boolean).join("\n\n");
  const said = sent.map((each) => message(firstRoundOf(each), each.role));
  return [...(before ? [message(before, "system")] : []), ...said];
}
