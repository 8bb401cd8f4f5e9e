// @ts-check
// @litert-lm/core and nothing else. Same calls as bare.js, so that a test can ask both engines alike.
import { Backend, Engine, SamplerType, loadLiteRtLm } from "@litert-lm/core";

// Its default address is a CDN's. The build is chosen there by what the browser has: relaxed SIMD, JSPI or Asyncify.
const runtime = loadLiteRtLm("/npm/@litert-lm/core/wasm");

/** SamplerType.GREEDY is not implemented; the first of one candidate is the same. */
const GREEDY = { type: SamplerType.TOP_P, k: 1, p: 1, temperature: 1, seed: 1 };

/** @type {any} */
let engine;

/** @type {any} */ (globalThis).bare = {
  /**
   * @param {string} model address of a .litertlm
   * @param {{maxTokens: number, backend?: "CPU" | "GPU_ARTISAN"}} options a graph runs on the CPU, a web file on WebGPU
   * @returns {Promise<number>} milliseconds, the runtime's own loading included
   */
  async load(model, { maxTokens, backend = "CPU" }) {
    const started = performance.now();
    await runtime;
    const response = await fetch(model);
    if (!response.ok || !response.body) throw new Error(`${model}: ${response.status}`);
    engine = await Engine.create({
      model: response.body,
      backend: Backend[backend],
      mainExecutorSettings: { maxNumTokens: maxTokens },
    });
    return performance.now() - started;
  },

  /**
   * Greedy, the prompt as it is.
   * @param {string} prompt
   * @returns {Promise<{text: string, prefill: number, decode: number}>} text and milliseconds
   */
  async generate(prompt) {
    const session = await engine.createSession({
      applyPromptTemplateInSession: false,
      samplerParams: GREEDY,
    });
    try {
      const started = performance.now();
      await session.runPrefill([prompt]);
      const prefilled = performance.now();
      const responses = await session.runDecode();
      const decoded = performance.now();
      const [text] = responses.getTexts();
      responses.delete();
      return { text, prefill: prefilled - started, decode: decoded - prefilled };
    } finally {
      await session.delete();
    }
  },

  /**
   * Greedy, the message in the turns that the file's metadata gives it.
   * @param {string} message
   * @returns {Promise<string>}
   */
  async chat(message) {
    const conversation = await engine.createConversation({ sessionConfig: { samplerParams: GREEDY } });
    try {
      const answer = await conversation.sendMessage(message);
      return answer.content.map((/** @type {{text?: string}} */ part) => part.text ?? "").join("");
    } finally {
      await conversation.delete();
    }
  },
};
