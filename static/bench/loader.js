// @ts-check
/**
 * The one engine that lives: made for a load, ended before the next, so that no load pays for the one before.
 *
 * @typedef {import('./record.js').Plan} Plan
 * @typedef {import('../engine/registry.js').EngineEntry} EngineEntry
 * @typedef {import('../engine/protocol.js').VendorUrls} VendorUrls
 */

import { Engine } from "../engine/client.js";
import { OnpageError } from "../engine/errors.js";
import { idleGpu } from "./environment.js";

/** Milliseconds for a closed engine to begin to give back what it had. */
const SETTLE = 500;

export class Loader {
  /** @type {Engine | null} */
  #engine = null;

  /** @param {Plan} plan @param {EngineEntry} entry @param {VendorUrls} vendor */
  constructor(plan, entry, vendor) {
    this.plan = plan;
    this.entry = entry;
    this.vendor = vendor;
  }

  /** The engine with the model; OnpageError where there is none. */
  get engine() {
    if (!this.#engine) throw new OnpageError("engine-failed", "no model is loaded");
    return this.#engine;
  }

  get isLoaded() {
    return this.#engine !== null;
  }

  /** A new engine with the model. @param {boolean} fresh past the browser's cache */
  async load(fresh) {
    const { model, context, seed, precision = /** @type {const} */ ("auto") } = this.plan;
    if (this.#engine) await this.settle();
    this.#engine = new Engine(this.entry);
    const settings = { temperature: 1, topK: 1, seed, maxTokens: context, precision };
    return this.#engine.load(model, settings, { vendor: this.vendor, fresh, warmUp: false });
  }

  /** Ends the engine and waits until it is gone, so that what follows does not pay for it. */
  async settle() {
    this.close();
    await rest(SETTLE);
    if (this.entry.backend === "WebGPU") await idleGpu();
  }

  close() {
    this.#engine?.close();
    this.#engine = null;
  }
}

/** @param {number} milliseconds @returns {Promise<void>} */
export function rest(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
