// @ts-check
/** A file becomes what the worker can index. Libraries are loaded when a file comes that takes one. */

import { DocumentError } from "./document.js";
import { MAX_FILE, decoded, kindOf } from "./kinds.js";
import { readDocx } from "./readers/docx.js";
import { readHtml } from "./readers/html.js";
import { readPdf } from "./readers/pdf.js";

/**
 * @param {Blob & {name?: string}} file
 * @param {object} given
 * @param {string} given.name
 * @param {string} given.pdf the folder of pdf.js
 * @param {AbortSignal} given.signal
 * @param {(page: number, pages: number) => void} given.onPage
 * @returns {Promise<{kind: import('./kinds.js').Kind, source: import('./search.worker.js').Source}>} rejects with DocumentError, or as the signal says
 */
export async function read(file, { name, pdf, signal, onPage }) {
  if (file.size > MAX_FILE) throw new DocumentError("too-large");
  const bytes = await bytesOf(file);
  signal.throwIfAborted();
  const kind = kindOf(bytes, name);
  if (kind === "markdown" || kind === "text") return { kind, source: { kind, text: decoded(bytes) } };
  if (kind === "html") return { kind, source: { kind: "blocks", blocks: readHtml(decoded(bytes)) } };
  if (kind === "docx") return { kind, source: { kind: "blocks", blocks: await readDocx(bytes) } };
  return { kind, source: { kind: "blocks", blocks: await readPdf(bytes, { pdf: await library(pdf), signal, onPage }) } };
}

/** @param {Blob} file */
async function bytesOf(file) {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new DocumentError("damaged", String(error)); // a folder, or it has gone
  }
}

/** @param {string} folder */
async function library(folder) {
  const at = (/** @type {string} */ file) => new URL(`${folder}${file}`, document.baseURI).href;
  const pdf = await import(at("pdf.min.mjs")).catch((error) => {
    throw new DocumentError("no-library", String(error));
  });
  pdf.GlobalWorkerOptions.workerSrc = at("pdf.worker.min.mjs");
  return pdf;
}
