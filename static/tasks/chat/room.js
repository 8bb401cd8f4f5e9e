// @ts-check
/** How much of the context a conversation may take, and what is left out where it takes more. Pure, but for the counting. */

import { messagesOf, remembered } from "./tree.js";

/** Of the context, for an answer. */
const ANSWER_SHARE = 1 / 4;
const MAX_ANSWER = 512;
/** Where turns are left out, so many that the next questions fit as well, and the engine need not read all anew each time. */
const AIM = 0.6;

/** Tokens that a prompt may have. @param {number} maxTokens of the prompt and the answer together */
export function promptRoom(maxTokens) {
  return maxTokens - Math.min(MAX_ANSWER, Math.floor(maxTokens * ANSWER_SHARE));
}

/**
 * The user's turn from which on a path fits, the oldest that leaves room for more; null where not even the last question fits, or the
 * counting was broken off.
 * @param {string} system
 * @param {import('./tree.js').Turn[]} path
 * @param {number} room
 * @param {(messages: import('../../engine/messages.js').Message[]) => Promise<number | null>} count
 */
export async function beginningThatFits(system, path, room, count) {
  const starts = remembered(path).filter(({ role }, index) => role === "user" && index > 0);
  const fits = async (/** @type {number} */ index, /** @type {number} */ most) => {
    const tokens = await count(messagesOf(system, rememberedFrom(path, { from: starts[index].id, summary: "" })));
    return tokens !== null && tokens <= most;
  };
  for (const most of [room * AIM, room]) {
    let [low, high] = [0, starts.length]; // the later it begins, the shorter it is
    while (low < high) {
      const middle = (low + high) >> 1;
      if (await fits(middle, most)) high = middle;
      else low = middle + 1;
    }
    if (low < starts.length) return starts[low];
  }
  return null;
}

/**
 * A path as it fits without a system prompt: whole, or from a later turn on; null where nothing before its last question fits.
 * @param {import('./tree.js').Turn[]} path
 * @param {number} room
 * @param {(messages: import('../../engine/messages.js').Message[]) => Promise<number | null>} count
 */
export async function pathThatFits(path, room, count) {
  const whole = await count(messagesOf("", path));
  if (whole !== null && whole <= room) return path;
  const start = await beginningThatFits("", path, room, count);
  return start && start !== path.at(-1) ? rememberedFrom(path, { from: start.id, summary: "" }) : null;
}

/**
 * A path with another memory at its last question.
 * @param {import('./tree.js').Turn[]} path
 * @param {import('./tree.js').Memory} memory
 */
export function rememberedFrom(path, memory) {
  const question = path.findLast(({ role }) => role === "user");
  return path.map((each) => (each === question ? { ...each, memory } : each));
}
