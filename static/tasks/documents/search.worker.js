// @ts-check
/**
 * The worker that splits, indexes and searches documents, so that the page stays responsive. Types of its messages are here.
 *
 * @typedef {{type: 'index', id: number, source: Source, marked: string}} IndexRequest `marked`: the address of the library
 * @typedef {{type: 'hold', key: string, document: Pick<import('./searcher.js').Indexed, 'text' | 'passages'> & {segment: unknown}}} HoldRequest
 * @typedef {{type: 'drop', key: string}} DropRequest
 * @typedef {{type: 'search', id: number, question: string, count: number, vector: Float32Array | null, floor: number}} SearchRequest
 * @typedef {{type: 'vectors', key: string, vectors: Float32Array, dimensions: number}} VectorsRequest
 * @typedef {IndexRequest | HoldRequest | DropRequest | SearchRequest | VectorsRequest} Request
 *
 * @typedef {{kind: 'blocks', blocks: import('./document.js').ReadBlock[]} | {kind: 'markdown' | 'text', text: string}} Source what takes no
 *   document of the browser is read in here, too
 *
 * @typedef {{id: number, result: import('./searcher.js').Indexed | import('./searcher.js').Found}} DoneReply
 * @typedef {{id: number, code: import('./document.js').DocumentError['code'], detail: string}} FailedReply
 * @typedef {DoneReply | FailedReply} Reply
 */

import { DocumentError } from "./document.js";
import { readMarkdown } from "./readers/markdown.js";
import { readText } from "./readers/text.js";
import { Searcher } from "./searcher.js";

const searcher = new Searcher();
/** Documents are added and removed in the order of the messages. @type {Promise<void>} */
let last = Promise.resolve();

self.addEventListener("message", (/** @type {MessageEvent<Request>} */ { data }) => {
  last = last.then(() => answered(data));
});

/** @param {Request} request */
async function answered(request) {
  if (request.type === "hold") return searcher.hold(request.key, request.document);
  if (request.type === "vectors") return searcher.holdVectors(request.key, request.vectors, request.dimensions);
  if (request.type === "drop") return searcher.drop(request.key);
  try {
    const result = request.type === "search" ? searcher.search(request.question, request.count, request.vector, request.floor) : searcher.index(await blocksOf(request.source, request.marked));
    reply({ id: request.id, result });
  } catch (error) {
    const { code, detail } = error instanceof DocumentError ? error : new DocumentError("damaged", String(error).slice(0, 200));
    reply({ id: request.id, code, detail });
  }
}

/** @param {Source} source @param {string} marked */
async function blocksOf(source, marked) {
  if (source.kind === "blocks") return source.blocks;
  if (source.kind === "text") return readText(source.text);
  /** @type {typeof import('marked')} */
  const { marked: library } = await import(marked).catch((error) => {
    throw new DocumentError("no-library", String(error));
  });
  return readMarkdown(source.text, library.lexer);
}

/** @param {Reply} message */
function reply(message) {
  self.postMessage(message);
}
