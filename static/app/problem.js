// @ts-check
/**
 * The screen of a problem that stops everything: a title, a sentence, perhaps steps, and one way on, which is its event.
 *
 * @typedef {Record<import('../text/en.js').WayOn, undefined>} ProblemEvents
 */

import { PROBLEMS } from "../text/texts.js";
import { h, text, uniqueId, viewEvents } from "../ui/dom.js";

/** @typedef {import('../engine/errors.js').ErrorData} ErrorData */

/** @type {import('../ui/dom.js').ViewEvents<ProblemEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} root */
export function mountProblem(root) {
  const id = uniqueId("problem");
  const title = h("h2", { class: "problem-title", id, tabindex: "-1" });
  const sentence = h("p", { class: "problem-sentence" });
  const steps = h("ul", { class: "problem-steps", hidden: true });
  const action = h("button", { type: "button", class: "button button-primary problem-action" });
  const detail = h("p", { class: "problem-detail", dir: "auto", hidden: true });
  root.setAttribute("aria-labelledby", id);
  root.hidden = true;
  root.append(title, sentence, steps, action, detail);
  /** @type {ErrorData | null} */
  let shown = null;

  action.addEventListener("click", () => shown && events.emit(root, PROBLEMS[shown.code].wayOn));

  return {
    /** @param {ErrorData | null} error */
    update(error) {
      if (error === shown) return;
      shown = error;
      root.hidden = !error;
      if (!error) return;
      const problem = PROBLEMS[error.code];
      root.dataset.code = error.code;
      text(title, problem.title);
      text(sentence, problem.sentence);
      steps.replaceChildren(...(problem.steps ?? []).map((step) => h("li", {}, step)));
      steps.hidden = !problem.steps;
      text(action, problem.action);
      text(detail, error.detail);
      detail.hidden = !error.detail;
      title.focus();
    },
    destroy: () => root.replaceChildren(),
  };
}
