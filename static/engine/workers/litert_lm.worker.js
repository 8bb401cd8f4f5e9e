// @ts-check
/**
 * LiteRT-LM, on WebGPU and on the CPU: the only file that knows it. It runs in a module worker, holds at most one model, and
 * does one thing at a time; `client.js` sees to that. `protocol.js` has the messages.
 *
 * Seven facts about `@litert-lm/core` 0.17.1 shape it. Its own classes hand text on when the engine yields, and on the CPU it
 * yields only when it has finished: so its WebAssembly is spoken to directly, whose callback comes with each token. For the
 * same reason a message cannot stop the CPU: the callback looks at shared memory. Only a conversation gives text as it comes,
 * see litertlm_file.js. It counts no tokens, see sentencepiece.js and byte_pairs.js. The sampler belongs to the conversation: other settings need
 * no new engine, unless the context or (on WebGPU) the largest top K grows. On the CPU it packs the weights for each function of a
 * graph anew unless it has a folder to keep them in, see packed_weights.js. Its loader wants `importScripts`, which a module
 * worker has not; the script also introduces itself to AMD loaders, and so to this one.
 */

import { OnpageError } from "../errors.js";
import { describeAdapter } from "../gpu.js";
import { conversationTurns, textsOf } from "../messages.js";
import { Branches } from "./branches.js";
import { multipliedOnly } from "./graph_matrices.js";
import { LitertlmFile } from "./litertlm_file.js";
import { MappedFile } from "./mapped_file.js";
import { LIBRARY, build, openRuntime } from "./litert_lm_runtime.js";
import { PackedWeights } from "./packed_weights.js";
import { createMeter, importLibrary, prepareLibrary, reply, sayWarming, serve, startDownload, unharmed, untilCrash } from "./serve.js";

/**
 * @typedef {import('@litert-lm/core').Wasm.LiteRtLmWasm} Wasm
 * @typedef {import('@litert-lm/core').Wasm.Engine} Engine
 * @typedef {import('@litert-lm/core').Wasm.ModelAssets} ModelAssets
 * @typedef {import('@litert-lm/core').Wasm.Conversation} Conversation
 * @typedef {import('../protocol.js').LoadRequest} LoadRequest
 * @typedef {import('../protocol.js').LoadResult} LoadResult
 * @typedef {import('./serve.js').GenerateJob} GenerateJob
 * @typedef {import('../protocol.js').GenerateResult} GenerateResult
 * @typedef {import('../protocol.js').SamplingSettings} SamplingSettings
 * @typedef {import('../protocol.js').GpuAdapter} GpuAdapter
 *
 * @typedef {object} Loaded
 * @property {Engine} engine
 * @property {import('../registry.js').EngineEntry['backend']} backend
 * @property {Awaited<ReturnType<LitertlmFile["tokenizer"]>>} tokenizer
 * @property {import('../foreign_text.js').ControlPieces} control
 * @property {string} sha256
 * @property {number} maxTokens
 * @property {number} maxTopK
 * @property {string} end what the model ends an answer with; "" where it is not known, or conversations are not held
 * @property {() => void} free
 */

/** What else is loaded for WebGPU. */
const WRAPPER = { "readable_stream_data_stream_wrapper.js": 12_642 };
const WARM_UP_PROMPT = "Hello";
/** The engine's folder for packed weights. */
const PACKED = "/packed";
/** SamplerType.TOP_P, which draws from the top K; the types for top K alone and for greedy are not implemented on the CPU. */
const SAMPLER = 2;

/** @type {Promise<Wasm> | null} */
let runtime = null;
/** @type {Loaded | null} */
let loaded = null;
/** @type {SamplingSettings} */
let sampling = { temperature: 1, topK: 1, seed: 1, maxTokens: 0 };
/** @type {GpuAdapter | null} */
let gpuAdapter = null;
let warmed = false;
const branches = new Branches();
/** The one that writes, and whether it is to stop. @type {{id: number, conversation: Conversation, stopped: boolean} | null} */
let writing = null;

serve({
  load,
  controlPieces: () => current().control,
  count: async (prompt) => current().tokenizer.count(prompt),
  generate,
  cancel: ({ id }) => {
    if (writing?.id === id) stop(writing);
  },
});

function current() {
  if (!loaded) throw new OnpageError("engine-failed", "no model is loaded");
  return loaded;
}

/**
 * @param {LoadRequest} request
 * @returns {Promise<LoadResult>}
 */
async function load({ id, model, settings, turns, vendor, backend, fresh, warmUp }) {
  const started = performance.now();
  sampling = settings;
  const { topK, maxTokens } = settings;
  if (loaded?.sha256 === model.sha256 && loaded.maxTokens === maxTokens && loaded.maxTopK >= topK && !fresh) {
    return { gpuAdapter, milliseconds: { bytes: 0, engine: performance.now() - started, warmUp: 0 }, fromCache: null, warmed };
  }
  const folder = vendor[LIBRARY];
  const { script, files } = build();
  const meter = createMeter(id);
  const preparing = runtime ?? prepareLibrary(folder, script, backend === "CPU" ? files : { ...files, ...WRAPPER }, meter);
  const download = await startDownload(model, { vendor, meter, fresh, keep: model.keep }); // first: its script would take our `define` for AMD's
  runtime ??= openRuntime(folder, script, preparing); // beside the model's first bytes
  runtime.catch(() => {}); // whoever awaits it reports it
  const file = new LitertlmFile(download.stream());
  if (loaded) await unharmed(download.arrived); // only then is the model that it has let go
  branches.clear();
  loaded?.free();
  loaded = null;
  let made;
  try {
    const wasm = await untilCrash(runtime);
    const creating = backend === "CPU" ? createOnCpu(wasm, file, model.size, settings) : createOnGpu(wasm, vendor, file, settings);
    made = await untilCrash(Promise.race([creating, download.failed]));
  } catch (error) {
    // A damaged file makes the engine fail in many ways; the hash says whether it was the file.
    if (!(error instanceof OnpageError) || error.code === "engine-failed") await download.finish();
    throw error;
  }
  await download.finish();
  const tokenizer = await file.tokenizer();
  const control = tokenizer.controlPieces(textsOf(turns));
  const end = turns ? conversationTurns(turns).end.trimEnd() : "";
  loaded = { ...made, backend, tokenizer, control, sha256: model.sha256, maxTokens, maxTopK: topK, end };

  const created = performance.now();
  const bytes = (download.completedAt ?? created) - started;
  if (warmUp && !warmed) {
    sayWarming(id, model, bytes);
    await write({ id, prompt: WARM_UP_PROMPT, pieces: [], tokens: 1, stop: null }, () => {});
  }
  const milliseconds = { bytes, engine: created - started - bytes, warmUp: performance.now() - created };
  return { gpuAdapter, milliseconds, fromCache: download.fromCache, warmed };
}

/**
 * The engine maps a file, and keeps what it packs of it in another, as far as it can where the file's matrices were.
 * @param {Wasm} wasm
 * @param {LitertlmFile} file
 * @param {number} size
 * @param {SamplingSettings} settings
 */
async function createOnCpu(wasm, file, size, settings) {
  const mapped = await MappedFile.create(wasm, "/model.litertlm", file.stream, size);
  const spent = spentMatrices(wasm, file, mapped.begin);
  const packed = new PackedWeights(wasm, PACKED, Math.ceil(1.05 * size) + (1 << 20), spent);
  const free = () => {
    packed.free();
    mapped.free();
  };
  try {
    const engine = await create(wasm, wasm.ModelAssets.create(mapped.path), wasm.Backend.CPU, settings, PACKED);
    return {
      engine,
      free: () => {
        engine.delete();
        free();
      },
    };
  } catch (error) {
    free();
    throw error;
  }
}

/**
 * The matrices of a file in the engine's memory that nobody reads once they are packed.
 * @param {Wasm} wasm
 * @param {LitertlmFile} file
 * @param {number} address of the file
 */
function spentMatrices(wasm, file, address) {
  if (!file.graph) return new Map();
  const [begin, end] = [address + file.graph.begin, address + file.graph.end];
  const found = multipliedOnly(wasm.HEAPU8.subarray(begin, end));
  return new Map([...found].map(([number, range]) => [number, { begin: begin + range.begin, end: begin + range.end }]));
}

/**
 * The weights go through to the GPU and are never all in memory.
 * @param {Wasm} wasm
 * @param {import('../protocol.js').VendorUrls} vendor
 * @param {LitertlmFile} file
 * @param {SamplingSettings} settings
 */
async function createOnGpu(wasm, vendor, file, settings) {
  gpuAdapter ??= await describeAdapter();
  wasm.preinitializedWebGPUDevice ??= await openDevice();
  const { ReadableStreamDataStreamWrapper } = await importLibrary(vendor[LIBRARY] + Object.keys(WRAPPER)[0]);
  const source = wasm.ReadableStreamDataStream.create(new ReadableStreamDataStreamWrapper(file.stream, () => wasm.HEAPU8));
  try {
    const engine = await create(wasm, wasm.ModelAssets.createStreaming(source), wasm.Backend.GPU_ARTISAN, settings);
    return {
      engine,
      free: () => {
        engine.delete();
        source.delete();
      },
    };
  } catch (error) {
    source.delete();
    throw error;
  }
}

/**
 * @param {Wasm} wasm
 * @param {ModelAssets} assets
 * @param {Wasm['Backend']['CPU']} backend
 * @param {SamplingSettings} settings
 * @param {string} [cache] a folder for what it makes of the weights
 */
async function create(wasm, assets, backend, { maxTokens, topK }, cache = ":nocache") {
  const settings = wasm.EngineSettings.createDefault(assets, backend);
  assets.delete(); // our name for it; the engine has its own
  try {
    const executor = settings.getMutableMainExecutorSettings();
    executor.setCacheDir(cache);
    executor.setMaxNumTokens(maxTokens);
    const streaming = backend === wasm.Backend.GPU_ARTISAN;
    if (streaming) executor.setBackendConfigGpuArtisan({ ...executor.getBackendConfigGpuArtisan(), max_top_k: topK });
    settings.enableBenchmark(); // for its figures
    settings.setParallelFileSectionLoading(false);
    settings.setSingleThreadedExecution(true);
    return await (streaming ? wasm.Engine.createStreaming(settings, "") : wasm.Engine.createEngine(settings, ""));
  } finally {
    settings.delete();
  }
}

/** With everything that the adapter has to give, of what the engine uses. */
async function openDevice() {
  const found = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!found) throw new OnpageError("no-adapter");
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage, maxTextureDimension2D } = found.limits;
  const device = await found.requestDevice({
    requiredFeatures: /** @type {const} */ (["shader-f16", "subgroups"]).filter((feature) => found.features.has(feature)),
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage, maxTextureDimension2D },
  });
  device.lost.then(({ reason, message }) => reply({ type: "lost", detail: [reason, message].filter(Boolean).join(": ") }));
  return device;
}

/**
 * @param {GenerateJob} request
 * @returns {Promise<GenerateResult>}
 */
async function generate(request) {
  const written = await write(request, (piece) => reply({ type: "text", id: request.id, text: piece }));
  return { ...written, firstTokens: Math.min(written.tokens, 1) };
}

/**
 * @param {GenerateJob} request
 * @param {(piece: string) => void} heard
 * @returns {Promise<Omit<GenerateResult, 'firstTokens'>>}
 */
async function write({ id, prompt, tokens, draw, goesOn, stop: shared }, heard) {
  const { engine, backend, tokenizer, maxTokens, end } = current();
  const wasm = await /** @type {Promise<Wasm>} */ (runtime);
  // The token that begins a text counts too. An answer that reaches the end of the context would be an error.
  const promptTokens = tokenizer.count(prompt);
  const room = maxTokens - promptTokens - 1;
  const most = Math.max(1, Math.min(room, tokens ?? room));
  const settings = { ...sampling, ...draw };
  const drawn = JSON.stringify([settings.topK, settings.temperature, settings.seed]);
  const held = goesOn && tokens === null && end !== "";
  const branch = held ? branches.from(prompt, drawn, end) : null;
  const conversation = branch?.conversation ?? (await untilCrash(open(wasm, engine, most, settings)));
  const flag = shared && new Int32Array(shared);
  const here = { id, conversation, stopped: false };
  writing = here;
  let [problem, text, steps] = ["", "", 0];
  /** What it has read and written, once that is all there is to say. @type {string | null} */
  let known = null;
  let full = false;
  try {
    const sending = conversation.sendMessageAsync(JSON.stringify({ role: "user", content: branch?.rest ?? prompt }), (chunk, _, error) => {
      if (error) problem = error;
      if (here.stopped) return;
      if (flag && Atomics.load(flag, 0)) return stop(here);
      for (const { text: piece } of chunk ? (JSON.parse(chunk).content ?? []) : []) {
        if (!piece) continue;
        text += piece;
        heard(piece);
      }
      // a branch has the limit of the conversation that it comes from, which had more room
      full = branch !== null && chunk !== null && (steps += 1) >= most;
      if (full) stop(here);
    });
    await untilCrash(sending);
    await untilCrash(engine.waitUntilDone());
    if (problem && !here.stopped) throw new Error(problem);
    warmed = true;
    const engineFigures = { ...conversation.getBenchmarkInfo() };
    const count = engineFigures.lastDecodeTokenCount;
    const ended = full || count >= most ? (most === tokens ? "limit" : "context") : "model";
    // what was written in other pieces than it is read in is to be read anew
    if (held && ended === "model" && !here.stopped && tokenizer.count(prompt + text) - promptTokens === count - 1) known = prompt + text;
    // The last step has no text where it ended the answer by itself, or by Stop.
    const written = ended === "model" || (here.stopped && !full) ? Math.max(0, count - 1) : count;
    return { promptTokens, ended, tokens: written, engineFigures, reused: branch ? 1 - tokenizer.count(branch.rest) / promptTokens : 0 };
  } finally {
    writing = null;
    if (branch || known !== null) branches.hold({ conversation, text: known, drawn }, backend);
    else conversation.delete();
  }
}

/** @param {{conversation: Conversation, stopped: boolean}} writing */
function stop(writing) {
  writing.stopped = true;
  writing.conversation.cancelProcess();
}

/**
 * A new conversation, which has heard nothing yet.
 * @param {Wasm} wasm
 * @param {Engine} engine
 * @param {number} tokens
 * @param {SamplingSettings} settings
 */
async function open(wasm, engine, tokens, { topK, temperature, seed }) {
  const session = wasm.SessionConfig.createDefault();
  const sampler = session.getMutableSamplerParams();
  sampler.setType({ value: SAMPLER });
  sampler.setK(topK);
  sampler.setP(1);
  sampler.setTemperature(temperature);
  sampler.setSeed(seed);
  session.setMaxOutputTokens(tokens);
  const config = wasm.ConversationConfig.createCustom(engine, session, false, false, false, "");
  try {
    return await wasm.Conversation.create(engine, config);
  } finally {
    config.delete();
    session.delete();
  }
}
