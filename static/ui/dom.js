// @ts-check
/**
 * The few things every view does with the document. Text only ever goes in through `textContent`.
 *
 * Data comes down by a view's `update`; what a person wants goes up as an event of the view's own root, which bubbles to whoever
 * mounted it. Each view documents its events as a map from name to detail, which types `emit` and `listen` (`viewEvents`).
 */

/** @typedef {string | Node | null | false | undefined} Child */

/**
 * A new element with attributes and children. A boolean attribute is there or not.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | boolean>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "boolean") made.toggleAttribute(name, value);
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** For every field: browsers may send what is typed to a spell checker or a writing assistant on some server, and keep it for the next form. */
export const NOT_SENT_AWAY = { spellcheck: "false", writingsuggestions: "false", autocomplete: "off" };

let made = 0;

/** An id that no other element of this document has, for a label or a description. @param {string} [word] */
export function uniqueId(word = "id") {
  made += 1;
  return `${word}-${made}`;
}

/** A first letter that is written from right to left. */
const RIGHT_TO_LEFT = /^[^\p{L}]*[\p{Script=Arab}\p{Script=Hebr}\p{Script=Syrc}\p{Script=Thaa}\p{Script=Nkoo}\p{Script=Adlm}]/u;

/**
 * What `dir="auto"` finds, for a text box: there Chromium 156 takes sixteen seconds to find it in two million characters. An empty box has the
 * direction of the page, as its placeholder has.
 * @param {string} value
 */
export function directionOf(value) {
  if (!value) return "";
  return RIGHT_TO_LEFT.test(value.slice(0, 1000)) ? "rtl" : "ltr";
}

/**
 * @param {string} selector
 * @param {ParentNode} [root]
 */
export function element(selector, root = document) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`The page has no ${selector}`);
  return found;
}

/**
 * Sets an element's text if it differs, so that a live region speaks only when there is news.
 * @param {Element} target
 * @param {string} value
 */
export function text(target, value) {
  if (target.textContent !== value) target.textContent = value;
}

/**
 * A new element with text and attributes.
 * @param {string} tag
 * @param {string} content
 * @param {Record<string, string>} [attributes]
 */
export function create(tag, content, attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = content;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/**
 * The events of a view, typed by a map from their names to their details.
 * @template {object} Map
 * @typedef {object} ViewEvents
 * @property {<Name extends keyof Map & string>(root: EventTarget, name: Name, detail?: Map[Name]) => void} emit on the view's own root
 * @property {<Name extends keyof Map & string>(root: EventTarget, name: Name, act: (detail: Map[Name]) => unknown,
 *   signal?: AbortSignal) => void} listen at the view's root, or around it, until the signal
 */

/** @type {ViewEvents<any>} */
const untyped = {
  emit: (root, name, detail) => void root.dispatchEvent(new CustomEvent(`onpage:${name}`, { detail, bubbles: true })),
  listen: (root, name, act, signal) =>
    root.addEventListener(`onpage:${name}`, (event) => void act(/** @type {CustomEvent} */ (event).detail), { signal }),
};

/** @template {object} Map @returns {ViewEvents<Map>} */
export function viewEvents() {
  return untyped;
}

/**
 * Makes every button under `root` take one activation for one: the second click of a double click, and a key that is held, do nothing.
 * Else they would press what has come under the pointer or got the focus in between.
 * @param {HTMLElement} root
 * @param {AbortSignal} [signal]
 */
export function oneActivation(root, signal) {
  const button = (/** @type {Event} */ { target }) => target instanceof Element && target.closest("button, [type=submit], summary");
  root.addEventListener(
    "click",
    (event) => {
      if (event.detail < 2 || !button(event)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { capture: true, signal },
  );
  root.addEventListener("keydown", (event) => event.repeat && button(event) && event.preventDefault(), { capture: true, signal });
}

/**
 * What has the focus in the document, or shadow root, that a node is in; null where that is nothing.
 * @param {Node} node
 */
export function focusBeside(node) {
  const root = /** @type {DocumentOrShadowRoot | Node} */ (node.getRootNode());
  return "activeElement" in root ? root.activeElement : null;
}

/**
 * A function that may be called many times in a row: `act` runs once, when all that is going on now is done.
 * @param {() => void} act
 */
export function together(act) {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      act();
    });
  };
}

/**
 * Adds a style sheet to a document's head or a shadow root.
 * @param {Node} root
 * @param {URL} url
 * @returns {Promise<unknown>} when it is there, or cannot be had: then the page is plain
 */
export function addStyle(root, { href }) {
  const link = h("link", { rel: "stylesheet", href });
  return new Promise((resolve) => {
    link.addEventListener("load", resolve, { once: true });
    link.addEventListener("error", resolve, { once: true });
    root.appendChild(link);
  });
}

/** What this system calls the key that goes with a letter or Enter: ⌘ or Ctrl. */
export function modifier() {
  return navigator.userAgent.includes("Mac") ? "⌘" : "Ctrl";
}
