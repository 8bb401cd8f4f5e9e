// @ts-check
/**
 * The answer as it grows, and before the first one an example.
 *
 * @typedef {{again: undefined}} AnswerEvents
 */

import { texts } from "../../text/texts.js";
import { h, text, uniqueId, viewEvents } from "../../ui/dom.js";
import { copyOnClick } from "../../ui/files.js";
import { makeWritten } from "../parts/markdown_view.js";

/** @type {import('../../ui/dom.js').ViewEvents<AnswerEvents>} */
export const events = viewEvents();

/**
 * @param {HTMLElement} parent
 * @param {HTMLElement} loading
 * @param {string} sample the address of the picture that the example is about
 * @param {() => import('../parts/markdown.js').Render | null} render
 */
export function mountAnswer(parent, loading, sample, render) {
  const said = texts.senses.answer;
  const titleId = uniqueId("answer");
  const title = h("h2", { class: "senses-title", id: titleId, tabindex: "-1" }, said.title);
  const about = h("p", { class: "senses-quiet" });
  const image = h("img", { src: sample, alt: "", width: "320", height: "240" });
  const empty = h("div", { class: "senses-empty" }, h("p", {}, said.empty), h("figure", { class: "senses-example" }, h("figcaption", {}, said.example), image, h("blockquote", {}, said.exampleText)));
  const picture = h("canvas", { class: "senses-thumbnail", hidden: true, "aria-hidden": "true" });
  const question = h("p", { class: "senses-asked", dir: "auto" });
  const body = h("div", { class: "senses-answer written grows", role: "log", "aria-label": said.log, dir: "auto", tabindex: "0" });
  const note = h("p", { class: "senses-quiet" });
  const [copy, again] = [said.copy, said.again].map((label) => h("button", { type: "button", class: "button" }, label));
  const actions = h("div", { class: "senses-row", hidden: true }, copy, again);
  const content = h("div", { class: "senses-content", hidden: true }, picture, question, body, note, actions);
  const root = h("section", { class: "senses-card", "aria-labelledby": titleId }, h("div", { class: "senses-head" }, title, about), loading, empty, content);
  parent.append(root);
  /** @type {import('./answer.js').Answer | null} */
  let shown = null;
  const written = makeWritten(body, render);
  const endCopying = copyOnClick(copy, { value: () => shown?.text ?? "", body, said });
  again.addEventListener("click", () => {
    title.focus(); // the button is about to go away
    events.emit(root, "again");
  });

  return {
    root,
    focus: () => title.focus(),

    append: written.append,
    redraw: written.redraw,

    /** @param {import('./senses.js').Senses} senses */
    update({ state: { answer, writing }, ready }) {
      empty.hidden = answer !== null;
      content.hidden = !answer;
      root.toggleAttribute("data-writing", writing);
      body.setAttribute("aria-busy", String(writing));
      if (answer !== shown) {
        if (answer?.id !== shown?.id) written.show("");
        if (!writing) written.show(answer ? answer.text || said.nothing : "");
        else if (answer?.id !== shown?.id) written.append(answer?.text ?? "");
        void drawn(picture, answer?.thumbnail ?? null);
      }
      shown = answer;
      text(about, answer ? texts.line([texts.senses.name(answer.template), answer.model && said.by(answer.model)]) : "");
      text(question, answer?.question ?? "");
      text(note, answer && !writing ? said.endings[answer.ended] : "");
      actions.hidden = writing || !answer?.text;
      again.setAttribute("aria-disabled", String(!ready));
    },

    destroy() {
      endCopying();
      root.remove();
    },
  };
}

/** Only a canvas shows what no address has: the page's policy lets images come from its own. @param {HTMLCanvasElement} canvas @param {Uint8Array<ArrayBuffer> | null} bytes */
async function drawn(canvas, bytes) {
  canvas.hidden = true;
  const image = bytes && (await createImageBitmap(new Blob([bytes], { type: "image/jpeg" })).catch(() => null));
  if (!image) return;
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  canvas.hidden = false;
}
