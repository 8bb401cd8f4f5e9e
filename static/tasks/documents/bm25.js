// @ts-check
/**
 * BM25 over the passages of many documents. Each document has a segment of its own, made once and kept with it; a search takes the
 * statistics of all segments together, so one is added or removed without touching the others. Pure.
 *
 * Scores: Σ idf(t) · tf · (k1 + 1) / (tf + k1 · (1 − b + b · length / average)), with idf(t) = ln(1 + (N − n + 0.5) / (n + 0.5)),
 * as Robertson and Zaragoza (2009) give it and Lucene computes it.
 *
 * @typedef {object} Segment the terms of one document, in arrays that are quick to clone
 * @property {number} version
 * @property {Uint32Array} lengths terms of each passage
 * @property {string[]} terms each once, in order
 * @property {Uint32Array} ends where the postings of each term end; they begin where the last one's end
 * @property {Uint32Array} passages of the postings
 * @property {Uint32Array} counts how often the term stands in the passage
 *
 * @typedef {object} Scored
 * @property {string} id of the document
 * @property {number} passage its index there
 * @property {number} score
 * @property {number} coverage how much of the question's weight, 0 to 1, stands in it
 */

import { isFormOf, stemOf } from "./words.js";

/** Of segments: another one is made anew from the text. */
export const VERSION = 1;
/** What Anserini and Pyserini take for passages; Lucene's 1.2 and 0.75 are for whole documents, and favour short passages here. */
export const K1 = 0.9;
export const B = 0.4;
/** What another form of a word counts. */
export const OTHER_FORM = 0.5;

/**
 * @param {Iterable<string>[]} passages the terms of each
 * @returns {Segment}
 */
export function segmentOf(passages) {
  /** @type {Map<string, Map<number, number>>} */
  const postings = new Map();
  const lengths = new Uint32Array(passages.length);
  passages.forEach((terms, passage) => {
    for (const term of terms) {
      lengths[passage] += 1;
      let places = postings.get(term);
      if (!places) postings.set(term, (places = new Map()));
      places.set(passage, (places.get(passage) ?? 0) + 1);
    }
  });
  const sorted = [...postings].sort(([one], [other]) => (one < other ? -1 : 1));
  let size = 0;
  const ends = Uint32Array.from(sorted, ([, places]) => (size += places.size));
  const [found, counts] = [new Uint32Array(size), new Uint32Array(size)];
  let at = 0;
  for (const [, places] of sorted) {
    for (const [passage, count] of places) {
      found[at] = passage;
      counts[at] = count;
      at += 1;
    }
  }
  return { version: VERSION, lengths, terms: sorted.map(([term]) => term), ends, passages: found, counts };
}

/** Whether a segment that was kept is one, of this version, and for so many passages. @param {unknown} value @param {number} passages @returns {value is Segment} */
export function isSegment(value, passages) {
  const { version, lengths, terms, ends, passages: found, counts } = /** @type {Partial<Segment>} */ (value ?? {});
  const numbers = [lengths, ends, found, counts].every((each) => each instanceof Uint32Array);
  if (version !== VERSION || !numbers || !Array.isArray(terms)) return false;
  const [ending, size] = [/** @type {Uint32Array} */ (ends), found?.length ?? 0];
  const ordered = ending.every((end, index) => end >= (index ? ending[index - 1] : 0));
  return lengths?.length === passages && ending.length === terms.length && ordered && (ending.at(-1) ?? 0) === size && counts?.length === size && found?.every((each) => each < passages) === true;
}

export class Bm25 {
  /** @type {Map<string, Segment>} */
  #segments = new Map();
  #passages = 0;
  #length = 0;

  /** @param {{k1?: number, b?: number, otherForm?: number}} [options] */
  constructor({ k1 = K1, b = B, otherForm = OTHER_FORM } = {}) {
    this.k1 = k1;
    this.b = b;
    this.otherForm = otherForm;
  }

  /** @param {string} id @param {Segment} segment */
  add(id, segment) {
    this.remove(id);
    this.#segments.set(id, segment);
    this.#count(segment, 1);
  }

  /** @param {string} id */
  remove(id) {
    const held = this.#segments.get(id);
    if (!held) return;
    this.#segments.delete(id);
    this.#count(held, -1);
  }

  /** @param {Segment} segment @param {1 | -1} sign */
  #count({ lengths }, sign) {
    this.#passages += sign * lengths.length;
    for (const length of lengths) this.#length += sign * length;
  }

  /**
   * The best passages of all documents, the best first.
   * @param {string[]} terms of the question
   * @param {number} count
   * @returns {Scored[]}
   */
  search(terms, count) {
    const asked = [...new Set(terms)].map((term) => this.#found(term));
    const all = asked.reduce((sum, { weight }) => sum + weight, 0);
    const average = this.#length / this.#passages || 1;
    const { k1, b } = this;
    /** @type {Map<string, Scored>} */
    const scored = new Map();
    for (const { weight, often } of asked) {
      for (const [id, passages] of often) {
        const lengths = /** @type {Segment} */ (this.#segments.get(id)).lengths;
        for (const [passage, count] of passages) {
          const key = `${passage} ${id}`;
          let each = scored.get(key);
          if (!each) scored.set(key, (each = { id, passage, score: 0, coverage: 0 }));
          each.score += (weight * count * (k1 + 1)) / (count + k1 * (1 - b + (b * lengths[passage]) / average));
          each.coverage += (weight / all) * Math.min(1, count);
        }
      }
    }
    return [...scored.values()].sort(better).slice(0, count);
  }

  /** Where a term stands, how often in each passage, and its weight: one that stands nowhere weighs most. @param {string} term */
  #found(term) {
    const begin = stemOf(term) ?? term;
    /** @type {Map<string, Map<number, number>>} */
    const often = new Map();
    let within = 0;
    for (const [id, { terms, ends, passages, counts }] of this.#segments) {
      /** @type {Map<number, number>} */
      const found = new Map();
      for (let place = placeOf(terms, begin); place < terms.length && terms[place].startsWith(begin); place += 1) {
        if (!isFormOf(terms[place], term)) continue;
        const share = terms[place] === term ? 1 : this.otherForm;
        for (let at = place ? ends[place - 1] : 0; at < ends[place]; at += 1) found.set(passages[at], (found.get(passages[at]) ?? 0) + share * counts[at]);
      }
      if (found.size) often.set(id, found);
      within += found.size;
    }
    return { often, weight: Math.log(1 + (this.#passages - within + 0.5) / (within + 0.5)) };
  }
}

/** @param {Scored} one @param {Scored} other */
function better(one, other) {
  return other.score - one.score || (one.id < other.id ? -1 : one.id > other.id ? 1 : one.passage - other.passage);
}

/** Where a term is in the order, or would be. @param {string[]} terms @param {string} term */
function placeOf(terms, term) {
  let [low, high] = [0, terms.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (terms[middle] < term) low = middle + 1;
    else high = middle;
  }
  return low;
}
