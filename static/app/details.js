// @ts-check
/**
 * One place for what an engineer wants to know, folded away: the engine, the figures of the task's last answer, the settings. It makes the
 * rooms; who mounts it fills them.
 */

import { texts } from "../text/texts.js";
import { h } from "../ui/dom.js";

/** @param {HTMLElement} root a `details` */
export function mountDetails(root) {
  const engine = h("div", { class: "field details-engine" });
  const figures = h("div", { class: "details-figures" });
  const settings = h("div", { class: "details-settings" });
  const { pagesSuffix = "" } = root.ownerDocument.body.dataset; // of a host that only hands out files
  const pages = /** @type {const} */ (["bench", "check"]).map((page) => h("a", { href: `${page}${pagesSuffix}` }, texts.details[page]));
  const links = h("p", { class: "details-pages" }, ...pages);
  root.append(h("summary", {}, texts.details.title), h("div", { class: "details-body" }, engine, figures, settings, links));
  return { engine, figures, settings, destroy: () => root.replaceChildren() };
}
