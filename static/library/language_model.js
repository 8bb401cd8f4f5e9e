// @ts-check
/**
 * A model of ours in the shape of the browser's own: `LanguageModel` of the Prompt API, https://webmachinelearning.github.io/prompt-api/.
 * Where the browser has one, it is used: it is faster, and already on the device.
 *
 * Text only. What cannot be kept is refused with the errors that the specification names: pictures and sound, tools, and answers by a
 * schema with a `NotSupportedError`, what does not fit with a `QuotaExceededError`.
 */

import { choose, lookAtGpu } from "../engine/choice.js";
import { message, textOf } from "../engine/messages.js";
import { listStored } from "../engine/storage.js";
import { Answer } from "./answer.js";
import { PromptTooLongError, load } from "./model.js";
import { modelOf, offerOf } from "./offer.js";

/**
 * @typedef {import('../engine/messages.js').Message} Message
 * @typedef {import('./model.js').LoadOptions} LoadOptions
 * @typedef {import('./model.js').Model} Model
 *
 * @typedef {string | {type: string, value: unknown}[]} PromptContent
 * @typedef {{role: string, content: PromptContent}} PromptMessage `role` is system, user or assistant
 * @typedef {string | PromptMessage[]} Prompt
 * @typedef {{signal?: AbortSignal, responseConstraint?: unknown}} PromptOptions
 * @typedef {{initialPrompts?: PromptMessage[], signal?: AbortSignal, monitor?: (monitor: EventTarget) => void, tools?: unknown[],
 *   expectedInputs?: {type: string}[]}} CreateOptions
 * @typedef {'unavailable' | 'downloadable' | 'downloading' | 'available'} Availability
 *
 * @typedef {object} Factory
 * @property {(options?: CreateOptions) => Promise<Availability>} availability
 * @property {(options?: CreateOptions) => Promise<OnpageLanguageModel>} create the browser's own object where it has one
 */

/**
 * What to use in place of the global `LanguageModel`.
 *
 * @param {string | URL} site see `load`
 * @param {Omit<LoadOptions, 'signal' | 'onProgress'> & {native?: boolean}} [options] `native: false` takes no notice of the browser's own
 * @returns {Factory}
 */
export function languageModel(site, { native = true, ...loadOptions } = {}) {
  /** @type {Promise<Model> | null} one for all sessions */
  let loading = null;
  let loaded = false;
  let sessions = 0;

  /** The browser's own, if it can. @param {CreateOptions} options @returns {Promise<any>} */
  async function browsers({ monitor: _, signal: __, ...options }) {
    const own = native ? Reflect.get(globalThis, "LanguageModel") : null;
    const state = await own?.availability?.(options).catch(() => "unavailable");
    return state && state !== "unavailable" ? { own, state } : null;
  }

  return {
    async availability(options = {}) {
      const found = await browsers(options);
      if (found) return found.state;
      if (loaded) return "available";
      if (loading) return "downloading";
      try {
        requireText(options);
        const { models } = await offerOf(site);
        const { file } = choose(modelOf(models, loadOptions.model), await lookAtGpu(), loadOptions.engine ?? "");
        const kept = await listStored().catch(() => []);
        return kept.some(({ sha256, size }) => sha256 === file.sha256 && size === file.size) ? "available" : "downloadable";
      } catch {
        return "unavailable";
      }
    },

    async create(options = {}) {
      const found = await browsers(options);
      if (found) return found.own.create(options);
      requireText(options);
      const { initialPrompts = [], signal, monitor } = options;
      const initial = messagesOf(initialPrompts, { first: true });
      signal?.throwIfAborted();
      const told = new EventTarget();
      monitor?.(told);
      const onProgress = (/** @type {{loaded: number, total: number}} */ { loaded: bytes, total }) =>
        told.dispatchEvent(new ProgressEvent("downloadprogress", { lengthComputable: true, loaded: total ? bytes / total : 0, total: 1 }));
      loading ??= load(site, { ...loadOptions, onProgress });
      let model;
      try {
        model = await loading;
        loaded = true;
      } catch (error) {
        loading = null;
        throw error;
      }
      signal?.throwIfAborted();
      sessions += 1;
      const release = () => {
        sessions -= 1;
        if (sessions) return;
        model.close();
        [loading, loaded] = [null, false];
      };
      return OnpageLanguageModel.begun(model, initial, release, () => (sessions += 1));
    },
  };
}

/** A session; see LanguageModel in the specification. It emits `contextoverflow` when older messages are left out. */
export class OnpageLanguageModel extends EventTarget {
  #model;
  #initial;
  /** @type {Message[]} */
  #said = [];
  #release;
  #retain;
  #destroyed = new AbortController();
  /** @type {((event: Event) => void) | null} */
  oncontextoverflow = null;
  /** Tokens of what the model sees. */
  contextUsage = 0;

  /**
   * @param {Model} model
   * @param {Message[]} initial which are never left out
   * @param {() => void} release
   * @param {() => void} retain
   */
  constructor(model, initial, release, retain) {
    super();
    this.#model = model;
    this.#initial = initial;
    this.#release = release;
    this.#retain = retain;
    this.addEventListener("contextoverflow", (event) => this.oncontextoverflow?.(event));
  }

  /**
   * @param {Model} model
   * @param {Message[]} initial
   * @param {() => void} release
   * @param {() => void} retain
   */
  static async begun(model, initial, release, retain) {
    const session = new OnpageLanguageModel(model, initial, release, retain);
    session.contextUsage = await session.#count(alternating(initial));
    return session;
  }

  /** Tokens that a prompt and what was said before may have together. */
  get contextWindow() {
    return this.#model.room();
  }

  /**
   * @param {Prompt} input
   * @param {PromptOptions} [options]
   * @returns {Promise<string>}
   */
  async prompt(input, options) {
    const answer = await this.#ask(input, options);
    return answer.text();
  }

  /**
   * @param {Prompt} input
   * @param {PromptOptions} [options]
   * @returns {ReadableStream<string>}
   */
  promptStreaming(input, options) {
    /** @type {AsyncGenerator<string, void> | null} */
    let pieces = null;
    return new ReadableStream({
      pull: async (controller) => {
        pieces ??= (await this.#ask(input, options))[Symbol.asyncIterator]();
        const { value, done } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => {
        await pieces?.return();
      },
    });
  }

  /**
   * Adds to what was said, without an answer.
   * @param {Prompt} input
   * @param {PromptOptions} [options]
   */
  async append(input, { signal } = {}) {
    this.#check(signal);
    await this.#fit([...this.#said, ...messagesOf(input)], 0);
  }

  /**
   * Tokens that a prompt would take.
   * @param {Prompt} input
   * @param {PromptOptions} [options]
   * @returns {Promise<number>}
   */
  async measureContextUsage(input, { signal } = {}) {
    this.#check(signal);
    return this.#count(messagesOf(input, { first: true }));
  }

  /** A session that goes on from here. @param {{signal?: AbortSignal}} [options] */
  async clone({ signal } = {}) {
    this.#check(signal);
    const copy = new OnpageLanguageModel(this.#model, this.#initial, this.#release, this.#retain);
    copy.#said = [...this.#said];
    copy.contextUsage = this.contextUsage;
    this.#retain();
    return copy;
  }

  /** Frees it; the model is freed with the last session. */
  destroy() {
    if (this.#destroyed.signal.aborted) return;
    this.#destroyed.abort(new DOMException("The session is destroyed.", "AbortError"));
    this.#release();
  }

  /**
   * @param {Prompt} input
   * @param {PromptOptions} [options]
   * @returns {Promise<Answer>}
   */
  async #ask(input, { signal, responseConstraint } = {}) {
    this.#check(signal);
    if (responseConstraint !== undefined) throw new DOMException("responseConstraint is not supported.", "NotSupportedError");
    const asked = messagesOf(input);
    const before = this.#said;
    await this.#fit([...this.#said, ...asked], asked.length);
    const now = this.#said;
    const stop = signal ? AbortSignal.any([signal, this.#destroyed.signal]) : this.#destroyed.signal;
    const messages = alternating([...this.#initial, ...now]);
    const counted = this.contextUsage;
    const answer = new Answer((onText, ended) => this.#model.write(messages, { counted, onText, stop: ended, signal: stop }), stop);
    answer.figures.then(
      ({ promptTokens, tokens }) => {
        this.#said = [...now, message(answer.written, "model")];
        this.contextUsage = promptTokens + tokens;
      },
      () => {
        if (this.#said === now) this.#said = before;
      },
    );
    return answer;
  }

  /**
   * Leaves out the oldest messages, pair by pair, until all fits.
   * @param {Message[]} said
   * @param {number} keep messages at the end that must stay
   */
  async #fit(said, keep) {
    let kept = said;
    let used = 0;
    for (;;) {
      used = await this.#count(alternating([...this.#initial, ...kept]));
      if (used <= this.contextWindow) break;
      const pair = kept.findIndex(({ role }, index) => index > 0 && role === "user");
      if (pair < 0 || kept.length - pair < keep) throw new QuotaExceeded(used, this.contextWindow);
      kept = kept.slice(pair);
      this.dispatchEvent(new Event("contextoverflow"));
    }
    this.#said = kept;
    this.contextUsage = used;
  }

  /** @param {Message[]} messages */
  async #count(messages) {
    if (!messages.length) return 0;
    const asks = messages.some(({ role }) => role === "user");
    return this.#model.count(asks ? messages : [...messages, message("")]);
  }

  /** @param {AbortSignal} [signal] */
  #check(signal) {
    this.#destroyed.signal.throwIfAborted();
    signal?.throwIfAborted();
  }
}

/** What the specification calls QuotaExceededError: a class of its own in newer browsers, a name in older ones. */
class QuotaExceeded extends DOMException {
  /** @param {number} requested @param {number} quota */
  constructor(requested, quota) {
    super(new PromptTooLongError(requested, quota).message, "QuotaExceededError");
    this.requested = requested;
    this.quota = quota;
  }
}

/** @param {CreateOptions} options */
function requireText({ tools, expectedInputs = [] }) {
  const other = expectedInputs.find(({ type }) => type !== "text");
  if (other) throw new DOMException(`The input type ${other.type} is not supported.`, "NotSupportedError");
  if (tools?.length) throw new DOMException("Tools are not supported.", "NotSupportedError");
}

/**
 * @param {Prompt} input
 * @param {{first?: boolean}} [options] whether a message of the system may begin it
 * @returns {Message[]}
 */
function messagesOf(input, { first = false } = {}) {
  if (typeof input === "string") return [message(input)];
  return input.map(({ role, content }, index) => {
    if (role === "system" && !(first && index === 0)) throw new DOMException("A system's message must be the first initial prompt.", "NotSupportedError");
    const known = /** @type {const} */ ({ system: "system", user: "user", assistant: "model" })[role];
    if (!known) throw new TypeError(`${role} is no role: it is system, user or assistant.`);
    return message(typeof content === "string" ? content : content.map(textOfPart).join(""), known);
  });
}

/** @param {{type: string, value: unknown}} part */
function textOfPart({ type, value }) {
  if (type !== "text") throw new DOMException(`The input type ${type} is not supported.`, "NotSupportedError");
  return String(value);
}

/** Messages in which user and model take turns: what one says in several goes into one. @param {Message[]} messages @returns {Message[]} */
function alternating(messages) {
  /** @type {Message[]} */
  const turns = [];
  for (const each of messages) {
    const last = turns.at(-1);
    if (last?.role === each.role) turns[turns.length - 1] = message(`${textOf(last)}\n\n${textOf(each)}`, each.role);
    else if (each.role === "model" && last?.role !== "user") turns.push(message(""), each);
    else turns.push(each);
  }
  return turns;
}
