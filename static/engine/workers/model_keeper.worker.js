// @ts-check
/**
 * Brings one model into the browser's storage without an engine: from its server, going on where it stopped; or from a file of the
 * person's. A model that is whole is read and its hash compared. One request a worker; whoever ends the worker pauses it, and what has
 * come stays.
 *
 * @typedef {{model: import('../protocol.js').ModelSource}} FromServer
 * @typedef {{file: File}} FromFile
 * @typedef {(FromServer | FromFile) & {vendor: import('../protocol.js').VendorUrls}} KeepRequest
 * @typedef {{sha256: string, kept: boolean, isShared?: boolean}} Kept `kept` is false where storage has no room for it; `isShared` where another
 *   origin shares it, so that it needs none
 */

import { OnpageError } from "../errors.js";
import { Meter } from "../meter.js";
import { listStored, openStored } from "../storage.js";
import { createHasher, createMeter, reply, startDownload } from "./serve.js";

const CHUNK = 4 << 20;

self.addEventListener("message", async (/** @type {MessageEvent<KeepRequest>} */ { data }) => {
  try {
    const result = "file" in data ? await fromFile(data) : await fromServer(data);
    reply({ type: "done", id: 0, result: /** @type {any} */ (result) });
  } catch (error) {
    reply({ type: "failed", id: 0, error: OnpageError.from(error).toJSON() });
  }
});

/**
 * Where another model lent what made it another file, it comes once more, all of it from its server.
 * @param {FromServer & {vendor: import('../protocol.js').VendorUrls}} request
 * @param {boolean} [fresh]
 * @returns {Promise<Kept>}
 */
async function fromServer({ model, vendor }, fresh = false) {
  const download = await startDownload(model, { vendor, meter: createMeter(0), fresh });
  if (!download.isKept) {
    await download.stop();
    return { sha256: model.sha256, kept: false };
  }
  const reader = download.stream().getReader();
  while (!(await reader.read()).done) if (!download.isKept) break; // there was room for a part only
  try {
    if (download.isKept || (await isWhole(model))) await download.finish();
    else await download.stop();
  } catch (error) {
    if (!download.hasBorrowed || OnpageError.from(error).code !== "model-corrupt") throw error;
    return fromServer({ model, vendor }, true);
  }
  const { isShared } = download;
  return { sha256: model.sha256, kept: isShared || (await isWhole(model)), isShared };
}

/**
 * The file is read twice: its hash, which is its name in storage, is known at its end.
 * @param {FromFile & {vendor: import('../protocol.js').VendorUrls}} request
 * @returns {Promise<Kept>}
 */
async function fromFile({ file, vendor }) {
  const meter = new Meter((progress) => reply({ type: "progress", id: 0, progress: { ...progress, step: "reading" } }));
  const hasher = await createHasher(vendor, meter);
  const { size } = file;
  meter.expect(2 * size);
  for (let at = 0; at < size; at += CHUNK) {
    const bytes = await piece(file, at);
    hasher.update(bytes);
    meter.recalled(bytes.length);
  }
  const sha256 = hasher.digest();
  const stored = await openStored({ sha256, size }, { shared: async () => null }); // what others share may go; this stays
  if (!stored) return { sha256, kept: false };
  for (let at = stored.length; at < size; at = stored.length) {
    const bytes = await piece(file, at);
    if (!(await stored.append(bytes))) {
      await stored.remove();
      return { sha256, kept: false };
    }
    meter.recalled(bytes.length);
  }
  await stored.close();
  return { sha256, kept: await isWhole({ sha256, size }) };
}

/** @param {File} file @param {number} at */
async function piece(file, at) {
  return new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer());
}

/** @param {{sha256: string, size: number}} model */
async function isWhole({ sha256, size }) {
  return (await listStored()).some((each) => each.sha256 === sha256 && each.size === size);
}
