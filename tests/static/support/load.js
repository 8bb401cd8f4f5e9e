/** One load of a model as a worker does it, without an engine: storage first, then the network, then the hash. */

import { createHash, randomBytes } from "node:crypto";

import { ModelDownload } from "../../../static/engine/download.js";
import { Meter } from "../../../static/engine/meter.js";
import { openStored } from "../../../static/engine/storage.js";
import { MemoryStorage } from "./memory_storage.js";
import { FakeClock } from "./clock.js";

/** Bytes of a buffer: fewer than the page's, so that a test is quick. */
export const CHUNK = 64 << 10;
/** Two chunks and a part of one. */
export const CONTENT = randomBytes(2 * CHUNK + 15_000);
export const SIZE = CONTENT.length;
export const SHA256 = sha256(CONTENT);

/** @param {Uint8Array} bytes */
export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

function hasher() {
  const hash = createHash("sha256");
  return { update: (/** @type {Uint8Array} */ bytes) => hash.update(bytes), digest: () => hash.digest("hex") };
}

/**
 * Begins it; `result` resolves to the bytes that an engine would have got, once their hash is known to be right.
 * @param {string} url
 * @param {object} [options]
 * @param {import('../../../static/engine/storage.js').ModelStorage | null} [options.storage]
 * @param {boolean} [options.fresh]
 * @param {FakeClock} [options.clock]
 * @param {EventTarget} [options.events]
 * @param {() => boolean} [options.isOnline]
 * @param {{answer: number, byte: number}} [options.patience]
 * @param {number} [options.size]
 * @param {string} [options.expected] sha256
 * @param {import('../../../static/engine/protocol.js').Part[]} [options.parts]
 * @param {import('../../../static/engine/lender.js').Lender | null} [options.lender]
 */
export async function begin(url, options = {}) {
  const { storage = new MemoryStorage(), fresh = false, clock = new FakeClock(), events = new EventTarget(), isOnline, patience, parts, lender } = options;
  const model = { url, size: options.size ?? SIZE, sha256: options.expected ?? SHA256, parts };
  /** @type {import('../../../static/engine/protocol.js').LoadProgress[]} */
  const shown = [];
  const meter = new Meter((progress) => shown.push(progress), clock);
  const onWaiting = (/** @type {number} */ bytes) => meter.waiting(bytes, model.size);
  const stored = storage && (await openStored(model, { storage, fresh, clock, onWaiting }));
  const download = new ModelDownload(model, hasher(), { stored, fresh, meter, lender, network: { clock, events, isOnline, patience }, chunk: CHUNK });
  const read = async () => {
    const bytes = Buffer.from(await new Response(download.stream()).arrayBuffer());
    await download.finish();
    return bytes;
  };
  const result = read();
  result.catch(() => {});
  return { download, result, shown, stored };
}

/** The whole of it. @param {string} url @param {Parameters<typeof begin>[1]} [options] */
export async function load(url, options) {
  const { result, shown, stored } = await begin(url, options);
  return { bytes: await result, shown, kept: stored !== null };
}
