// @ts-check
/**
 * One person's work with a model, without a document: start, switch (model, engine, LoRA adapter, settings), count, generate, stop,
 * recover. `state` is a value that is replaced at every change, and `onChange` hears of it.
 *
 * What it promises:
 * - One job at a time. A job begins in the call itself, before anything is awaited, so two calls cannot both begin. A new load aborts
 *   the job before it; after every await a job looks whether it is still the one.
 * - No phase is for ever. Whatever is thrown, by an engine or by our own code, ends in `ready` (where an engine still runs) or in
 *   `problem`. The verbs themselves never reject.
 * - What runs, runs on until its successor does. A new engine is made beside the old one, which is closed when the new one is ready
 *   and goes on when it fails. Two models that do not fit together (`MAX_TOGETHER`) change places instead: first it is seen that the
 *   new one can be had at all, then the old one is closed; if the new one fails, the old one is loaded again. An engine that takes
 *   other settings or another adapter itself does so, and is replaced as above when that has ended it.
 * - A crash is mended once by itself between two answers; the second one is a problem.
 */

import { choose, lookAtGpu } from "./choice.js";
import { Engine } from "./client.js";
import { OnpageError } from "./errors.js";
import * as modelStorage from "./storage.js";
import { reach } from "./reach.js";
import { INITIAL, nextSeed } from "./session_state.js";

/**
 * @typedef {import('./client.js').Figures} Figures
 * @typedef {import('./messages.js').Message} Message
 * @typedef {import('./model_list.js').Model} Model
 * @typedef {import('./protocol.js').SamplingSettings} SamplingSettings
 * @typedef {import('./protocol.js').VendorUrls} VendorUrls
 * @typedef {import('./registry.js').EngineEntry} EngineEntry
 * @typedef {import('./session_state.js').LoadReason} LoadReason
 * @typedef {import('./session_state.js').SessionState} SessionState
 * @typedef {import('./session_state.js').Setup} Setup
 * @typedef {import('./session_state.js').Notice} Notice
 *
 * @typedef {Setup & {choice: import('./choice.js').Choice}} PossibleSetup
 * @typedef {{modelId?: string, engineId?: string, loraId?: string, settings?: SamplingSettings}} Wish what is to be different
 *
 * @typedef {{kind: 'written', figures: Figures}} Written
 * @typedef {{kind: 'too-long', tokens: number, room: number}} TooLong nothing was sent to the engine
 * @typedef {Written | TooLong} Outcome
 *
 * @typedef {object} Running an engine with what it was given
 * @property {Engine} engine
 * @property {PossibleSetup} setup
 * @property {number} changes settings and adapters that it is taking, while which it may be neither the old one nor the new one
 *
 * @typedef {{signal: AbortSignal, abort: () => void, engine: Engine | null}} Job `engine` is the one that a load brings something into
 */

/** Bytes of two models' files that are held at once while one takes the other's place. */
const MAX_TOGETHER = 1_500_000_000;

export class Session {
  /** @type {SessionState} */
  #state = INITIAL;
  /** @type {Running | null} */
  #running = null;
  /** What ran last, which a failed switch returns to. @type {PossibleSetup | null} */
  #lastWorking = null;
  /** @type {Job | null} */
  #job = null;
  #counting = new AbortController();
  #stopping = new AbortController();
  /** Whether an engine was already started again by itself since an answer was finished. */
  #recovered = false;

  /**
   * @param {object} options
   * @param {VendorUrls} options.vendor
   * @param {(state: SessionState) => void} [options.onChange]
   * @param {(entry: EngineEntry, onEnd: (error: OnpageError) => void) => Engine} [options.makeEngine]
   * @param {Pick<typeof modelStorage, 'listStored' | 'removeStored'>} [options.storage]
   * @param {typeof reach} [options.reach]
   */
  constructor({ vendor, onChange = () => {}, makeEngine, storage = modelStorage, reach: reachModel = reach }) {
    this.vendor = vendor;
    this.onChange = onChange;
    this.makeEngine = makeEngine ?? ((entry, onEnd) => new Engine(entry, { onEnd }));
    this.storage = storage;
    this.reach = reachModel;
  }

  get state() {
    return this.#state;
  }

  /**
   * Loads the first model, or the one that is wished for.
   * @param {Model[]} models
   * @param {Wish & {gpu?: import('./choice.js').Gpu, remembered?: Record<string, SamplingSettings>}} [options]
   */
  async start(models, { gpu, remembered = {}, ...wish } = {}) {
    try {
      this.#set({ models, gpu: gpu ?? (await lookAtGpu()), settings: remembered });
      if (!models.length) throw new OnpageError("no-model");
    } catch (error) {
      return this.#problem(error);
    }
    return this.#load("first", this.#wished(wish));
  }

  /**
   * Another model, engine, LoRA adapter or other settings, also while something is loading.
   * @param {'model' | 'engine' | 'lora' | 'settings'} reason
   * @param {Wish} wish
   */
  async switch(reason, wish) {
    if (this.#state.now.phase === "writing" || !this.#state.setup) return;
    await this.#load(reason, this.#wished(wish));
  }

  /** The same again with the next seed. */
  async reseed() {
    const { now, setup } = this.#state;
    if (now.phase !== "ready" || !setup) return;
    const { settings } = setup;
    await this.#load("seed", { ...setup, settings: { ...settings, seed: nextSeed(settings.seed) } });
  }

  /**
   * Out of a problem: loads what is chosen, with a new engine.
   * @param {{fresh?: boolean, loraId?: string}} [options] `fresh` goes past what the browser has kept
   */
  async restart({ fresh = false, loraId } = {}) {
    this.#recovered = false;
    await this.#load("restart", this.#wished({ loraId }), { fresh });
  }

  /**
   * Tokens of a prompt, null where there is no telling now: no engine is free, or another call came after this one.
   * @param {Message[]} messages
   * @param {number} room see Engine
   */
  async count(messages, room) {
    this.#counting.abort();
    this.#counting = new AbortController();
    if (this.#state.now.phase !== "ready" || !this.#running) return null;
    const { signal } = this.#counting;
    const tokens = await this.#running.engine.countTokens(messages, { room, signal }).catch(() => null);
    return signal.aborted ? null : tokens; // whatever failed has ended the engine, which tells of it
  }

  /**
   * Writes one answer. Nothing happens, and the answer is null, unless the session is ready; null also where the engine was lost.
   * @param {Message[]} messages
   * @param {object} options
   * @param {number} options.room tokens that the prompt may have
   * @param {number | null} [options.counted] those that it has, where that is known
   * @param {number | null} [options.tokens] the answer ends after so many
   * @param {(piece: string) => void} options.onText
   * @returns {Promise<Outcome | null>}
   */
  async generate(messages, { room, counted = null, tokens = null, onText }) {
    const running = this.#running;
    if (this.#state.now.phase !== "ready" || !running) return null;
    const job = this.#begin();
    this.#counting.abort();
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    this.#set({ now: { phase: "writing", stopping: false }, notice: null });
    try {
      const found = counted ?? (await running.engine.countTokens(messages, { room }));
      if (!this.#is(job)) return null;
      if (found > room) {
        this.#end("answer");
        return { kind: "too-long", tokens: found, room };
      }
      const generation = running.engine.generate(messages, { signal, tokens });
      for await (const piece of generation) {
        if (!this.#is(job)) return null;
        onText(piece);
      }
      const figures = await generation.figures;
      if (!this.#is(job)) return null;
      this.#recovered = false;
      this.#end(figures.ended === "stopped" ? "stop" : "answer");
      return { kind: "written", figures };
    } catch (error) {
      if (this.#is(job)) this.#problem(error); // else the engine has told of its end, and that is being mended
      return null;
    }
  }

  /** Ends the answer that is being written; what there is of it stays. */
  stop() {
    if (this.#state.now.phase !== "writing") return;
    this.#set({ now: { phase: "writing", stopping: true } });
    this.#stopping.abort();
  }

  /** For what went wrong around the session, before it could start. @param {unknown} error */
  fail(error) {
    if (this.#state.now.phase === "starting") this.#problem(error);
  }

  /** Looks again at what this browser keeps of models. */
  async look() {
    this.#set({ kept: await this.storage.listStored().catch(() => []) });
  }

  /** Removes what this browser keeps, unless it is being read. */
  async removeKept() {
    if (this.#state.now.phase === "loading") return;
    await this.storage.removeStored().catch(() => {});
    await this.look();
  }

  /** Ends the engine; the session is of no more use. */
  close() {
    this.#abandon();
    this.onChange = () => {};
  }

  /** @param {Partial<SessionState>} change */
  #set(change) {
    this.#state = { ...this.#state, ...change };
    this.onChange(this.#state);
  }

  /** A new job, which is from now on the only one. @returns {Job} */
  #begin() {
    this.#job?.abort();
    const controller = new AbortController();
    this.#job = { signal: controller.signal, abort: () => controller.abort(), engine: null };
    return this.#job;
  }

  /** @param {Job} job */
  #is(job) {
    return this.#job === job && !job.signal.aborted;
  }

  /** The job is done. @param {'load' | 'answer' | 'stop'} after */
  #end(after) {
    this.#job = null;
    this.#set({ now: { phase: "ready", after } });
  }

  /**
   * What is shown, but for what is wished for.
   * @param {Wish} wish
   * @returns {Omit<Setup, 'choice'>}
   */
  #wished({ modelId, engineId, loraId, settings }) {
    const { models, setup, settings: remembered } = this.#state;
    const model = models.find(({ id }) => id === modelId) ?? setup?.model ?? models[0];
    return {
      model,
      engineId: engineId ?? setup?.engineId ?? "",
      lora: model.adapters.find(({ id }) => id === (loraId ?? setup?.lora?.id)) ?? null,
      settings: settings ?? remembered[model.id] ?? model.sampling,
    };
  }

  /**
   * @param {LoadReason} reason
   * @param {Omit<Setup, 'choice'>} wanted
   * @param {{fresh?: boolean, cause?: OnpageError}} [options] `cause`: why what ran before is brought back
   * @returns {Promise<void>}
   */
  async #load(reason, wanted, { fresh = false, cause } = {}) {
    const job = this.#begin();
    this.#counting.abort();
    const now = /** @type {const} */ ({ phase: "loading", reason, progress: null });
    try {
      this.#set({ now, setup: { ...wanted, choice: null }, notice: null });
      const setup = this.#possible(wanted);
      this.#set({ setup });
      const running = await this.#engineFor(job, setup, fresh);
      if (!running) return;
      const gpuAdapter = await this.#bring(job, running, setup, fresh);
      if (!this.#is(job)) return;
      if (this.#running !== running) this.#running?.engine.close();
      this.#running = running;
      this.#lastWorking = setup;
      const settings = { ...this.#state.settings, [setup.model.id]: setup.settings };
      /** @type {Notice | null} */
      const notice = cause ? { kind: "kept", error: cause.toJSON() } : reason === "recover" ? { kind: "restarted" } : null;
      this.#set({ gpuAdapter, settings, notice });
      this.#end("load");
      void this.look();
    } catch (thrown) {
      if (!this.#is(job)) return;
      await this.#loadFailed(job, reason, wanted, cause ?? OnpageError.from(thrown));
    }
  }

  /**
   * @param {Omit<Setup, 'choice'>} wanted
   * @returns {PossibleSetup}
   */
  #possible(wanted) {
    const choice = choose(wanted.model, this.#state.gpu, wanted.engineId);
    const maxTokens = Math.min(wanted.settings.maxTokens, choice.file.context);
    const lora = choice.entry.takesAdapters ? wanted.lora : null;
    return { ...wanted, choice, lora, settings: { ...wanted.settings, maxTokens } };
  }

  /**
   * The engine that runs, where it can take this itself, or a new one. One that is still loading for another job is closed.
   * @param {Job} job
   * @param {PossibleSetup} setup
   * @param {boolean} fresh
   * @returns {Promise<Running | null>} null where the job is no longer wanted
   */
  async #engineFor(job, setup, fresh) {
    const old = this.#running;
    if (old && !old.engine.ended && sameModel(old.setup, setup) && !fresh) {
      job.engine = old.engine;
      return old;
    }
    if (old && old.setup.choice.file.size + setup.choice.file.size > MAX_TOGETHER) {
      await this.reach(setup.choice.file);
      if (!this.#is(job)) return null;
      old.engine.close();
      this.#running = null;
    }
    const engine = this.makeEngine(setup.choice.entry, (error) => this.#lost(engine, error));
    job.engine = engine;
    job.signal.addEventListener("abort", () => engine !== this.#running?.engine && engine.close());
    return { engine, setup, changes: 0 };
  }

  /**
   * @param {Job} job
   * @param {Running} running
   * @param {PossibleSetup} setup
   * @param {boolean} fresh
   */
  async #bring(job, running, setup, fresh) {
    const { engine } = running;
    const { model, choice, lora, settings } = setup;
    const onProgress = (/** @type {import('./protocol.js').LoadProgress} */ progress) => {
      const { now } = this.#state;
      if (this.#is(job) && now.phase === "loading") this.#set({ now: { ...now, progress } });
    };
    const ranks = choice.entry.takesAdapters ? [...new Set(model.adapters.map(({ rank }) => rank))] : [];
    const options = { vendor: this.vendor, turns: model.promptTemplate, fresh, ranks, lora, onProgress };
    const loaded = running === this.#running;
    const onlyLora = loaded && !running.changes && lora !== running.setup.lora && sameSettings(settings, running.setup.settings);
    running.changes += 1;
    try {
      const { gpuAdapter } = await (onlyLora ? engine.adapt(lora, onProgress) : engine.load(choice.file, settings, options));
      running.setup = setup;
      return gpuAdapter;
    } finally {
      running.changes -= 1; // also when it has failed: then the engine has ended, or was not touched
    }
  }

  /**
   * Back to the engine that still runs; else to what ran last; else once more; else it is a problem.
   * @param {Job} job
   * @param {LoadReason} reason
   * @param {Omit<Setup, 'choice'>} wanted
   * @param {OnpageError} error
   */
  async #loadFailed(job, reason, wanted, error) {
    const running = this.#running;
    if (job.engine && job.engine !== running?.engine) job.engine.close();
    if (running && !running.engine.ended && !running.changes) {
      this.#set({ setup: running.setup, notice: { kind: "kept", error: error.toJSON() } });
      return this.#end("load");
    }
    const before = this.#lastWorking;
    if (before && reason !== "return" && reason !== "recover" && reason !== "restart") {
      return this.#load("return", before, { cause: error });
    }
    if (reason !== "return" && error.code === "engine-failed" && !this.#recovered) {
      this.#recovered = true;
      return this.#load("recover", wanted);
    }
    return this.#problem(error);
  }

  /**
   * An engine has ended by itself.
   * @param {Engine} engine
   * @param {OnpageError} error
   */
  #lost(engine, error) {
    if (engine !== this.#running?.engine) return; // the load that waits for it hears of it, too
    const { setup } = this.#running;
    this.#running = null;
    if (this.#state.now.phase === "loading") return; // likewise, or its successor is on its way
    if (error.code === "engine-failed" && !this.#recovered) {
      this.#recovered = true;
      void this.#load("recover", setup);
    } else this.#problem(error);
  }

  /** @param {unknown} error */
  #problem(error) {
    this.#abandon();
    this.#set({ now: { phase: "problem", error: OnpageError.from(error).toJSON() }, gpuAdapter: null });
  }

  #abandon() {
    this.#job?.abort();
    this.#job?.engine?.close();
    this.#job = null;
    this.#counting.abort();
    this.#running?.engine.close();
    this.#running = null;
  }
}

/**
 * Whether an engine can go from one to the other by itself.
 * @param {PossibleSetup} a
 * @param {PossibleSetup} b
 */
function sameModel(a, b) {
  return a.choice.entry === b.choice.entry && a.choice.file.sha256 === b.choice.file.sha256 && a.model.id === b.model.id;
}

/** @param {SamplingSettings} a @param {SamplingSettings} b */
function sameSettings(a, b) {
  return a.temperature === b.temperature && a.topK === b.topK && a.seed === b.seed && a.maxTokens === b.maxTokens;
}
