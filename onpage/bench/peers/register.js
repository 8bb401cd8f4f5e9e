// @ts-check
/** Makes the peers engines of a page that measures; the page itself has never heard of them. */

import { add, engineOf } from "/static/engine/registry.js";

const worker = (/** @type {string} */ file) => () => new Worker(new URL(file, import.meta.url), { type: "module" });

/** @type {import('../../../static/engine/registry.js').EngineEntry[]} */
const PEERS = [
  {
    id: "transformers-js",
    name: "transformers.js",
    backend: "CPU",
    start: worker("transformers_js.worker.js"),
    formats: ["onnx"],
    package: "@huggingface/transformers",
  },
  {
    id: "transformers-js-webgpu",
    name: "transformers.js",
    backend: "WebGPU",
    start: worker("transformers_js.worker.js"),
    formats: ["onnx"],
    package: "@huggingface/transformers",
  },
  {
    id: "wllama",
    name: "wllama",
    backend: "CPU",
    start: worker("wllama.worker.js"),
    formats: ["gguf"],
    package: "@wllama/wllama",
  },
];

/** @param {import('../../../static/engine/protocol.js').VendorUrls} vendor where the peers' packages are; what the page has stays */
export function register(vendor) {
  for (const peer of PEERS) if (!engineOf(peer.id)) add(peer);
  const { dataset } = document.body;
  dataset.vendor = JSON.stringify({ ...JSON.parse(dataset.vendor ?? "{}"), ...vendor });
}
