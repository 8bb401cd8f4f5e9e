// @ts-check
/**
 * llama.cpp, as wllama compiles it to WebAssembly: a GGUF file on the CPU, every core of it.
 *
 * Two facts about wllama 3.13.0 shape it. With layers on the GPU it falls back to the CPU in silence where `shader-f16` is missing, so
 * none are asked for. It has no tokenizer to ask, so counting reads the text as a prompt; the numbers of a generation are its
 * own.
 */

import { fetchFiles, serve, threads } from "./peer.js";

const LIBRARY = "@wllama/wllama";

/** @type {import('@wllama/wllama').Wllama | null} */
let engine = null;
/** @type {import('./peer.js').LoadRequest['settings'] | null} */
let settings = null;

serve({
  async load(request, meter) {
    const started = performance.now();
    const folder = request.vendor[LIBRARY];
    const importing = import(`${folder}index.js`);
    importing.catch(() => {});
    const { blobs, fromCache } = await fetchFiles([request.model], request, meter);
    const fetched = performance.now();
    const { Wllama, LoggerWithoutDebug } = await importing;
    await engine?.exit();
    engine = new Wllama({ default: new URL(`${folder}wllama.wasm`, location.href).href }, { logger: { ...LoggerWithoutDebug, log() {} } });
    settings = request.settings;
    await engine?.loadModel(blobs, {
      n_ctx: settings.maxTokens,
      n_threads: threads(),
      n_gpu_layers: 0,
      n_parallel: 1,
      warmup: request.warmUp,
      log_level: 4,
    });
    const milliseconds = { bytes: fetched - started, engine: performance.now() - fetched, warmUp: 0 };
    return { gpuAdapter: null, milliseconds, fromCache, warmed: request.warmUp };
  },

  async generate(prompt, tokens, onText, signal) {
    let chunks = 0;
    let firstTokens = 0;
    /** @type {any} the last one has the totals */
    let last = null;
    const stopped = await ask(prompt, tokens ?? -1, signal, (chunk) => {
      last = chunk;
      chunks += 1;
      const { text } = chunk.choices[0];
      if (!text) return;
      firstTokens ||= chunks;
      onText(text);
    });
    const { prompt_tokens: promptTokens, completion_tokens: written } = last?.usage ?? { prompt_tokens: 1, completion_tokens: chunks };
    return {
      promptTokens: promptTokens - 1,
      tokens: stopped ? chunks : written,
      firstTokens,
      engineFigures: last?.timings ? { ...last.timings, threads: engine?.getNumThreads() ?? 1 } : null,
    };
  },

  async count(text) {
    let tokens = 1;
    await ask(text, 1, null, ({ usage }) => {
      tokens = usage?.prompt_tokens ?? tokens;
    });
    return tokens - 1;
  },
});

/**
 * @param {string} prompt
 * @param {number} tokens
 * @param {AbortSignal | null} abortSignal
 * @param {(chunk: any) => void} onData
 * @returns {Promise<boolean>} whether it was stopped
 */
async function ask(prompt, tokens, abortSignal, onData) {
  if (!engine || !settings) throw new Error("no model is loaded");
  const { temperature, topK, seed } = settings;
  const sampling = { temperature, top_k: topK, seed, cache_prompt: false };
  try {
    await engine.createCompletion({
      prompt,
      max_tokens: tokens,
      ...sampling,
      stream: true,
      abortSignal: abortSignal ?? undefined,
      onData,
    });
    return false;
  } catch (error) {
    if (abortSignal?.aborted) return true;
    throw error;
  }
}
