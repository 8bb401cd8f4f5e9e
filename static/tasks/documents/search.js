// @ts-check
/**
 * The page's side of search.worker.js. What a worker is busy with for too long is ended with it: `restarted` then gives the documents to
 * the next one.
 *
 * @typedef {import('./search.worker.js').Request} Request
 * @typedef {import('./search.worker.js').Source} Source
 * @typedef {import('./searcher.js').Indexed} Indexed
 * @typedef {import('./searcher.js').Found} Found
 * @typedef {{resolve: (result: any) => void, reject: (error: unknown) => void}} Waiting
 */

import { DocumentError } from "./document.js";

export class Search {
  #make;
  #restarted;
  #marked;
  /** @type {Worker | null} */
  #worker = null;
  #last = 0;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();

  /** @param {{marked: string, restarted: () => void, makeWorker?: () => Worker}} options `marked`: the address of the library */
  constructor({ marked, restarted, makeWorker = () => new Worker(new URL("search.worker.js", import.meta.url), { type: "module" }) }) {
    this.#marked = marked;
    this.#restarted = restarted;
    this.#make = makeWorker;
  }

  /** @param {Source} source @param {AbortSignal} signal @returns {Promise<Indexed>} rejects with DocumentError, or as the signal says */
  async index(source, signal) {
    signal.throwIfAborted();
    const stop = () => this.#restart(signal.reason);
    signal.addEventListener("abort", stop);
    try {
      return await this.#ask({ type: "index", id: 0, source, marked: this.#marked });
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** @param {string} question @param {number} count @param {Float32Array | null} [vector] what the question means @param {number} [floor] see searcher.js @returns {Promise<Found>} */
  search(question, count, vector = null, floor = -1) {
    return this.#ask({ type: "search", id: 0, question, count, vector, floor });
  }

  /** Of a document that is held. @param {string} key @param {Float32Array} vectors @param {number} dimensions */
  holdVectors(key, vectors, dimensions) {
    this.#send({ type: "vectors", key, vectors, dimensions });
  }

  /** @param {string} key @param {Pick<Indexed, 'text' | 'passages'> & {segment: unknown}} document */
  hold(key, { text, passages, segment }) {
    this.#send({ type: "hold", key, document: { text, passages, segment } });
  }

  /** @param {string} key */
  drop(key) {
    this.#send({ type: "drop", key });
  }

  close() {
    this.#restarted = () => {};
    this.#restart(new DOMException("closed", "AbortError"));
  }

  /** @param {Extract<Request, {id: number}>} request @returns {Promise<any>} */
  #ask(request) {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ ...request, id });
    });
  }

  /** @param {Request} request */
  #send(request) {
    if (!this.#worker) {
      this.#worker = this.#make();
      this.#worker.addEventListener("message", ({ data }) => this.#answered(data));
      this.#worker.addEventListener("error", (event) => this.#restart(new DocumentError("damaged", event.message)));
    }
    this.#worker.postMessage(request);
  }

  /** @param {import('./search.worker.js').Reply} reply */
  #answered(reply) {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("result" in reply) waiting?.resolve(reply.result);
    else waiting?.reject(new DocumentError(reply.code, reply.detail));
  }

  /** @param {unknown} reason */
  #restart(reason) {
    this.#worker?.terminate();
    this.#worker = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(reason);
    this.#restarted();
  }
}
