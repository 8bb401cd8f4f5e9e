// @ts-check
/**
 * Starts LiteRT-LM's WebAssembly in a module worker: which of its builds this browser runs, and its script. Its loader wants `importScripts`,
 * which a module worker has not; the script also introduces itself to AMD loaders, and so to this one.
 *
 * @typedef {import('@litert-lm/core').Wasm.LiteRtLmWasm} Wasm
 * @typedef {(options: object) => Promise<Wasm>} Factory
 */

import { importLibrary } from "./serve.js";

export const LIBRARY = "@litert-lm/core";
/** One with what newer browsers have: suspending (JSPI) and relaxed SIMD; one for all others. What each loads, and its bytes. */
const BUILDS = {
  newer: { script: "litertlm_wasm_internal.js", files: { "litertlm_wasm_internal.wasm": 21_698_317 } },
  all: { script: "litertlm_wasm_compat_asyncify_internal.js", files: { "litertlm_wasm_compat_asyncify_internal.wasm": 33_951_258 } },
};
/** A function with one relaxed SIMD instruction. */
const RELAXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253,
  128, 2, 11,
]);

/** That for this browser. @returns {{script: string, files: Record<string, number>}} */
export function build() {
  return "Suspending" in WebAssembly && WebAssembly.validate(RELAXED_SIMD) ? BUILDS.newer : BUILDS.all;
}

/**
 * @param {string} folder
 * @param {string} script
 * @param {Promise<unknown>} preparing
 * @returns {Promise<Wasm>}
 */
export async function openRuntime(folder, script, preparing) {
  await preparing;
  /** @type {Factory | null} */
  let factory = null;
  const define = (/** @type {string[]} */ _, /** @type {() => Factory} */ make) => {
    factory = make();
  };
  const say = (/** @type {string} */ line) => console.debug(line);
  Reflect.set(self, "dbg", say); // its own function for this is out of its reach in a module
  Reflect.set(self, "define", Object.assign(define, { amd: true }));
  await importLibrary(folder + script);
  Reflect.deleteProperty(self, "define");
  if (!factory) throw new Error("the engine's script did not introduce itself");
  const wasm = await /** @type {Factory} */ (factory)({
    locateFile: (/** @type {string} */ name) => folder + name,
    print: say,
    printErr: say,
  });
  wasm.setupLogging();
  return wasm;
}
