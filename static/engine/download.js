// @ts-check
/**
 * A model file as a stream of bytes that are counted, hashed, kept and resumed, and never all in memory.
 *
 * First comes what the browser's storage has of it, then the rest from the network, which is stored as it comes.
 *
 * A connection that breaks is made again from the byte where it stopped (`Range` with `If-Range`), a few times with a
 * growing pause; the count of tries starts over whenever bytes arrive. What the engine has read cannot be taken back, so a
 * file that changed on the server is an error, never a restart. The hash is known only at the end: call `finish()` after
 * the engine was created, and throw the engine away if it throws.
 *
 * Chunks are whole buffers of `CHUNK` bytes. Views would break the engine, whose reader ignores `byteOffset`, and small
 * chunks would slow it down, because it adds up all their lengths on every read.
 */

import { OnpageError } from "./errors.js";

const CHUNK = 4 << 20;
const PAUSES = [300, 1000, 2000, 4000];
const PROGRESS_INTERVAL = 100;

/**
 * @typedef {import('./protocol.js').ModelSource} ModelSource
 * @typedef {{loaded: number, recalled: boolean, bytesPerSecond: number}} DownloadProgress `recalled`: they came from storage
 * @typedef {{update(bytes: Uint8Array): unknown, digest(): string}} Hasher
 */

export class ModelDownload {
  /** bytes received, and bytes handed on in whole buffers */
  #offset = 0;
  #delivered = 0;
  /** @type {import('./model_storage.js').StoredModel | null} */
  #stored;
  /** bytes that storage had */
  #had;
  #tries = 0;
  /** what the speed is counted from: the beginning, then the first byte that storage did not have */
  #base = 0;
  #started = performance.now();
  #reported = -PROGRESS_INTERVAL;
  /** @type {ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | null} */
  #reader = null;
  /** @type {Uint8Array<ArrayBuffer> | null} what a network chunk held beyond the current buffer */
  #left = null;
  /** @type {Promise<Uint8Array<ArrayBuffer> | null>} one read at a time */
  #last = Promise.resolve(null);

  /**
   * @param {ModelSource} model
   * @param {Hasher} hasher
   * @param {object} options
   * @param {import('./model_storage.js').StoredModel | null} options.stored where it is kept; this object closes it
   * @param {boolean} options.fresh past the browser's cache, which may hold the damaged copy of an earlier try
   * @param {(progress: DownloadProgress) => void} options.onProgress at most ten times a second, and at the end
   */
  constructor(model, hasher, { stored, fresh, onProgress }) {
    this.model = model;
    this.hasher = hasher;
    this.#stored = stored;
    this.#had = stored?.length ?? 0;
    this.cache = /** @type {RequestCache} */ (stored ? "no-store" : fresh ? "reload" : "default");
    this.onProgress = onProgress;
    /** The first bytes, once they are there, which tell the format. */
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
   * The stream for the engine; a second one would share its position. It ends with its last bytes, not at one more pull:
   * MediaPipe reads ahead in copies of the stream that it then drops, and fails where the end comes to one of those.
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
      },
      { highWaterMark: 1 },
    );
  }

  /** Reads what the engine left unread, then compares the hash. Throws `model-corrupt`, or why the rest cannot be had. */
  async finish() {
    while (await this.#next());
    const actual = this.hasher.digest();
    if (actual === this.model.sha256) {
      this.#stored?.close();
    } else {
      await this.#forget();
      throw new OnpageError("model-corrupt", `sha256 ${actual}, expected ${this.model.sha256}`);
    }
  }

  /** Whether the browser had the file already; null where it had a part, or does not say. @returns {boolean | null} */
  get fromCache() {
    if (this.#had === this.model.size) return true;
    if (this.#had) return null;
    const timing = performance.getEntriesByName(new URL(this.model.url, location.href).href, "resource").at(-1);
    return timing instanceof PerformanceResourceTiming && timing.encodedBodySize ? !timing.transferSize : null;
  }

  /** @returns {Promise<Uint8Array<ArrayBuffer> | null>} the next whole buffer, null at the end */
  #next() {
    this.#last = this.#last.then(() => this.#fill());
    return this.#last;
  }

  async #fill() {
    const { size } = this.model;
    const buffer = new Uint8Array(Math.min(CHUNK, size - this.#delivered));
    let filled = this.#recall(buffer);
    const recalled = filled;
    while (filled < buffer.length) {
      const bytes = this.#left ?? (await this.#read());
      const taken = bytes.subarray(0, buffer.length - filled);
      buffer.set(taken, filled);
      filled += taken.length;
      this.#left = taken.length < bytes.length ? bytes.subarray(taken.length) : null;
    }
    if (!filled) return null;
    if (!this.#delivered) {
      this.head = buffer.slice(0, 8);
      this.begun();
    }
    this.#delivered += filled;
    this.hasher.update(buffer);
    if (recalled < filled && (await this.#stored?.append(buffer.subarray(recalled))) === false) await this.#forget();
    if (this.#delivered === size) {
      await this.#expectEnd();
      this.completedAt = performance.now();
      this.#report(true);
    }
    return buffer;
  }

  /**
   * What storage has of the next buffer.
   * @param {Uint8Array<ArrayBuffer>} buffer
   * @returns {number} bytes at the buffer's beginning
   */
  #recall(buffer) {
    const length = Math.min(this.#had - this.#delivered, buffer.length);
    if (!this.#stored || length <= 0) return 0;
    if (!this.#stored.read(this.#delivered, buffer.subarray(0, length))) {
      throw new OnpageError("model-corrupt", `the browser's storage lost what came after ${this.#delivered} bytes`);
    }
    this.#offset += length;
    this.#report(false);
    return length;
  }

  async #forget() {
    await this.#stored?.remove();
    this.#stored = null;
  }

  /** Some bytes from the network, however many connections that takes. */
  async #read() {
    for (;;) {
      try {
        if (this.#offset === this.#had) this.#speedFromHere();
        this.#reader ??= await this.#connect();
        const { value, done } = await this.#reader.read();
        if (done) throw new TypeError(`the connection ended at byte ${this.#offset}`);
        this.#tries = 0;
        this.#offset += value.length;
        if (this.#offset > this.model.size) {
          throw new OnpageError("model-corrupt", `more than the ${this.model.size} bytes expected`);
        }
        this.#report(false);
        return value;
      } catch (error) {
        this.#reader = null;
        if (error instanceof OnpageError) throw error;
        if (this.#tries === PAUSES.length) {
          const detail = error instanceof Error ? error.message : String(error);
          throw new OnpageError("download-cut", `${this.#offset} of ${this.model.size} bytes; ${detail}`);
        }
        await new Promise((resolve) => setTimeout(resolve, PAUSES[this.#tries]));
        this.#tries += 1;
      }
    }
  }

  async #connect() {
    const from = this.#offset;
    const headers = from ? { Range: `bytes=${from}-`, "If-Range": `"${this.model.sha256}"` } : undefined;
    const response = await fetch(this.model.url, { headers, cache: this.cache });
    if (response.status === 404 || response.status === 409) {
      throw new OnpageError("model-missing", (await describe(response)) || `status ${response.status}`);
    }
    if (response.status >= 500 || !response.body) throw new TypeError(`the server answered ${response.status}`);
    if (from && !response.headers.get("Content-Range")?.startsWith(`bytes ${from}-`)) {
      throw new OnpageError("model-corrupt", `the file changed on the server after ${from} bytes`);
    }
    if (!response.ok) throw new OnpageError("model-corrupt", `the server answered ${response.status}`);
    return response.body.getReader();
  }

  /** The server may have more than it announced; that is another file than the one listed. */
  async #expectEnd() {
    const end = await this.#reader?.read().catch(() => null);
    if (end && !end.done) throw new OnpageError("model-corrupt", `more than the ${this.model.size} bytes expected`);
  }

  /** @param {boolean} always */
  #report(always) {
    const now = performance.now();
    if (!always && now - this.#reported < PROGRESS_INTERVAL) return;
    this.#reported = now;
    const seconds = Math.max((now - this.#started) / 1000, 1e-3);
    this.onProgress({ loaded: this.#offset, recalled: this.#offset <= this.#had, bytesPerSecond: (this.#offset - this.#base) / seconds });
  }

  #speedFromHere() {
    this.#base = this.#offset;
    this.#started = performance.now();
  }
}

/** @param {Response} response */
async function describe(response) {
  try {
    const { message } = await response.json();
    return typeof message === "string" ? message : "";
  } catch {
    return "";
  }
}
