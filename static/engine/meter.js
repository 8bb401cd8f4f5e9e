// @ts-check
/**
 * How far a load is: bytes that are there of those that are needed, how fast they come, how long that will take.
 *
 * One meter counts all files of a load. Speed is that of the last seconds, so that the time left neither jumps with each
 * chunk nor remembers a network that has changed. What storage had counts as there, but not for the speed of the network.
 */

import { CLOCK } from "./retry.js";

/**
 * @typedef {import('./protocol.js').LoadProgress} LoadProgress
 * @typedef {import('./retry.js').Interruption} Interruption
 */

const INTERVAL = 100;
/** Milliseconds that speed is taken from. */
const WINDOW = 10_000;
/** Before that nothing is said of the time left. */
const MIN_WINDOW = 1000;

export class Meter {
  #onProgress;
  #clock;
  #loaded = 0;
  #total = 0;
  #said = -Infinity;
  /** Bytes of the network so far, when they came; the first is what speed is counted from. @type {{time: number, bytes: number}[]} */
  #arrivals = [];
  #arrived = 0;

  /**
   * @param {(progress: LoadProgress) => void} onProgress at most ten times a second, and when all is there
   * @param {import('./retry.js').Clock} [clock]
   */
  constructor(onProgress, clock = CLOCK) {
    this.#onProgress = onProgress;
    this.#clock = clock;
  }

  /** A file of so many bytes belongs to this load. @param {number} bytes */
  expect(bytes) {
    this.#total += bytes;
  }

  /** The browser had so many of them. @param {number} bytes */
  recalled(bytes) {
    this.#loaded += bytes;
    this.#say("reading", this.#loaded === this.#total);
  }

  /** The network begins to bring bytes. */
  begin() {
    if (!this.#arrivals.length) this.#arrivals.push({ time: this.#clock.now(), bytes: 0 });
  }

  /** So many of them came from the network. @param {number} bytes */
  received(bytes) {
    this.begin();
    const now = this.#clock.now();
    this.#loaded += bytes;
    this.#arrived += bytes;
    const last = this.#arrivals.at(-1);
    if (last && this.#arrivals.length > 1 && now - last.time < INTERVAL) last.bytes = this.#arrived;
    else this.#arrivals.push({ time: now, bytes: this.#arrived });
    while (this.#arrivals.length > 2 && this.#arrivals[1].time < now - WINDOW) this.#arrivals.shift();
    this.#say("downloading", this.#loaded === this.#total);
  }

  /** The network is tried again after a pause; speed is counted anew. @param {Interruption} reason @param {number} left milliseconds */
  retrying({ code }, left) {
    this.#arrivals = [];
    this.#arrived = 0;
    this.#say("retrying", true, { code, seconds: Math.ceil(left / 1000) });
  }

  /** Another tab brings the file, and has so many bytes of it. @param {number} bytes @param {number} total */
  waiting(bytes, total) {
    this.#said = this.#clock.now();
    this.#onProgress({ step: "waiting", loaded: bytes, total, bytesPerSecond: 0, secondsLeft: null, retry: null });
  }

  /**
   * @param {import('./protocol.js').LoadStep} step
   * @param {boolean} always
   * @param {LoadProgress['retry']} [retry]
   */
  #say(step, always, retry = null) {
    const now = this.#clock.now();
    if (!always && now - this.#said < INTERVAL) return;
    this.#said = now;
    const first = this.#arrivals.at(0);
    const last = this.#arrivals.at(-1);
    const elapsed = first && last ? now - first.time : 0;
    const bytesPerSecond = first && last && elapsed >= INTERVAL ? ((last.bytes - first.bytes) / elapsed) * 1000 : 0;
    const known = step === "downloading" && elapsed >= MIN_WINDOW && bytesPerSecond > 0;
    const secondsLeft = known ? (this.#total - this.#loaded) / bytesPerSecond : null;
    this.#onProgress({ step, loaded: this.#loaded, total: this.#total, bytesPerSecond, secondsLeft, retry });
  }
}
