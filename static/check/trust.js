// @ts-check
/**
 * The check before a person's first answer: each engine once on each GPU, while the person's model is on its way. What was found is kept;
 * /check asks again.
 */

import { OnpageError } from "../engine/errors.js";
import { describeAdapter } from "../engine/gpu.js";
import { versionOf } from "../engine/registry.js";
import { recalled, remember } from "./memory.js";
import { checkEngine, fetchAnswers } from "./run.js";
import { circumstancesOf, judge, wrongOf } from "./verdict.js";

/**
 * @typedef {import('../engine/choice.js').GpuFault} GpuFault
 * @typedef {import('../engine/setup.js').PossibleSetup} PossibleSetup
 * @typedef {import('../engine/protocol.js').Precision} Precision
 */

/** Milliseconds after which a person no longer waits for it. */
const LIMIT = 30_000;

export class GpuTrust {
  /** By engine and precision. @type {Map<string, Promise<GpuFault | null>>} */
  #found = new Map();

  /** @param {import('../engine/protocol.js').VendorUrls} vendor @param {typeof checkEngine} [check] */
  constructor(vendor, check = checkEngine) {
    this.vendor = vendor;
    this.run = check;
  }

  /**
   * What the engine of a setup computes wrongly on this GPU, null for nothing. Rejects where that cannot be told.
   * @param {PossibleSetup} setup
   * @returns {Promise<GpuFault | null>}
   */
  check({ choice, settings }) {
    const { entry, file } = choice;
    const precision = precisionOf(entry, settings.precision ?? "auto", file.precision);
    const name = `${entry.id} ${precision}`;
    let found = this.#found.get(name);
    if (!found) {
      found = this.#ask(entry, precision);
      this.#found.set(name, found);
      found.catch(() => this.#found.delete(name)); // to be asked anew
    }
    return found;
  }

  /** @param {import('../engine/registry.js').EngineEntry} entry @param {Precision} precision */
  async #ask(entry, precision) {
    const [adapter, answers] = await Promise.all([describeAdapter(), fetchAnswers()]);
    const version = versionOf(entry, this.vendor);
    const circumstances = circumstancesOf({ adapter, browser: navigator.userAgent, engine: entry.id, version, precision, answers });
    const known = recalled(circumstances);
    const signal = AbortSignal.timeout(LIMIT);
    const verdict = known ?? (await this.run(entry, precision, { vendor: this.vendor, answers, signal }));
    const judged = judge(verdict);
    if (judged === "unknown") throw new OnpageError("engine-failed", verdict.failed);
    if (!known) remember(circumstances, verdict);
    return judged === "wrong" ? { engine: entry.id, wrong: wrongOf(verdict).length, of: verdict.of } : null;
  }
}

/**
 * In what an engine computes a model, as its worker decides it.
 * @param {import('../engine/registry.js').EngineEntry} entry
 * @param {'auto' | Precision} asked
 * @param {Precision} [needed]
 * @returns {Precision}
 */
export function precisionOf(entry, asked, needed = "float32") {
  if (!entry.takesPrecision) return "float16";
  return asked === "auto" ? needed : asked;
}
