// @ts-check
/**
 * Before anything was asked: what this is, an example with its result, questions to begin with; and where the model cannot call functions,
 * which can.
 *
 * @typedef {{question: string}} EmptyEvents
 */

import { texts } from "../../text/texts.js";
import { h, viewEvents } from "../../ui/dom.js";
import { makeCall } from "./call_view.js";

const { empty: said, unable } = texts.functions;

/** @type {import('../../ui/dom.js').ViewEvents<EmptyEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent @param {HTMLElement} loading @param {import('./conversation.js').Exchange} sample */
export function mountEmpty(parent, loading, sample) {
  const none = h("div", { class: "functions-unable", hidden: true }, h("h2", { class: "functions-title" }, unable.title), h("p", {}, unable.sentence), h("pre", { class: "functions-json", tabindex: "0" }, unable.command));
  const chips = texts.functions.questions.map((question) => {
    const chip = h("button", { type: "button", class: "button" }, question);
    chip.addEventListener("click", () => events.emit(root, "question", question));
    return chip;
  });
  const example = h(
    "figure",
    { class: "functions-example" },
    h("figcaption", {}, said.example),
    h("p", { class: "functions-question", dir: "auto" }, sample.question),
    ...sample.steps.flatMap(({ calls }) => calls.map((call) => makeCall(call, null))),
    h("p", { class: "functions-answer", dir: "auto" }, sample.answer),
  );
  const beginning = h("div", { class: "functions-beginning" }, h("p", { class: "functions-note" }, said.tryIt), h("div", { class: "functions-actions" }, ...chips));
  const body = h("div", { class: "functions-empty" }, h("h2", { class: "functions-title" }, said.title), h("p", { class: "functions-sentence" }, said.sentence), beginning, example, h("p", { class: "functions-note" }, said.small));
  const root = h("div", { class: "functions-before" }, none, loading, body);
  parent.append(root);

  return {
    root,
    /** @param {import('./functions.js').Functions} functions @param {import('../../engine/session_state.js').SessionState} session */
    update(functions, { setup }) {
      none.hidden = !setup?.model.demo;
      body.hidden = functions.state.conversation.exchanges.length > 0;
      for (const chip of chips) chip.setAttribute("aria-disabled", String(!functions.ready));
    },
    destroy: () => root.remove(),
  };
}
