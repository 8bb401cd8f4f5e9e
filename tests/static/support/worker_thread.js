// Runs the worker of LiteRT-LM in a thread of node, with an engine that is silent for ever at the step that `workerData.silent` names.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { workerScope } from "./worker_scope.js";

const { silent, model, sha256 } = workerData;
const bytes = readFileSync(model);

/** An object of the engine, every method of which gives another one, but for those that are given. */
function loose(own = {}) {
  return new Proxy(own, { get: (target, name) => (name in target ? target[name] : name === "then" ? undefined : () => loose()) });
}

let step = "loading";
const answer = (name, value) => (silent === `${step}: ${name}` ? new Promise(() => {}) : value);

const wasm = loose({
  FS: loose({ lookupPath: () => ({ node: { node_ops: {} } }), analyzePath: () => ({ exists: false }) }),
  HEAPU8: new Uint8Array(bytes.length + 3 * 65_536),
  _malloc: () => 65_536,
  Backend: { CPU: 0, GPU_ARTISAN: 1 },
  ModelAssets: loose(),
  EngineSettings: loose(),
  SessionConfig: loose(),
  ConversationConfig: loose(),
  Engine: { createEngine: () => answer("create", loose({ waitUntilDone: () => answer("wait", undefined) })) },
  Conversation: {
    create: () =>
      answer("converse", loose({ sendMessageAsync: () => answer("send", undefined), getBenchmarkInfo: () => ({ lastDecodeTokenCount: 1 }) })),
  },
});

const { self, folder, url, hear } = workerScope(bytes, sha256, { factory: async () => wasm });
for (const name of ["litertlm_wasm_internal.js", "litertlm_wasm_compat_asyncify_internal.js"]) {
  writeFileSync(join(folder, name), "self.define([], () => self.factory);");
}

parentPort.on("message", (data) => {
  if (data === "crash") return self.dispatchEvent(Object.assign(new Event("error"), { message: "memory access out of bounds" }));
  if (data.type === "generate") step = "writing";
  return hear({ ...data, vendor: { "@litert-lm/core": url, "hash-wasm": url } });
});
await import("../../../static/engine/workers/litert_lm.worker.js");
parentPort.postMessage({ type: "up" });
