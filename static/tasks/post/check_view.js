// @ts-check
/**
 * What the page says of a post below it: that a better one is being written and why, what a person should look at, or that all is well. A
 * post of the demo model that is none is put away behind a button.
 *
 * @typedef {{reveal: undefined}} CheckEvents shows what was put away
 */

import { texts } from "../../text/texts.js";
import { h, text, viewEvents } from "../../ui/dom.js";
import { mountNotice } from "../../ui/notice.js";

/** @typedef {import('./state.js').Post} Post */

const { check: said } = texts.post;

/** @type {import('../../ui/dom.js').ViewEvents<CheckEvents>} */
export const events = viewEvents();

/** @param {import('./judge.js').Judge} judge */
export function makeCheck(judge) {
  const drawing = h("p", { class: "check-drawing", role: "status", hidden: true });
  const list = h("ul", { class: "check-findings" });
  const fine = h("p", { class: "check-fine" });
  const noticeBox = h("div", {});
  const reveal = h("button", { type: "button", class: "button check-reveal", hidden: true }, said.reveal);
  const root = h("div", { class: "check", hidden: true }, drawing, noticeBox, reveal, fine, list);
  const declined = mountNotice(noticeBox);
  let listed = "";
  reveal.addEventListener("click", () => events.emit(root, "reveal"));

  return {
    root,

    /**
     * @param {Post | null} post
     * @param {object} now
     * @param {import('./check/rules.js').Rule | null} now.again why another one is being written
     * @param {boolean} now.writing
     * @param {boolean} now.hides whether the post is put away
     * @param {number} now.drafts how many were written, to keep this one
     * @param {import('./voice.js').Voice} now.voice
     */
    update(post, { again, writing, hides, drafts, voice }) {
      drawing.hidden = !again;
      text(drawing, again ? said.again(said.whys[again]) : "");
      const judged = post && !writing && !again && judge.judges(post) ? post : null;
      const findings = judged ? judge.findings(judged, voice) : [];
      declined.update(hides ? said.declined : null);
      reveal.hidden = !hides;
      const shown = hides ? [] : findings;
      text(fine, judged && !hides ? texts.line([!findings.length && said.fine, judged.assembled ? said.assembled : judged.mended && said.mended, drafts > 1 && said.drafts(drafts)]) : "");
      fine.hidden = !fine.textContent;
      const sentences = shown.map(({ rule, found }) => said.findings[rule](found));
      if (JSON.stringify(sentences) !== listed) list.replaceChildren(...sentences.map((sentence) => h("li", {}, sentence)));
      listed = JSON.stringify(sentences);
      list.hidden = !sentences.length;
      root.hidden = !again && !judged;
    },
  };
}
