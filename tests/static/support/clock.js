/** A clock on which pauses take no time: `now` moves on by them, and by `tick` at each look. */

export class FakeClock {
  #now = 0;
  /** Milliseconds of every pause. @type {number[]} */
  slept = [];
  /** Called in every pause; what it gives is awaited. @type {(clock: FakeClock) => unknown} */
  onSleep = () => {};

  /** @param {number} [tick] milliseconds */
  constructor(tick = 0) {
    this.tick = tick;
  }

  now() {
    this.#now += this.tick;
    return this.#now;
  }

  /** @param {number} milliseconds */
  pass(milliseconds) {
    this.#now += milliseconds;
  }

  /** @param {number} milliseconds @param {AbortSignal} signal */
  async sleep(milliseconds, signal) {
    this.slept.push(milliseconds);
    await this.onSleep(this);
    if (!signal.aborted) this.#now += milliseconds;
  }

  /** Of all pauses together. */
  get seconds() {
    return this.slept.reduce((sum, each) => sum + each, 0) / 1000;
  }
}
