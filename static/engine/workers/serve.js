// @ts-check
/**
 * What the workers of all engines do alike: answer the messages of `protocol.js`, tell of a crash, download a model.
 *
 * An engine may end in an error that nothing catches, and leave its own promise pending. So an uncaught error counts as a
 * crash, and a crash ends the worker: whatever an engine promises is awaited with `untilCrash`.
 */

import { OnpageError } from "../errors.js";
import { ModelDownload } from "../download.js";
import { promptOf, promptPieces } from "../messages.js";
import { fetchLibrary } from "../library.js";
import { Meter } from "../meter.js";
import { findLender } from "../lender.js";
import { openStored } from "../storage.js";

/**
 * @typedef {import('../protocol.js').Request} Request
 * @typedef {import('../protocol.js').Reply} Reply
 * @typedef {import('../protocol.js').ModelSource} ModelSource
 *
 * @typedef {{id: number, prompt: string, tokens: number | null, draw?: import('../protocol.js').Draw | null, goesOn?: boolean, stop: SharedArrayBuffer | null,
 *   pieces: import('../messages.js').PromptPiece[]}} GenerateJob a GenerateRequest, with the text that its messages make, and the same with
 *   pictures and sounds in their places
 *
 * @typedef {object} Calls what an engine can do; the answer of each goes back to the page
 * @property {(request: import('../protocol.js').LoadRequest) => Promise<import('../protocol.js').LoadResult>} load
 * @property {() => import('../foreign_text.js').ControlPieces} controlPieces those of the model that is loaded
 * @property {(prompt: string) => Promise<number>} count
 * @property {(request: GenerateJob) => Promise<import('../protocol.js').GenerateResult>} generate
 * @property {(request: import('../protocol.js').CancelRequest) => void} cancel
 * @property {(request: import('../protocol.js').AdaptRequest) => Promise<import('../protocol.js').LoadResult>} [adapt]
 */

/** Of hash-wasm: browsers have no hash of a stream. */
const HASH = "sha256.umd.min.js";

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

/** Addresses of the libraries' files that were loaded. @type {string[]} */
const library = [];

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
  answer((request) => perform(calls, request), calls.cancel);
}

/**
 * The same for a worker whose messages are others: each has an `id`, and what comes of it goes back under it.
 * @param {(request: any) => Promise<unknown>} job
 * @param {(request: import('../protocol.js').CancelRequest) => void} [cancel]
 */
export function answer(job, cancel = () => {}) {
  self.addEventListener("error", (event) => crash(event.message));
  self.addEventListener("unhandledrejection", (event) => crash(String(event.reason?.message ?? event.reason)));
  self.addEventListener("message", (/** @type {MessageEvent<any>} */ { data }) => {
    if (data.type === "cancel") return cancel(data);
    return job(data).then(
      (result) => self.postMessage({ type: "done", id: data.id, result }),
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
    const result = await calls.load(request);
    return { ...result, library };
  }
  if (request.type === "count") return calls.count(promptOf(request.messages, turns, calls.controlPieces()));
  if (request.type === "generate") {
    const { id, messages, tokens, draw, goesOn, stop } = request;
    const pieces = promptPieces(messages, turns, calls.controlPieces());
    return calls.generate({ id, prompt: pieces.filter((piece) => typeof piece === "string").join(""), pieces, tokens, draw, goesOn, stop });
  }
  if (!calls.adapt) throw new OnpageError("lora-failed", "this engine takes no adapters");
  return calls.adapt(request);
}

/**
 * Counts the bytes of a load, and tells the page.
 * @param {number} id of the request that it is for
 * @param {'adapting'} [step] in place of the meter's own
 */
export function createMeter(id, step) {
  return new Meter((progress) => {
    const done = progress.loaded === progress.total && (progress.step === "reading" || progress.step === "downloading");
    reply({ type: "progress", id, progress: { ...progress, step: step ?? (done ? "creating" : progress.step) } });
  });
}

/**
 * A vendored library's files, fetched as a model is: counted, and tried again.
 * @param {string} folder
 * @param {string} script
 * @param {Record<string, number>} files name → bytes
 * @param {Meter} meter
 */
export function prepareLibrary(folder, script, files, meter) {
  const located = Object.fromEntries(Object.entries(files).map(([name, size]) => [folder + name, size]));
  const ready = fetchLibrary(folder + script, located, meter);
  library.push(folder + script, ...Object.keys(located));
  ready.catch(() => {}); // whoever awaits it reports it
  return ready;
}

/**
 * A module of a vendored library, which bundlers are to leave where it is.
 * @param {string} url
 * @returns {Promise<any>}
 */
export function importLibrary(url) {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ url);
}

/**
 * A download that is checked. A model is kept in the browser's storage; an adapter, small as it is, in its HTTP cache.
 * @param {ModelSource} source
 * @param {{vendor: import('../protocol.js').VendorUrls, meter: Meter, fresh?: boolean, keep?: boolean}} options
 */
export async function startDownload(source, { vendor, meter, fresh = false, keep = true }) {
  const onWaiting = (/** @type {number} */ bytes) => meter.waiting(bytes, source.size);
  const opening = keep ? openStored(source, { fresh, onWaiting }) : null; // beside the hash's code
  const hasher = await createHasher(vendor, meter);
  const stored = await opening;
  const lender = stored && !fresh && stored.length < source.size ? await findLender(source) : null;
  return new ModelDownload(source, hasher, { stored, fresh, meter, lender });
}

/**
 * @param {import('../protocol.js').VendorUrls} vendor
 * @param {Meter} meter
 * @returns {Promise<import('../download.js').Hasher>} of sha256
 */
export async function createHasher(vendor, meter) {
  const folder = vendor["hash-wasm"];
  await prepareLibrary(folder, HASH, {}, meter);
  await importLibrary(folder + HASH);
  return Reflect.get(self, "hashwasm").createSHA256();
}

/**
 * @param {number} id
 * @param {ModelSource} source
 * @param {number} bytes milliseconds that they took
 */
export function sayWarming(id, { size }, bytes) {
  const bytesPerSecond = size / (bytes / 1000);
  reply({
    type: "progress",
    id,
    progress: { step: "warming", loaded: size, total: size, bytesPerSecond, secondsLeft: null, retry: null },
  });
}
