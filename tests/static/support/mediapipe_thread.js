// Runs the worker of MediaPipe in a thread of node, with an engine that writes what it draws with. `workerData.hidden` are the loads
// whose sampler is not to be found in its memory, by their number.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { workerScope } from "./worker_scope.js";

const { bytes, sha256, hidden } = workerData;
const AT = 100;
const word = (value) => new Int32Array(new Float32Array([value]).buffer)[0];
const number = (value) => new Float32Array(new Int32Array([value]).buffer)[0];

let loads = 0;

class Engine {
  /** What is found two properties deep. */
  library = { module: { _free() {}, HEAPU8: new Uint8Array(4000) } };

  async setOptions({ baseOptions, topK, temperature, randomSeed }) {
    const reader = baseOptions.modelAssetBuffer;
    while (!(await reader.read()).done);
    this.hidden = hidden.includes(loads);
    loads += 1;
    this.drawn = { topK, temperature, seed: randomSeed };
    this.words = new Int32Array(this.library.module.HEAPU8.buffer).fill(0);
    if (!this.hidden) this.words.set([1058684, 0, 31, 0, 2, topK, word(1), word(temperature), randomSeed], AT);
  }

  forget() {
    this.words.fill(0);
  }

  get sampling() {
    if (this.hidden || !this.words[AT]) return this.drawn;
    return { topK: this.words[AT + 5], temperature: number(this.words[AT + 7]), seed: this.words[AT + 8] };
  }

  sizeInTokens = () => 3;
  cancelProcessing() {}

  async generateResponse(prompt, heard) {
    heard(JSON.stringify({ ...this.sampling, loads }), true);
    return "";
  }
}

const { folder, url, hear } = workerScope(bytes, sha256);
writeFileSync(join(folder, "genai_bundle.mjs"), "export const { FilesetResolver, LlmInference } = globalThis.library;");

let engine;
const library = {
  FilesetResolver: { forGenAiTasks: async () => ({}) },
  LlmInference: {
    createWebGpuDevice: async () => ({ lost: new Promise(() => {}) }),
    async createFromOptions(files, options) {
      engine = new Engine();
      await engine.setOptions(options);
      return engine;
    },
  },
};
globalThis.library = library;
const adapter = { info: { description: "a GPU" }, limits: {}, features: new Set() };
Object.defineProperty(globalThis, "navigator", { value: { gpu: { requestAdapter: async () => adapter } }, configurable: true });

parentPort.on("message", (data) => {
  if (data === "forget") return engine.forget();
  return hear({ ...data, vendor: { "@mediapipe/tasks-genai": url, "hash-wasm": url } });
});
await import("../../../static/engine/workers/mediapipe.worker.js");
parentPort.postMessage({ type: "up" });
