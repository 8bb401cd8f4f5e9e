// @ts-check
/** The figures of what a task has written last: times, rates, tokens, seed; and how they are measured. */

import { format, texts } from "../../text/texts.js";
import { h, text } from "../../ui/dom.js";

const { figures: said } = texts;

/** @typedef {{name: string, figures: import('../../engine/client.js').Figures, seed: number}} Measured `name`: "" where there is only one */

/** @param {HTMLElement} root @param {{title: string}} of the task */
export function mountFigures(root, { title }) {
  const lists = h("div", { class: "figures-lists" });
  const reused = h("p", { class: "figures-reused", hidden: true });
  const notes = h("details", { class: "figures-notes" }, h("summary", {}, said.how), h("p", {}, said.explained), reused);
  const box = h("div", { class: "figures", hidden: true }, h("h2", { class: "details-title" }, title), lists, notes);
  root.append(box);
  /** The figures that are shown. @type {Measured['figures'][]} */
  let shown = [];

  return {
    /** @param {import('../../engine/session_state.js').SessionState} session @param {Measured[]} measured */
    update({ now }, measured) {
      box.hidden = now.phase === "writing" || !measured.length;
      if (measured.length === shown.length && measured.every(({ figures }, index) => figures === shown[index])) return;
      shown = measured.map(({ figures }) => figures);
      lists.replaceChildren(...measured.flatMap((each) => [each.name && h("h3", { class: "figures-name" }, each.name), h("dl", { class: "figures-list" }, ...rowsOf(each))].filter((part) => part !== "")));
      const percent = Math.max(0, ...shown.map((figures) => Math.round(figures.reused * 100)));
      reused.hidden = percent === 0;
      text(reused, said.held(percent));
    },
    destroy: () => box.remove(),
  };
}

/** @param {Measured} measured */
function rowsOf({ figures: { timeToFirst, prefillRate, decodeRate, promptTokens, tokens, reused }, seed }) {
  const percent = Math.round(reused * 100);
  const rows = [
    [said.first, timeToFirst === null ? "–" : format.duration(timeToFirst), ""],
    [said.prefill, format.rate(prefillRate), percent ? said.reused(percent) : ""],
    [said.decode, format.rate(decodeRate), ""],
    [said.tokens, `${format.integer(promptTokens)} / ${format.integer(tokens)}`, ""],
    [said.seed, String(seed), ""],
  ];
  return rows.map(([name, value, note]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value), note && h("dd", { class: "figures-note" }, note)),
  );
}
