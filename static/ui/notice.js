// @ts-check
/** A word about what has happened that nobody asked for and that stops nothing: a title and a sentence. */

import { h, text } from "./dom.js";

/** @param {HTMLElement} root */
export function mountNotice(root) {
  const title = h("p", { class: "notice-title" });
  const sentence = h("p", { class: "notice-sentence" });
  root.classList.add("notice");
  root.setAttribute("role", "alert");
  root.hidden = true;
  root.append(title, sentence);

  return {
    /** @param {{title: string, sentence: string} | null} notice */
    update(notice) {
      root.hidden = notice === null;
      text(title, notice?.title ?? "");
      text(sentence, notice?.sentence ?? "");
    },
    destroy: () => root.replaceChildren(),
  };
}
