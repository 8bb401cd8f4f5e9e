// @ts-check
/** Layers at the end of a decoder that read the keys and values of earlier ones (Gemma 3n and 4), as config.json says it (builder/model/families/shared_caches.py). */

/** How many of the last layers have no keys and values of their own. @param {import('./config.js').Config} c @param {number} layers @returns {number} */
export function readSharedLayers(c, layers) {
  const { num_kv_shared_layers: shared } = c.values;
  if (!Number.isInteger(shared) || shared < 0 || shared >= layers) c.refuse("num_kv_shared_layers");
  return shared;
}

/**
 * The layer whose keys and values each layer reads, null for its own. It is the last of those with their own that sees as far; the engine reads the
 * last of them, or the one before it, so that these must be a layer that sees everything, and one that does not.
 * @param {import('./config.js').Config} c
 * @param {(number | null)[]} windows of the layers
 * @param {number} own how many have their own
 * @returns {(number | null)[]}
 */
export function readCaches(c, windows, own) {
  return windows.map((window, i) => {
    if (i < own) return null;
    const [read, expected] = [windows.slice(0, own).lastIndexOf(window), window === null ? own - 1 : own - 2];
    if (read !== expected || read < 0) c.refuse("num_kv_shared_layers");
    return read;
  });
}
