// @ts-check
/** An answer that is being written. */

/**
 * @typedef {import('../engine/client.js').Figures} Figures
 * @typedef {(onText: (piece: string) => void, signal: AbortSignal) => Promise<Figures>} Write ends early when the signal says so; what is thrown is thrown to whoever reads
 */

/**
 * ```js
 * const answer = model.ask("Say hello.");
 * for await (const piece of answer) show(piece);          // or: const text = await answer.text();
 * const { decodeRate, ended } = await answer.figures;
 * ```
 *
 * It is written whether it is read or not. Leaving the loop ends it, and so does the signal it was asked with, whose reason
 * is then thrown.
 */
export class Answer {
  #written = "";
  #ended = false;
  #wakers = new Set();
  #stopping = new AbortController();

  /**
   * @param {Write} write
   * @param {AbortSignal} [signal]
   */
  constructor(write, signal) {
    const stopped = signal ? AbortSignal.any([signal, this.#stopping.signal]) : this.#stopping.signal;
    /** What was measured, when it has ended. @type {Promise<Figures>} */
    this.figures = write((piece) => this.#heard(piece), stopped);
    this.figures
      .catch(() => {})
      .finally(() => {
        this.#ended = true;
        this.#wake();
      });
  }

  /** What is written so far. */
  get written() {
    return this.#written;
  }

  /** The whole answer. @returns {Promise<string>} */
  async text() {
    await this.figures;
    return this.#written;
  }

  /** Ends it; what is written stays. */
  stop() {
    this.#stopping.abort();
  }

  /** @returns {AsyncGenerator<string, void>} */
  async *[Symbol.asyncIterator]() {
    let read = 0;
    try {
      for (;;) {
        const piece = this.#written.slice(read);
        read += piece.length;
        if (piece) yield piece;
        else if (this.#ended) break;
        else await new Promise((/** @type {(value?: unknown) => void} */ wake) => this.#wakers.add(wake));
      }
      await this.figures;
    } finally {
      if (!this.#ended) this.stop();
    }
  }

  /** @param {string} piece */
  #heard(piece) {
    this.#written += piece;
    this.#wake();
  }

  #wake() {
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }
}
