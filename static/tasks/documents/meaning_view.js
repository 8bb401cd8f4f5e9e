// @ts-check
/**
 * The offer to search by meaning, and how far it is: nothing where no such model is offered.
 *
 * @typedef {{start: undefined, remove: undefined, size: number}} MeaningEvents `size`: one of the model's
 * @typedef {Pick<import('./meaning.js').Meaning, 'now' | 'model'>} Known
 */

import { PROBLEMS, texts } from "../../text/texts.js";
import { h, text, uniqueId, viewEvents } from "../../ui/dom.js";

/** @type {import('../../ui/dom.js').ViewEvents<MeaningEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent */
export function mountMeaning(parent) {
  const said = texts.documents.meaning;
  const title = h("h2", { class: "documents-meaning-title" }, said.title);
  const sentence = h("p", { class: "documents-note", role: "status" });
  const bar = h("progress", { class: "documents-progress", "aria-label": said.progress, hidden: true });
  const start = h("button", { type: "button", class: "button" });
  const remove = h("button", { type: "button", class: "button button-quiet" }, said.remove);
  const [sizeId, helpId] = ["meaning-size", "meaning-size-help"].map(uniqueId);
  const size = h("select", { id: sizeId, "aria-describedby": helpId });
  const sizes = h("p", { class: "documents-size", hidden: true }, h("label", { for: sizeId }, said.sizes), size, h("span", { class: "documents-note", id: helpId }, said.sizesHelp));
  const root = h("section", { class: "documents-meaning", hidden: true }, title, sentence, bar, sizes, h("div", { class: "documents-actions" }, start, remove));
  parent.append(root);
  start.addEventListener("click", () => events.emit(root, "start"));
  remove.addEventListener("click", () => events.emit(root, "remove"));
  size.addEventListener("change", () => events.emit(root, "size", Number(size.value)));

  return {
    root,
    /** @param {Known & Pick<import('./meaning.js').Meaning, 'size'>} meaning */
    update({ now, model, size: chosen }) {
      root.hidden = now.phase === "none" || !model;
      if (!model) return;
      text(sentence, sentenceOf({ now, model }));
      bar.hidden = now.phase !== "loading" && now.phase !== "reading";
      const share = now.phase === "loading" ? now.share : now.phase === "reading" && now.total ? now.done / now.total : 0;
      if (share < 1) bar.value = share;
      else bar.removeAttribute("value"); // all has come, and the engine begins: nobody knows for how long
      start.hidden = now.phase !== "offered" && now.phase !== "failed";
      text(start, now.phase === "failed" ? said.again : said.start);
      remove.hidden = now.phase === "offered";
      const all = model.embedding.sizes;
      sizes.hidden = all.length < 2;
      if (size.childElementCount !== all.length) size.replaceChildren(...all.map((each) => h("option", { value: String(each) }, said.size(each))));
      size.value = String(chosen);
    },
    destroy: () => root.remove(),
  };
}

/** What is to be known of it now; "" where there is no such model. @param {Known} meaning */
export function sentenceOf({ now, model }) {
  const said = texts.documents.meaning;
  if (!model) return "";
  const { name, size } = model;
  switch (now.phase) {
    case "none":
      return "";
    case "offered":
      return said.offered(name, size);
    case "loading":
      return said.loading(name);
    case "reading":
      return said.reading(now.done, now.total);
    case "ready":
      return said.ready(name);
    case "failed":
      return said.failed(PROBLEMS[now.error.code].title, name);
  }
}
