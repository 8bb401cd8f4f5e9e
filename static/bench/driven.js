// @ts-check
/**
 * `/bench?driven`: the runner for a program. It starts a plan and asks for what is new; everything that has happened is in the
 * events, of which `status` is the last. A paced plan waits after each `turn` event until it is given the next turn, so that
 * two pages can be measured in turn. A plan that cannot be run at all ends with `status`, too.
 */

import { run } from "./run.js";

/** @typedef {import('./record.js').Event} Event */

export function drive() {
  /** @type {Event[]} */
  let events = [];
  /** @type {AbortController | null} */
  let running = null;
  let heard = () => {};
  /** @type {(more: boolean) => void} */
  let giveTurn = () => {};

  /** @param {Event} event */
  function hear(event) {
    events.push(event);
    if (isAwaited(event)) heard();
  }

  return {
    /** Answers at once. @param {import('./record.js').Plan} plan */
    start(plan) {
      if (running) throw new Error("a plan is running: take its events, or stop it");
      events = [];
      running = new AbortController();
      const { signal } = running;
      const nextTurn = () =>
        new Promise((/** @type {(more: boolean) => void} */ resolve) => {
          giveTurn = resolve;
          signal.addEventListener("abort", () => resolve(false), { once: true });
        });
      run(plan, { onEvent: hear, signal, nextTurn })
        .catch((error) => {
          const detail = String(error?.message ?? error);
          hear({ at: "errors", value: { code: "bad-plan", sentence: "The plan could not be run.", detail, during: "the plan" } });
          hear({ at: "status", value: "failed" });
        })
        .finally(() => {
          running = null;
        });
    },

    /**
     * The events from the n-th on: at once where a turn or the end is among them, else when it comes, or after `milliseconds`.
     * @param {number} n
     * @param {number} [milliseconds]
     */
    async take(n, milliseconds = 0) {
      if (milliseconds > 0 && !events.slice(n).some(isAwaited)) {
        await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          heard = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return events.slice(n);
    },

    /** Gives a paced plan its next turn, or says that there are no more. @param {boolean} more */
    turn(more) {
      giveTurn(more);
    },

    /** What was measured stays; `status` follows when the engine has stopped. */
    stop() {
      running?.abort();
    },
  };
}

/** @param {Event} event */
function isAwaited({ at }) {
  return at === "turn" || at === "status";
}
