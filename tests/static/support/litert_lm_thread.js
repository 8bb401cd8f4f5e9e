// Runs the worker of LiteRT-LM in a thread of node, with the real engine: its build for browsers that cannot suspend WebAssembly.

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";

const { model, sha256 } = workerData;
const bytes = readFileSync(model);
const engine = new URL("../../../static/node_modules/@litert-lm/core/wasm/", import.meta.url);
const hash = mkdtempSync(join(tmpdir(), "vendor-"));
writeFileSync(join(hash, "sha256.umd.min.js"), "self.hashwasm = { createSHA256: async () => ({ update() {}, digest: () => self.sha256 }) };");
const vendor = { "@litert-lm/core": engine.href, "hash-wasm": `${pathToFileURL(hash).href}/` };

const self = Object.assign(new EventTarget(), { sha256, postMessage: (reply) => parentPort.postMessage(reply) });
Object.assign(globalThis, { self, location: { href: "http://server/" }, dbg: () => {}, require: createRequire(import.meta.url), __dirname: engine.pathname, __filename: engine.pathname });
Object.defineProperty(self, "define", { set: (define) => (globalThis.define = define), configurable: true });
globalThis.fetch = async () => new Response(new Blob([bytes]).stream());
console.debug = () => {};

parentPort.on("message", (data) => self.dispatchEvent(Object.assign(new Event("message"), { data: { ...data, vendor } })));
await import("../../../static/engine/workers/litert_lm.worker.js");
parentPort.postMessage({ type: "up" });
