// @ts-check
/**
 * A model that turns texts into vectors: those of texts that mean the same point the same way. It runs on the processor in a worker of its
 * own, one text after the other, beside whatever writes.
 *
 * ```js
 * const embedder = await Embedder.load(model, { vendor });      // one of `api/models` whose kind is "embedding"
 * const [question] = await embedder.embed(["What is it?"], { as: "query" });
 * const likeness = similarity(question, passage);                // 1: the same, 0: unlike
 * ```
 *
 * @typedef {import('./protocol.js').LoadProgress} LoadProgress
 * @typedef {import('./protocol.js').ModelSource} ModelSource
 * @typedef {import('./protocol.js').VendorUrls} VendorUrls
 * @typedef {Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener'>} WorkerLike
 *
 * @typedef {object} EmbeddingFacts what `api/models` says of such a model
 * @property {number} dimensions numbers of a vector
 * @property {number[]} sizes what it may be cut to, ascending; the last is all of it
 * @property {number} maxTokens of a text; more is cut off
 * @property {string} query what stands in front of a text that is searched for
 * @property {string} document what stands in front of a text that is searched in
 *
 * @typedef {import('./model_list.js').Model & {embedding: EmbeddingFacts}} EmbeddingModel
 *
 * @typedef {{type: 'load', id: number, model: ModelSource, vendor: VendorUrls}} LoadRequest
 * @typedef {{type: 'embed', id: number, text: string, size: number | null}} EmbedRequest
 *
 * @typedef {object} EmbedOptions
 * @property {'query' | 'document' | null} [as] puts the model's own words for it in front; null for nothing
 * @property {number} [size] numbers of each vector, one of the model's sizes; all of them where it is left out
 * @property {AbortSignal} [signal] ends it between two texts
 */

import { OnpageError } from "./errors.js";
import { located } from "./source.js";
import { embedding } from "./start_worker.js";

/** What a file for it is called in `api/models`. */
export const EMBEDDING_FORMAT = "litertlm-embedding";
/** Without a word from the worker for so long, it has failed: a bad file can leave an engine silent for ever. */
const SILENCE_LIMIT = 180_000;

/** Those of a list that make vectors; all others write. @param {import('./model_list.js').Model[]} models */
export function embeddingModels(models) {
  return /** @type {EmbeddingModel[]} */ (models.filter((model) => model.kind === "embedding" && model.embedding));
}

/** Those of a list that write. @param {import('./model_list.js').Model[]} models */
export function writingModels(models) {
  return models.filter(({ kind }) => kind !== "embedding");
}

/** The cosine of two vectors of length one. @param {Float32Array} one @param {Float32Array} other */
export function similarity(one, other) {
  let sum = 0;
  for (let index = 0; index < one.length; index += 1) sum += one[index] * other[index];
  return sum;
}

export class Embedder {
  #worker;
  #facts;
  #last = 0;
  /** @type {Map<number, {resolve: (result: any) => void, reject: (error: unknown) => void, onProgress: (progress: LoadProgress) => void, silence: ReturnType<typeof setTimeout>}>} */
  #calls = new Map();
  /** @type {OnpageError | null} */
  #ended = null;

  /** @param {EmbeddingModel} model @param {() => WorkerLike} makeWorker */
  constructor(model, makeWorker) {
    this.model = model;
    this.#facts = model.embedding;
    this.#worker = makeWorker();
    this.#worker.addEventListener("message", (event) => this.#receive(/** @type {MessageEvent} */ (event).data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      const { message } = /** @type {ErrorEvent} */ (event);
      this.#end(message ? new OnpageError("engine-failed", message) : new OnpageError("server-unreachable", "the worker of embeddings"));
    });
  }

  /**
   * Downloads the model, unless this browser has it, and starts it.
   * @param {EmbeddingModel} model
   * @param {{vendor: VendorUrls, onProgress?: (progress: LoadProgress) => void, signal?: AbortSignal, makeWorker?: () => WorkerLike}} options
   * @returns {Promise<Embedder>} OnpageError where it cannot be had or run; the signal's reason
   */
  static async load(model, { vendor, onProgress = () => {}, signal, makeWorker = embedding }) {
    signal?.throwIfAborted();
    const file = model.files.find(({ format }) => format === EMBEDDING_FORMAT);
    if (!file) throw new OnpageError("no-model", `${model.name} makes no vectors`);
    const embedder = new Embedder(model, makeWorker);
    const stop = () => embedder.close();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const { url, size, sha256, parts } = file;
      const libraries = Object.fromEntries(Object.entries(vendor).map(([name, folder]) => [name, new URL(folder, globalThis.document?.baseURI ?? globalThis.location?.href).href]));
      await embedder.#ask({ type: "load", model: located({ url, size, sha256, parts }), vendor: libraries }, onProgress);
      return embedder;
    } catch (error) {
      embedder.close();
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /** Numbers of a vector. */
  get dimensions() {
    return this.#facts.dimensions;
  }

  /**
   * The vectors of texts, each of length one.
   * @param {string[]} texts more than the model's longest is cut off
   * @param {EmbedOptions} [options]
   * @returns {Promise<Float32Array[]>} RangeError for a size that the model has not; OnpageError where the engine fails; the signal's reason
   */
  async embed(texts, { as = null, size, signal } = {}) {
    if (size !== undefined && !this.#facts.sizes.includes(size)) {
      throw new RangeError(`${this.model.name} makes vectors of ${this.#facts.sizes.join(", ")} numbers, not of ${size}`);
    }
    const before = as ? this.#facts[as] : "";
    const found = [];
    for (const text of texts) {
      signal?.throwIfAborted();
      found.push(await this.#ask({ type: "embed", text: before + text, size: size ?? null }));
    }
    signal?.throwIfAborted();
    return found;
  }

  /** Ends it and frees its memory. */
  close() {
    this.#end(new OnpageError("engine-failed", "the model was closed"));
  }

  /** @param {object} request @param {(progress: LoadProgress) => void} [onProgress] @returns {Promise<any>} */
  #ask(request, onProgress = () => {}) {
    if (this.#ended) return Promise.reject(this.#ended);
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject, onProgress, silence: this.#silence() });
      this.#worker.postMessage({ ...request, id });
    });
  }

  #silence() {
    return setTimeout(() => this.#end(new OnpageError("engine-failed", "it has been silent for minutes")), SILENCE_LIMIT);
  }

  /** @param {import('./protocol.js').Reply} reply */
  #receive(reply) {
    if (reply.type === "crashed" || reply.type === "lost") return this.#end(new OnpageError("engine-failed", reply.detail));
    const call = this.#calls.get(reply.id);
    if (!call) return;
    clearTimeout(call.silence);
    if (reply.type === "progress") {
      call.silence = this.#silence();
      return call.onProgress(reply.progress);
    }
    this.#calls.delete(reply.id);
    if (reply.type === "done") call.resolve(reply.result);
    else if (reply.type === "failed") call.reject(OnpageError.fromJSON(reply.error));
  }

  /** @param {OnpageError} error */
  #end(error) {
    if (this.#ended) return;
    this.#ended = error;
    this.#worker.terminate();
    for (const { reject, silence } of this.#calls.values()) {
      clearTimeout(silence);
      reject(error);
    }
    this.#calls.clear();
  }
}
