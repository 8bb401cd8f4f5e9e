// @ts-check
/**
 * The engine's own files, megabytes of WebAssembly that are as much of a first load as the model: fetched into the browser's
 * HTTP cache, counted and tried again like a model, before the engine asks for them.
 *
 * No call says what the cache has, without an error in the console. So a library's script, which is small, is fetched first: a
 * browser that had it has the rest, too, which is then not read here. One that keeps nothing fetches all a second time.
 */

import { Connection } from "./connection.js";
import { OnpageError } from "./errors.js";
import { Interruption, Retries } from "./retry.js";

/** Milliseconds until the browser must have said where a file came from. */
const MAX_DELAY = 1000;

/**
 * @param {string} script address
 * @param {Record<string, number>} files address → bytes, as they are after decompression: the wire has fewer
 * @param {import('./meter.js').Meter} meter
 * @param {import('./download.js').Network} [network]
 * @returns {Promise<void>} OnpageError where one cannot be had
 */
export async function fetchLibrary(script, files, meter, network = {}) {
  const cached = wasCached(script);
  await fetchFile(script, null, meter, network);
  if (!Object.keys(files).length || (await cached)) return;
  await Promise.all(Object.entries(files).map(([url, size]) => fetchFile(url, size, meter, network)));
}

/**
 * @param {string} url
 * @param {number | null} size null for a file that is not counted
 * @param {import('./meter.js').Meter} meter
 * @param {import('./download.js').Network} network
 */
async function fetchFile(url, size, meter, network) {
  const { signal } = new AbortController(); // it ends with its worker
  /** @type {Interruption | null} */
  let interruption = null;
  const onPause = (/** @type {number} */ left) => {
    if (interruption) meter.retrying(interruption, left);
  };
  const retries = new Retries({ ...network, signal, onPause });
  let [most, counted, expected] = [0, 0, 0];
  const count = (/** @type {number} */ share) => {
    const wire = Math.round(Math.min(1, share) * expected); // whole bytes: their sum is compared
    meter.received(wire - counted);
    counted = wire;
  };
  for (;;) {
    try {
      const connection = await open(url, signal, network);
      if (size && !expected) meter.expect((expected = connection.length ?? size));
      let read = 0;
      for (let bytes = await connection.read(); bytes; bytes = await connection.read()) {
        read += bytes.length;
        if (read <= most) continue;
        most = read;
        retries.succeeded();
        if (size) count(read / size);
      }
      if (size) count(1);
      return;
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      interruption = error;
      if (!(await retries.pause(error))) throw new OnpageError(error.code, `${url}: ${error.message}`);
    }
  }
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @param {import('./download.js').Network} network
 */
async function open(url, signal, { patience }) {
  try {
    return await Connection.open({ url, size: null, from: 0, ranged: false, etag: "", cache: "default", signal, patience });
  } catch (error) {
    if (!(error instanceof OnpageError) || error.code !== "model-missing") throw error;
    throw new OnpageError("engine-failed", `${url}: ${error.detail}`);
  }
}

/**
 * Whether the next fetch of an address is answered by the browser's cache; false where it does not say.
 * @param {string} url
 * @returns {Promise<boolean>}
 */
function wasCached(url) {
  const absolute = new URL(url, globalThis.location?.href).href;
  return new Promise((resolve) => {
    const observer = new PerformanceObserver((list) => {
      const entry = list.getEntriesByName(absolute).at(-1);
      if (entry) settle(/** @type {PerformanceResourceTiming} */ (entry).transferSize === 0);
    });
    const settle = (/** @type {boolean} */ cached) => {
      observer.disconnect();
      clearTimeout(timer);
      resolve(cached);
    };
    const timer = setTimeout(() => settle(false), MAX_DELAY);
    observer.observe({ type: "resource" });
  });
}
