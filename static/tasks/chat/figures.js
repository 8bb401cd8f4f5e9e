// @ts-check
/** The figures of the last answer: what was read of the prompt, times, rates. */

import { format, texts } from "../../text/texts.js";
import { h } from "../../ui/dom.js";

const said = texts.chat.figures;

/** @param {HTMLElement} root */
export function mountFigures(root) {
  const list = h("dl", { class: "chat-figures-list" });
  const box = h("div", { class: "chat-figures", hidden: true }, h("h2", { class: "details-title" }, said.title), list, h("p", { class: "field-help" }, said.explained));
  root.append(box);
  /** @type {import('../../engine/client.js').Figures | null} */
  let shown = null;

  return {
    /** @param {import('./chat.js').Chat} chat */
    update(chat) {
      const { writing, figures } = chat.state;
      const last = chat.path.at(-1);
      const found = (last && figures[last.id]) ?? null;
      box.hidden = writing !== null || !found;
      if (!found || found === shown) return;
      shown = found;
      list.replaceChildren(...rowsOf(found).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
    },
    destroy: () => box.remove(),
  };
}

/** @param {import('../../engine/client.js').Figures} figures */
function rowsOf({ promptTokens, reused, timeToFirst, decodeRate, tokens }) {
  return [
    [said.read, said.readOf(Math.round(promptTokens * (1 - reused)), promptTokens)],
    [said.first, timeToFirst === null ? "–" : format.duration(timeToFirst)],
    [said.decode, format.rate(decodeRate)],
    [said.written, format.integer(tokens)],
  ];
}
