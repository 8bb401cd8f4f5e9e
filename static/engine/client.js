// @ts-check
/**
 * The typed client of any engine's worker: `load`, `adapt`, `countTokens`, `generate` (an async iterable with measures), `close`.
 *
 * One engine is one worker and one model, which may be loaded again with other settings. When it fails, or its GPU is lost,
 * `onEnd` is called once, every pending call rejects with the same error, the worker is terminated, and the object is of no
 * more use: make a new one. Calls wait for each other, because an engine can do one thing at a time; what is measured or
 * limited in time begins when it is a call's turn.
 */

import { OnpageError } from "./errors.js";
import { NO_SENSES, mediaTokens, missingSense, sameSenses } from "./media.js";
import { lengthOf, mediaOf, promptOf, sharedBeginning, shortened, textsOnly } from "./messages.js";
import { located } from "./source.js";

/**
 * @typedef {import('./messages.js').Message} Message
 * @typedef {import('./messages.js').Turns} Turns
 * @typedef {import('./protocol.js').Ending} Ending
 * @typedef {import('./protocol.js').LoadProgress} LoadProgress
 * @typedef {import('./protocol.js').LoadResult} LoadResult
 * @typedef {import('./protocol.js').GenerateResult} GenerateResult
 * @typedef {import('./protocol.js').ModelSource} ModelSource
 * @typedef {import('./protocol.js').LoraSource} LoraSource
 * @typedef {import('./protocol.js').SamplingSettings} SamplingSettings
 * @typedef {import('./protocol.js').VendorUrls} VendorUrls
 * @typedef {import('./protocol.js').Reply} Reply
 * @typedef {import('./registry.js').EngineEntry} EngineEntry
 * @typedef {import('./errors.js').ErrorCode} ErrorCode
 */

/**
 * The measures of one generation, as the page saw it; see docs of each field. Rates are null where they mean nothing.
 *
 * @typedef {object} Figures
 * @property {number} promptTokens tokens of the whole prompt, template included
 * @property {number} tokens tokens of the answer, counted by the engine's steps, see GenerateResult
 * @property {number} firstTokens the same for the first piece
 * @property {number | null} timeToFirst milliseconds from the call, when it was its turn, to the first text (TTFT)
 * @property {number | null} prefillRate prompt tokens / TTFT, per second
 * @property {number | null} decodeRate (tokens after the first callback) / (last − first callback), per second
 * @property {number} reused share of the prompt, 0 to 1, that the engine still held from the one before
 * @property {Ending} ended
 * @property {Record<string, number> | null} engineFigures what the engine itself says, in its own terms; null where it says nothing
 */

/** Without a word from the worker for so long, loading or counting has failed: a bad file can leave an engine silent for ever. */
const SILENCE_LIMIT = 180_000;
/** The engine cannot stop while it reads the prompt; after so long its worker is ended instead. */
const STOP_LIMIT = 10_000;
/** Characters per token that hardly a text reaches: to count beyond them would mostly waste time. */
const MAX_CHARACTERS_PER_TOKEN = 32;

/**
 * @typedef {object} Call
 * @property {(result: any) => void} resolve
 * @property {(error: OnpageError) => void} reject
 * @property {(text: string) => void} [onText]
 * @property {(progress: LoadProgress) => void} [onProgress]
 *
 * @typedef {Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener'>} WorkerLike
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
  /** @type {Turns | null} */
  #turns = null;
  /** The last prompt that the engine has read. */
  #lastPrompt = "";
  /** What it has loaded besides the text part. @type {import('./media.js').Senses} */
  #senses = NO_SENSES;

  /**
   * @param {EngineEntry} entry
   * @param {object} [options]
   * @param {(error: OnpageError) => void} [options.onEnd] the engine is gone: crashed, or its GPU was lost
   * @param {(entry: EngineEntry) => WorkerLike} [options.makeWorker]
   */
  constructor(entry, { onEnd = () => {}, makeWorker = ({ start }) => start() } = {}) {
    this.entry = entry;
    this.onEnd = onEnd;
    this.#worker = makeWorker(entry);
    this.#worker.addEventListener("message", (event) => this.#receive(/** @type {MessageEvent<Reply>} */ (event).data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      const { message } = /** @type {ErrorEvent} */ (event);
      // An event without a message is no error of the script: there was no script.
      this.#end(message ? new OnpageError("engine-failed", message) : new OnpageError("server-unreachable", `the worker of ${entry.id}`));
    });
  }

  /** Whether it has failed or was closed. */
  get ended() {
    return this.#ended !== null;
  }

  /**
   * @param {ModelSource} model
   * @param {SamplingSettings} settings
   * @param {{vendor: VendorUrls, turns?: Turns | null, fresh?: boolean, warmUp?: boolean, ranks?: number[], lora?: LoraSource | null,
   *   senses?: import('./media.js').Senses, onProgress?: (progress: LoadProgress) => void}} options see LoadRequest
   * @returns {Promise<LoadResult>}
   */
  load({ url, size, sha256, precision, parts, keep }, settings, options) {
    const { vendor, turns = null, fresh = false, warmUp = true, ranks = [], lora = null, senses = NO_SENSES, onProgress } = options;
    const { backend } = this.entry;
    const model = located({ url, size, sha256, precision, parts, keep });
    const libraries = Object.fromEntries(Object.entries(vendor).map(([name, folder]) => [name, absolute(folder)]));
    const request = { type: "load", model, settings, turns, vendor: libraries, backend, fresh, warmUp, ranks, lora: adapterOf(lora), senses };
    return this.#inTurn(async () => {
      const result = await this.#call(request, "engine-failed", { onProgress: onProgress ?? (() => {}) });
      this.#turns = turns;
      this.#senses = senses;
      if (!result.kept) this.#lastPrompt = "";
      return result;
    });
  }

  /**
   * Puts a LoRA adapter on the model, or takes it off; the model stays in the engine. An engine that was not touched by what
   * failed goes on with the adapter that it had.
   * @param {LoraSource | null} lora its rank is one of those that the model was loaded with
   * @param {(progress: LoadProgress) => void} [onProgress]
   * @returns {Promise<LoadResult>}
   */
  adapt(lora, onProgress = () => {}) {
    return this.#inTurn(async () => {
      const result = await this.#call({ type: "adapt", lora: adapterOf(lora) }, "lora-failed", { onProgress });
      this.#lastPrompt = "";
      return result;
    });
  }

  /**
   * Tokens of the prompt that these messages make, by the model's own tokenizer.
   * @param {Message[]} messages
   * @param {object} [options]
   * @param {number} [options.room] a prompt that is far longer is counted by its beginning, and the number is about right
   * @param {AbortSignal} [options.signal] when it is not yet its turn, it is not counted at all: AbortError
   * @returns {Promise<number>}
   */
  async countTokens(messages, { room = Infinity, signal } = {}) {
    const shown = mediaTokens(mediaOf(messages));
    return shown + (await this.#countTexts(textsOnly(messages), { room: room - shown, signal }));
  }

  /** @param {Message[]} messages @param {{room: number, signal?: AbortSignal}} options */
  async #countTexts(messages, { room, signal }) {
    const count = (/** @type {Message[]} */ some) =>
      this.#inTurn(() => {
        signal?.throwIfAborted();
        return this.#call({ type: "count", messages: some }, "engine-failed");
      });
    const enough = Math.max(room, 1) * MAX_CHARACTERS_PER_TOKEN;
    const length = lengthOf(messages);
    if (length <= enough) return count(messages);
    const counted = await count(shortened(messages, enough));
    return counted > room ? Math.ceil((counted * length) / enough) : count(messages);
  }

  /**
   * Starts writing. The caller has made sure that the prompt leaves room: a longer one kills the engine. A picture or a sound that the
   * engine has not loaded what takes it is refused, `modality-unsupported`, and the engine goes on.
   * @param {Message[]} messages
   * @param {object} [options]
   * @param {AbortSignal} [options.signal] stops it; the iteration then ends normally, with what was written
   * @param {number | null} [options.tokens] ends the answer after so many new ones; where the engine has no such limit it is stopped
   *   when it has delivered them, so that a few more may come
   * @param {import('./protocol.js').Draw | null} [options.draw] how it is drawn, in place of the settings; where `takesSampling` says so (registry.js)
   * @param {boolean} [options.goesOn] whether the next prompt may go on from this one and its answer
   */
  generate(messages, { signal, tokens = null, draw = null, goesOn = false } = {}) {
    return new Generation((generation) => this.#inTurn(() => this.#generate(messages, { tokens, draw, goesOn }, generation, signal)), signal);
  }

  /** Ends the worker. Pending calls reject, `onEnd` is not called. */
  close() {
    this.onEnd = () => {};
    this.#end(new OnpageError("engine-failed", "closed"));
  }

  /**
   * @param {Message[]} messages
   * @param {{tokens: number | null, draw: import('./protocol.js').Draw | null, goesOn: boolean}} asked
   * @param {Generation} generation
   * @param {AbortSignal} [signal]
   */
  async #generate(messages, asked, generation, signal) {
    if (signal?.aborted) return null;
    const missing = missingSense(mediaOf(messages), this.#senses);
    if (missing) throw new OnpageError("modality-unsupported", missing);
    const id = this.#lastId + 1;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let limit;
    const shared = sharedFlag();
    const stop = () => {
      if (shared) Atomics.store(new Int32Array(shared), 0, 1);
      this.#worker.postMessage({ type: "cancel", id });
      limit = setTimeout(() => this.#end(new OnpageError("engine-failed", "it could not be stopped")), STOP_LIMIT);
    };
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const answer = this.#call({ type: "generate", messages, ...asked, stop: shared }, null, generation.begin());
      if (this.entry.keepsPrompt && sameSenses(this.#senses, NO_SENSES)) {
        const prompt = promptOf(messages, this.#turns);
        generation.reused = sharedBeginning(prompt, this.#lastPrompt);
        this.#lastPrompt = prompt;
      }
      return await answer;
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
   * @param {ErrorCode | null} silent what has happened when the worker says nothing for a long time; null where that is no failure
   * @param {Pick<Call, 'onText' | 'onProgress'>} [listeners]
   * @returns {Promise<any>}
   */
  #call(request, silent, { onText, onProgress } = {}) {
    if (this.#ended) return Promise.reject(this.#ended);
    this.#lastId += 1;
    const id = this.#lastId;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let silence;
    const heard = (/** @type {ErrorCode | null} */ code) => {
      clearTimeout(silence);
      if (code) silence = setTimeout(() => this.#end(new OnpageError(code, "the engine did not answer for three minutes")), SILENCE_LIMIT);
    };
    heard(silent);
    const progressed = (/** @type {LoadProgress} */ progress) => {
      heard(progress.step === "adapting" ? "lora-failed" : silent);
      onProgress?.(progress);
    };
    /** @type {Promise<any>} */
    const answer = new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject, onText, onProgress: onProgress && progressed });
      this.#worker.postMessage({ ...request, id });
    });
    return answer.finally(() => clearTimeout(silence));
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
    const error = OnpageError.fromJSON(reply.error);
    call.reject(error);
    // A failed call leaves an engine in an unknown state, so the engine ends with it, unless its worker knows better.
    return reply.unharmed ? undefined : this.#end(error);
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
   * @param {(generation: Generation) => Promise<GenerateResult | null>} run
   * @param {AbortSignal} [signal]
   */
  constructor(run, signal) {
    /** When it was its turn; times are `performance.now()` of this thread. */
    this.called = performance.now();
    /** Each piece of text as it arrived. @type {{time: number, characters: number}[]} */
    this.pieces = [];
    /** see Figures */
    this.reused = 0;
    /** @type {Promise<Figures>} */
    this.figures = run(this).then((result) => measure(result, this, signal?.aborted ?? false));
    this.figures
      .catch(() => {})
      .finally(() => {
        this.#ended = true;
        this.#wake();
      });
  }

  /** From now on it is measured. */
  begin() {
    this.called = performance.now();
    return {
      onText: (/** @type {string} */ text) => {
        this.pieces.push({ time: performance.now(), characters: text.length });
        this.#texts.push(text);
        this.#wake();
      },
    };
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      const pieces = this.#texts.splice(0);
      yield* pieces;
      if (pieces.length || this.#texts.length) continue;
      if (this.#ended) break;
      await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
        this.#wake = resolve;
      });
    }
    await this.figures;
  }
}

/** Memory that a worker can look at while it hears no message; null where the page may not share any, whatever it says of itself. */
function sharedFlag() {
  return globalThis.crossOriginIsolated && typeof SharedArrayBuffer === "function" ? new SharedArrayBuffer(4) : null;
}

/** An address that is relative to the page, for a worker, whose own is elsewhere. @param {string} url */
function absolute(url) {
  return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href;
}

/** @param {LoraSource | null} lora @returns {LoraSource | null} */
function adapterOf(lora) {
  return lora && located({ url: lora.url, size: lora.size, sha256: lora.sha256, rank: lora.rank, parts: lora.parts });
}

/** What came of a generation that was stopped before it began. @type {Omit<GenerateResult, 'ended'>} */
const NOTHING = { promptTokens: 0, tokens: 0, firstTokens: 0, engineFigures: null };

/**
 * @param {GenerateResult | null} result
 * @param {Generation} generation
 * @param {boolean} stopped
 * @returns {Figures}
 */
function measure(result, { called, pieces, reused }, stopped) {
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
    reused: result?.reused ?? reused,
    ended: stopped || !result ? "stopped" : result.ended,
    engineFigures,
  };
}
