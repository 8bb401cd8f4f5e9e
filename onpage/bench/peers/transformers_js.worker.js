// @ts-check
/**
 * transformers.js, that is ONNX Runtime: a folder in the form of the hub, on the CPU (WebAssembly, every core) or on WebGPU.
 *
 * The model's address is that of a list of its files. They are fetched and checked here; the library asks for them one by one
 * and gets them without a network. Nothing is kept from one generation to the next, and the cache of keys and values grows with the
 * text, so `maxTokens` has no meaning.
 */

import { describeAdapter } from "/static/engine/gpu.js";
import { fetchFiles, serve, threads } from "./peer.js";

const LIBRARY = "@huggingface/transformers";
const RUNTIME = "onnxruntime-web";
/** What the library calls the model, and what its paths begin with. */
const NAME = "model";
/** ONNX Runtime's builds. The library takes that of WebGPU for both, which cannot look 4-bit embeddings up on the CPU. */
const BUILDS = { CPU: "ort-wasm-simd-threaded", WebGPU: "ort-wasm-simd-threaded.asyncify" };

/** @type {any} */
let library = null;
/** @type {any} */
let tokenizer = null;
/** @type {any} */
let model = null;
/** @type {import('./peer.js').LoadRequest['settings'] | null} */
let settings = null;

serve({
  async load(request, meter) {
    const started = performance.now();
    const backend = /** @type {keyof typeof BUILDS} */ (request.backend);
    const onGpu = backend === "WebGPU";
    const importing = import(`${request.vendor[LIBRARY]}transformers.min.js`);
    importing.catch(() => {});
    const { files } = await (await fetch(request.model.url)).json();
    const { blobs, fromCache } = await fetchFiles(files, request, meter);
    const fetched = performance.now();
    library ??= await importing;
    const paths = files.map((/** @type {{path: string}} */ { path }) => path);
    serveFiles(library.env, new Map(blobs.map((blob, i) => [paths[i], blob])));
    const { wasm } = library.env.backends.onnx;
    const runtime = request.vendor[RUNTIME] + BUILDS[backend];
    wasm.wasmPaths = { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` };
    wasm.numThreads = threads();
    await model?.dispose();
    tokenizer = await library.AutoTokenizer.from_pretrained(NAME);
    model = await library.AutoModelForCausalLM.from_pretrained(NAME, { dtype: "q4", device: onGpu ? "webgpu" : "wasm" });
    letMessagesIn(model);
    settings = request.settings;
    const created = performance.now();
    if (request.warmUp) await write(tokenizer("Hello"), 1, () => {}, null);
    return {
      gpuAdapter: onGpu ? await describeAdapter() : null,
      milliseconds: { bytes: fetched - started, engine: created - fetched, warmUp: performance.now() - created },
      fromCache,
      warmed: request.warmUp,
    };
  },

  async generate(prompt, tokens, onText, signal) {
    const inputs = tokenizer(prompt);
    /** @type {bigint[]} */
    const ids = [];
    let shown = "";
    let firstTokens = 0;
    await write(
      inputs,
      tokens,
      (id) => {
        ids.push(id);
        const text = tokenizer.decode(ids, { skip_special_tokens: true });
        if (text.length <= shown.length || text.endsWith("\uFFFD")) return; // half a character
        firstTokens ||= ids.length;
        onText(text.slice(shown.length));
        shown = text;
      },
      signal,
    );
    return {
      promptTokens: inputs.input_ids.dims[1] - 1,
      tokens: ids.length,
      firstTokens,
      engineFigures: { threads: library.env.backends.onnx.wasm.numThreads },
    };
  },

  async count(text) {
    return tokenizer(text).input_ids.dims[1] - 1;
  },
});

/**
 * Files come from here, never from a hub or a content network.
 * @param {any} env
 * @param {Map<string, Blob>} files
 */
function serveFiles(env, files) {
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = "/";
  env.useBrowserCache = false;
  env.useWasmCache = false;
  env.fetch = async (/** @type {string} */ address) => {
    const blob = files.get(String(address).split(`/${NAME}/`)[1] ?? "");
    return new Response(blob ?? null, { status: blob ? 200 : 404 });
  };
}

/**
 * On the CPU a whole answer is one task of this thread, which would hear of a cancel at its end.
 * @param {any} model
 */
function letMessagesIn(model) {
  const { port1, port2 } = new MessageChannel();
  const forward = model.forward.bind(model);
  model.forward = async (/** @type {any} */ inputs) => {
    const outputs = await forward(inputs);
    await new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
    return outputs;
  };
}

/**
 * @param {any} inputs
 * @param {number | null} tokens
 * @param {(id: bigint) => void} onToken
 * @param {AbortSignal | null} signal
 */
async function write(inputs, tokens, onToken, signal) {
  if (!settings) throw new Error("no model is loaded");
  const { temperature, topK } = settings;
  const stop = new library.InterruptableStoppingCriteria();
  const interrupt = () => stop.interrupt();
  signal?.addEventListener("abort", interrupt, { once: true });
  let prompt = true;
  const streamer = new (class extends library.BaseStreamer {
    /** @param {bigint[][]} value the prompt first, then each new token */
    put([ids]) {
      if (!prompt) ids.forEach(onToken);
      prompt = false;
    }
    end() {}
  })();
  const sampling = topK === 1 ? { do_sample: false } : { do_sample: true, temperature, top_k: topK };
  const limit = tokens ?? settings.maxTokens - inputs.input_ids.dims[1];
  await model.generate({ ...inputs, ...sampling, max_new_tokens: limit, streamer, stopping_criteria: stop });
  signal?.removeEventListener("abort", interrupt);
}
