// Runs the worker of LiteRT-LM in a thread of node, with the real engine: its build for browsers that cannot suspend WebAssembly.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { workerScope } from "./worker_scope.js";

const { model, sha256 } = workerData;
const engine = new URL("../../../static/node_modules/@litert-lm/core/wasm/", import.meta.url);
const { self, url, hear } = workerScope(readFileSync(model), sha256);
Object.assign(globalThis, { dbg: () => {}, require: createRequire(import.meta.url), __dirname: engine.pathname, __filename: engine.pathname });
Object.defineProperty(self, "define", { set: (define) => (globalThis.define = define), configurable: true });

parentPort.on("message", (data) => hear({ ...data, vendor: { "@litert-lm/core": engine.href, "hash-wasm": url } }));
await import("../../../static/engine/workers/litert_lm.worker.js");
parentPort.postMessage({ type: "up" });
