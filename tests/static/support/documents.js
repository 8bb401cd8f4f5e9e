// The documents of the tests, read by the page's own readers; what these take from the browser comes from npm.

import { readFileSync } from "node:fs";
import { DOMParser } from "../../../static/node_modules/linkedom/esm/index.js";
import { marked } from "../../../static/node_modules/marked/lib/marked.esm.js";
import { documentOf } from "../../../static/tasks/documents/document.js";
import { decoded, kindOf } from "../../../static/tasks/documents/kinds.js";
import { readDocx } from "../../../static/tasks/documents/readers/docx.js";
import { readHtml } from "../../../static/tasks/documents/readers/html.js";
import { readMarkdown } from "../../../static/tasks/documents/readers/markdown.js";
import { readPdf } from "../../../static/tasks/documents/readers/pdf.js";
import { readText } from "../../../static/tasks/documents/readers/text.js";

export { DOMParser, marked };
export const FOLDER = new URL("../documents/", import.meta.url);

/** pdf.js draws, too: what that takes is not in node, and is not used. */
export async function pdfModule() {
  for (const name of ["DOMMatrix", "ImageData", "Path2D"]) globalThis[name] ??= class {};
  return import("../../../static/node_modules/pdfjs-dist/legacy/build/pdf.mjs");
}

export function bytesOf(name) {
  return new Uint8Array(readFileSync(new URL(name, FOLDER)));
}

export async function readBlocks(name, bytes = bytesOf(name)) {
  const kind = kindOf(bytes, name);
  if (kind === "pdf") return readPdf(bytes, { pdf: await pdfModule() });
  if (kind === "docx") return readDocx(bytes, DOMParser);
  if (kind === "html") return readHtml(decoded(bytes), DOMParser);
  if (kind === "markdown") return readMarkdown(decoded(bytes), marked.lexer);
  return readText(decoded(bytes));
}

export async function readDocument(name) {
  return documentOf(await readBlocks(name));
}
