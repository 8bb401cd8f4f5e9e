// @ts-check
/**
 * Where a model's bytes are: one address, or several parts in order, for hosts that limit the size of a file. Whoever downloads it sees
 * one file either way; only the sha256 of the whole counts.
 *
 * @typedef {import('./protocol.js').ModelSource} ModelSource
 */

import { OnpageError } from "./errors.js";

/**
 * Addresses that are relative to a page, for those whose own is elsewhere.
 * @template {{url: string, parts?: import('./protocol.js').Part[]}} Source
 * @param {Source} source
 * @param {string | URL} [base] else the page's
 * @returns {Source}
 */
export function located(source, base = globalThis.document?.baseURI ?? globalThis.location?.href) {
  const at = (/** @type {string} */ url) => new URL(url, base).href;
  const parts = source.parts?.map(({ url, size }) => ({ url: at(url), size }));
  return { ...source, url: at(source.url), ...(parts && { parts }) };
}

/** The files that make up a model, in order. */
export class Parts {
  #parts;

  /** @param {ModelSource} source OnpageError where its parts are not the whole */
  constructor({ url, size, parts = [{ url, size }] }) {
    let start = 0;
    this.#parts = parts.map((part) => {
      if (!(part.size > 0)) throw new OnpageError("model-missing", `the list gives a part of it ${part.size} bytes`);
      return { ...part, start, end: (start += part.size) };
    });
    if (start !== size) throw new OnpageError("model-missing", `the parts of it have ${start} bytes, expected ${size}`);
  }

  /** Where a byte of the model is; the last part for its end. @param {number} position */
  at(position) {
    return this.#parts.find(({ end }) => position < end) ?? this.#parts[this.#parts.length - 1];
  }
}
