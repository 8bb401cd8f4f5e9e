// What a worker of ours finds around it, in a thread of node: its scope, a server that sends one model, and a hash that is the model's.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort } from "node:worker_threads";

/**
 * @param {Uint8Array} bytes of the model
 * @param {string} sha256 its
 * @param {object} [more] for the scope
 * @returns {{self: EventTarget, folder: string, url: string, hear: (data: object) => boolean}} `folder`: of libraries, served at `url`; `hear`
 *   brings the worker a message
 */
export function workerScope(bytes, sha256, more = {}) {
  const folder = mkdtempSync(join(tmpdir(), "vendor-"));
  writeFileSync(join(folder, "sha256.umd.min.js"), "self.hashwasm = { createSHA256: async () => ({ update() {}, digest: () => self.sha256 }) };");
  const self = Object.assign(new EventTarget(), { sha256, postMessage: (reply) => parentPort.postMessage(reply) }, more);
  Object.assign(globalThis, { self, location: { href: "http://server/" } });
  globalThis.fetch = async () => new Response(new Blob([bytes]).stream());
  console.debug = () => {};
  const hear = (data) => self.dispatchEvent(Object.assign(new Event("message"), { data }));
  return { self, folder, url: `${pathToFileURL(folder).href}/`, hear };
}
