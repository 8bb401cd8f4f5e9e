// @ts-check
/**
 * What the peers' workers share: the messages of `static/engine/protocol.js`, and model files as blobs, counted and hashed.
 *
 * @typedef {import('../../../static/engine/protocol.js').LoadRequest} LoadRequest
 * @typedef {import('../../../static/engine/protocol.js').GenerateRequest} GenerateRequest
 * @typedef {import('../../../static/engine/protocol.js').GenerateResult} GenerateResult
 * @typedef {import('../../../static/engine/protocol.js').LoadResult} LoadResult
 * @typedef {import('../../../static/engine/protocol.js').ModelSource} ModelSource
 * @typedef {import('../../../static/engine/protocol.js').Request} Request
 * @typedef {import('../../../static/engine/protocol.js').Reply} Reply
 *
 * @typedef {object} Peer an engine, as a worker runs it
 * @property {(request: LoadRequest, meter: Meter) => Promise<LoadResult>} load
 * @property {(prompt: string, tokens: number | null, onText: (text: string) => void, signal: AbortSignal) => Promise<Omit<GenerateResult, 'ended'>>}
 *   generate stops early, without an error, when the signal says so
 * @property {(prompt: string) => Promise<number>} count tokens, the beginning of a text left out
 */

import { OnpageError } from "/static/engine/errors.js";
import { promptOf } from "/static/engine/messages.js";
import { ModelDownload } from "/static/engine/download.js";
import { Meter } from "/static/engine/meter.js";
import { openStored } from "/static/engine/storage.js";

/** Answers the page's requests with this engine. @param {Peer} peer */
export function serve(peer) {
  /** @type {{id: number, stop: AbortController} | null} */
  let generating = null;

  /** @param {Exclude<Request, import('../../../static/engine/protocol.js').CancelRequest>} request */
  async function perform(request) {
    const { id } = request;
    if (request.type === "load") {
      return peer.load(request, new Meter((progress) => reply({ type: "progress", id, progress })));
    }
    if (request.type === "count") return peer.count(promptOf(request.messages, null)); // they are measured without turns
    if (request.type === "adapt") throw new OnpageError("lora-failed", "this engine is measured without adapters");
    generating = { id, stop: new AbortController() };
    try {
      const onText = (/** @type {string} */ text) => reply({ type: "text", id, text });
      const { tokens } = request;
      const result = await peer.generate(promptOf(request.messages, null), tokens, onText, generating.stop.signal);
      const limited = tokens !== null && result.tokens >= tokens;
      return { ...result, ended: /** @type {import('../../../static/engine/protocol.js').Ending} */ (limited ? "limit" : "model") };
    } finally {
      generating = null;
    }
  }

  self.addEventListener("error", (event) => reply({ type: "crashed", detail: event.message }));
  self.addEventListener("unhandledrejection", (event) => {
    reply({ type: "crashed", detail: String(event.reason?.message ?? event.reason) });
  });
  self.addEventListener("message", (/** @type {MessageEvent<Request>} */ { data }) => {
    if (data.type === "cancel") {
      if (data.id === generating?.id) generating.stop.abort();
      return;
    }
    perform(data).then(
      (result) => reply({ type: "done", id: data.id, result }),
      (error) => reply({ type: "failed", id: data.id, error: OnpageError.from(error).toJSON() }),
    );
  });
}

/** @param {Reply} message */
function reply(message) {
  self.postMessage(message);
}

/**
 * The files of a model, each with the right hash. Blobs: the browser may keep them on disk.
 * @param {ModelSource[]} files
 * @param {LoadRequest} request
 * @param {Meter} meter of all files together
 * @returns {Promise<{blobs: Blob[], fromCache: boolean | null}>}
 */
export async function fetchFiles(files, { vendor, fresh }, meter) {
  await import(`${vendor["hash-wasm"]}sha256.umd.min.js`);
  const blobs = [];
  let fromCache = null;
  for (const file of files) {
    const hasher = await Reflect.get(self, "hashwasm").createSHA256();
    const stored = await openStored(file, { fresh, onWaiting: (bytes) => meter.waiting(bytes, file.size) });
    const download = new ModelDownload(file, hasher, { stored, fresh, meter });
    blobs.push(await new Response(download.stream()).blob());
    await download.finish();
    if (file.size >= Math.max(...files.map(({ size }) => size))) fromCache = download.fromCache;
  }
  return { blobs, fromCache };
}

/** Threads for an engine that can be told: all that the browser admits to, where memory can be shared. */
export function threads() {
  return self.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
}
