// @ts-check
/**
 * One round of what the model writes: calls, or an answer. It is told as many of the newest exchanges as fit, and stops where its format says
 * that a call is over.
 *
 * @typedef {import('./conversation.js').Exchange} Exchange
 * @typedef {{text: string, ended: import('./conversation.js').Ending, figures: import('./conversation.js').Figures | null}} Round `figures`: null where nothing was written
 */

import { toModel } from "./told.js";

/** Of the context, for what the model writes. */
const ANSWER_SHARE = 1 / 4;
const MAX_ANSWER = 384;

/** Another model was taken meanwhile. @type {Round} */
export const LOST = { text: "", ended: "lost", figures: null };

/**
 * @param {import('../task.js').TaskContext['session']} session
 * @param {object} options
 * @param {import('./formats/index.js').Format} options.format
 * @param {import('./tools/index.js').Tool[]} options.offered
 * @param {Exchange[]} options.exchanges the last is the one that is asked
 * @param {number} options.forgotten exchanges that were left out before, and are again
 * @param {(forgotten: number) => void} options.onBegin hears how many are left out
 * @param {(piece: string) => void} options.onText
 * @param {() => boolean} options.isStopped
 * @returns {Promise<Round>}
 */
export async function writtenRound(session, { format, offered, exchanges, forgotten, onBegin, onText, isStopped }) {
  const { setup } = session.state;
  const maxTokens = setup?.settings.maxTokens ?? 0;
  const tokens = Math.min(MAX_ANSWER, Math.floor(maxTokens * ANSWER_SHARE));
  const room = maxTokens - tokens;
  let text = "";
  let counted = 0;
  let first = forgotten < exchanges.length ? forgotten : 0;
  /** @type {import('../../engine/messages.js').Message[]} */
  let messages = [];
  for (; ; first += 1) {
    messages = format.messages(offered, exchanges.slice(first).map(toModel));
    const found = await session.count(messages, room);
    if (found === null) return { text, ended: isStopped() ? "stopped" : "lost", figures: null };
    counted = found;
    if (found <= room) break;
    if (first === exchanges.length - 1) return { text, ended: "no-room", figures: null };
  }
  onBegin(first);
  let over = false;
  const outcome = await session.generate(messages, {
    room,
    counted,
    tokens,
    onText: (piece) => {
      text += piece;
      onText(piece);
      if (over || !format.isOver(text)) return;
      over = true;
      session.stop();
    },
  });
  if (outcome?.kind !== "written") return { text, ended: outcome ? "no-room" : "lost", figures: null };
  const { figures } = outcome;
  return { text, ended: isStopped() ? "stopped" : over ? "model" : figures.ended, figures };
}
