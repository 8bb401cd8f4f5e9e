// @ts-check
/**
 * The typed client of any engine's worker: `load`, `generate` (an async iterable with measures), `countTokens`, `close`.
 *
 * One engine is one worker and one model, which may be loaded again with other settings. When it fails, or its GPU is lost,
 * `onEnd` is called once, every pending call rejects with the same error, the worker is terminated, and the object is of no
 * more use: make a new one. Calls wait for each other, because an engine can do one thing at a time.
 */

import { OnpageError } from "./errors.js";

/**
 * @typedef {import('./protocol.js').LoadProgress} LoadProgress
 * @typedef {import('./protocol.js').LoadResult} LoadResult
 * @typedef {import('./protocol.js').GenerateResult} GenerateResult
 * @typedef {import('./protocol.js').ModelSource} ModelSource
 * @typedef {import('./protocol.js').LoraSource} LoraSource
 * @typedef {import('./protocol.js').SamplingSettings} SamplingSettings
 * @typedef {import('./protocol.js').VendorUrls} VendorUrls
 * @typedef {import('./protocol.js').Reply} Reply
 * @typedef {import('./registry.js').EngineEntry} EngineEntry
 */

/**
 * The measures of one generation, as the page saw it; see docs of each field. Rates are null where they mean nothing.
 *
 * @typedef {object} Figures
 * @property {number} promptTokens tokens of the whole prompt, template included
 * @property {number} tokens tokens of the answer, by tokenizing its text again; may differ a little from those decoded
 * @property {number} firstTokens the same for the first piece
 * @property {number | null} timeToFirst milliseconds from the call to the first text (TTFT)
 * @property {number | null} prefillRate prompt tokens / TTFT, per second
 * @property {number | null} decodeRate (tokens after the first callback) / (last − first callback), per second
 * @property {boolean} stopped whether it was cancelled
 * @property {Record<string, number> | null} engineFigures what the engine itself says, in its own terms; null where it says nothing
 */

/** Without a word from the worker for so long, loading has failed: a bad file can leave the engine silent for ever. */
const SILENCE_LIMIT = 180_000;
/** The engine cannot stop while it reads the prompt; after so long its worker is ended instead. */
const STOP_LIMIT = 10_000;

/**
 * @typedef {object} Call
 * @property {(result: any) => void} resolve
 * @property {(error: OnpageError) => void} reject
 * @property {(text: string) => void} [onText]
 * @property {(progress: LoadProgress) => void} [onProgress]
 */

export class Engine {
  #worker;
  /** @type {Map<number, Call>} */
  #calls = new Map();
  #lastId = 0;
  /** @type {Promise<unknown>} the end of the queue */
  #queue = Promise.resolve();
  /** @type {OnpageError | null} */
  #ended = null;
  #silence = 0;

  /**
   * @param {EngineEntry} entry
   * @param {(error: OnpageError) => void} [onEnd] the engine is gone: crashed, or its GPU was lost
   */
  constructor(entry, onEnd = () => {}) {
    this.entry = entry;
    this.onEnd = onEnd;
    this.#worker = new Worker(entry.worker, { type: "module", name: entry.id });
    this.#worker.addEventListener("message", ({ data }) => this.#receive(data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#end(new OnpageError("engine-failed", event.message || "the worker could not be started"));
    });
  }

  /**
   * @param {ModelSource} model
   * @param {SamplingSettings} settings
   * @param {{vendor: VendorUrls, fresh?: boolean, warmUp?: boolean, ranks?: number[], lora?: LoraSource | null,
   *   onProgress?: (progress: LoadProgress) => void}} options see LoadRequest
   * @returns {Promise<LoadResult>}
   */
  load({ url, size, sha256 }, settings, { vendor, fresh = false, warmUp = true, ranks = [], lora = null, onProgress }) {
    const { backend } = this.entry;
    const model = { url, size, sha256 };
    return this.#bring({ type: "load", model, settings, vendor, backend, fresh, warmUp, ranks, lora }, onProgress);
  }

  /**
   * Puts a LoRA adapter on the model, or takes it off; the model stays in the engine.
   * @param {LoraSource | null} lora its rank is one of those that the model was loaded with
   * @param {(progress: LoadProgress) => void} [onProgress]
   * @returns {Promise<LoadResult>}
   */
  adapt(lora, onProgress) {
    return this.#bring({ type: "adapt", lora }, onProgress);
  }

  /**
   * @param {object} request
   * @param {(progress: LoadProgress) => void} [onProgress]
   * @returns {Promise<LoadResult>}
   */
  #bring(request, onProgress) {
    const heard = (/** @type {import('./protocol.js').LoadStep} */ step) => {
      clearTimeout(this.#silence);
      this.#silence = window.setTimeout(() => {
        const code = step === "adapting" ? "adapter-failed" : "engine-failed";
        this.#end(new OnpageError(code, "the engine did not answer for three minutes"));
      }, SILENCE_LIMIT);
    };
    heard("downloading");
    return this.#inTurn(() =>
      this.#call(request, {
        onProgress: (progress) => {
          heard(progress.step);
          onProgress?.(progress);
        },
      }),
    ).finally(() => clearTimeout(this.#silence));
  }

  /**
   * Tokens of a text, by the model's own tokenizer.
   * @param {string} text
   * @returns {Promise<number>}
   */
  countTokens(text) {
    return this.#inTurn(() => this.#call({ type: "count", text }));
  }

  /**
   * Starts writing. The caller has made sure that the prompt leaves room: a longer one kills the engine.
   * @param {string} prompt
   * @param {AbortSignal} [signal] stops it; the iteration then ends normally, with what was written
   * @param {{tokens?: number | null}} [options] `tokens` ends the answer after so many new ones; where the engine has no such
   *   limit it is stopped when it has delivered them, so that a few more may come
   */
  generate(prompt, signal, { tokens = null } = {}) {
    return new Generation((onText) => this.#inTurn(() => this.#generate(prompt, tokens, onText, signal)), signal);
  }

  /** Ends the worker. Pending calls reject, `onEnd` is not called. */
  close() {
    this.onEnd = () => {};
    this.#end(new OnpageError("engine-failed", "closed"));
  }

  /**
   * @param {string} prompt
   * @param {number | null} tokens
   * @param {(text: string) => void} onText
   * @param {AbortSignal} [signal]
   */
  async #generate(prompt, tokens, onText, signal) {
    if (signal?.aborted) return null;
    const id = this.#lastId + 1;
    let limit = 0;
    const shared = globalThis.crossOriginIsolated ? new SharedArrayBuffer(4) : null;
    const stop = () => {
      if (shared) Atomics.store(new Int32Array(shared), 0, 1);
      this.#worker.postMessage({ type: "cancel", id });
      limit = window.setTimeout(() => this.#end(new OnpageError("engine-failed", "it could not be stopped")), STOP_LIMIT);
    };
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return await this.#call({ type: "generate", prompt, tokens, stop: shared }, { onText });
    } finally {
      signal?.removeEventListener("abort", stop);
      clearTimeout(limit);
    }
  }

  /**
   * @template T
   * @param {() => Promise<T>} job
   * @returns {Promise<T>}
   */
  #inTurn(job) {
    const turn = this.#queue.then(job);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /**
   * @param {object} request
   * @param {Pick<Call, 'onText' | 'onProgress'>} [listeners]
   * @returns {Promise<any>}
   */
  #call(request, listeners = {}) {
    if (this.#ended) return Promise.reject(this.#ended);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject, ...listeners });
      this.#worker.postMessage({ ...request, id });
    });
  }

  /** @param {Reply} reply */
  #receive(reply) {
    if (reply.type === "lost") return this.#end(new OnpageError("device-lost", reply.detail));
    if (reply.type === "crashed") return this.#endSoon(reply.detail);
    const call = this.#calls.get(reply.id);
    if (!call) return undefined;
    if (reply.type === "text") return call.onText?.(reply.text);
    if (reply.type === "progress") return call.onProgress?.(reply.progress);
    this.#calls.delete(reply.id);
    if (reply.type === "done") return call.resolve(reply.result);
    return this.#fail(call, OnpageError.fromJSON(reply.error));
  }

  /**
   * A failed call leaves an engine in an unknown state, so the engine ends with it.
   * @param {Call} call
   * @param {OnpageError} error
   */
  #fail(call, error) {
    call.reject(error);
    this.#end(error);
  }

  /**
   * A crash while loading is followed by the load's own answer, which knows whether the file was to blame: wait for it.
   * @param {string} detail
   */
  #endSoon(detail) {
    const loading = [...this.#calls.values()].some((call) => call.onProgress);
    if (!loading) this.#end(new OnpageError("engine-failed", detail));
  }

  /** @param {OnpageError} error */
  #end(error) {
    if (this.#ended) return;
    this.#ended = error;
    clearTimeout(this.#silence);
    this.#worker.terminate();
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
    this.onEnd(error);
  }
}

/** One answer being written: iterate over its pieces of text, then await `figures`. */
export class Generation {
  /** @type {string[]} not yet taken by who iterates */
  #texts = [];
  #ended = false;
  #wake = () => {};

  /**
   * @param {(onText: (text: string) => void) => Promise<GenerateResult | null>} run
   * @param {AbortSignal} [signal]
   */
  constructor(run, signal) {
    /** When it was asked for; times are `performance.now()` of this thread. */
    this.called = performance.now();
    /** Each piece of text as it arrived. @type {{time: number, characters: number}[]} */
    this.pieces = [];
    const done = run((text) => {
      this.pieces.push({ time: performance.now(), characters: text.length });
      this.#texts.push(text);
      this.#wake();
    });
    /** @type {Promise<Figures>} */
    this.figures = done.then((result) => measure(result, this.called, this.pieces, signal?.aborted ?? false));
    this.figures
      .catch(() => {})
      .finally(() => {
        this.#ended = true;
        this.#wake();
      });
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      const piece = this.#texts.shift();
      if (piece !== undefined) yield piece;
      else if (this.#ended) break;
      else {
        await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
          this.#wake = resolve;
        });
      }
    }
    await this.figures;
  }
}

/** What came of a generation that was stopped before it began. */
const NOTHING = { promptTokens: 0, tokens: 0, firstTokens: 0, engineFigures: null };

/**
 * @param {GenerateResult | null} result
 * @param {number} called
 * @param {{time: number}[]} pieces
 * @param {boolean} stopped
 * @returns {Figures}
 */
function measure(result, called, pieces, stopped) {
  const { promptTokens, tokens, firstTokens, engineFigures } = result ?? NOTHING;
  const first = pieces.at(0)?.time ?? 0;
  const last = pieces.at(-1)?.time ?? 0;
  const timeToFirst = first ? first - called : null;
  return {
    promptTokens,
    tokens,
    firstTokens,
    timeToFirst,
    prefillRate: timeToFirst ? promptTokens / (timeToFirst / 1000) : null,
    decodeRate: last > first ? (tokens - firstTokens) / ((last - first) / 1000) : null,
    stopped,
    engineFigures,
  };
}
