// @ts-check
/** A word about the model at hand: what it is, where it runs, and, for the demo, what it cannot do and how to get a real one. */

import { isSlow } from "../engine/index.js";
import { texts } from "../text/texts.js";
import { h, text } from "../ui/dom.js";

/** @param {HTMLElement} root */
export function mountAbout(root) {
  const { about } = texts;
  const sentence = h("p", { class: "about-sentence" });
  const slow = h("p", { class: "about-slow", hidden: true });
  const commands = h("pre", { class: "about-commands" }, about.command);
  const better = h("details", { class: "about-better", hidden: true }, h("summary", {}, about.better), h("p", {}, about.how), commands);
  const all = h("a", { class: "about-all", href: "#/models" }, texts.models.all);
  root.append(sentence, " ", slow, " ", h("div", { class: "about-ways" }, all, " ", better)); // neither stands alone on a line

  return {
    /** @param {import('../engine/session_state.js').SessionState} state */
    update({ now, setup }) {
      root.hidden = !setup || now.phase === "problem"; // one thing at a time
      if (!setup) return;
      const { model, choice } = setup;
      text(sentence, model.demo ? about.demo : about.model(model, choice));
      better.hidden = !model.demo;
      slow.hidden = !(choice && isSlow(choice));
      text(slow, choice && isSlow(choice) ? texts.engine.reason(choice) : "");
    },
    destroy: () => root.replaceChildren(),
  };
}
