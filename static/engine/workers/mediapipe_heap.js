// @ts-check
/** The WebAssembly memory of MediaPipe's engine, two properties deep, under names that its minifier chose. */

/** @typedef {{_free: (pointer: number) => void, HEAPU8: Uint8Array}} Heap */

/** @param {object} engine @returns {Heap} */
export function heapOf(engine) {
  const objects = (/** @type {object} */ owner) => Object.values(owner).filter((value) => value && typeof value === "object");
  const heap = objects(engine)
    .flatMap(objects)
    .find((value) => typeof value._free === "function");
  if (!heap) throw new Error("this version of the engine hides its memory");
  return heap;
}
