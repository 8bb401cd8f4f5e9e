// @ts-check
/**
 * A model in storage that has a part of one which is to be downloaded: a slice of it, or what it is a slice of (`lent_bytes.js`).
 *
 * Looked for where it may save much. It costs three small requests, for the header of the file, its notes and its sums. Whatever goes wrong means that
 * there is none, and the whole comes from the network.
 */

import { Loans, loansOf } from "./lent_bytes.js";
import { Opfs } from "./opfs.js";
import { Parts, located } from "./source.js";
import { openOthers } from "./storage.js";
import { placeOf, tensorsOf } from "./workers/web_file.js";

/**
 * @typedef {import('./lent_bytes.js').Directory} Directory
 * @typedef {import('./protocol.js').ModelSource} ModelSource
 * @typedef {(at: number, length: number) => Promise<Uint8Array<ArrayBuffer> | null>} Read so many bytes, or null
 * @typedef {{bytes: number, from: string}} Lent what need not be downloaded of a model; `from`: the sha256 of the one that has it
 */

/**
 * Bytes that are read from a lender at a time: what a slice has of a matrix lies there in hundreds of stripes, and to ask a browser for each took
 * longer than the network.
 */
const WINDOW = 1 << 20;
/** Bytes of a model from which on it is looked for. */
const WORTH = 64 << 20;
/** Of the bytes of a model, the share that has to be there. */
const SHARE = 1 / 8;
/** Bytes that hold a header: that of Gemma 3n E4B has 0.3 MB. */
const HEAD = 1 << 20;
/** Of the sums and the notes. */
const MAX_ENTRY = 1 << 20;
const MAX_LAYERS = 256;
/** Milliseconds for each of the three requests: the load waits for them, and other tabs for the models that are open meanwhile. */
const PATIENCE = 8000;

/**
 * @param {ModelSource} model
 * @param {object} [options]
 * @param {import('./storage.js').ModelStorage} [options.storage]
 * @param {number} [options.patience]
 * @param {number} [options.worth]
 * @param {number} [options.least] see `loansOf`
 * @returns {Promise<Lender | null>}
 */
export async function findLender(model, { storage = new Opfs(), patience = PATIENCE, worth = WORTH, least } = {}) {
  if (model.size < worth) return null;
  const others = await openOthers(model.sha256, storage);
  let best = null;
  try {
    const known = [];
    for (const stored of others) {
      const read = async (/** @type {number} */ at, /** @type {number} */ length) => {
        const bytes = new Uint8Array(Math.min(length, stored.length - at));
        return (await stored.read(at, bytes)) ? bytes : null;
      };
      const directory = await directoryOf(read, stored.length);
      if (directory) known.push({ stored, directory });
    }
    const target = known.length ? await directoryOf(rangesOf(model, patience), model.size) : null;
    for (const { stored, directory } of target ? known : []) {
      const loans = new Loans(loansOf(/** @type {Directory} */ (target), directory, least));
      if (loans.total > (best?.loans.total ?? model.size * SHARE)) best = new Lender(stored, loans);
    }
  } catch (error) {
    console.debug(`no model is borrowed from: ${error}`);
  }
  await Promise.all(others.filter((stored) => stored !== best?.stored).map((stored) => stored.close()));
  return best;
}

/**
 * What would be lent if a model were downloaded now; null for nothing. It opens what is stored for a moment, and no worker is needed.
 * @param {ModelSource} model
 * @param {number} [have] bytes of it that are there already
 * @param {Parameters<typeof findLender>[1]} [options]
 * @returns {Promise<Lent | null>}
 */
export async function lentTo({ url, parts, size, sha256 }, have = 0, options) {
  const lender = await findLender(located({ url, parts, size, sha256 }), options);
  await lender?.close();
  return lender && { bytes: lender.loans.behind(have), from: lender.stored.sha256 };
}

/** A model that lends. */
export class Lender {
  /** what was read last, and from where */
  #window = { at: 0, bytes: new Uint8Array() };

  /**
   * @param {import('./storage.js').StoredModel} stored
   * @param {Loans} loans
   */
  constructor(stored, loans) {
    this.stored = stored;
    this.loans = loans;
  }

  /**
   * What belongs at a place, at most so many bytes; null where it has nothing for it.
   * @param {number} position
   * @param {number} most
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
   */
  async read(position, most) {
    const loan = this.loans.at(position);
    if (!loan) return null;
    const length = Math.min(loan.length, most);
    return loan.from === null ? new Uint8Array(length) : this.#bytes(loan.from, length);
  }

  /** @param {number} from @param {number} length */
  async #bytes(from, length) {
    const { at, bytes } = this.#window;
    if (from < at || from + length > at + bytes.length) {
      const more = new Uint8Array(Math.max(length, Math.min(WINDOW, this.stored.length - from)));
      if (!(await this.stored.read(from, more))) throw new Error("the model that lends cannot be read");
      this.#window = { at: from, bytes: more };
      return more.slice(0, length);
    }
    return bytes.slice(from - at, from - at + length);
  }

  close() {
    return this.stored.close();
  }
}

/**
 * Where what lies in a web file of onpage, or in as much of one as is there; null for any other file.
 * @param {Read} read
 * @param {number} size
 * @returns {Promise<Directory | null>}
 */
export async function directoryOf(read, size) {
  const head = await read(0, Math.min(HEAD, size));
  if (!head) return null;
  try {
    const tensors = tensorsOf(head);
    const [sumsAt, notesAt] = [placeOf(head, "onpage.sums"), placeOf(head, "onpage")];
    if (!tensors?.length || !sumsAt || !notesAt || sumsAt.size !== 4 * (tensors.length + 2) || Math.max(sumsAt.size, notesAt.size) > MAX_ENTRY) return null;
    const [sums, notes] = [await read(sumsAt.offset, sumsAt.size), await read(notesAt.offset, notesAt.size)];
    if (sums?.length !== sumsAt.size || !notes) return null;
    const view = new DataView(sums.buffer, sums.byteOffset);
    const summed = tensors.map((tensor, i) => ({ ...tensor, sum: view.getUint32(4 * (i + 1), true) })).filter((tensor) => tensor.offset + tensor.size <= size);
    return { size, tensors: summed.sort((a, b) => a.offset - b.offset), layers: layersIn(new TextDecoder().decode(notes)) };
  } catch (error) {
    console.debug(error); // a damaged file: whoever loads it will say so
    return null;
  }
}

/** The layers that a slice notes. @param {string} notes */
function layersIn(notes) {
  const layers = JSON.parse(notes)?.slice?.layers;
  const sound = Array.isArray(layers) && layers.length <= MAX_LAYERS && layers.every((each) => Number.isInteger(each) && each >= 0);
  return sound ? /** @type {number[]} */ (layers) : null;
}

/** Some bytes of a model from its server, where that answers ranges. @param {ModelSource} model @param {number} patience @returns {Read} */
export function rangesOf(model, patience) {
  const parts = new Parts(model);
  return async (at, length) => {
    const { url, start, end } = parts.at(at);
    const count = Math.min(at + length, end) - at;
    const headers = { Range: `bytes=${at - start}-${at - start + count - 1}` };
    const response = await fetch(url, { headers, cache: "no-store", signal: AbortSignal.timeout(patience) });
    if (response.status !== 206 || Number(response.headers.get("Content-Length")) > count) {
      await response.body?.cancel();
      return null;
    }
    const bytes = new Uint8Array(await response.arrayBuffer());
    return bytes.length === count ? bytes : null;
  };
}
