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
   * @returns {Promise<{text: string, callbacks: {time: number, characters: number}[], started: number}>}
   */
  async generate(prompt) {
    /** @type {{time: number, characters: number}[]} */
    const callbacks = [];
    const started = performance.now();
    const text = await engine.generateResponse(prompt, ...(lora ? [lora] : []), (/** @type {string} */ part) => {
      callbacks.push({ time: performance.now(), characters: part.length });
    });
    return { text, callbacks, started };
  },

  /**
   * What follows texts and pictures.
   * @param {(string | {side: number, pixels: number[]})[]} parts a picture is a square, of bytes: red, green, blue, 255
   * @returns {Promise<string>}
   */
  async look(parts) {
    const bitmap = (/** @type {{side: number, pixels: number[]}} */ { side, pixels }) => createImageBitmap(new ImageData(new Uint8ClampedArray(pixels), side, side));
    return engine.generateResponse(await Promise.all(parts.map(async (part) => (typeof part === "string" ? part : { imageSource: await bitmap(part) }))));
  },

  heap: () => heapOf(engine),

  /**
   * The beginning of an answer: it is stopped after so many tokens, or few more.
   * @param {string} prompt
   * @param {number} tokens
   * @returns {Promise<string>}
   */
  async begin(prompt, tokens) {
    let written = 0;
    return engine.generateResponse(prompt, () => {
      written += 3; // tokens a callback
      if (written >= tokens) engine.cancelProcessing();
    });
  },

  /** @param {string} text */
  async count(text) {
    return engine.sizeInTokens(text);
  },
};
