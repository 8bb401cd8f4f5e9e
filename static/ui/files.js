// @ts-check
/** What goes from the page to the person's own device: the clipboard, and files. */

import { h } from "./dom.js";

/** Milliseconds after which a browser has begun to write a file. */
const BEGUN = 10_000;

/**
 * Puts a text into the clipboard, also where an address that is not secure has no clipboard to write to; where nothing is allowed
 * the text is selected, ready to be copied by hand.
 * @param {string} value
 * @param {HTMLElement} body what holds it
 * @returns {Promise<boolean>} whether it is in the clipboard
 */
export async function copyText(value, body) {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    getSelection()?.selectAllChildren(body);
    return document.execCommand("copy");
  }
}

/**
 * Gives a text to the person as a file.
 * @param {string} name
 * @param {string} type
 * @param {string} content
 */
export function download(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), BEGUN);
}
