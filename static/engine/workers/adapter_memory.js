// @ts-check
/**
 * Brings a LoRA adapter into MediaPipe's engine, and keeps its bytes for as long as the engine lives.
 *
 * `loadLoraModel` of 0.10.29 copies the file into the WebAssembly heap, hands the engine its place, and frees the copy at once;
 * the engine reads it when the adapter is first used, and may again when it was off in between. What it finds then is luck: the
 * adapter, or a crash ("memory access out of bounds"), depending on what the heap has put there. Freeing when another model is
 * loaded crashed now and then, too. So nothing of it is freed: the heap ends with the worker.
 *
 * @typedef {import('@mediapipe/tasks-genai').LlmInference} LlmInference
 * @typedef {import('@mediapipe/tasks-genai').LoraModel} LoraModel
 */

import { heapOf } from "./mediapipe_heap.js";

/**
 * @param {LlmInference} engine
 * @param {Uint8Array} bytes
 * @param {string} prompt what it is used for once; the answer is stopped at its first piece
 * @returns {Promise<LoraModel>}
 */
export async function loadAdapter(engine, bytes, prompt) {
  const heap = heapOf(engine);
  const free = heap._free;
  heap._free = () => {};
  try {
    const model = await engine.loadLoraModel(bytes);
    await engine.generateResponse(prompt, model, () => engine.cancelProcessing());
    return model;
  } finally {
    heap._free = free;
  }
}
