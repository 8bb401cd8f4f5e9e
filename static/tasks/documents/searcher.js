// @ts-check
/**
 * The documents that are searched, and the search: what runs in search.worker.js. Pure, but for the clock.
 *
 * @typedef {import('./bm25.js').Segment} Segment
 * @typedef {import('./document.js').DocumentText} DocumentText
 * @typedef {import('./document.js').ReadBlock} ReadBlock
 * @typedef {import('./passages.js').Passage} Passage
 *
 * @typedef {DocumentText & {passages: Passage[], segment: Segment}} Indexed a document as it is kept
 *
 * @typedef {object} Hit a passage that was found
 * @property {string} id of the document
 * @property {number} passage its index there
 * @property {number} start in the document's text
 * @property {number} end
 * @property {string} text
 * @property {string[]} headings
 * @property {number} page 0 where there are none
 * @property {[number, number][]} words where the words of the question stand in `text`
 * @property {number} coverage see bm25.js
 *
 * @typedef {'' | 'near' | 'far'} Meant whether meanings were compared too, and whether any passage's is near the question's
 * @typedef {{hits: Hit[], passages: number, meant: Meant, milliseconds: number}} Found `passages`: how many were searched
 */

import { Bm25, isSegment, segmentOf } from "./bm25.js";
import { documentOf } from "./document.js";
import { fused } from "./fusion.js";
import { Meanings } from "./meanings.js";
import { passagesOf } from "./passages.js";
import { isFormOf, termsOf, visitTerms } from "./words.js";

/** Of each kind of search, before they are fused. */
const DEPTH = 50;
const MAX_QUESTION = 2000;

export class Searcher {
  #words = new Bm25();
  /** @type {Map<string, {text: string, passages: Passage[]}>} */
  #documents = new Map();
  #meanings = new Meanings();

  /** @param {Iterable<ReadBlock>} blocks @returns {Indexed} DocumentError where there is no text, or too much */
  index(blocks) {
    const document = documentOf(blocks);
    const passages = passagesOf(document);
    return { ...document, passages, segment: segmentFor(document.text, passages) };
  }

  /** Searches this document as well. One that an earlier page has kept is indexed anew. @param {string} id @param {Pick<Indexed, 'text' | 'passages'> & {segment: unknown}} document */
  hold(id, { text, passages, segment }) {
    this.#documents.set(id, { text, passages });
    this.#meanings.remove(id);
    this.#words.add(id, isSegment(segment, passages.length) ? segment : segmentFor(text, passages));
  }

  /** What the passages of a document mean: their vectors, one behind the other. @param {string} id @param {Float32Array} vectors @param {number} dimensions */
  holdVectors(id, vectors, dimensions) {
    if (vectors.length === (this.#documents.get(id)?.passages.length ?? 0) * dimensions) this.#meanings.add(id, vectors, dimensions);
  }

  /** @param {string} id */
  drop(id) {
    this.#documents.delete(id);
    this.#meanings.remove(id);
    this.#words.remove(id);
  }

  /**
   * With a vector by meaning too, if all documents have theirs: one that has not would lose.
   * @param {string} question
   * @param {number} count
   * @param {Float32Array | null} [vector]
   * @param {number} [floor] the least cosine of the best passage; where it is less, meanings find nothing
   * @returns {Found}
   */
  search(question, count, vector = null, floor = -1) {
    const begun = performance.now();
    const terms = termsOf(question.slice(0, MAX_QUESTION));
    const words = this.#words.search(terms, DEPTH);
    const meanings = vector && [...this.#documents.keys()].every((id) => this.#meanings.has(id)) ? this.#meanings.search(vector, DEPTH) : [];
    const meant = !meanings.length ? "" : meanings[0].score < floor ? "far" : "near";
    const near = meant === "near" ? meanings : [];
    const hits = fused([words, near.map((each) => ({ ...each, coverage: 0 }))], count).map(({ id, passage, coverage }) => {
      const { text: whole, passages } = /** @type {{text: string, passages: Passage[]}} */ (this.#documents.get(id));
      const { start, end, headings, page } = passages[passage];
      const text = whole.slice(start, end);
      return { id, passage, start, end, text, headings, page, words: wordsOf(terms, text), coverage };
    });
    const passages = [...this.#documents.values()].reduce((sum, each) => sum + each.passages.length, 0);
    return { hits, passages, meant, milliseconds: performance.now() - begun };
  }
}

/** The terms of each passage, and of the headings that it stands under. @param {string} text @param {Passage[]} passages */
function segmentFor(text, passages) {
  return segmentOf(passages.map(({ start, end, headings }) => termsOf(`${headings.join("\n")}\n${text.slice(start, end)}`)));
}

/** @param {string[]} terms @param {string} text */
function wordsOf(terms, text) {
  /** @type {[number, number][]} */
  const found = [];
  visitTerms(text, (term, start, end) => {
    if (found.at(-1)?.[0] !== start && terms.some((asked) => isFormOf(term, asked))) found.push([start, end]);
  });
  return found;
}
