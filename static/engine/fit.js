// @ts-check
/** Whether a model fits into the memory of this device, as far as its browser says: Firefox and Safari do not. */

/** A model takes about its file's size in memory, and the engine and the browser something. */
const SHARE = 1.2;
/** What Chromium has long said of devices with that much, or more. */
const MAX_SAID = 8 * 2 ** 30;

/** Bytes, as far as the browser says. @returns {number | null} */
export function deviceMemory() {
  return Number(Reflect.get(navigator, "deviceMemory")) * 2 ** 30 || null;
}

/** @param {number} size of the file in bytes @param {number | null} memory bytes */
export function isTooLarge(size, memory) {
  return memory !== null && memory < MAX_SAID && size * SHARE > memory;
}

/**
 * The one to begin with where a person has chosen none: the first that fits, or else the smallest.
 * @template {{size: number}} Model
 * @param {Model[]} models the best first
 * @param {number | null} memory
 * @returns {Model | undefined}
 */
export function firstThatFits(models, memory) {
  return models.find(({ size }) => !isTooLarge(size, memory)) ?? [...models].sort((a, b) => a.size - b.size)[0];
}
