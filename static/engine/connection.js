// @ts-check
/**
 * One answer of a server to one request for a file from some byte on, and what its status means.
 *
 * Two kinds of errors leave this module: an `Interruption` may be over at the next try, an `OnpageError` will not.
 *
 * | what the server does | what it is |
 * | --- | --- |
 * | does not answer, sends nothing for a minute, breaks off, 408, 425, 5xx | an interruption |
 * | 429, 503 | an interruption, until `Retry-After` |
 * | 200 to a request for a range, 206 from an earlier byte | bytes that are there are passed over |
 * | another range than was asked for | an interruption; the next request is for the whole |
 * | 401, 403, 407, other 4xx, a web page (networks that want a sign-in) | `server-refused` |
 * | 404, 409, 410, 416, a file of another length | `model-missing`: what was listed is no longer there |
 */

import { OnpageError } from "./errors.js";
import { Interruption } from "./retry.js";

/** Milliseconds without the beginning of an answer, or without a further byte. */
export const PATIENCE = { answer: 30_000, byte: 60_000 };

const SIGN_IN = {
  401: "it asks for a sign-in",
  403: "it does not allow this",
  407: "a proxy on the way asks for a sign-in",
};

/**
 * @typedef {object} Wanted
 * @property {string} url
 * @property {number | null} size of the whole file in bytes, null where it is not known
 * @property {number} from the first byte that is wanted
 * @property {number} [to] the byte behind the last one that is wanted, where that is not the end
 * @property {boolean} ranged whether the server is asked to begin there; it may be known that it cannot
 * @property {string} etag what the file must still be, "" where that is not known
 * @property {RequestCache} cache
 * @property {AbortSignal} signal
 * @property {typeof PATIENCE} [patience]
 */

export class Connection {
  #reader;
  #abort;
  #patience;
  #signal;
  /** bytes that come before the first one wanted */
  #before;

  /**
   * @param {Wanted} wanted
   * @param {Response} response
   * @param {(reason: unknown) => void} abort
   */
  constructor({ from, size, signal, patience = PATIENCE }, response, abort) {
    this.#signal = signal;
    this.#abort = abort;
    this.#patience = patience;
    const start = startOf(response);
    if (start > from) throw new RangeIgnored(`it began at byte ${start} instead of ${from}`);
    this.#before = from - start;
    const { body, headers } = response;
    if (!body) throw new Interruption("server-unreachable", "the answer was empty");
    this.#reader = /** @type {ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>} */ (body.getReader());
    /** A strong one, or "". */
    this.etag = headers.get("ETag")?.startsWith('"') ? (headers.get("ETag") ?? "") : "";
    /** Bytes of the answer on the wire, null where the server does not say. */
    this.length = Number(headers.get("Content-Length")) || null;
    const whole = wholeOf(response);
    if (size !== null && whole !== null && whole !== size) {
      throw new OnpageError("model-missing", `the server's file has ${whole} bytes, expected ${size}`);
    }
  }

  /** @param {Wanted} wanted */
  static async open(wanted) {
    const { url, from, to, ranged, etag, cache, signal, patience = PATIENCE } = wanted;
    const controller = new AbortController();
    const abort = (/** @type {unknown} */ reason) => controller.abort(reason);
    signal.throwIfAborted();
    signal.addEventListener("abort", () => abort(signal.reason), { once: true, signal: controller.signal });
    const headers = (from || to) && ranged ? { Range: `bytes=${from}-${to ? to - 1 : ""}`, ...(etag && { "If-Range": etag }) } : undefined;
    try {
      const answer = fetch(url, { headers, cache, signal: controller.signal });
      const response = await within(answer, patience.answer, abort, "the server does not answer");
      await refuse(response);
      return new Connection(wanted, response, abort);
    } catch (error) {
      abort(error);
      throw interruption(error, "server-unreachable", signal);
    }
  }

  /**
   * What comes next of what is wanted, null at the end of the answer.
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
   */
  async read() {
    try {
      for (;;) {
        const { value, done } = await within(this.#reader.read(), this.#patience.byte, this.#abort, "nothing has come for a minute");
        if (done) return null;
        const passed = Math.min(this.#before, value.length);
        this.#before -= passed;
        if (passed < value.length) return value.subarray(passed);
      }
    } catch (error) {
      throw interruption(error, "download-cut", this.#signal);
    }
  }

  /** Lets go of what has not come. */
  close() {
    this.#abort(new DOMException("the rest is not wanted", "AbortError"));
  }
}

/** The server does not keep to the range that it was asked for. */
export class RangeIgnored extends Interruption {
  /** @param {string} message */
  constructor(message) {
    super("download-cut", message);
  }
}

/**
 * Throws what an answer means that is not the file.
 * @param {Response} response
 * @returns {Promise<void>}
 */
export async function refuse(response) {
  const { status, headers } = response;
  const retryAfter = secondsOf(headers.get("Retry-After"));
  if (status === 429 || status === 503) throw new Interruption("server-busy", `it answered ${status}`, retryAfter);
  if (status >= 500 || status === 408 || status === 425) throw new Interruption("server-unreachable", `it answered ${status}`);
  if (status === 404 || status === 409 || status === 410) {
    throw new OnpageError("model-missing", (await described(response)) || `the server answered ${status}`);
  }
  if (status === 416) throw new OnpageError("model-missing", `the server's file has become shorter (${status})`);
  if (status >= 400) {
    const why = Reflect.get(SIGN_IN, status) ?? (await described(response));
    throw new OnpageError("server-refused", `the server answered ${status}${why ? `: ${why}` : ""}`);
  }
  if (headers.get("Content-Type")?.startsWith("text/html")) {
    throw new OnpageError("server-refused", "a web page came in place of the file, as in networks that ask for a sign-in");
  }
}

/** Where the answer begins in the file. @param {Response} response */
function startOf({ status, headers }) {
  if (status !== 206) return 0;
  const range = /^bytes (\d+)-/.exec(headers.get("Content-Range") ?? "");
  if (!range) throw new RangeIgnored("it did not say which bytes it sent");
  return Number(range[1]);
}

/** Bytes of the whole file, null where the answer does not tell. @param {Response} response */
function wholeOf({ status, headers }) {
  const said = status === 206 ? /\/(\d+)$/.exec(headers.get("Content-Range") ?? "")?.[1] : headers.get("Content-Length");
  return said && !headers.get("Content-Encoding") ? Number(said) : null;
}

/** `Retry-After`, seconds or a date, in milliseconds. @param {string | null} value */
function secondsOf(value) {
  if (!value) return null;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return milliseconds > 0 ? milliseconds : null;
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {number} limit
 * @param {(reason: unknown) => void} abort
 * @param {string} message
 * @returns {Promise<T>}
 */
async function within(promise, limit, abort, message) {
  /** @type {Interruption | null} */
  let late = null;
  const timer = setTimeout(() => {
    late = new Interruption("server-unreachable", message);
    abort(late);
  }, limit);
  try {
    return await promise;
  } catch (error) {
    throw late ?? error; // not every browser hands on the reason of an abort
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {unknown} error
 * @param {import('./errors.js').ErrorCode} code
 * @param {AbortSignal} signal
 */
function interruption(error, code, signal) {
  if (signal.aborted) return signal.reason;
  if (error instanceof OnpageError || error instanceof Interruption) return error;
  return new Interruption(code, error instanceof Error ? error.message : String(error));
}

/** The sentence in an error of our own server. @param {Response} response */
async function described(response) {
  try {
    const { message } = await response.json();
    return typeof message === "string" ? message : "";
  } catch {
    return "";
  }
}
