// @ts-check
/**
 * The search by meaning: a vector for each passage, made by a model of embeddings that the person asked for, and kept beside the documents on
 * this device. Words are searched without it, before it and beside it.
 *
 * What it promises:
 * - The model is loaded when the person says so, or has said so on this device: their vectors are there then.
 * - Vectors are made one passage after the other in the model's worker and kept as they come; after a reload it goes on where it was.
 * - A question waits for its vector no longer than PATIENCE: then words alone find.
 * - Vectors have the size that was chosen on this device, where the model has several (Matryoshka): a smaller one is the beginning of a larger
 *   one, so it is cut from what is kept, and only a larger one is made anew.
 *
 * @typedef {import('../../engine/embedder.js').Embedder} Embedder
 * @typedef {import('../../engine/embedder.js').EmbeddingModel} EmbeddingModel
 * @typedef {import('./library.js').Library} Library
 *
 * @typedef {{phase: 'none'} | {phase: 'offered'} | {phase: 'loading', share: number} | {phase: 'reading', done: number, total: number} |
 *   {phase: 'ready'} | {phase: 'failed', error: import('../../engine/errors.js').ErrorData}} Now `none`: there is no such model
 *
 * @typedef {{model: string, dimensions: number, vectors: Float32Array}} Kept `model`: its sha256; `vectors`: one behind the other, those of
 *   the first passages where it is not finished
 */

import { chooseVectorSize, chosenVectorSize } from "../../engine/device_memory.js";
import { Embedder as Loaded } from "../../engine/embedder.js";
import { OnpageError } from "../../engine/errors.js";
import { MAX_RECORDS } from "../../records/records.js";

/** Milliseconds. */
const PATIENCE = 2000;
/**
 * The least cosine of a question with the best passage, by the names of models, at which anything is near: below, the page says that nothing
 * is. Measured on questions that documents answer, and on questions about other things (docs/documents.md); of other models nobody knows one.
 * @type {Record<string, number>}
 */
const FLOORS = { "all-MiniLM-L6-v2": 0.25 };
/** Passages after which those of a document are kept. */
const KEPT_EVERY = 16;

export class Meaning {
  /** @type {Now} */
  now = { phase: "none" };
  /** @type {EmbeddingModel | null} */
  model = null;
  /** Numbers of each vector, one of the model's sizes. */
  size = 0;
  #records;
  #search;
  #library;
  #vendor;
  #onChange;
  #load;
  #memory;
  /** @type {Embedder | null} */
  #embedder = null;
  #stop = new AbortController();
  /** Ids of documents whose vectors the search holds, all of them. @type {Set<string>} */
  #held = new Set();
  /** @type {Promise<void> | null} the reading that goes on */
  #reading = null;
  #again = false;

  /**
   * @param {object} options
   * @param {import('../../records/records.js').TaskRecords} options.records of vectors, by the document's id
   * @param {Pick<import('./search.js').Search, 'holdVectors' | 'drop'>} options.search
   * @param {Pick<Library, 'entries' | 'get'>} options.library
   * @param {import('../../engine/protocol.js').VendorUrls} options.vendor
   * @param {() => void} options.onChange
   * @param {typeof Loaded.load} [options.load]
   * @param {import('../../engine/device_memory.js').Memory} [options.memory] the device's, which keeps the size
   */
  constructor({ records, search, library, vendor, onChange, load = Loaded.load, memory }) {
    this.#records = records;
    this.#search = search;
    this.#library = library;
    this.#vendor = vendor;
    this.#onChange = onChange;
    this.#load = load;
    this.#memory = memory;
  }

  /** There are such models: the first is offered, and begun where its vectors are on this device. @param {EmbeddingModel[]} models */
  async offer(models) {
    if (this.#stop.signal.aborted || !models.length) return;
    [this.model] = models;
    const { sizes, dimensions } = this.model.embedding;
    const chosen = chosenVectorSize(this.model.sha256, this.#memory);
    this.size = sizes.find((each) => each === chosen) ?? dimensions;
    this.#set({ phase: "offered" });
    const [newest] = await this.#records.list({ count: 1 });
    if (newest && /** @type {{model?: unknown} | null} */ (newest.head)?.model === this.model.sha256) await this.start();
  }

  /** Loads the model and makes the vectors that are missing. */
  async start() {
    const { model } = this;
    if (!model || !["offered", "failed"].includes(this.now.phase)) return;
    const { signal } = this.#stop;
    this.#set({ phase: "loading", share: 0 });
    try {
      const embedder = await this.#load(model, {
        vendor: this.#vendor,
        signal,
        onProgress: ({ loaded, total }) => this.#set({ phase: "loading", share: total ? loaded / total : 0 }),
      });
      if (signal.aborted) return embedder.close();
      this.#embedder = embedder;
      await this.read();
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    }
  }

  /** Takes vectors of another of the model's sizes, and brings those that there are to it. @param {number} size */
  async resize(size) {
    if (!this.model?.embedding.sizes.includes(size) || size === this.size) return;
    this.size = size;
    chooseVectorSize(this.model.sha256, size, this.#memory);
    this.#held.clear();
    this.#onChange();
    await this.read();
  }

  /** Lets the model go, and deletes the vectors. */
  async remove() {
    this.#let();
    await this.#records.clear();
    this.#set({ phase: this.model ? "offered" : "none" });
  }

  /** Makes the vectors that are missing, of documents that have come as well; those of documents that have gone are deleted. */
  async read() {
    if (!this.#embedder) return;
    this.#again = true;
    this.#reading ??= this.#readAll().finally(() => (this.#reading = null));
    await this.#reading;
  }

  /** The search holds nothing any more. */
  async restarted() {
    this.#held.clear();
    await this.read();
  }

  /** The vector of a question; null where it cannot be had in time, or passages have none yet, or the model fails, which it then says. @param {string} question @returns {Promise<Float32Array | null>} */
  async vectorOf(question) {
    const embedder = this.#embedder;
    if (this.now.phase !== "ready" || !embedder) return null;
    /** @type {Promise<null>} */
    const late = new Promise((resolve) => setTimeout(() => resolve(null), PATIENCE));
    const made = embedder.embed([question], { as: "query", size: this.size }).then(
      ([vector]) => vector,
      (error) => {
        if (embedder === this.#embedder) this.#failed(error);
        return null;
      },
    );
    return Promise.race([late, made]);
  }

  close() {
    this.#let();
    this.#stop.abort();
  }

  #let() {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#embedder?.close();
    this.#embedder = null;
    this.#held.clear();
  }

  async #readAll() {
    const { signal } = this.#stop;
    const embedder = /** @type {Embedder} */ (this.#embedder);
    try {
      while (this.#again) {
        this.#again = false;
        await this.#forget();
        for (const { id } of this.#library.entries) if (!this.#held.has(id)) await this.#readOne(embedder, id, signal);
      }
      this.#set({ phase: "ready" });
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    }
  }

  async #forget() {
    const ids = new Set(this.#library.entries.map(({ id }) => id));
    for (const id of this.#held) if (!ids.has(id)) this.#held.delete(id);
    for (const { id } of await this.#records.list({ count: MAX_RECORDS })) if (!ids.has(id)) await this.#records.delete(id);
  }

  /** @param {Embedder} embedder @param {string} id @param {AbortSignal} signal */
  async #readOne(embedder, id, signal) {
    const document = await this.#library.get(id);
    if (!document) return;
    const { text, passages } = document;
    const { model, dimensions } = { model: embedder.model.sha256, dimensions: this.size };
    const vectors = new Float32Array(passages.length * dimensions);
    const body = (await this.#records.get(id))?.body;
    const kept = keptOf(body, model, dimensions, passages.length);
    vectors.set(kept);
    const keep = async (/** @type {number} */ done) => {
      const body = { model, dimensions, vectors: vectors.slice(0, done * dimensions) };
      await this.#records.put({ id, at: Date.now(), head: { model }, body });
    };
    let done = kept.length / dimensions;
    for (; done < passages.length && dimensions === this.size; done += 1) {
      this.#tell(id, done);
      const [vector] = await embedder.embed([textOf(text, passages[done])], { as: "document", size: dimensions, signal });
      vectors.set(vector, done * dimensions);
      if (done % KEPT_EVERY === KEPT_EVERY - 1) await keep(done + 1);
    }
    if (dimensions !== this.size) return; // another size was chosen meanwhile, and is read next
    if (kept.length < vectors.length || /** @type {Kept} */ (body).dimensions !== dimensions) await keep(done);
    signal.throwIfAborted();
    if (dimensions !== this.size) return;
    this.#search.holdVectors(id, vectors, dimensions);
    this.#held.add(id);
  }

  /** How far it is, all documents together. @param {string} id @param {number} done of this one's passages */
  #tell(id, done) {
    const { entries } = this.#library;
    const sum = (/** @type {import('./library.js').Entry[]} */ some) => some.reduce((count, { passages }) => count + passages, 0);
    this.#set({ phase: "reading", done: sum(entries.filter((entry) => this.#held.has(entry.id) && entry.id !== id)) + done, total: sum(entries) });
  }

  /** @param {unknown} error */
  #failed(error) {
    this.#let();
    this.#set({ phase: "failed", error: OnpageError.from(error).toJSON() });
  }

  /** @param {Now} now */
  #set(now) {
    this.now = now;
    this.#onChange();
  }
}

/** @param {Pick<EmbeddingModel, 'name'> | null} model @returns {number} -1 where none is known: every cosine is more */
export function floorOf(model) {
  return model && Object.hasOwn(FLOORS, model.name) ? FLOORS[model.name] : -1;
}

/** What is read of a passage: the headings that it stands under say what it is about. @param {string} text @param {import('./passages.js').Passage} passage */
export function textOf(text, { start, end, headings }) {
  return [...headings, text.slice(start, end)].join("\n");
}

/** Vectors that were kept, whole ones of this model, cut to a size; none for what is not, or is smaller. @param {unknown} body @param {string} model @param {number} size @param {number} passages */
function keptOf(body, model, size, passages) {
  const { vectors, ...said } = /** @type {Partial<Kept>} */ (body ?? {});
  const dimensions = Number(said.dimensions);
  const good = said.model === model && dimensions >= size && vectors instanceof Float32Array;
  if (!good || vectors.length % dimensions || vectors.length > passages * dimensions || !vectors.every(Number.isFinite)) return new Float32Array(0);
  return dimensions === size ? vectors : cut(vectors, dimensions, size);
}

/** The beginning of each vector, again of length one, as the engine cuts them. @param {Float32Array} vectors one behind the other @param {number} from @param {number} to */
function cut(vectors, from, to) {
  const made = new Float32Array((vectors.length / from) * to);
  for (let row = 0; row * from < vectors.length; row += 1) {
    const beginning = vectors.subarray(row * from, row * from + to);
    const length = Math.hypot(...beginning) || 1;
    made.set(beginning.map((value) => value / length), row * to);
  }
  return made;
}
