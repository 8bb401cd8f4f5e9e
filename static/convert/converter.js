// @ts-check
/**
 * The page's side of `convert.worker.js`: one folder at a time becomes a model in the browser's storage.
 *
 * @typedef {import('./convert.worker.js').Converted} Converted
 */

import { OneRequest, locatedLibraries } from "../engine/index.js";
import { removeScratch } from "./scratch_file.js";

export class Converter {
  #vendor;
  #request;

  /** @param {import('../engine/protocol.js').VendorUrls} vendor @param {ConstructorParameters<typeof OneRequest>[0]} [makeWorker] */
  constructor(vendor, makeWorker = () => new Worker(new URL("./convert.worker.js", import.meta.url), { type: "module", name: "convert" })) {
    this.#vendor = locatedLibraries(vendor);
    this.#request = new OneRequest(makeWorker);
  }

  /**
   * @param {import('./folder.js').Folder} folder
   * @param {import('./convert.js').Bits} bits
   * @param {(progress: import('../engine/protocol.js').LoadProgress) => void} onProgress
   * @returns {Promise<Converted | null>} null where it was cancelled; rejects with OnpageError
   */
  async convert(folder, bits, onProgress) {
    const scratch = crypto.randomUUID();
    return this.#request.ask({ folder, bits, scratch, vendor: this.#vendor }, onProgress).finally(() => removeScratch(scratch));
  }

  /** Ends what is going on; nothing happens where nothing is. */
  cancel() {
    this.#request.end();
  }
}
