// @ts-check
/** A model that is loaded: `ask`, `chat`, `count`, `close`. */

import { OnpageError } from "../engine/errors.js";
import { message } from "../engine/messages.js";
import { Session } from "../engine/session.js";
import { Answer } from "./answer.js";
import { Chat } from "./chat.js";
import { modelOf, offerOf } from "./offer.js";

/**
 * @typedef {import('../engine/messages.js').Message} Message
 * @typedef {import('../engine/protocol.js').LoadProgress} LoadProgress
 * @typedef {import('../engine/protocol.js').SamplingSettings} SamplingSettings
 *
 * @typedef {object} LoadOptions
 * @property {string} [model] the id or name of one that the site offers; the first where it is left out
 * @property {'mediapipe' | 'litert-lm' | 'litert-lm-cpu'} [engine] the one that suits best where it is left out
 * @property {string} [adapter] the id of a LoRA adapter of the model
 * @property {Partial<SamplingSettings>} [settings] else the model's own
 * @property {AbortSignal} [signal] ends the load
 * @property {(progress: LoadProgress) => void} [onProgress]
 * @property {(options: ConstructorParameters<typeof Session>[0]) => Session} [makeSession]
 *
 * @typedef {object} AskOptions
 * @property {string} [system] what the model is told beforehand
 * @property {number} [tokens] the answer ends after so many
 * @property {AbortSignal} [signal] ends the answer: its reason is thrown to whoever reads
 */

/** Tokens that are left for an answer of which nobody says how long it may be; of a small context a quarter. */
const MAX_ANSWER = 512;

/** The prompt does not fit into the context. */
export class PromptTooLongError extends RangeError {
  /**
   * @param {number} tokens of the prompt
   * @param {number} room that there is
   */
  constructor(tokens, room) {
    super(`The prompt has ${tokens} tokens, and there is room for ${room}.`);
    this.name = "PromptTooLongError";
    this.tokens = tokens;
    this.room = room;
  }
}

/**
 * Loads a model of a site into this page. Its files are downloaded once and then kept in the browser's storage.
 *
 * ```js
 * const model = await load("/onpage/", { onProgress: ({ loaded, total }) => (bar.value = loaded / total) });
 * for await (const piece of model.ask("Say hello.")) show(piece);
 * ```
 *
 * @param {string | URL} site the address of `onpage serve`, or of what `onpage export` wrote
 * @param {LoadOptions} [options]
 * @returns {Promise<Model>} OnpageError with a `code` where it cannot be had or run; the signal's reason
 */
export async function load(site, options = {}) {
  const { signal } = options;
  signal?.throwIfAborted();
  const offer = await offerOf(site, signal);
  const listed = modelOf(offer.models, options.model);
  const model = new Model(offer, options);
  const abort = () => model.close();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await model.start(listed, options);
  } catch (error) {
    model.close();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
  return model;
}

/** Made by `load`. It does one thing at a time: a call waits for those before it. */
export class Model {
  #session;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {Promise<unknown>} the end of the queue */
  #queue = Promise.resolve();
  #closed = false;

  /**
   * @param {import('./offer.js').Offer} offer
   * @param {Pick<LoadOptions, 'onProgress' | 'makeSession'>} options
   */
  constructor({ vendor }, { onProgress, makeSession = (made) => new Session(made) }) {
    /** @type {LoadProgress | null} */
    let told = null;
    this.#session = makeSession({
      vendor,
      onChange: ({ now }) => {
        const progress = now.phase === "loading" ? now.progress : null;
        if (progress && progress !== told) onProgress?.(progress);
        told = progress;
        for (const listener of this.#listeners) listener();
      },
    });
  }

  /**
   * `load` calls it.
   * @param {import('../engine/model_list.js').Model} model
   * @param {LoadOptions} options
   */
  async start(model, { engine, adapter = "", settings }) {
    if (adapter && !model.adapters.some(({ id }) => id === adapter)) throw new OnpageError("lora-failed", `${model.name} has no adapter ${adapter}`);
    const wish = { engineId: engine, loraId: adapter, settings: { ...model.sampling, ...settings } };
    void this.#session.start([model], wish);
    await this.#ready();
    const { choice } = this.#session.state.setup ?? {};
    if (engine && choice?.entry.id !== engine) throw new OnpageError("no-model", `${engine} cannot run ${model.name} here`);
  }

  /** What is loaded. */
  get about() {
    const { setup } = this.#session.state;
    if (!setup?.choice) throw new OnpageError("engine-failed", "no model is loaded");
    const { model, choice, settings } = setup;
    return { id: model.id, name: model.name, licence: model.licence, engine: choice.entry.id, backend: choice.entry.backend, context: settings.maxTokens };
  }

  /**
   * An answer to one question, or to a conversation that ends with one.
   * @param {string | Message[]} prompt
   * @param {AskOptions} [options]
   * @returns {Answer} PromptTooLongError, OnpageError and the signal's reason are thrown to whoever reads it
   */
  ask(prompt, { system, tokens, signal } = {}) {
    const messages = [...(system ? [message(system, "system")] : []), ...(typeof prompt === "string" ? [message(prompt)] : prompt)];
    return new Answer((onText, stop) => this.write(messages, { tokens, onText, stop, signal }), signal);
  }

  /**
   * A conversation, which remembers what was said.
   * @param {{system?: string, messages?: Message[]}} [options]
   */
  chat(options) {
    return new Chat(this, options);
  }

  /**
   * Tokens of a prompt, with the model's turns.
   * @param {string | Message[]} prompt
   * @returns {Promise<number>}
   */
  count(prompt) {
    const messages = typeof prompt === "string" ? [message(prompt)] : prompt;
    return this.#inTurn(async () => {
      const tokens = await this.#session.count(messages, Infinity);
      if (tokens === null) throw this.#problem();
      return tokens;
    });
  }

  /** Tokens that a prompt may have if the answer is to have so many. @param {number} [tokens] */
  room(tokens) {
    const { context } = this.about;
    return context - Math.min(tokens ?? MAX_ANSWER, Math.floor(tokens ? context - 1 : context / 4));
  }

  /** Frees its memory. What is being written ends with an error. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.close();
    for (const listener of this.#listeners) listener();
  }

  /**
   * What `ask` and a chat are made of: the text goes to `onText`.
   * @param {Message[]} messages
   * @param {{tokens?: number, counted?: number | null, onText: (piece: string) => void, stop: AbortSignal, signal?: AbortSignal}} options
   *   `counted`: tokens of the messages, where that is known; `stop` ends it, `signal` with an error
   * @returns {Promise<import('../engine/client.js').Figures>}
   */
  write(messages, { tokens, counted, onText, stop, signal }) {
    const end = () => this.#session.stop();
    return this.#inTurn(async () => {
      signal?.throwIfAborted();
      const writing = this.#session.generate(messages, { room: this.room(tokens), counted, tokens, onText });
      stop.addEventListener("abort", end, { once: true });
      if (stop.aborted) end();
      const outcome = await writing;
      signal?.throwIfAborted();
      if (!outcome) throw this.#problem();
      if (outcome.kind === "too-long") throw new PromptTooLongError(outcome.tokens, outcome.room);
      if (outcome.kind === "unable") throw new OnpageError("modality-unsupported", outcome.modality);
      return outcome.figures;
    }).finally(() => stop.removeEventListener("abort", end));
  }

  /**
   * @template T
   * @param {() => Promise<T>} job
   * @returns {Promise<T>}
   */
  #inTurn(job) {
    const turn = this.#queue.then(() => this.#ready()).then(job);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** When the engine is there; after a crash it comes again by itself. */
  async #ready() {
    for (;;) {
      const { phase } = this.#session.state.now;
      if (this.#closed || phase === "problem") throw this.#problem();
      if (phase === "ready") return;
      await new Promise((/** @type {(value?: unknown) => void} */ changed) => {
        const listener = () => {
          this.#listeners.delete(listener);
          changed();
        };
        this.#listeners.add(listener);
      });
    }
  }

  #problem() {
    const { now } = this.#session.state;
    if (this.#closed) return new OnpageError("engine-failed", "the model was closed");
    return now.phase === "problem" ? OnpageError.fromJSON(now.error) : new OnpageError("engine-failed", "the engine ended and starts again: ask once more");
  }
}
