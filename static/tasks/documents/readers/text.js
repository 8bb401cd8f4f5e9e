// @ts-check
/** Plain text: paragraphs between empty lines, and short lines that stand alone and number or shout as headings. Pure. */

import { normalized } from "../../../engine/pasted_text.js";

/** @typedef {import('../document.js').ReadBlock} ReadBlock */

const NUMBERED = /^(\d{1,2}(?:\.\d{1,2}){0,4})[.)]?\s+\p{Lu}.{0,80}$/u;
const UNDERLINE = /^(=|-)\1{2,}$/;
const ITEM = /^\s*(?:[-*+•‣–]|\(?\d{1,3}[.)]|\(?\p{Ll}\))\s+/u;
const MAX_HEADING = 80;
const ENDS_A_SENTENCE = /[.!?…:;,。！？]$/u;

/** @param {string} text @returns {ReadBlock[]} */
export function readText(text) {
  /** @type {ReadBlock[]} */
  const blocks = [];
  for (const paragraph of normalized(text).split(/\n{2,}/)) {
    const lines = paragraph.split("\n").filter((line) => line.trim());
    const level = headingOf(lines);
    if (level) blocks.push({ kind: "heading", text: lines[0], level });
    for (const line of level ? lines.slice(UNDERLINE.test(lines[1] ?? "") ? 2 : 1) : lines) {
      blocks.push({ kind: ITEM.test(line) ? "item" : "paragraph", text: line });
    }
  }
  return blocks;
}

/** The level of the heading that a paragraph begins with; 0 for none. @param {string[]} lines */
function headingOf([first = "", second = ""]) {
  const line = first.trim();
  if (!line || line.length > MAX_HEADING || ENDS_A_SENTENCE.test(line)) return 0;
  const [, underline] = UNDERLINE.exec(second.trim()) ?? [];
  if (underline) return underline === "=" ? 1 : 2;
  if (second) return 0; // an address, a list, a poem
  const [, number] = NUMBERED.exec(line) ?? [];
  if (number) return number.split(".").length + 1;
  const letters = line.replace(/[^\p{L}]/gu, "");
  return letters.length > 3 && letters === letters.toUpperCase() && letters !== letters.toLowerCase() ? 2 : 0;
}
