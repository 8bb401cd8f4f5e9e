// @ts-check
/** Markdown, by the tokens of marked. HTML inside is left to the reader of HTML as text: here only its words are kept. Pure. */

/**
 * @typedef {import('../document.js').ReadBlock} ReadBlock
 * @typedef {{type: string, raw?: string, text?: string, depth?: number, tokens?: Token[], items?: {tokens: Token[]}[],
 *   header?: {tokens: Token[]}[], rows?: {tokens: Token[]}[][]}} Token what is used of those of marked
 */

const FRONT_MATTER = /^---\n[\s\S]{0,20000}?\n---\n/;
const ENTITIES = /** @type {Record<string, string>} */ ({ "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": " " });
/** Deeper lists and quotations are one. */
const MAX_DEPTH = 20;

/**
 * @param {string} text
 * @param {(text: string) => unknown[]} lexer that of marked
 * @returns {ReadBlock[]}
 */
export function readMarkdown(text, lexer) {
  const body = text.replace(/\r\n?/g, "\n").replace(FRONT_MATTER, "");
  return blocksOf(/** @type {Token[]} */ (lexer(body)), 0);
}

/** @param {Token[]} tokens @param {number} depth @returns {ReadBlock[]} */
function blocksOf(tokens, depth) {
  if (depth > MAX_DEPTH) return tokens.map(({ raw = "" }) => ({ kind: "paragraph", text: raw }));
  return tokens.flatMap((token) => {
    const { type, tokens: inside = [], text = "", items = [], header = [], rows = [] } = token;
    if (type === "heading") return [{ kind: "heading", text: inlineOf(inside), level: token.depth ?? 1 }];
    if (type === "paragraph" || type === "text") return [{ kind: "paragraph", text: inside.length ? inlineOf(inside) : text }];
    if (type === "code") return [{ kind: "code", text }];
    if (type === "blockquote") return blocksOf(inside, depth + 1);
    if (type === "list") return items.flatMap((item) => asItem(blocksOf(item.tokens, depth + 1)));
    if (type === "table") return rows.map((row) => ({ kind: "row", text: rowOf(header.map(cellOf), row.map(cellOf)) }));
    if (type === "html") return [{ kind: "paragraph", text: text.replace(/<[^>]*>/g, " ") }];
    return [];
  });
}

/** What stands first in an item is the item. @param {ReadBlock[]} blocks @returns {ReadBlock[]} */
function asItem([first, ...more]) {
  return first ? [{ ...first, kind: first.kind === "paragraph" ? "item" : first.kind }, ...more] : [];
}

/** @param {{tokens: Token[]}} cell */
function cellOf({ tokens }) {
  return inlineOf(tokens);
}

/** @param {Token[]} tokens @returns {string} the words, without what marks them up */
function inlineOf(tokens) {
  return tokens
    .map((token) => {
      if (token.tokens?.length) return inlineOf(token.tokens);
      if (token.type === "br") return " ";
      if (token.type === "html") return "";
      return token.text ?? "";
    })
    .join("")
    .replace(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (entity) => ENTITIES[entity]);
}

/** A row that can be read alone: each cell after its column's name. @param {string[]} header @param {string[]} cells */
export function rowOf(header, cells) {
  return cells
    .map((cell, column) => {
      const name = header[column]?.trim();
      return cell.trim() && (name && name !== cell.trim() ? `${name}: ${cell.trim()}` : cell.trim());
    })
    .filter(Boolean)
    .join("; ");
}
