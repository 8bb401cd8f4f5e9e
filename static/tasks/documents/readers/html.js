// @ts-check
/**
 * HTML. The browser's own parser makes a document of it that is in no window: no script of it runs and nothing of it is fetched. Only
 * its text is taken.
 */

import { DocumentError } from "../document.js";
import { rowOf } from "./markdown.js";

/** @typedef {import('../document.js').ReadBlock} ReadBlock */

/** Bytes of a page; the parser holds up the page meanwhile. */
export const MAX_BYTES = 16 << 20;
/** Elements inside each other; browsers stop at 512. */
const MAX_DEPTH = 600;

/** The page's policy forbids inline styles and handlers, and browsers say so of each, also in a document where they never take effect. */
const STYLES = /<(\/?)style\b/gi;
const TAG = /<[a-z][^<>]{0,4000}>/gi;

const LEFT_OUT = new Set(
  ("script style xmp template noscript head nav footer aside iframe object embed svg math canvas audio video select option datalist button input textarea dialog").split(" "),
);
const BLOCKS = new Set(
  ("address article body blockquote caption center dd details div dl dt fieldset figcaption figure form header hgroup hr html legend li main menu ol p section " +
    "summary table tbody td tfoot th thead tr ul").split(" "),
);
/** @type {Record<string, import('../document.js').BlockKind>} */
const KINDS = { li: "item", dd: "item", dt: "paragraph" };

/** @param {string} html @param {typeof DOMParser} [Parser] @returns {ReadBlock[]} DocumentError for what is too large */
export function readHtml(html, Parser = DOMParser) {
  if (html.length > MAX_BYTES) throw new DocumentError("too-large");
  const silent = html.replace(STYLES, "<$1xmp").replace(TAG, (tag) => tag.replace(/(?<=[\s"'/])(style|on[a-z]+)\s*=/gi, "data-$1="));
  const { body } = new Parser().parseFromString(silent, "text/html");
  /** @type {ReadBlock[]} */
  const blocks = [];
  let text = "";
  /** @type {import('../document.js').BlockKind} */
  let kind = "paragraph";

  const close = () => {
    if (text.trim()) blocks.push({ kind, text });
    text = "";
  };

  /** @param {Node} node @param {number} depth */
  function visit(node, depth) {
    if (node.nodeType === 3) {
      text += node.nodeValue ?? "";
      return;
    }
    const name = node.nodeName.toLowerCase();
    const element = /** @type {Element} */ (node);
    if (node.nodeType !== 1 || LEFT_OUT.has(name) || depth > MAX_DEPTH || element.hasAttribute("hidden")) return;
    const [, level] = /^h([1-6])$/.exec(name) ?? [];
    if (level) {
      close();
      blocks.push({ kind: "heading", text: element.textContent ?? "", level: Number(level) });
    } else if (name === "pre") {
      close();
      blocks.push({ kind: "code", text: element.textContent ?? "" });
    } else if (name === "table" && isData(element)) {
      close();
      blocks.push(...rowsOf(element));
    } else if (name === "br") {
      text += "\n";
    } else {
      const isBlock = BLOCKS.has(name);
      const before = kind;
      if (isBlock) close();
      if (isBlock) kind = KINDS[name] ?? (name === "p" || name === "div" ? kind : "paragraph");
      for (const child of node.childNodes) visit(child, depth + 1);
      if (isBlock) close();
      kind = before;
    }
  }

  if (body) visit(body, 0);
  close();
  return blocks;
}

/** Some pages are laid out by tables, which hold whole texts. @param {Element} table */
function isData(table) {
  return !table.querySelector("table, p, h1, h2, h3, ul, ol, div");
}

/** @param {Element} table @returns {ReadBlock[]} */
function rowsOf(table) {
  const rows = [...table.querySelectorAll("tr")].map((row) => [...row.children].filter(({ nodeName }) => /^t[dh]$/i.test(nodeName)));
  const [first = []] = rows;
  const hasHeader = rows.length > 1 && first.length > 1 && first.every(({ nodeName }) => nodeName.toLowerCase() === "th");
  const header = hasHeader ? first.map(textIn) : [];
  const caption = table.querySelector("caption")?.textContent?.trim();
  /** @type {ReadBlock[]} */
  const blocks = caption ? [{ kind: "paragraph", text: caption }] : [];
  for (const row of hasHeader ? rows.slice(1) : rows) blocks.push({ kind: "row", text: rowOf(header, row.map(textIn)) });
  return blocks;
}

/** @param {Element} element */
function textIn({ textContent }) {
  return (textContent ?? "").replace(/\s+/g, " ").trim();
}
