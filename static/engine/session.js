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
 * - What runs, runs on until its successor does (succession.js). If that fails, what ran before goes on, or is loaded again.
 * - An answer that goes round in circles is ended, as at the limit of its tokens.
 * - A crash is mended once by itself between two answers; the second one is a problem.
 * - Where there is a check of GPUs, no answer comes from one that it has not heard: it runs beside the load, and an engine that computes
 *   wrongly gives its place to another. Where it finds nothing out, or there is no other, the person has what there is.
 */

import { lookAtGpu } from "./choice.js";
import { CircleWatch } from "./circles.js";
import { Engine } from "./client.js";
import { importedModels } from "./device_memory.js";
import { OnpageError } from "./errors.js";
import { NO_SENSES, missingSense } from "./media.js";
import { mediaOf } from "./messages.js";
import * as modelStorage from "./storage.js";
import { reach } from "./reach.js";
import { INITIAL, nextSeed } from "./session_state.js";
import { possible, wished } from "./setup.js";
import { Succession } from "./succession.js";

/**
 * @typedef {import('./client.js').Figures} Figures
 * @typedef {import('./messages.js').Message} Message
 * @typedef {import('./model_list.js').Model} Model
 * @typedef {import('./protocol.js').SamplingSettings} SamplingSettings
 * @typedef {import('./protocol.js').VendorUrls} VendorUrls
 * @typedef {import('./registry.js').EngineEntry} EngineEntry
 * @typedef {import('./session_state.js').LoadReason} LoadReason
 * @typedef {import('./session_state.js').SessionState} SessionState
 * @typedef {import('./session_state.js').Notice} Notice
 * @typedef {import('./setup.js').PossibleSetup} PossibleSetup
 * @typedef {import('./setup.js').WantedSetup} WantedSetup
 * @typedef {import('./setup.js').Wish} Wish
 *
 * @typedef {{kind: 'written', figures: Figures}} Written
 * @typedef {{kind: 'too-long', tokens: number, room: number}} TooLong nothing was sent to the engine
 * @typedef {{kind: 'unable', modality: import('./media.js').Modality}} Unable a picture or a sound that what runs does not take; nothing was
 *   sent
 * @typedef {Written | TooLong | Unable} Outcome
 *
 * @typedef {import('./succession.js').Attempt & {abort: () => void}} Job
 */

export class Session {
  /** @type {SessionState} */
  #state = INITIAL;
  /** @type {Succession} */
  #engines;
  /** @type {Job | null} */
  #job = null;
  #counting = new AbortController();
  #stopping = new AbortController();
  /** Whether an engine was already started again by itself since an answer was finished. */
  #recovered = false;
  /** What this browser kept before the loads began of which it was not said yet what went for them. @type {Promise<import('./storage.js').StoredEntry[]> | null} */
  #before = null;

  /**
   * @param {object} options
   * @param {VendorUrls} options.vendor
   * @param {(state: SessionState) => void} [options.onChange]
   * @param {(entry: EngineEntry, onEnd: (error: OnpageError) => void) => Engine} [options.makeEngine]
   * @param {Pick<typeof modelStorage, 'listStored' | 'removeStored'>} [options.storage]
   * @param {() => Model[]} [options.imported]
   * @param {typeof reach} [options.reach]
   * @param {(setup: PossibleSetup) => Promise<import('./choice.js').GpuFault | null>} [options.check] what the engine computes wrongly on this
   *   GPU, null for nothing; rejects where that cannot be told
   */
  constructor({ vendor, onChange = () => {}, makeEngine, storage = modelStorage, imported = importedModels, reach: reachModel = reach, check = async () => null }) {
    this.onChange = onChange;
    this.check = check;
    this.storage = storage;
    this.imported = imported;
    this.#engines = new Succession({
      vendor,
      makeEngine: makeEngine ?? ((entry, onEnd) => new Engine(entry, { onEnd })),
      reach: reachModel,
      onLost: (setup, error) => this.#lost(setup, error),
    });
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
    return this.#load("first", wished(this.#state, wish));
  }

  /**
   * Another model, engine, LoRA adapter, other settings or what takes pictures and sounds, also while something is loading.
   * @param {'model' | 'engine' | 'lora' | 'settings' | 'senses'} reason
   * @param {Wish} wish
   */
  async switch(reason, wish) {
    if (this.#state.now.phase === "writing" || !this.#state.setup) return;
    await this.#load(reason, wished(this.#state, wish));
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
    await this.#load("restart", wished(this.#state, { loraId }), { fresh });
  }

  /**
   * Tokens of a prompt, null where there is no telling now: no engine is free, or another call came after this one.
   * @param {Message[]} messages
   * @param {number} room see Engine
   */
  async count(messages, room) {
    this.#counting.abort();
    this.#counting = new AbortController();
    const { engine } = this.#engines;
    if (this.#state.now.phase !== "ready" || !engine) return null;
    const { signal } = this.#counting;
    const tokens = await engine.countTokens(messages, { room, signal }).catch(() => null);
    return signal.aborted ? null : tokens; // whatever failed has ended the engine, which tells of it
  }

  /**
   * Writes one answer. Nothing happens, and the answer is null, unless the session is ready; null also where the engine was lost.
   * @param {Message[]} messages
   * @param {object} options
   * @param {number} options.room tokens that the prompt may have
   * @param {number | null} [options.counted] those that it has, where that is known
   * @param {number | null} [options.tokens] the answer ends after so many
   * @param {import('./protocol.js').Draw | null} [options.draw] see Engine
   * @param {boolean} [options.goesOn] see Engine
   * @param {string} [options.before] see CircleWatch
   * @param {(piece: string) => void} options.onText
   * @returns {Promise<Outcome | null>}
   */
  async generate(messages, { room, counted = null, tokens = null, draw = null, goesOn = false, before = "", onText }) {
    const { engine } = this.#engines;
    if (this.#state.now.phase !== "ready" || !engine) return null;
    const missing = missingSense(mediaOf(messages), this.#state.setup?.senses ?? NO_SENSES);
    if (missing) return { kind: "unable", modality: missing };
    const job = this.#begin();
    this.#counting.abort();
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    this.#set({ now: { phase: "writing", stopping: false }, notice: null, gone: [] });
    try {
      const found = counted ?? (await engine.countTokens(messages, { room }));
      if (!this.#is(job)) return null;
      if (found > room) {
        this.#end("answer");
        return { kind: "too-long", tokens: found, room };
      }
      const generation = engine.generate(messages, { signal, tokens, draw, goesOn });
      const circle = new CircleWatch(before);
      for await (const piece of generation) {
        if (!this.#is(job)) return null;
        onText(piece);
        circle.add(piece);
        if (circle.found) this.#stopping.abort();
      }
      const measured = await generation.figures;
      if (!this.#is(job)) return null;
      const cut = circle.found && measured.ended === "stopped";
      const figures = cut ? { ...measured, ended: /** @type {const} */ ("limit") } : measured;
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

  /** Says which stored models have gone since the first load that has not said so yet: they made room for it, even where it failed. */
  async #sayGone() {
    const before = this.#before;
    this.#before = null;
    const earlier = (await before) ?? [];
    await this.look();
    const { models, kept } = this.#state;
    const nameOf = (/** @type {string} */ sha256) => models.find(({ files }) => files.some((file) => file.sha256 === sha256))?.name ?? sha256.slice(0, 8);
    const names = [...new Set(modelStorage.goneSince(earlier, kept).map(({ sha256 }) => nameOf(sha256)))];
    if (names.length) this.#set({ gone: names });
  }

  /** Models beside those that there are, such as one that a person has brought; of one that is there already nothing changes. @param {Model[]} more */
  offer(more) {
    const { models } = this.#state;
    const added = more.filter(({ sha256 }) => !models.some((model) => model.files.some((file) => file.sha256 === sha256)));
    if (added.length) this.#set({ models: [...models, ...added] });
  }

  /** A model that a person has brought and deleted again. @param {string} sha256 */
  withdraw(sha256) {
    this.#set({ models: this.#state.models.filter((model) => model.sha256 !== sha256) });
  }

  /** Removes what this browser keeps, unless it is being read. What a person has imported stays: no server has it. */
  async removeKept() {
    if (this.#state.now.phase === "loading") return;
    const except = this.imported().map(({ sha256 }) => sha256);
    await this.storage.removeStored({ except }).catch(() => {});
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
   * @param {LoadReason} reason
   * @param {WantedSetup} wanted
   * @param {{fresh?: boolean, cause?: OnpageError}} [options] `cause`: why what ran before is brought back
   * @returns {Promise<void>}
   */
  async #load(reason, wanted, { fresh = false, cause } = {}) {
    const job = this.#begin();
    this.#counting.abort();
    const onProgress = (/** @type {import('./protocol.js').LoadProgress} */ progress) => {
      const { now } = this.#state;
      if (this.#is(job) && now.phase === "loading") this.#set({ now: { ...now, progress } });
    };
    /** @type {Promise<void>} */
    let checked = Promise.resolve();
    try {
      this.#set({ now: { phase: "loading", reason, progress: null }, setup: { ...wanted, choice: null }, notice: null, gone: [] });
      this.#before ??= this.storage.listStored().catch(() => []); // before anything makes room
      const setup = possible(wanted, this.#state.gpu, this.#state.faults);
      this.#set({ setup });
      checked = this.#hearCheck(job, setup, () => this.#load(reason, wanted, { fresh, cause }));
      const brought = await this.#engines.bring(job, setup, { fresh, onProgress });
      await checked;
      if (!brought || !this.#is(job)) return;
      const { running, gpuAdapter, library } = brought;
      if (running.engine.ended) throw new OnpageError("engine-failed", "it ended while the GPU was checked"); // nobody waited for it then
      this.#engines.settle(running);
      const settings = { ...this.#state.settings, [setup.model.id]: setup.settings };
      /** @type {Notice | null} */
      const notice = cause ? { kind: "kept", error: cause.toJSON() } : reason === "recover" ? { kind: "restarted" } : this.#wrongGpu();
      this.#set({ gpuAdapter, settings, notice, library });
      this.#end("load");
      void this.#sayGone();
    } catch (thrown) {
      if (!this.#is(job)) return checked; // where it has found another engine, that is still on its way
      await this.#loadFailed(job, reason, wanted, cause ?? OnpageError.from(thrown));
    }
  }

  /**
   * Waits for the check of the GPU that an engine is to run on, and begins again where another engine is better.
   * @param {Job} job the load of that engine
   * @param {PossibleSetup} setup
   * @param {() => Promise<void>} again
   */
  async #hearCheck(job, setup, again) {
    const { gpu } = this.#state;
    const { entry } = setup.choice;
    if (entry.backend !== "WebGPU" || gpu !== "gpu") return; // software computes as the processor does, and takes long
    const fault = await this.check(setup).catch(() => undefined); // it could not be told
    if (fault === undefined || !this.#is(job)) return;
    const faults = [...this.#state.faults.filter(({ engine }) => engine !== entry.id), ...(fault ? [fault] : [])];
    const { choice } = possible(setup, gpu, faults);
    this.#set({ faults, setup: { ...setup, choice: { ...setup.choice, fault } } });
    if (choice.entry !== entry) await again();
  }

  /** @returns {Notice | null} */
  #wrongGpu() {
    const { choice } = this.#state.setup ?? {};
    return choice?.fault ? { kind: "wrong-gpu", choice, fault: choice.fault } : null;
  }

  /**
   * Back to the engine that still runs; else to what ran last; else once more; else it is a problem.
   * @param {Job} job
   * @param {LoadReason} reason
   * @param {WantedSetup} wanted
   * @param {OnpageError} error
   */
  async #loadFailed(job, reason, wanted, error) {
    this.#engines.discard(job);
    const { untouched, lastWorking: before } = this.#engines;
    if (untouched) {
      this.#set({ setup: untouched, notice: { kind: "kept", error: error.toJSON() } });
      this.#end("load");
      return void this.#sayGone();
    }
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
   * The engine that ran has ended by itself.
   * @param {PossibleSetup} setup
   * @param {OnpageError} error
   */
  #lost(setup, error) {
    if (this.#state.now.phase === "loading") return; // the load that waits for it hears of it, or its successor is on its way
    if (error.code === "engine-failed" && !this.#recovered) {
      this.#recovered = true;
      void this.#load("recover", setup);
    } else this.#problem(error);
  }

  /** @param {unknown} error */
  #problem(error) {
    this.#abandon();
    this.#set({ now: { phase: "problem", error: OnpageError.from(error).toJSON() }, gpuAdapter: null });
    if (this.#before) void this.#sayGone();
  }

  #abandon() {
    this.#job?.abort();
    this.#job?.engine?.close();
    this.#job = null;
    this.#counting.abort();
    this.#engines.close();
  }
}
