// @ts-check
/** The few things every view does with the document. Text only ever goes in through `textContent`. */

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
  const made = document.createElement(tag);
  made.textContent = content;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/**
 * Tells main.js what the person wants.
 * @param {string} verb
 * @param {unknown} [detail]
 */
export function emit(verb, detail) {
  document.dispatchEvent(new CustomEvent(`onpage:${verb}`, { detail }));
}
