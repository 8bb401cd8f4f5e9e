// @ts-check
/**
 * Starts an engine's worker, one function each: bundlers look for `new Worker(new URL("…", import.meta.url))` as it is written here, and
 * bring the file along.
 */

/** @type {(() => Worker)} */
export const mediapipe = () =>
  isForeign() ? foreign("mediapipe") : new Worker(new URL("./workers/mediapipe.worker.js", import.meta.url), { type: "module", name: "mediapipe" });

/** @type {(() => Worker)} */
export const litertLm = () =>
  isForeign() ? foreign("litert_lm") : new Worker(new URL("./workers/litert_lm.worker.js", import.meta.url), { type: "module", name: "litert-lm" });

/** @type {(() => Worker)} */
export const embedding = () =>
  isForeign() ? foreign("embedding") : new Worker(new URL("./workers/embedding.worker.js", import.meta.url), { type: "module", name: "embedding" });

/** @type {(() => Worker)} */
export const modelKeeper = () =>
  isForeign() ? foreign("model_keeper") : new Worker(new URL("./workers/model_keeper.worker.js", import.meta.url), { type: "module", name: "model-keeper" });

/** Apart from the addresses that bundlers look at. */
const HERE = import.meta.url;

/** Whether this file came from another origin than the page's, whose workers no page may start. */
function isForeign() {
  return new URL(HERE).origin !== globalThis.location.origin;
}

/** A worker of the page's own origin that imports the other's. @param {string} name */
function foreign(name) {
  const { href } = new URL(`workers/${name}.worker.js`, HERE);
  const address = URL.createObjectURL(new Blob([`import ${JSON.stringify(href)};`], { type: "text/javascript" }));
  const worker = new Worker(address, { type: "module", name });
  worker.addEventListener("message", () => URL.revokeObjectURL(address), { once: true });
  return worker;
}
