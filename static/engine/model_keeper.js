// @ts-check
/**
 * The page's side of `workers/model_keeper.worker.js`: one model at a time is brought into the browser's storage, checked there, or taken from
 * a file. Ending it is a pause: what has come stays, and the next time goes on from there.
 *
 * @typedef {import('./protocol.js').LoadProgress} LoadProgress
 * @typedef {import('./workers/model_keeper.worker.js').Kept} Kept
 */

import { OnpageError } from "./errors.js";
import { located } from "./source.js";
import { modelKeeper } from "./start_worker.js";

export class ModelKeeper {
  #vendor;
  #makeWorker;
  /** @type {(() => void) | null} */
  #end = null;

  /**
   * @param {import('./protocol.js').VendorUrls} vendor
   * @param {() => Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener'>} [makeWorker]
   */
  constructor(vendor, makeWorker = modelKeeper) {
    this.#vendor = Object.fromEntries(Object.entries(vendor).map(([name, url]) => [name, located({ url }).url]));
    this.#makeWorker = makeWorker;
  }

  /** Whether something is on its way. */
  get busy() {
    return this.#end !== null;
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
    this.#end?.();
  }

  /**
   * @param {object} request
   * @param {(progress: LoadProgress) => void} onProgress
   * @returns {Promise<Kept | null>}
   */
  #ask(request, onProgress) {
    if (this.#end) return Promise.resolve(null);
    const worker = this.#makeWorker();
    /** @type {Promise<Kept | null>} */
    const answer = new Promise((resolve, reject) => {
      this.#end = () => resolve(null);
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        reject(new OnpageError("server-unreachable", /** @type {ErrorEvent} */ (event).message));
      });
      worker.addEventListener("message", (event) => {
        const { data } = /** @type {MessageEvent} */ (event);
        if (data.type === "progress") onProgress(data.progress);
        else if (data.type === "failed") reject(OnpageError.fromJSON(data.error));
        else resolve(data.result);
      });
      worker.postMessage({ ...request, vendor: this.#vendor });
    });
    return answer.finally(() => {
      this.#end = null;
      worker.terminate();
    });
  }
}
