// @ts-check
/**
 * What the workers of all engines do alike: answer the messages of `protocol.js`, tell of a crash, download a model.
 *
 * An engine may end in an error that nothing catches, and leave its own promise pending. So an uncaught error counts as a
 * crash, and a crash ends the worker: what waits for an engine waits for `crashed` too.
 */

import { OnpageError } from "../errors.js";
import { ModelDownload } from "../download.js";
import { openStored } from "../model_storage.js";

/**
 * @typedef {import('../protocol.js').Request} Request
 * @typedef {import('../protocol.js').Reply} Reply
 * @typedef {import('../protocol.js').ModelSource} ModelSource
 *
 * @typedef {object} Calls what an engine can do; the answer of each goes back to the page
 * @property {(request: import('../protocol.js').LoadRequest) => Promise<import('../protocol.js').LoadResult>} load
 * @property {(request: import('../protocol.js').CountRequest) => Promise<number>} count
 * @property {(request: import('../protocol.js').GenerateRequest) => Promise<import('../protocol.js').GenerateResult>} generate
 * @property {(request: import('../protocol.js').CancelRequest) => void} cancel
 * @property {(request: import('../protocol.js').AdaptRequest) => Promise<import('../protocol.js').LoadResult>} [adapt]
 */

/** @type {(error: OnpageError) => void} */
let onCrash = () => {};
/** Rejects when the worker is of no more use; never resolves. @type {Promise<never>} */
export const crashed = new Promise((_, reject) => {
  onCrash = reject;
});
crashed.catch(() => {});

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
      (error) => reply({ type: "failed", id: data.id, error: OnpageError.from(error).toJSON() }),
    );
  });
}

/**
 * @param {Calls} calls
 * @param {Exclude<Request, {type: 'cancel'}>} request
 */
async function perform(calls, request) {
  if (request.type === "load") return calls.load(request);
  if (request.type === "count") return calls.count(request);
  if (request.type === "generate") return calls.generate(request);
  if (!calls.adapt) throw new OnpageError("adapter-failed", "this engine takes no adapters");
  return calls.adapt(request);
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
  await import(`${vendor["hash-wasm"]}sha256.umd.min.js`);
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
