// @ts-check
/**
 * What a model writes, shown while it is written: a piece is appended, a finished block becomes Markdown once, and the whole once more at its
 * end, which joins what belongs together. Plain text where the libraries are not there.
 *
 * @typedef {{add: (piece: string) => (string | Node)[], end: () => (string | Node)[]}} Inline what is shown for a text that comes piece by piece
 */

import { h } from "../../ui/dom.js";
import { Blocks } from "./markdown_blocks.js";

/** What is no prose. */
const VERBATIM = "a, code, pre";
const TEXT_NODE = 3;

/** @returns {Inline} */
const asItIs = () => ({ add: (piece) => [piece], end: () => [] });

/**
 * @param {HTMLElement} body
 * @param {() => import('./markdown.js').Render | null} render null: plain text
 * @param {() => Inline} [inline] makes of each text outside code and links what is shown for it, such as a button for what it names
 */
export function makeWritten(body, render, inline = asItIs) {
  let whole = "";
  /** What grows. @type {{blocks: Blocks, tail: HTMLElement, inline: Inline} | null} */
  let growing = null;

  /** @param {string} markdown @returns {Node} */
  function drawn(markdown) {
    const make = render();
    if (!make) return h("p", { class: "written-plain" }, ...inWhole(markdown));
    const fragment = make(markdown);
    if (inline !== asItIs) replaceTexts(fragment);
    return fragment;
  }

  /** @param {string} text */
  function inWhole(text) {
    const parts = inline();
    return [...parts.add(text), ...parts.end()];
  }

  /** @param {Node} node */
  function replaceTexts(node) {
    for (const child of [...node.childNodes]) {
      if (child.nodeType === TEXT_NODE) /** @type {Text} */ (child).replaceWith(...inWhole(child.textContent ?? ""));
      else if (!(/** @type {Element} */ (child).matches(VERBATIM))) replaceTexts(child);
    }
  }

  /** One more piece. @param {string} piece */
  function append(piece) {
    if (!growing) {
      growing = { blocks: new Blocks(), tail: h("p", { class: "written-plain grows" }), inline: inline() };
      body.replaceChildren(growing.tail);
      if (whole) append(whole);
    }
    const finished = growing.blocks.add(piece);
    if (!finished.length) return growing.tail.append(...growing.inline.add(piece));
    growing.inline = inline();
    growing.tail.before(...finished.map(drawn));
    return growing.tail.replaceChildren(...growing.inline.add(growing.blocks.rest));
  }

  /** As it looks with the libraries that are there by now. */
  function redraw() {
    if (!growing) body.replaceChildren(...(whole ? [drawn(whole)] : []));
  }

  return {
    append,
    redraw,

    /** What the next piece goes on from. @param {string} text */
    goOnFrom(text) {
      if (!growing) whole = text;
    },

    /** All of it, when nothing grows. @param {string} text */
    show(text) {
      if (!growing && text === whole) return;
      growing = null;
      whole = text;
      redraw();
    },
  };
}
