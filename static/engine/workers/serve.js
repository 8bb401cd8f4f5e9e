// @ts-check
/**
 * What the workers of all engines do alike: answer the messages of `protocol.js`, tell of a crash, download a model.
 *
 * An engine may end in an error that nothing catches, and leave its own promise pending. So an uncaught error counts as a
 * crash, and a crash ends the worker: whatever an engine promises is awaited with `untilCrash`.
 */

import { OnpageError } from "../errors.js";
import { ModelDownload } from "../download.js";
import { promptOf } from "../messages.js";
import { openStored } from "../model_storage.js";

/**
 * @typedef {import('../protocol.js').Request} Request
 * @typedef {import('../protocol.js').Reply} Reply
 * @typedef {import('../protocol.js').ModelSource} ModelSource
 *
 * @typedef {{id: number, prompt: string, tokens: number | null, stop: SharedArrayBuffer | null}} GenerateJob a GenerateRequest, with
 *   the text that its messages make
 *
 * @typedef {object} Calls what an engine can do; the answer of each goes back to the page
 * @property {(request: import('../protocol.js').LoadRequest) => Promise<import('../protocol.js').LoadResult>} load
 * @property {() => import('../foreign_text.js').ControlPieces} controlPieces those of the model that is loaded
 * @property {(prompt: string) => Promise<number>} count
 * @property {(request: GenerateJob) => Promise<import('../protocol.js').GenerateResult>} generate
 * @property {(request: import('../protocol.js').CancelRequest) => void} cancel
 * @property {(request: import('../protocol.js').AdaptRequest) => Promise<import('../protocol.js').LoadResult>} [adapt]
 */

/** @type {(error: OnpageError) => void} */
let onCrash = () => {};
/** Rejects when the worker is of no more use; never resolves. @type {Promise<never>} */
const crashed = new Promise((_, reject) => {
  onCrash = reject;
});
crashed.catch(() => {});

/**
 * What an engine promises, or the crash that keeps it from ever keeping it.
 * @template T
 * @param {Promise<T> | T} promise
 * @returns {Promise<T>}
 */
export function untilCrash(promise) {
  return Promise.race([promise, crashed]);
}

/** An error after which the engine is as it was before the request. */
export class Unharmed extends Error {
  /** @param {unknown} error */
  constructor(error) {
    super(String(error));
    this.error = OnpageError.from(error);
  }
}

/**
 * What has to be there before an engine is touched.
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T>} rejects with `Unharmed`
 */
export function unharmed(promise) {
  return promise.catch((error) => {
    throw new Unharmed(error);
  });
}

/** The turns of the model that is loaded. @type {import('../messages.js').Turns | null} */
let turns = null;

/** @param {Reply} message */
export function reply(message) {
  self.postMessage(message);
}

/** @param {string} detail */
function crash(detail) {
  reply({ type: "crashed", detail });
  onCrash(new OnpageError("engine-failed", detail));
}

/** From now on messages are answered. @param {Calls} calls */
export function serve(calls) {
  self.addEventListener("error", (event) => crash(event.message));
  self.addEventListener("unhandledrejection", (event) => crash(String(event.reason?.message ?? event.reason)));
  self.addEventListener("message", (/** @type {MessageEvent<Request>} */ { data }) => {
    if (data.type === "cancel") return calls.cancel(data);
    return perform(calls, data).then(
      (result) => reply({ type: "done", id: data.id, result }),
      (error) => {
        const spared = error instanceof Unharmed;
        reply({ type: "failed", id: data.id, unharmed: spared, error: OnpageError.from(spared ? error.error : error).toJSON() });
      },
    );
  });
}

/**
 * @param {Calls} calls
 * @param {Exclude<Request, {type: 'cancel'}>} request
 */
async function perform(calls, request) {
  if (request.type === "load") {
    ({ turns } = request);
    return calls.load(request);
  }
  if (request.type === "count") return calls.count(promptOf(request.messages, turns, calls.controlPieces()));
  if (request.type === "generate") {
    const { id, messages, tokens, stop } = request;
    return calls.generate({ id, prompt: promptOf(messages, turns, calls.controlPieces()), tokens, stop });
  }
  if (!calls.adapt) throw new OnpageError("lora-failed", "this engine takes no adapters");
  return calls.adapt(request);
}

/**
 * A module of a vendored library. Where nobody answers it is the server that is gone, not the engine that failed.
 * @param {string} url
 */
export async function importLibrary(url) {
  try {
    return await import(url);
  } catch (error) {
    await fetch(url, { method: "HEAD", cache: "no-store" }).catch(() => {
      throw new OnpageError("server-unreachable", url);
    });
    throw error;
  }
}

/**
 * A download that is checked and that tells the page how far it is. A model is kept in the browser's storage; an adapter,
 * small as it is, in its HTTP cache.
 * @param {number} id of the request that it is for
 * @param {ModelSource} source
 * @param {{vendor: import('../protocol.js').VendorUrls, fresh?: boolean, step?: 'adapting'}} options
 */
export async function startDownload(id, source, { vendor, fresh = false, step }) {
  const opening = step ? null : openStored(source, fresh); // beside the hash's code
  await importLibrary(`${vendor["hash-wasm"]}sha256.umd.min.js`);
  const hasher = await Reflect.get(self, "hashwasm").createSHA256();
  const stored = await opening;
  const onProgress = (/** @type {import('../download.js').DownloadProgress} */ { loaded, recalled, bytesPerSecond }) => {
    const arriving = recalled ? "reading" : "downloading";
    const now = step ?? (loaded < source.size ? arriving : "creating");
    reply({ type: "progress", id, progress: { step: now, loaded, total: source.size, bytesPerSecond } });
  };
  return new ModelDownload(source, hasher, { stored, fresh, onProgress });
}

/**
 * @param {number} id
 * @param {ModelSource} source
 * @param {number} bytes milliseconds that they took
 */
export function sayWarming(id, { size }, bytes) {
  reply({
    type: "progress",
    id,
    progress: { step: "warming", loaded: size, total: size, bytesPerSecond: size / (bytes / 1000) },
  });
}
