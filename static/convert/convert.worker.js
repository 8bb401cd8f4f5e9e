// @ts-check
/**
 * Converts one checkpoint folder into a model in the browser's storage. One request a worker; whoever ends the worker cancels it, and removes what
 * was written.
 *
 * @typedef {{folder: import('./folder.js').Folder, bits: import('./convert.js').Bits, scratch: string, vendor: import('../engine/protocol.js').VendorUrls}} ConvertRequest
 * @typedef {import('./convert.js').Plan['facts'] & Awaited<ReturnType<typeof write>> & {context: number}} Made
 * @typedef {{made: Made} | {refused: import('./refusal.js').RefusalCode, detail: string} | {noRoom: number}} Converted
 *   `noRoom`: for so many bytes
 */

import { OnpageError } from "../engine/errors.js";
import { Meter } from "../engine/meter.js";
import { Opfs } from "../engine/opfs.js";
import { isFull, listStored, removeOne } from "../engine/storage.js";
import { createHasher, reply } from "../engine/workers/serve.js";
import { plan, refuseWhatIsNotFinite, write } from "./convert.js";
import { Refusal } from "./refusal.js";
import { makeRoom } from "./room.js";
import { NoRoom, ScratchFile } from "./scratch_file.js";

/** Few bytes, read whole: some hosts send no type that a stream of WebAssembly needs. */
const KERNEL = new URL("kernel.wasm", import.meta.url);
/** Milliseconds between two words of progress. */
const OFTEN = 100;

self.addEventListener("message", async (/** @type {MessageEvent<ConvertRequest>} */ { data }) => {
  try {
    reply({ type: "done", id: 0, result: /** @type {any} */ (await convert(data)) });
  } catch (error) {
    reply({ type: "failed", id: 0, error: OnpageError.from(error).toJSON() });
  }
});

/** @param {ConvertRequest} request @returns {Promise<Converted>} */
async function convert({ folder, bits, scratch, vendor }) {
  let size = 0;
  try {
    const module = await WebAssembly.compile(await (await fetch(KERNEL)).arrayBuffer());
    const planned = await plan(folder, bits, module, () => import(`${vendor["@huggingface/jinja"]}index.js`));
    size = planned.layout({ factor: 1, bound: 0 }).size;
    if (!(await makeRoom(size, await listStored(), await new Opfs().room(), removeOne, () => refuseWhatIsNotFinite(planned, told())))) return { noRoom: size };
    const hasher = await createHasher(vendor, new Meter(() => {}));
    return { made: { ...planned.facts, context: planned.model.context, ...(await written(planned, scratch, hasher)) } };
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.code, detail: error.detail };
    if (error instanceof NoRoom || isFull(error)) return { noRoom: size };
    console.error(error); // in the browser's own words, which are none for a person
    return { refused: "unexpected", detail: "" };
  }
}

/** @param {import('./convert.js').Plan} planned @param {string} scratch the file's name meanwhile @param {import('./convert.js').Hasher} hasher */
async function written(planned, scratch, hasher) {
  const file = await ScratchFile.create(scratch);
  try {
    const model = await write(planned, file, hasher, told());
    const there = (await listStored()).some(({ sha256, size }) => sha256 === model.sha256 && size === model.size);
    await (there ? file.remove() : file.keep(model.sha256));
    return model;
  } catch (error) {
    await file.remove().catch(() => {});
    throw error;
  }
}

/** Says how far it is, not too often. @returns {(loaded: number, total: number) => void} */
function told() {
  let said = 0;
  return (loaded, total) => {
    if (performance.now() < said + OFTEN && loaded < total) return;
    said = performance.now();
    reply({ type: "progress", id: 0, progress: { step: "reading", loaded, total, bytesPerSecond: 0, secondsLeft: null, retry: null } });
  };
}
