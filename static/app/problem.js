// @ts-check
/** The screen of a problem that stops everything: a title, a sentence, perhaps steps, and one way on. */

import { PROBLEMS } from "../engine/errors.js";
import { create, element, emit, text } from "../ui/dom.js";

export function mountProblem() {
  const box = element("#problem");
  const workspace = element("#workspace");
  const title = element(".problem-title");
  const sentence = element(".problem-sentence");
  const steps = element(".problem-steps");
  const action = element(".problem-action");
  const detail = element(".problem-detail");
  /** @type {import('../engine/errors.js').WayOn} */
  let wayOn = "none";
  /** @type {import('../engine/errors.js').ErrorData | null} */
  let shown = null;

  action.addEventListener("click", () => emit(wayOn));

  return (/** @type {import('./state.js').State} */ { now }) => {
    const error = now.phase === "problem" ? now.error : null;
    box.hidden = !error;
    workspace.hidden = Boolean(error);
    if (error && error !== shown) {
      const problem = PROBLEMS[error.code];
      box.dataset.code = error.code;
      text(title, problem.title);
      text(sentence, problem.sentence);
      steps.replaceChildren(...(problem.steps ?? []).map((step) => create("li", step)));
      steps.hidden = !problem.steps;
      wayOn = problem.wayOn;
      action.hidden = wayOn === "none";
      text(action, problem.action);
      text(detail, error.detail);
      detail.hidden = !error.detail;
      title.focus();
    }
    if (shown && !error) element("#text").focus(); // the screen that had the focus is gone
    shown = error;
  };
}
