// @ts-check
/** The verdicts that this browser keeps, so that a GPU is asked once: the newest few, by what they hold for (`circumstancesOf`). */

/** @typedef {import('./verdict.js').Verdict} Verdict */

const NAME = "onpage-gpu-check";
const MOST = 8;

/** @param {string} circumstances @param {Pick<Storage, 'getItem'>} [storage] @returns {Verdict | null} */
export function recalled(circumstances, storage) {
  return read(storage).find(([held]) => held === circumstances)?.[1] ?? null;
}

/** @param {string} circumstances @param {Verdict} verdict @param {Pick<Storage, 'getItem' | 'setItem'>} [storage] */
export function remember(circumstances, verdict, storage) {
  const others = read(storage).filter(([held]) => held !== circumstances);
  try {
    (storage ?? localStorage).setItem(NAME, JSON.stringify([[circumstances, verdict], ...others].slice(0, MOST)));
  } catch {
    // no storage, or no room: it is asked again
  }
}

/** @param {Pick<Storage, 'getItem'>} [storage] @returns {[string, Verdict][]} */
function read(storage) {
  try {
    const found = JSON.parse((storage ?? localStorage).getItem(NAME) ?? "[]");
    return found.filter((/** @type {unknown} */ each) => Array.isArray(each) && Array.isArray(each[1]?.results));
  } catch {
    return []; // no storage, or somebody else's
  }
}
