// @ts-check
/** The keys of the whole page: Escape ends what the shown task writes, and "?" shows the list of all keys. */

import { texts } from "../text/texts.js";
import { h, modifier, uniqueId } from "../ui/dom.js";

/** Where a letter is a letter. */
const TYPED_INTO = "input, textarea, select";

/**
 * @param {HTMLElement} root where the list is, and the button that opens it
 * @param {{stop: () => void}} acts
 */
export function mountKeys(root, { stop }) {
  const ended = new AbortController();
  const said = texts.keys;
  const id = uniqueId("keys");
  const rows = said.rows(modifier()).map(([key, act]) => h("div", { class: "keys-row" }, h("dt", {}, h("kbd", {}, key)), h("dd", {}, act)));
  const close = h("button", { type: "submit", class: "button" }, said.close);
  const title = h("h2", { id, class: "keys-title" }, said.title);
  const dialog = h("dialog", { class: "keys", "aria-labelledby": id }, title, h("dl", { class: "keys-list" }, ...rows), h("form", { method: "dialog" }, close));
  const open = h("button", { type: "button", class: "button button-quiet keys-open" }, said.title);
  open.addEventListener("click", () => dialog.showModal());
  root.append(h("p", { class: "footer-keys" }, open), dialog);

  document.addEventListener(
    "keydown",
    (event) => {
      const { key, target, isComposing, defaultPrevented, ctrlKey, metaKey, altKey } = event;
      if (isComposing || defaultPrevented || dialog.open) return; // a composition's Escape is its own, and so is a dialog's
      if (key === "Escape") stop();
      else if (key === "?" && !ctrlKey && !metaKey && !altKey && !(target instanceof Element && target.closest(TYPED_INTO))) dialog.showModal();
    },
    { signal: ended.signal },
  );
  return {
    destroy() {
      ended.abort();
      root.replaceChildren();
    },
  };
}
