// @ts-check
/**
 * The engine: the only file that knows MediaPipe. It runs in a module worker, holds at most one model, and does one thing
 * at a time; `engine.js` sees to that. `protocol.js` has the messages.
 *
 * Four facts about MediaPipe 0.10.29 shape it. A file that it cannot read may abort the WebAssembly and leave the promise
 * pending, so uncaught errors count as a crash, and a crash ends this worker. It never looks at `device.lost`, so the device
 * is made here. An input that is too long leaves it stuck, so the page counts first. A worker can create one engine only, but
 * that one takes a model again, with other settings.
 */

import { OnpageError } from "./errors.js";
import { ModelDownload } from "./model_download.js";

/**
 * @typedef {typeof import('@mediapipe/tasks-genai')} GenAi
 * @typedef {import('@mediapipe/tasks-genai').LlmInference} LlmInference
 * @typedef {import('./protocol.js').LoadRequest} LoadRequest
 * @typedef {import('./protocol.js').LoadResult} LoadResult
 * @typedef {import('./protocol.js').GenerateRequest} GenerateRequest
 * @typedef {import('./protocol.js').GenerateResult} GenerateResult
 * @typedef {import('./protocol.js').SamplingSettings} SamplingSettings
 * @typedef {import('./protocol.js').Adapter} Adapter
 * @typedef {import('./protocol.js').Reply} Reply
 */

const WARM_UP_PROMPT = "Hello";

/** @type {LlmInference | null} */
let engine = null;
/** @type {Adapter | null} */
let adapter = null;
/** The generation that is running, so that a late cancel cannot hit the next one. */
let generating = 0;
/** @type {(error: unknown) => void} */
let onCrash = () => {};

self.addEventListener("error", (event) => crash(event.message));
self.addEventListener("unhandledrejection", (event) => crash(String(event.reason?.message ?? event.reason)));
self.addEventListener("message", (/** @type {MessageEvent<import('./protocol.js').Request>} */ { data }) => {
  if (data.type === "cancel") {
    if (data.id === generating) engine?.cancelProcessing();
    return;
  }
  perform(data).then(
    (result) => reply({ type: "done", id: data.id, result }),
    (error) => reply({ type: "failed", id: data.id, error: OnpageError.from(error).toJSON() }),
  );
});

/** @param {Reply} message */
function reply(message) {
  self.postMessage(message);
}

/** @param {string} detail */
function crash(detail) {
  reply({ type: "crashed", detail });
  onCrash(new OnpageError("engine-failed", detail));
}

/** @param {LoadRequest | GenerateRequest | import('./protocol.js').CountRequest} request */
async function perform(request) {
  if (request.type === "load") return load(request);
  if (!engine) throw new OnpageError("engine-failed", "no model is loaded");
  if (request.type === "count") return size(engine, request.text);
  return generate(engine, request);
}

/**
 * The first load brings the library, the GPU and the shaders up. A later one (other settings, same worker) keeps all that:
 * only the model goes through the engine again, so it needs no warm-up.
 *
 * @param {LoadRequest} request
 * @returns {Promise<LoadResult>}
 */
async function load({ id, model, settings, vendor, fresh }) {
  const started = performance.now();
  const importing = import(`${vendor.engine}genai_bundle.mjs`); // beside the download's first bytes
  importing.catch(() => {}); // whoever awaits it reports it
  await import(`${vendor.hash}sha256.umd.min.js`);
  const hasher = await Reflect.get(self, "hashwasm").createSHA256();
  const download = new ModelDownload(model, hasher, fresh, (loaded, bytesPerSecond) => {
    const step = loaded < model.size ? "downloading" : "creating";
    reply({ type: "progress", id, progress: { step, loaded, total: model.size, bytesPerSecond } });
  });
  const crashed = new Promise((_, reject) => {
    onCrash = reject;
  });
  crashed.catch(() => {});

  const first = !engine;
  const options = engineOptions(settings, download);
  adapter ??= await describeAdapter();
  const library = await importing;
  const device = engine ? null : await openDevice(library);
  try {
    const creating = device ? create(library, vendor.engine, device, options) : refill(engine, options);
    engine = /** @type {LlmInference} */ (await Promise.race([creating, download.failed, crashed]));
  } catch (error) {
    // A damaged file makes the engine fail in many ways; the hash says whether it was the file.
    if (!(error instanceof OnpageError) || error.code === "engine-failed") await download.finish();
    throw error;
  }
  await download.finish();

  const created = performance.now();
  const bytes = (download.completedAt ?? created) - started;
  if (first) {
    const bytesPerSecond = model.size / (bytes / 1000);
    reply({ type: "progress", id, progress: { step: "warming", loaded: model.size, total: model.size, bytesPerSecond } });
    const warming = engine;
    await Promise.race([warming.generateResponse(WARM_UP_PROMPT, () => warming.cancelProcessing()), crashed]);
  }
  return {
    adapter,
    milliseconds: { bytes, engine: created - started - bytes, warmUp: performance.now() - created },
  };
}

/** @param {GenAi} library */
async function openDevice({ LlmInference }) {
  const device = await LlmInference.createWebGpuDevice();
  device.lost.then(({ reason, message }) => reply({ type: "lost", detail: [reason, message].filter(Boolean).join(": ") }));
  return device;
}

/**
 * @param {GenAi} library
 * @param {string} folder
 * @param {GPUDevice} device
 * @param {ReturnType<typeof engineOptions>} options
 * @returns {Promise<LlmInference>}
 */
async function create({ FilesetResolver, LlmInference }, folder, device, options) {
  const files = await FilesetResolver.forGenAiTasks(folder.replace(/\/$/, ""), true);
  return LlmInference.createFromOptions(files, {
    ...options,
    baseOptions: { ...options.baseOptions, gpuOptions: { device } },
  });
}

/**
 * @param {LlmInference | null} engine
 * @param {ReturnType<typeof engineOptions>} options
 */
async function refill(engine, options) {
  await engine?.setOptions(options);
  return engine;
}

/**
 * The stream starts to fill as soon as it is made.
 * @param {SamplingSettings} settings
 * @param {ModelDownload} download
 */
function engineOptions({ maxTokens, topK, temperature, seed }, download) {
  const modelAssetBuffer = download.stream().getReader();
  return { baseOptions: { modelAssetBuffer }, maxTokens, topK, temperature, randomSeed: seed };
}

/** @returns {Promise<Adapter>} */
async function describeAdapter() {
  if (!navigator.gpu) throw new OnpageError("no-webgpu");
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new OnpageError("no-adapter");
  const { description, device, architecture, vendor } = adapter.info;
  return {
    description: description || device || [vendor, architecture].filter(Boolean).join(" "),
    software: adapter.info.isFallbackAdapter ?? Reflect.get(adapter, "isFallbackAdapter") ?? false, // older browsers
  };
}

/**
 * @param {LlmInference} engine
 * @param {string} text
 */
function size(engine, text) {
  if (!text) return 0; // the empty text is never answered, and the next call fails
  const tokens = engine.sizeInTokens(text);
  if (tokens === undefined) throw new OnpageError("engine-failed", "the text could not be tokenized");
  return tokens;
}

/**
 * @param {LlmInference} engine
 * @param {GenerateRequest} request
 * @returns {Promise<GenerateResult>}
 */
async function generate(engine, { id, prompt }) {
  let text = "";
  let first = "";
  generating = id;
  try {
    await engine.generateResponse(prompt, (piece) => {
      if (!piece) return;
      first ||= piece;
      text += piece;
      reply({ type: "text", id, text: piece });
    });
  } finally {
    generating = 0;
  }
  // Counted afterwards: before, it would be part of the time to the first text.
  const promptTokens = size(engine, prompt);
  return { promptTokens, tokens: size(engine, text), firstTokens: size(engine, first) };
}
