// @ts-check
/**
 * A model file as a stream of bytes that are counted, hashed, kept and resumed, and never all in memory.
 *
 * First comes what the browser's storage has of it, then the rest from the network, which is stored as it comes. Storage that
 * fails at any moment is forgotten, and the network takes its place.
 *
 * The model may lie in parts (`source.js`), which are read one after the other. A connection that breaks is made again from the
 * byte where it stopped, see `connection.js` and `retry.js`. What the engine has read cannot be taken back, so a file that turns
 * out to be another one is an error, never a restart. The hash is known only at the end: call `finish()` after the engine was
 * created, and throw the engine away if it throws.
 *
 * Chunks are whole buffers of `CHUNK` bytes. Views would break the engine, whose reader ignores `byteOffset`, and small
 * chunks would slow it down, because it adds up all their lengths on every read.
 */

import { Connection, RangeIgnored } from "./connection.js";
import { OnpageError } from "./errors.js";
import { CLOCK, Interruption, Retries } from "./retry.js";
import { Parts } from "./source.js";

const CHUNK = 4 << 20;
/** Bytes of the beginning that are kept: the header of a web file, and its parameters. */
const HEAD = 1 << 20;

/**
 * @typedef {import('./protocol.js').ModelSource} ModelSource
 * @typedef {{update(bytes: Uint8Array): unknown, digest(): string}} Hasher
 *
 * @typedef {object} Network what tests put in place of the browser's
 * @property {import('./retry.js').Clock} [clock]
 * @property {Pick<EventTarget, 'addEventListener' | 'removeEventListener'>} [events]
 * @property {() => boolean} [isOnline]
 * @property {typeof import('./connection.js').PATIENCE} [patience]
 */

export class ModelDownload {
  /** bytes received, and bytes handed on in whole buffers */
  #offset = 0;
  #delivered = 0;
  #chunk;
  #hasher;
  #meter;
  #network;
  #cache;
  #retries;
  #stopped = new AbortController();
  /** @type {import('./storage.js').StoredModel | null} */
  #stored;
  /** bytes that storage has */
  #had;
  #lender;
  /** Whether another model in storage gave a part of it. */
  hasBorrowed = false;
  /** @type {Connection | null} */
  #connection = null;
  /** whether the server is asked for ranges; one that gets them wrong is not */
  #ranged = true;
  #parts;
  /** the one that is being read, and what it must still be; "" where nobody knows or its address says it */
  #part;
  #etag;
  /** @type {Interruption | null} why it is being tried again */
  #interruption = null;
  /** @type {Uint8Array<ArrayBuffer> | null} what a network chunk held beyond the current buffer */
  #left = null;
  /** @type {Promise<Uint8Array<ArrayBuffer> | null>} one read at a time */
  #last = Promise.resolve(null);

  /**
   * @param {ModelSource} model
   * @param {Hasher} hasher
   * @param {object} options
   * @param {import('./storage.js').StoredModel | null} options.stored where it is kept; this object closes it
   * @param {boolean} options.fresh past the browser's cache, which may hold the damaged copy of an earlier try
   * @param {import('./meter.js').Meter} options.meter
   * @param {import('./lender.js').Lender | null} [options.lender] a model in storage that has a part of it; this object closes it
   * @param {Network} [options.network]
   * @param {number} [options.chunk] bytes of a buffer
   */
  constructor(model, hasher, { stored, fresh, meter, lender = null, network = {}, chunk = CHUNK }) {
    this.model = model;
    this.#lender = lender;
    this.#chunk = chunk;
    this.#hasher = hasher;
    this.#meter = meter;
    this.#network = network;
    this.#stored = stored;
    this.#had = stored?.length ?? 0;
    this.#cache = /** @type {RequestCache} */ (stored ? "no-store" : fresh ? "reload" : "default");
    this.#parts = new Parts(model);
    this.#part = this.#parts.at(0);
    this.#etag = model.parts || model.url.includes(model.sha256) ? "" : `"${model.sha256}"`;
    this.#retries = new Retries({
      ...network,
      signal: this.#stopped.signal,
      onPause: (left) => {
        if (this.#interruption) meter.retrying(this.#interruption, left);
      },
    });
    meter.expect(model.size);
    /** The first bytes, once they are there, which tell the format and what a web file holds. */
    this.head = new Uint8Array();
    /** When the last byte arrived (`performance.now()`), or null. @type {number | null} */
    this.completedAt = null;
    /** @type {(error: unknown) => void} */
    let fail = () => {};
    /** Rejects when the file cannot be had; never resolves. @type {Promise<never>} */
    this.failed = new Promise((_, reject) => {
      fail = reject;
    });
    this.fail = fail;
    this.failed.catch(() => {});
    /** @type {() => void} */
    this.begun = () => {};
    /** Resolves with the first whole buffer; rejects when the file cannot be had. @type {Promise<void>} */
    this.arrived = Promise.race([new Promise((/** @type {(value?: any) => void} */ resolve) => (this.begun = resolve)), this.failed]);
    this.arrived.catch(() => {});
  }

  /**
   * The stream for the engine; a second one would share its position. It ends with its last bytes, not at one more pull.
   */
  stream() {
    return new ReadableStream(
      {
        pull: async (controller) => {
          try {
            const chunk = await this.#next();
            if (chunk) controller.enqueue(chunk);
            if (this.#delivered === this.model.size) controller.close();
          } catch (error) {
            this.fail(error);
            controller.error(error);
          }
        },
        cancel: (reason) => this.stop(reason),
      },
      { highWaterMark: 1 },
    );
  }

  /** Reads what the engine left unread, then compares the hash. Throws `model-corrupt`, or why the rest cannot be had. */
  async finish() {
    while (await this.#next());
    const actual = this.#hasher.digest();
    if (actual === this.model.sha256) {
      await this.#letGo();
    } else {
      await this.#forget();
      await this.#letGo();
      throw new OnpageError("model-corrupt", `sha256 ${actual}, expected ${this.model.sha256}`);
    }
  }

  /** Ends it at once, also in a pause; what has come stays in storage. @param {unknown} [reason] */
  stop(reason = new DOMException("the download was stopped", "AbortError")) {
    this.#stopped.abort(reason);
    return this.#letGo();
  }

  /** Whether what comes is kept, or is kept already. */
  get isKept() {
    return this.#stored !== null;
  }

  /** Whether it is read from where all origins share it, and so takes no room here. */
  get isShared() {
    return this.#stored?.isShared ?? false;
  }

  /** Whether the browser had the file already; null where it had a part, or does not say. @returns {boolean | null} */
  get fromCache() {
    if (this.#had === this.model.size) return true;
    if (this.#had) return null;
    const { url } = this.#parts.at(0);
    const timing = performance.getEntriesByName(new URL(url, location.href).href, "resource").at(-1);
    return timing instanceof PerformanceResourceTiming && timing.encodedBodySize ? !timing.transferSize : null;
  }

  /** @returns {Promise<Uint8Array<ArrayBuffer> | null>} the next whole buffer, null at the end */
  #next() {
    this.#last = this.#last.then(() => this.#fill());
    return this.#last;
  }

  async #fill() {
    this.#stopped.signal.throwIfAborted();
    const { size } = this.model;
    const buffer = new Uint8Array(Math.min(this.#chunk, size - this.#delivered));
    let filled = await this.#recall(buffer);
    const recalled = filled;
    while (filled < buffer.length) {
      const bytes = this.#left ?? (await this.#borrow(buffer.length - filled)) ?? (await this.#read());
      const taken = bytes.subarray(0, buffer.length - filled);
      buffer.set(taken, filled);
      filled += taken.length;
      this.#left = taken.length < bytes.length ? bytes.subarray(taken.length) : null;
    }
    if (!filled) return null;
    if (!this.#delivered) {
      this.head = buffer.slice(0, HEAD);
      this.begun();
    }
    this.#delivered += filled;
    this.#hasher.update(buffer);
    if (recalled < filled) await this.#keep(buffer.subarray(recalled));
    if (this.#delivered === size) {
      await this.#expectEnd();
      this.completedAt = (this.#network.clock ?? CLOCK).now();
    }
    return buffer;
  }

  /**
   * What storage has of the next buffer.
   * @param {Uint8Array<ArrayBuffer>} buffer
   * @returns {Promise<number>} bytes at the buffer's beginning
   */
  async #recall(buffer) {
    const length = Math.min(this.#had - this.#delivered, buffer.length);
    if (!this.#stored || length <= 0) return 0;
    if (await this.#stored.read(this.#delivered, buffer.subarray(0, length))) {
      this.#offset += length;
      this.#meter.recalled(length);
      return length;
    }
    await this.#forget();
    this.#had = this.#delivered;
    return 0;
  }

  /**
   * What another model has of what comes next, at most so many bytes; null where it has nothing.
   * @param {number} most
   */
  async #borrow(most) {
    try {
      const bytes = (await this.#lender?.read(this.#offset, most)) ?? null;
      if (!bytes) return null;
      this.hasBorrowed = true;
      this.#connection?.close();
      this.#connection = null;
      this.#offset += bytes.length;
      this.#meter.recalled(bytes.length);
      return bytes;
    } catch (error) {
      console.debug(`goes on from the network: ${error}`);
      await this.#borrowNoMore();
      return null;
    }
  }

  /** The connection may be one that ends where a loan begins. */
  async #borrowNoMore() {
    await this.#lender?.close();
    this.#lender = null;
    this.#connection?.close();
    this.#connection = null;
  }

  /** Puts down what has come. A model that lends is in use and cannot go to make room: where there is none left, it lends no more. @param {Uint8Array<ArrayBuffer>} bytes */
  async #keep(bytes) {
    if ((await this.#stored?.append(bytes)) !== false) return;
    if (this.#lender) {
      await this.#borrowNoMore();
      if (await this.#stored?.append(bytes)) return;
    }
    await this.#forget();
  }

  /** Closes what is open in storage. */
  async #letGo() {
    await this.#lender?.close();
    await this.#stored?.close();
  }

  async #forget() {
    await this.#stored?.remove();
    this.#stored = null;
  }

  /**
   * Some bytes from the network, however many connections that takes.
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async #read() {
    for (;;) {
      try {
        if (this.#connection && this.#offset === this.#part.end) await this.#expectEnd();
        this.#connection ??= await this.#connect();
        const all = await this.#connection.read();
        if (!all) throw new Interruption("download-cut", "the connection ended");
        const bytes = all.subarray(0, this.#lentFrom() - this.#offset);
        this.#retries.succeeded();
        this.#offset += bytes.length;
        if (this.#offset > this.#part.end) throw this.#tooLong();
        this.#meter.received(bytes.length);
        return bytes;
      } catch (error) {
        this.#connection?.close();
        this.#connection = null;
        await this.#pause(error);
      }
    }
  }

  /** From where on another model has what comes next; Infinity where there is no such place. */
  #lentFrom() {
    return this.#lender?.loans.next(this.#offset) ?? Infinity;
  }

  async #connect() {
    this.#meter.begin();
    const part = this.#parts.at(this.#offset);
    if (part !== this.#part) this.#etag = "";
    this.#part = part;
    const { url, size, start, end } = part;
    const lent = this.#lentFrom();
    const connection = await Connection.open({
      url,
      size,
      from: this.#offset - start,
      to: lent < end ? lent - start : undefined,
      ranged: this.#ranged,
      etag: this.#etag,
      cache: this.#cache,
      signal: this.#stopped.signal,
      patience: this.#network.patience,
    });
    if (!url.includes(this.model.sha256)) this.#etag = connection.etag || this.#etag; // else it is that file or none
    return connection;
  }

  /** Until the next try; throws where there is none. @param {unknown} error */
  async #pause(error) {
    if (!(error instanceof Interruption)) {
      await this.#letGo();
      throw error;
    }
    if (error instanceof RangeIgnored) this.#ranged = false;
    this.#interruption = error;
    if (await this.#retries.pause(error)) return;
    await this.#letGo();
    throw new OnpageError(error.code, `${this.#offset} of ${this.model.size} bytes; ${error.message}`);
  }

  /** The server may have more than it announced; that is another file than the one listed. */
  async #expectEnd() {
    const more = await this.#connection?.read().catch(() => null);
    this.#connection?.close();
    this.#connection = null;
    if (more) throw this.#tooLong();
  }

  #tooLong() {
    return new OnpageError("model-corrupt", `more than the ${this.#part.size} bytes expected`);
  }
}
