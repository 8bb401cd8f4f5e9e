// @ts-check
/**
 * Word documents: paragraphs, headings by their styles' outline levels, lists, tables. An archive of XML that is not trusted: sizes are
 * bounded, and XML that declares entities is refused before a parser sees it.
 */

import { DocumentError } from "../document.js";
import { rowOf } from "./markdown.js";
import { entriesOf, unzipped } from "./zip.js";

/** @typedef {import('../document.js').ReadBlock} ReadBlock */

/** Bytes of XML; the parser holds up the page meanwhile. */
export const MAX_XML = 32 << 20;
const MAX_DEPTH = 200;
/** What Word calls its headings where a style says no level. */
const NAMED = /^heading\s?([1-9])$/i;
/** Not what the document says now: what was deleted, what fields compute, and a second form of the same. */
const LEFT_OUT = new Set(["del", "delText", "instrText", "Fallback", "pPr", "rPr", "moveFrom"]);

/**
 * @param {Uint8Array} bytes
 * @param {typeof DOMParser} [Parser]
 * @returns {Promise<ReadBlock[]>} DocumentError for what is damaged, encrypted or too large
 */
export async function readDocx(bytes, Parser = DOMParser) {
  const entries = entriesOf(bytes);
  const part = async (/** @type {string} */ name) => {
    const entry = entries.get(name);
    return entry ? xml(new TextDecoder().decode(await unzipped(bytes, entry, MAX_XML)), name, Parser) : null;
  };
  const document = await part("word/document.xml");
  if (!document) throw new DocumentError("damaged", "no word/document.xml");
  const levels = levelsIn(await part("word/styles.xml"));
  const body = childrenOf(document.documentElement).find((each) => nameOf(each) === "body");
  return body ? blocksIn(body, levels, 0) : [];
}

/** @param {string} text @param {string} name @param {typeof DOMParser} Parser */
function xml(text, name, Parser) {
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) throw new DocumentError("damaged", `${name} declares entities`);
  const parsed = new Parser().parseFromString(text, "text/xml");
  if (!parsed.documentElement || parsed.getElementsByTagName("parsererror").length) throw new DocumentError("damaged", name);
  return parsed;
}

/** The outline levels of styles, by their ids, from 1. @param {Document | null} styles */
function levelsIn(styles) {
  /** @type {Map<string, number>} */
  const levels = new Map();
  for (const style of styles ? childrenOf(styles.documentElement) : []) {
    if (nameOf(style) !== "style") continue;
    const id = attribute(style, "styleId");
    const name = attribute(child(style, "name"), "val");
    const outline = attribute(child(child(style, "pPr"), "outlineLvl"), "val");
    const [, named] = NAMED.exec(name) ?? [];
    const level = name.toLowerCase() === "title" ? 1 : named ? Number(named) + 1 : outline ? Number(outline) + 2 : 0; // the title is above all
    if (id && level >= 1 && level <= 10) levels.set(id, level);
  }
  return levels;
}

/** @param {Element} element @param {Map<string, number>} levels @param {number} depth @returns {ReadBlock[]} */
function blocksIn(element, levels, depth) {
  if (depth > MAX_DEPTH) return [];
  return childrenOf(element).flatMap((each) => {
    const name = nameOf(each);
    if (LEFT_OUT.has(name)) return [];
    if (name === "p") return [paragraph(each, levels)];
    if (name === "tbl") return rowsOf(each);
    return blocksIn(each, levels, depth + 1); // content controls, inserted parts
  });
}

/** @param {Element} element @param {Map<string, number>} levels @returns {ReadBlock} */
function paragraph(element, levels) {
  const properties = child(element, "pPr");
  const style = attribute(child(properties, "pStyle"), "val");
  const outline = attribute(child(properties, "outlineLvl"), "val");
  const level = outline && Number(outline) < 9 ? Number(outline) + 2 : (levels.get(style) ?? 0);
  const text = textIn(element, 0);
  if (level) return { kind: "heading", text, level };
  return { kind: child(properties, "numPr") || /^List/.test(style) ? "item" : "paragraph", text };
}

/** @param {Element} table @returns {ReadBlock[]} */
function rowsOf(table) {
  const rows = childrenOf(table).filter((each) => nameOf(each) === "tr");
  const cells = rows.map((row) => childrenOf(row).filter((each) => nameOf(each) === "tc").map((cell) => textIn(cell, 0).replace(/\s+/g, " ").trim()));
  const [header = [], ...more] = cells;
  const named = more.length > 0 && header.length > 1 && header.every(Boolean);
  return (named ? more : cells).map((row) => ({ kind: "row", text: rowOf(named ? header : [], row) }));
}

/** @param {Element} element @param {number} depth @returns {string} */
function textIn(element, depth) {
  if (depth > MAX_DEPTH) return "";
  return childrenOf(element)
    .map((each) => {
      const name = nameOf(each);
      if (LEFT_OUT.has(name)) return "";
      if (name === "t") return each.textContent ?? "";
      if (name === "tab") return "\t";
      if (name === "br" || name === "cr") return "\n";
      if (name === "noBreakHyphen") return "-";
      return textIn(each, depth + 1) + (name === "p" ? "\n" : "");
    })
    .join("");
}

/** @param {Element | undefined} element @param {string} name */
function child(element, name) {
  return element && childrenOf(element).find((each) => nameOf(each) === name);
}

/** @param {Element} element @returns {Element[]} */
function childrenOf(element) {
  return [...element.childNodes].filter((each) => each.nodeType === 1).map((each) => /** @type {Element} */ (each));
}

/** Without its prefix, which a file may choose. @param {Element} element */
function nameOf({ nodeName }) {
  return nodeName.slice(nodeName.indexOf(":") + 1);
}

/** @param {Element | undefined} element @param {string} name */
function attribute(element, name) {
  const found = element && [...element.attributes].find((each) => each.name === name || each.name.endsWith(`:${name}`));
  return found?.value ?? "";
}
