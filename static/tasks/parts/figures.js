// @ts-check
/** The figures of the last post: times, rates, tokens, seed; and how they are measured. */

import { format, texts } from "../../text/en.js";
import { h, text } from "../../ui/dom.js";

const { figures: said } = texts.post;

/** @param {HTMLElement} root */
export function mountFigures(root) {
  const list = h("dl", { class: "figures-list" });
  const reused = h("p", { class: "figures-reused", hidden: true });
  const notes = h("details", { class: "figures-notes" }, h("summary", {}, said.how), h("p", {}, said.explained), reused);
  const figures = h("div", { class: "figures", hidden: true }, h("h2", { class: "details-title" }, said.title), list, notes);
  root.append(figures);
  /** The post whose figures are shown. @type {import('../post/state.js').Post | null} */
  let shown = null;

  return {
    /** @param {import('../../engine/session_state.js').SessionState} session @param {import('../post/state.js').Post | null} post */
    update({ now }, post) {
      figures.hidden = now.phase === "writing" || !post?.figures;
      if (!post?.figures || post === shown) return;
      shown = post;
      list.replaceChildren(...rowsOf(post.figures, post.asked.seed));
      const percent = Math.round(post.figures.reused * 100);
      reused.hidden = percent === 0;
      text(reused, said.held(percent));
    },
    destroy: () => figures.remove(),
  };
}

/**
 * @param {import('../../engine/client.js').Figures} figures
 * @param {number} seed
 */
function rowsOf({ timeToFirst, prefillRate, decodeRate, promptTokens, tokens, reused }, seed) {
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
