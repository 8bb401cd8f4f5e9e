// @ts-check
/** Which kind of document a file is: by what it begins with, and where that says nothing by its name and type. Pure. */

import { DocumentError } from "./document.js";

/** @typedef {'pdf' | 'docx' | 'markdown' | 'html' | 'text'} Kind */

/** Bytes of a file. */
export const MAX_FILE = 64_000_000;
/** What a file picker offers. */
export const ACCEPT = ".pdf,.docx,.md,.markdown,.html,.htm,.txt,.text,.csv,.log,text/plain,text/markdown,text/html,application/pdf";

/** @type {Record<string, Kind>} */
const ENDINGS = { md: "markdown", markdown: "markdown", mdx: "markdown", html: "html", htm: "html", xhtml: "html", txt: "text", text: "text", csv: "text", log: "text" };

/**
 * @param {Uint8Array} bytes
 * @param {string} name
 * @returns {Kind} DocumentError for what is none of them
 */
export function kindOf(bytes, name) {
  const head = latin(bytes.subarray(0, 1024));
  if (head.includes("%PDF-")) return "pdf";
  const ending = /\.([a-z]+)$/i.exec(name)?.[1].toLowerCase() ?? "";
  if (head.startsWith("PK\u0003\u0004")) {
    if (ending && ending !== "docx") throw new DocumentError("unknown-kind", ending);
    return "docx";
  }
  if (head.startsWith("\u00d0\u00cf\u0011\u00e0")) throw new DocumentError("unknown-kind", "doc");
  if (ENDINGS[ending] === undefined && !isText(bytes)) throw new DocumentError("unknown-kind", ending);
  return ENDINGS[ending] ?? (/^\s*<(?:!doctype html|html)\b/i.test(head) ? "html" : "text");
}

/** @param {Uint8Array} bytes @returns {string} DocumentError for what is no text */
export function decoded(bytes) {
  const [first, second] = bytes;
  const utf16 = first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "";
  if (utf16) return new TextDecoder(utf16).decode(bytes);
  if (bytes.subarray(0, 4096).includes(0)) throw new DocumentError("damaged", "not text");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes); // what older programs of the West write
  }
}

/** @param {Uint8Array} bytes */
function isText(bytes) {
  return !bytes.subarray(0, 4096).includes(0);
}

/** @param {Uint8Array} bytes */
function latin(bytes) {
  return String.fromCharCode(...bytes);
}
