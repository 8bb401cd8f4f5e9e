// @ts-check
/** What stands in place of writing where the demo model cannot, or none: a notice that says why, and a way to write all the same. */

import { texts } from "../../text/texts.js";
import { h } from "../../ui/dom.js";
import { mountNotice } from "../../ui/notice.js";
import { unsuited } from "./unsuited.js";

/**
 * @param {HTMLElement} parent
 * @param {() => void} write
 * @param {(text: string) => boolean} isForeign whether a text is clearly not English
 */
export function mountDeclined(parent, write, isForeign) {
  const box = h("div", {});
  const anyway = h("button", { type: "button", class: "button declined-anyway", hidden: true }, texts.post.declined.anyway);
  const notice = mountNotice(box);
  parent.append(box, anyway);

  /** @param {import('./unsuited.js').Unsuited | null} reason @param {boolean} [demo] */
  function show(reason, demo = false) {
    anyway.hidden = reason === null;
    notice.update(reason && { title: texts.post.declined.titles[reason], sentence: demo ? texts.post.declined.sentence : texts.post.declined.nothing });
  }

  anyway.addEventListener("click", () => {
    show(null);
    write();
  });

  return {
    /**
     * Whether the model at hand can write about the text; where not, the notice is shown. About nothing none can.
     * @param {import('../../engine/session_state.js').SessionState} session
     * @param {string} text
     */
    lets({ now, setup }, text) {
      const found = now.phase === "ready" && setup ? unsuited(text, isForeign) : null;
      const demo = setup?.model.demo ?? false;
      const reason = demo || found === "nothing" ? found : null;
      show(reason, demo);
      return reason === null;
    },
    /** The text is another, or the model. */
    clear: () => show(null),
  };
}
