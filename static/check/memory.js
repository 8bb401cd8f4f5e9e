// @ts-check
/** The verdicts that this browser keeps, so that a GPU is asked once: the newest few, by what they hold for (`circumstancesOf`). */

import { judge } from "./verdict.js";

/** @typedef {import('./verdict.js').Verdict} Verdict */

const NAME = "onpage-gpu-check";
const MAX_VERDICTS = 8;

/** @param {string} circumstances @param {Pick<Storage, 'getItem'>} [storage] @returns {Verdict | null} */
export function recalled(circumstances, storage) {
  return read(storage).find(([held]) => held === circumstances)?.[1] ?? null;
}

/** @param {string} circumstances @param {Verdict} verdict @param {Pick<Storage, 'getItem' | 'setItem'>} [storage] */
export function remember(circumstances, verdict, storage) {
  const others = read(storage).filter(([held]) => held !== circumstances);
  try {
    (storage ?? localStorage).setItem(NAME, JSON.stringify([[circumstances, verdict], ...others].slice(0, MAX_VERDICTS)));
  } catch {
    // no storage, or no room: it is asked again
  }
}

/** @param {Pick<Storage, 'getItem'>} [storage] @returns {[string, Verdict][]} */
function read(storage) {
  try {
    const found = JSON.parse((storage ?? localStorage).getItem(NAME) ?? "[]");
    return found.filter((/** @type {any} */ each) => typeof each?.[0] === "string" && isVerdict(each[1]));
  } catch {
    return []; // no storage, or somebody else's
  }
}

/**
 * Whether it is one that ends the question. A damaged one would end it for good.
 * @param {any} value
 * @returns {value is Verdict}
 */
function isVerdict(value) {
  const texts = [value?.engine, value?.name, value?.version, value?.precision, value?.failed];
  if (!texts.every((each) => typeof each === "string") || !isCount(value.of) || !Array.isArray(value.results)) return false;
  return value.results.every(isResult) && judge(value) !== "unknown";
}

/** @param {any} value */
function isResult(value) {
  return typeof value?.model === "string" && isCount(value.tokens) && (value.wrong === null || isCount(value.wrong));
}

/** @param {unknown} value */
function isCount(value) {
  return Number.isInteger(value) && Number(value) > 0;
}
