// @ts-check
/** The way from one task to another: links, so that each has an address of its own, goes through the history, and opens in a new tab. */

import { texts } from "../text/texts.js";
import { h, text } from "../ui/dom.js";

/** @typedef {import('../tasks/task.js').Task} Task */

/** Characters of a text that an address may bring. */
const MAX_TEXT = 100_000;

/**
 * The task that an address names after its `#/`, else the first.
 * @param {string} hash
 * @param {Task[]} tasks
 */
export function taskOf(hash, tasks) {
  const name = hash.split("?", 1)[0];
  return tasks.find(({ id }) => name === `#/${id}`) ?? tasks[0];
}

/**
 * The text that an address brings for its task, as `#/post?text=…`: behind the `#`, so that no server ever hears of it.
 * @param {string} hash
 */
export function textIn(hash) {
  const query = hash.includes("?") ? hash.slice(hash.indexOf("?") + 1) : "";
  return (new URLSearchParams(query).get("text") ?? "").slice(0, MAX_TEXT);
}

/**
 * @param {HTMLElement} root
 * @param {Task[]} tasks
 */
export function mountTaskNavigation(root, tasks) {
  const links = tasks.filter(({ aside }) => !aside).map(({ id }) => ({ id, link: h("a", { class: "tasks-link", href: `#/${id}` }, texts.tasks.names[id] ?? id) }));
  root.setAttribute("aria-label", texts.tasks.label);
  root.hidden = links.length < 2;
  root.append(...links.map(({ link }) => link));

  return {
    /** @param {string} current */
    update(current) {
      for (const { id, link } of links) {
        if (id === current) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
      scrollTo(root, current);
      text(document.querySelector("title") ?? document.createElement("title"), texts.tasks.title(current));
    },
    destroy: () => root.replaceChildren(),
  };
}

/** On a phone the links are a line that scrolls: the current one is brought into it. @param {HTMLElement} root @param {string} current */
function scrollTo(root, current) {
  const link = root.querySelector(`[href="#/${current}"]`);
  if (!link || root.scrollWidth <= root.clientWidth) return;
  const [line, its] = [root, link].map((each) => each.getBoundingClientRect());
  root.scrollBy({ left: Math.min(0, its.left - line.left) + Math.max(0, its.right - line.right) });
}
