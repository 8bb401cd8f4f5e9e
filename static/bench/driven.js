// @ts-check
/**
 * `/bench?driven`: the runner for a program. It starts a plan and then asks, about twice a second, for what is new; everything
 * that has happened is in the events, of which `status` is the last. A plan that cannot be run at all ends so, too.
 */

import { run } from "./run.js";

/** @typedef {import('./record.js').Event} Event */

export function drive() {
  /** @type {Event[]} */
  let events = [];
  /** @type {AbortController | null} */
  let running = null;

  return {
    /** Answers at once. @param {import('./record.js').Plan} plan */
    start(plan) {
      if (running) throw new Error("a plan is running: take its events, or stop it");
      events = [];
      running = new AbortController();
      run(plan, { onEvent: (event) => void events.push(event), signal: running.signal })
        .catch((error) => {
          const detail = String(error?.message ?? error);
          const sentence = "The plan could not be run.";
          events.push({ at: "errors", value: { code: "bad-plan", sentence, detail, during: "the plan" } });
          events.push({ at: "status", value: "failed" });
        })
        .finally(() => {
          running = null;
        });
    },

    /** The events from the n-th on. @param {number} n */
    take(n) {
      return events.slice(n);
    },

    /** What was measured stays; `status` follows when the engine has stopped. */
    stop() {
      running?.abort();
    },
  };
}
