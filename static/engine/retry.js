// @ts-check
/**
 * When to try again after a connection broke: pauses that grow, for minutes, and at once when the browser is online again.
 * Chromium tells workers by `navigator.onLine` only, without an event, so every second of a pause looks at that as well.
 *
 * Pauses double from half a second to half a minute, each shortened by chance so that many pages do not come back together.
 * A server that says when (`Retry-After`) is not asked sooner. Only the pauses count towards the limit: a computer that slept
 * has lost nothing. Whoever uses it calls `succeeded()` when something new arrived, and everything starts over.
 */

const FIRST_PAUSE = 500;
const MAX_PAUSE = 30_000;
/** Pauses in a row, all together. */
const MAX_PAUSES = 300_000;
/** A pause tells of itself so often. */
const TICK = 1000;

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds from some moment on
 * @property {(milliseconds: number, signal: AbortSignal) => Promise<void>} sleep resolves early when the signal aborts
 */

/** @type {Clock} */
export const CLOCK = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      signal.addEventListener("abort", wake);
    }),
};

/** Why there has to be another try; `code` is what the person is told when there is none. */
export class Interruption extends Error {
  /**
   * @param {import('./errors.js').ErrorCode} code
   * @param {string} message
   * @param {number | null} [retryAfter] milliseconds that the server asked for
   */
  constructor(code, message, retryAfter = null) {
    super(message);
    this.name = "Interruption";
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** What the browser thinks; true where it does not say. */
function navigatorIsOnline() {
  return globalThis.navigator?.onLine ?? true;
}

export class Retries {
  #clock;
  #signal;
  #events;
  #random;
  #isOnline;
  #onPause;
  #tries = 0;
  #paused = 0;

  /**
   * @param {object} options
   * @param {AbortSignal} options.signal ends a pause at once
   * @param {(left: number) => void} options.onPause milliseconds until the next try, when a pause begins and every second
   * @param {Clock} [options.clock]
   * @param {Pick<EventTarget, 'addEventListener' | 'removeEventListener'>} [options.events] where `online` is heard
   * @param {() => boolean} [options.isOnline]
   * @param {() => number} [options.random] from 0 to 1
   */
  constructor({ signal, onPause, clock = CLOCK, events = globalThis, isOnline = navigatorIsOnline, random = Math.random }) {
    this.#signal = signal;
    this.#onPause = onPause;
    this.#clock = clock;
    this.#events = events;
    this.#random = random;
    this.#isOnline = isOnline;
  }

  /** Something new arrived. */
  succeeded() {
    this.#tries = 0;
    this.#paused = 0;
  }

  /**
   * Waits until it is time to try again.
   * @param {Interruption} reason
   * @returns {Promise<boolean>} false where it is of no more use
   */
  async pause({ retryAfter }) {
    this.#signal.throwIfAborted();
    const grown = Math.min(FIRST_PAUSE * 2 ** this.#tries, MAX_PAUSE);
    const pause = Math.max(grown * (0.5 + this.#random() / 2), retryAfter ?? 0);
    if (this.#paused + pause > MAX_PAUSES) return false;
    this.#tries += 1;
    await this.#wait(pause, retryAfter === null);
    this.#signal.throwIfAborted();
    return true;
  }

  /**
   * @param {number} pause
   * @param {boolean} endsOnline a server that named a time is not asked before
   */
  async #wait(pause, endsOnline) {
    const awake = new AbortController();
    const wake = () => awake.abort();
    const online = () => {
      this.#tries = 0;
      wake();
    };
    this.#signal.addEventListener("abort", wake);
    if (endsOnline) this.#events.addEventListener("online", online);
    let wasOnline = this.#isOnline();
    try {
      for (let left = pause; left > 0 && !awake.signal.aborted; left -= TICK) {
        this.#onPause(left);
        const step = Math.min(left, TICK);
        await this.#clock.sleep(step, awake.signal);
        this.#paused += step;
        const isOnline = this.#isOnline();
        if (endsOnline && isOnline && !wasOnline) online();
        wasOnline = isOnline;
      }
    } finally {
      this.#signal.removeEventListener("abort", wake);
      this.#events.removeEventListener("online", online);
    }
  }
}
