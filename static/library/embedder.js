// @ts-check
/** Texts that are compared: the vectors of a site's model of embeddings. */

import { Embedder } from "../engine/embedder.js";
import { modelOf, offerOf } from "./offer.js";

/**
 * @typedef {object} EmbedderOptions
 * @property {string} [model] the id or name of one that the site offers; the first that makes vectors where it is left out
 * @property {AbortSignal} [signal] ends the load
 * @property {(progress: import('../engine/protocol.js').LoadProgress) => void} [onProgress]
 * @property {() => import('../engine/embedder.js').WorkerLike} [makeWorker]
 */

/**
 * Loads a model of embeddings into this page, into a worker of its own. Its file is downloaded once and then kept in the browser's storage.
 *
 * ```js
 * const embedder = await loadEmbedder("/onpage/");
 * const [question] = await embedder.embed(["Where is the key?"], { as: "query" });
 * const passages = await embedder.embed(texts, { as: "document" });
 * const best = passages.map((passage) => similarity(question, passage));
 * ```
 *
 * @param {string | URL} site the address of `onpage serve`, or of what `onpage export` wrote
 * @param {EmbedderOptions} [options]
 * @returns {Promise<Embedder>} OnpageError with a `code` where it cannot be had or run; the signal's reason
 */
export async function loadEmbedder(site, { model, signal, onProgress, makeWorker } = {}) {
  signal?.throwIfAborted();
  const { embedders, vendor } = await offerOf(site, signal);
  const listed = /** @type {import('../engine/embedder.js').EmbeddingModel} */ (modelOf(embedders, model));
  return Embedder.load(listed, { vendor, signal, onProgress, makeWorker });
}
