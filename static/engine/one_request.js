// @ts-check
/**
 * One request at a time, each to a worker of its own, which ends with its answer. It answers with `progress`, and in the end with `done` or
 * `failed`, as in protocol.js.
 *
 * @typedef {import('./protocol.js').LoadProgress} LoadProgress
 */

import { OnpageError } from "./errors.js";

export class OneRequest {
  #makeWorker;
  /** @type {(() => void) | null} */
  #end = null;

  /** @param {() => Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener'>} makeWorker */
  constructor(makeWorker) {
    this.#makeWorker = makeWorker;
  }

  /** Whether something is on its way. */
  get busy() {
    return this.#end !== null;
  }

  /** Ends what is going on; nothing happens where nothing is. */
  end() {
    this.#end?.();
  }

  /**
   * @template T
   * @param {object} request
   * @param {(progress: LoadProgress) => void} onProgress
   * @returns {Promise<T | null>} null where it was ended, or another is on its way; rejects with OnpageError
   */
  ask(request, onProgress) {
    if (this.#end) return Promise.resolve(null);
    const worker = this.#makeWorker();
    /** @type {Promise<T | null>} */
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
      worker.postMessage(request);
    });
    return answer.finally(() => {
      this.#end = null;
      worker.terminate();
    });
  }
}
