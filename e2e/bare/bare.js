// @ts-check
// The MediaPipe GenAI task and nothing else: what exactness is checked on, and what our page's overhead is measured against.
// A test calls these functions through `page.evaluate`; the engine is on the main thread.
import { loadAdapter } from "/static/engine/workers/adapter_memory.js";
import { heapOf } from "/static/engine/workers/mediapipe_heap.js";
import { FilesetResolver, LlmInference } from "/vendor/genai_bundle.mjs";

/** @type {any} */
let engine;
/** @type {any} a LoRA adapter, or undefined */
let lora;
/** @type {any} */
let device;

/** @param {number} tokens @param {number} callbacks so far */
function stopAfter(tokens, callbacks) {
  if (3 * callbacks >= tokens) engine.cancelProcessing(); // three tokens a callback
}

/** @type {any} */ (globalThis).bare = {
  /**
   * @param {string} model address of the web file
   * @param {{maxTokens: number, topK?: number, temperature?: number, randomSeed?: number, loraRanks?: number[], forceF32?: boolean, maxNumImages?: number}} options
   * @returns {Promise<number>} milliseconds
   */
  async load(model, options) {
    const started = performance.now();
    engine?.close();
    device?.destroy(); // with the memory of the model before
    lora = undefined;
    const fileset = await FilesetResolver.forGenAiTasks("/vendor/wasm");
    const response = await fetch(model);
    if (!response.ok || !response.body) throw new Error(`${model}: ${response.status}`);
    device = await LlmInference.createWebGpuDevice();
    engine = await LlmInference.createFromOptions(fileset, {
      topK: 1,
      forceF32: true,
      ...options,
      baseOptions: {
        gpuOptions: { device },
        modelAssetBuffer: /** @type {any} */ (response.body.getReader()),
      },
    });
    return performance.now() - started;
  },

  /**
   * What follows is written with this LoRA adapter; null takes it off.
   * @param {string | null} adapter address of the adapter file
   */
  async adapt(adapter) {
    const response = adapter === null ? null : await fetch(adapter);
    lora = response ? await loadAdapter(engine, new Uint8Array(await response.arrayBuffer()), "Hello") : undefined;
  },

  /**
   * @param {string} prompt
   * @param {number} [tokens] the answer is stopped after so many, or few more; it would go on to the end of the context
   * @returns {Promise<{text: string, callbacks: {time: number, characters: number}[], started: number}>}
   */
  async generate(prompt, tokens = Infinity) {
    /** @type {{time: number, characters: number}[]} */
    const callbacks = [];
    const started = performance.now();
    const text = await engine.generateResponse(prompt, ...(lora ? [lora] : []), (/** @type {string} */ part) => {
      callbacks.push({ time: performance.now(), characters: part.length });
      stopAfter(tokens, callbacks.length);
    });
    return { text, callbacks, started };
  },

  /**
   * What follows texts and pictures, stopped as in `generate`.
   * @param {(string | {side: number, pixels: number[]})[]} parts a picture is a square, of bytes: red, green, blue, 255
   * @param {number} tokens
   * @returns {Promise<string>}
   */
  async look(parts, tokens) {
    let callbacks = 0;
    const bitmap = (/** @type {{side: number, pixels: number[]}} */ { side, pixels }) => createImageBitmap(new ImageData(new Uint8ClampedArray(pixels), side, side));
    const shown = await Promise.all(parts.map(async (part) => (typeof part === "string" ? part : { imageSource: await bitmap(part) })));
    return engine.generateResponse(shown, () => stopAfter(tokens, ++callbacks));
  },

  heap: () => heapOf(engine),

  /** @param {string} text */
  async count(text) {
    return engine.sizeInTokens(text);
  },
};
