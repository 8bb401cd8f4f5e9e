// @ts-check
/**
 * The page's side of `workers/model_keeper.worker.js`: one model at a time is brought into the browser's storage, checked there, or taken from
 * a file. Ending it is a pause: what has come stays, and the next time goes on from there.
 *
 * @typedef {import('./protocol.js').LoadProgress} LoadProgress
 * @typedef {import('./workers/model_keeper.worker.js').Kept} Kept
 */

import { OneRequest } from "./one_request.js";
import { located } from "./source.js";
import { modelKeeper } from "./start_worker.js";

export class ModelKeeper {
  #vendor;
  /** @type {OneRequest} */
  #request;

  /**
   * @param {import('./protocol.js').VendorUrls} vendor
   * @param {ConstructorParameters<typeof OneRequest>[0]} [makeWorker]
   */
  constructor(vendor, makeWorker = modelKeeper) {
    this.#vendor = locatedLibraries(vendor);
    this.#request = new OneRequest(makeWorker);
  }

  /** Whether something is on its way. */
  get busy() {
    return this.#request.busy;
  }

  /**
   * From the server, or, where it is whole, only its hash is compared: a damaged one is removed, and the error is `model-corrupt`.
   * @param {import('./protocol.js').ModelSource} model
   * @param {(progress: LoadProgress) => void} onProgress
   * @returns {Promise<Kept | null>} null where it was paused; rejects with OnpageError
   */
  keep({ url, parts, size, sha256 }, onProgress) {
    return this.#ask({ model: located({ url, parts, size, sha256 }) }, onProgress);
  }

  /** @param {File} file @param {(progress: LoadProgress) => void} onProgress @returns {Promise<Kept | null>} as of `keep` */
  take(file, onProgress) {
    return this.#ask({ file }, onProgress);
  }

  /** Ends what is going on; nothing happens where nothing is. */
  pause() {
    this.#request.end();
  }

  /** @param {object} request @param {(progress: LoadProgress) => void} onProgress @returns {Promise<Kept | null>} */
  #ask(request, onProgress) {
    return this.#request.ask({ ...request, vendor: this.#vendor }, onProgress);
  }
}

/** The libraries' addresses, for a worker that lies elsewhere. @param {import('./protocol.js').VendorUrls} vendor @returns {import('./protocol.js').VendorUrls} */
export function locatedLibraries(vendor) {
  return Object.fromEntries(Object.entries(vendor).map(([name, url]) => [name, located({ url }).url]));
}
