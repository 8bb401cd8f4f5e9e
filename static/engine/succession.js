// @ts-check
/**
 * The engine that runs, and how another takes its place.
 *
 * What runs, runs on until its successor does. A new engine is made beside the old one, which is closed when the new one is ready
 * and goes on when it fails. Two models that do not fit together (`MAX_TOGETHER`) change places instead: first it is seen that the
 * new one can be had at all, then the old one is closed. An engine that takes other settings or another adapter itself does so, and
 * is replaced as above when that has ended it.
 */

import { NO_SENSES, sameSenses } from "./media.js";
import { sameModel, sameSettings } from "./setup.js";

/**
 * @typedef {import('./client.js').Engine} Engine
 * @typedef {import('./errors.js').OnpageError} OnpageError
 * @typedef {import('./protocol.js').LoadProgress} LoadProgress
 * @typedef {import('./protocol.js').VendorUrls} VendorUrls
 * @typedef {import('./registry.js').EngineEntry} EngineEntry
 * @typedef {import('./setup.js').PossibleSetup} PossibleSetup
 *
 * @typedef {object} Running an engine with what it was given
 * @property {Engine} engine
 * @property {PossibleSetup} setup
 * @property {number} changes settings and adapters that it is taking, while which it may be neither the old one nor the new one
 *
 * @typedef {{signal: AbortSignal, engine: Engine | null}} Attempt to bring something in; `engine` is the one that it is brought into
 */

/** Bytes of two models' files that are held at once while one takes the other's place. */
const MAX_TOGETHER = 1_500_000_000;

export class Succession {
  /** @type {Running | null} */
  #running = null;
  /** What ran last, which a failed switch returns to. @type {PossibleSetup | null} */
  #lastWorking = null;

  /**
   * @param {object} options
   * @param {VendorUrls} options.vendor
   * @param {(entry: EngineEntry, onEnd: (error: OnpageError) => void) => Engine} options.makeEngine
   * @param {typeof import('./reach.js').reach} options.reach
   * @param {(setup: PossibleSetup, error: OnpageError) => void} options.onLost the engine that ran has ended by itself
   */
  constructor({ vendor, makeEngine, reach, onLost }) {
    this.vendor = vendor;
    this.makeEngine = makeEngine;
    this.reach = reach;
    this.onLost = onLost;
  }

  /** The engine that runs. */
  get engine() {
    return this.#running?.engine ?? null;
  }

  get lastWorking() {
    return this.#lastWorking;
  }

  /** What runs as if nothing had been tried; null where nothing runs, or a change has reached it. */
  get untouched() {
    const running = this.#running;
    return running && !running.engine.ended && !running.changes ? running.setup : null;
  }

  /**
   * Brings a setup into the engine that runs, where that can take it itself, or into a new one, which `settle` makes the one that
   * runs. Rejects with OnpageError.
   * @param {Attempt} attempt when it is aborted, an engine that was made for it is closed
   * @param {PossibleSetup} setup
   * @param {{fresh: boolean, onProgress: (progress: LoadProgress) => void}} options `fresh`: past what the browser has kept
   * @returns {Promise<{running: Running, gpuAdapter: import('./protocol.js').GpuAdapter | null, library: string[]} | null>} null where it was aborted
   */
  async bring(attempt, setup, { fresh, onProgress }) {
    const running = await this.#engineFor(attempt, setup, fresh);
    if (!running) return null;
    const { engine } = running;
    const { model, choice, lora, settings, senses } = setup;
    const ranks = choice.entry.takesAdapters && sameSenses(senses, NO_SENSES) ? [...new Set(model.adapters.map(({ rank }) => rank))] : [];
    const options = { vendor: this.vendor, turns: model.promptTemplate, fresh, ranks, lora, senses, onProgress };
    const loaded = running === this.#running;
    const onlyLora = loaded && !running.changes && lora !== running.setup.lora && sameSettings(settings, running.setup.settings);
    running.changes += 1;
    try {
      const { gpuAdapter, library = [] } = await (onlyLora ? engine.adapt(lora, onProgress) : engine.load(choice.file, settings, options));
      running.setup = setup;
      return attempt.signal.aborted ? null : { running, gpuAdapter, library };
    } finally {
      running.changes -= 1; // also when it has failed: then the engine has ended, or was not touched
    }
  }

  /**
   * It is the one that runs from now on; the one before is closed.
   * @param {Running} running of `bring`
   */
  settle(running) {
    if (this.#running !== running) this.#running?.engine.close();
    this.#running = running;
    this.#lastWorking = running.setup;
  }

  /** Closes the engine that was made for an attempt that has failed. @param {Attempt} attempt */
  discard({ engine }) {
    if (engine !== this.engine) engine?.close();
  }

  /** Nothing runs any more. */
  close() {
    this.#running?.engine.close();
    this.#running = null;
  }

  /**
   * @param {Attempt} attempt
   * @param {PossibleSetup} setup
   * @param {boolean} fresh
   * @returns {Promise<Running | null>}
   */
  async #engineFor(attempt, setup, fresh) {
    const old = this.#running;
    if (old && !old.engine.ended && sameModel(old.setup, setup) && !fresh) {
      attempt.engine = old.engine;
      return old;
    }
    if (old && old.setup.choice.file.size + setup.choice.file.size > MAX_TOGETHER) {
      await this.reach(setup.choice.file);
      if (attempt.signal.aborted) return null;
      this.close();
    }
    const engine = this.makeEngine(setup.choice.entry, (error) => this.#ended(engine, error));
    attempt.engine = engine;
    attempt.signal.addEventListener("abort", () => engine !== this.engine && engine.close());
    return { engine, setup, changes: 0 };
  }

  /**
   * @param {Engine} engine
   * @param {OnpageError} error
   */
  #ended(engine, error) {
    if (engine !== this.#running?.engine) return; // whoever waits for it hears of it, too
    const { setup } = this.#running;
    this.#running = null;
    this.onLost(setup, error);
  }
}
