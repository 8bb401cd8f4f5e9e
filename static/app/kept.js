// @ts-check
/** What the browser keeps of the models, at the foot of the page, and a way to be rid of it. */

import { size } from "../text/format.js";
import { element, emit, text } from "../ui/dom.js";

export function mountKept() {
  const line = element("#kept");
  const sentence = element(".kept-sentence");
  const remove = /** @type {HTMLButtonElement} */ (element("#remove-kept"));

  remove.addEventListener("click", () => emit("remove-kept"));

  return (/** @type {import('./state.js').State} */ { kept, now }) => {
    const bytes = kept.reduce((sum, model) => sum + model.size, 0);
    if (bytes) line.hidden = false; // for good: who has removed them is told so, and keeps the focus
    text(sentence, bytes ? `This browser keeps ${size(bytes)} of models for the next time.` : "This browser keeps no model.");
    remove.setAttribute("aria-disabled", String(!bytes || now.phase === "loading"));
  };
}
