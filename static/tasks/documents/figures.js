// @ts-check
/** The figures of the last search and answer. */

import { format, texts } from "../../text/texts.js";
import { h } from "../../ui/dom.js";

const said = texts.documents.figures;

/** @param {HTMLElement} root */
export function mountFigures(root) {
  const list = h("dl", { class: "documents-figures-list" });
  const box = h("div", { class: "documents-figures", hidden: true }, h("h2", { class: "details-title" }, said.title), list);
  root.append(box);
  let shown = "";

  return {
    /** @param {import('./documents.js').State} state */
    update({ asked, answer, figures }) {
      box.hidden = !asked;
      if (!asked) return;
      /** @type {[string, string][]} */
      const rows = [
        [said.searched, format.integer(asked.passages)],
        [said.search, format.duration(asked.milliseconds)],
      ];
      if (figures && answer) {
        rows.push([said.sent, format.integer(answer.sources.length)], [said.read, format.integer(figures.promptTokens)]);
        rows.push([said.first, figures.timeToFirst === null ? "–" : format.duration(figures.timeToFirst)], [said.decode, format.rate(figures.decodeRate)], [said.written, format.integer(figures.tokens)]);
      }
      const next = JSON.stringify(rows);
      if (next !== shown) list.replaceChildren(...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
      shown = next;
    },
    destroy: () => box.remove(),
  };
}
