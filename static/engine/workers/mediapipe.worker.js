// @ts-check
/**
 * MediaPipe on WebGPU: the only file that knows it. It runs in a module worker, holds at most one model, and does one thing
 * at a time; `client.js` sees to that. `protocol.js` has the messages.
 *
 * Eight facts about MediaPipe 0.10.29 shape it. A file that it cannot read may abort the WebAssembly and leave the promise
 * pending. It never looks at `device.lost`, so the device is made here. An input that is too long leaves it stuck, so the page
 * counts first. A worker can create one engine only, but that one takes a model again, with other settings. A model with
 * several key-value heads is wrong with LoRA, or from the second prompt on, at some `maxTokens` that are no multiple of 32. It
 * has no limit for an answer and counts no tokens while it writes, so callbacks are counted. It decodes the bytes of each
 * callback alone, so a character whose bytes fall into two of them is lost. It takes other sampling only with the model, so what a web file
 * is sampled with is written into its memory, see sampler_memory.js.
 */

import { OnpageError } from "../errors.js";
import { ControlPieces } from "../foreign_text.js";
import { describeAdapter } from "../gpu.js";
import { NO_SENSES, mediaTokens, sameSenses } from "../media.js";
import { textsOf } from "../messages.js";
import { loadAdapter } from "./adapter_memory.js";
import { heapOf } from "./mediapipe_heap.js";
import { giveNamesOfElements, mediaOptions, promptFor } from "./mediapipe_media.js";
import { precisionOptions } from "./mediapipe_precision.js";
import { SamplerMemory, mark } from "./sampler_memory.js";
import { SentencePiece } from "./sentencepiece.js";
import { Unharmed, createMeter, importLibrary, prepareLibrary, reply, sayWarming, serve, startDownload, unharmed, untilCrash } from "./serve.js";
import { WebFile, hasTablesInBlocks } from "./web_file.js";

/**
 * @typedef {typeof import('@mediapipe/tasks-genai')} GenAi
 * @typedef {import('@mediapipe/tasks-genai').LlmInference} LlmInference
 * @typedef {import('@mediapipe/tasks-genai').LoraModel} LoraModel
 * @typedef {import('../protocol.js').LoadRequest} LoadRequest
 * @typedef {import('../protocol.js').AdaptRequest} AdaptRequest
 * @typedef {import('../protocol.js').LoraSource} LoraSource
 * @typedef {import('../protocol.js').LoadResult} LoadResult
 * @typedef {import('./serve.js').GenerateJob} GenerateJob
 * @typedef {import('../protocol.js').GenerateResult} GenerateResult
 * @typedef {import('../protocol.js').SamplingSettings} SamplingSettings
 * @typedef {import('../protocol.js').GpuAdapter} GpuAdapter
 * @typedef {import('../media.js').Senses} Senses
 * @typedef {import('../protocol.js').VendorUrls} VendorUrls
 * @typedef {import('../download.js').ModelDownload} ModelDownload
 */

const LIBRARY = "@mediapipe/tasks-genai";
const MODULE = "genai_bundle.mjs";
/** What else is loaded of it, and its bytes. */
const FILES = { "genai_wasm_module_internal.js": 334_104, "genai_wasm_module_internal.wasm": 27_220_735 };
const WARM_UP_PROMPT = "Hello";
/**
 * What each callback carries, the last one perhaps less: a web file decodes three steps at a time, a graph (in a zip) one. With pictures or
 * sound the library goes the graph's way; that it is one there, too, was not measured.
 */
const STEPS = { web: 3, graph: 1 };
/** What `maxTokens` is rounded up to. */
const MULTIPLE = 32;

/** @type {LlmInference | null} */
let engine = null;
/** @type {GpuAdapter | null} */
let gpuAdapter = null;
/** Whether it has answered once. */
let warmed = false;
let stepsPerCallback = STEPS.web;
/** Tokens that the context has room for. */
let capacity = 0;
/** Those of the model. */
let control = new ControlPieces(null);
/** The LoRA adapters that this model in this engine has, by sha256: they cannot be unloaded. @type {Map<string, LoraModel>} */
const loras = new Map();
/** The one that is on. @type {LoraModel | null} */
let lora = null;
/** What it was loaded with, as text: where this is the same, only sampling differs. */
let loadedWith = "";
/** The load that it came of, with the adapter that is on now. @type {LoadRequest | null} */
let lastLoad = null;
/** @type {SamplingSettings} */
let sampling = { temperature: 1, topK: 1, seed: 1, maxTokens: 0 };
/** What the engine draws the next answer with: these, unless one answer had its own. @type {SamplingSettings | null} */
let drawnWith = null;
/** Where it is in the engine; null where it is not known, and other sampling needs another load. @type {SamplerMemory | null} */
let sampler = null;
/** Whether it was not found in this engine, which is then loaded with what it is to draw with. */
let hidesSampler = false;
/** The largest top K that this load has room for. */
let maxTopK = 0;
/** The generation that is running, so that a late cancel cannot hit the next one. */
let generating = 0;
/** Where the libraries are. @type {VendorUrls} */
let libraries = {};

serve({
  load,
  adapt: (request) => adapt(loaded(), request),
  controlPieces: () => control,
  count: async (prompt) => size(loaded(), prompt),
  generate: (request) => generate(loaded(), request),
  cancel: ({ id }) => {
    if (id === generating) engine?.cancelProcessing();
  },
});

function loaded() {
  if (!engine) throw new OnpageError("engine-failed", "no model is loaded");
  return engine;
}

/**
 * The first load brings the library, the GPU and the shaders up. A later one (other settings, same worker) keeps all that:
 * only the model goes through the engine again, so it needs no warm-up. Other sampling alone keeps the model, too.
 *
 * @param {LoadRequest} request
 * @returns {Promise<LoadResult>}
 */
async function load(request) {
  const { id, model, settings, turns, vendor, fresh, warmUp, ranks, lora: wanted, senses } = request;
  const started = performance.now();
  const same = JSON.stringify([model.sha256, settings.maxTokens, settings.precision ?? "auto", ranks, turns, senses]);
  if (engine && !fresh && same === loadedWith && settings.topK <= maxTopK && sampler?.write(settings)) {
    sampling = drawnWith = settings;
    if ((wanted && loras.get(wanted.sha256)) !== lora) return adapt(engine, { type: "adapt", id, lora: wanted });
    return { gpuAdapter, milliseconds: { bytes: 0, engine: performance.now() - started, warmUp: 0 }, fromCache: null, warmed, kept: true };
  }
  const folder = vendor[LIBRARY];
  const meter = createMeter(id);
  const preparing = engine ? null : prepareLibrary(folder, MODULE, FILES, meter); // beside the download's first bytes
  libraries = vendor;
  const download = await startDownload(model, { vendor, meter, fresh, keep: model.keep });

  const file = new WebFile(download.stream(), model.size);
  const begun = download.arrived.then(() => refuseWrongText(download.head));
  await (engine ? unharmed(begun) : begun); // only then is the model that it has let go
  const asGraph = String.fromCharCode(...download.head.subarray(4, 6)) === "PK" || !sameSenses(senses, NO_SENSES);
  const loading = asGraph || hidesSampler ? settings : { ...settings, seed: mark() }; // there the sampler is elsewhere
  const precision = precisionOptions(settings.precision ?? "auto", model.precision ?? "float32");
  const options = engineOptions(loading, ranks, file, { ...precision, ...mediaOptions(senses) });
  gpuAdapter ??= await describeAdapter();
  await preparing;
  const library = await importLibrary(folder + MODULE);
  const device = engine ? null : await openDevice(library);
  loadedWith = "";
  try {
    const creating = device ? create(library, folder, device, options) : refill(engine, options);
    engine = /** @type {LlmInference} */ (await untilCrash(Promise.race([creating, download.failed])));
  } catch (error) {
    // A damaged file makes the engine fail in many ways; the hash says whether it was the file.
    if (!(error instanceof OnpageError) || error.code === "engine-failed") await download.finish();
    throw error;
  }
  await download.finish();
  control = controlPiecesOf(file, textsOf(turns));
  sampler = asGraph || hidesSampler ? null : samplerIn(engine, loading, settings);
  if (!asGraph && !hidesSampler && !sampler) {
    hidesSampler = true;
    return load(request); // the mark is no seed that anybody asked for
  }
  [loadedWith, lastLoad, sampling, drawnWith, maxTopK] = [same, request, settings, settings, settings.topK];
  stepsPerCallback = asGraph ? STEPS.graph : STEPS.web;

  const created = performance.now();
  const bytes = (download.completedAt ?? created) - started;
  if (warmUp && !warmed) {
    sayWarming(id, model, bytes);
    const warming = engine;
    await untilCrash(warming.generateResponse(WARM_UP_PROMPT, () => warming.cancelProcessing()));
    warmed = true;
  }
  loras.clear();
  lora = null;
  if (wanted) {
    await adapt(engine, { type: "adapt", id, lora: wanted }).catch((error) => {
      throw error instanceof Unharmed ? error.error : error; // the model before is gone all the same
    });
  }
  const milliseconds = { bytes, engine: created - started - bytes, warmUp: performance.now() - created };
  return { gpuAdapter, milliseconds, fromCache: download.fromCache, warmed };
}

/** The engine would say nothing, and write wrong text. @param {Uint8Array<ArrayBuffer>} head of the model's file */
function refuseWrongText(head) {
  try {
    if (!hasTablesInBlocks(head)) return;
  } catch (error) {
    if (error instanceof RangeError) return; // damaged: the engine says what it thinks of that
    throw error;
  }
  throw new OnpageError("model-unfit", "its tables on demand have more scales than one for each row");
}

/**
 * Where the engine keeps how it draws, which is now `wanted`; null where that is not to be found.
 * @param {LlmInference} engine
 * @param {SamplingSettings} loading what it was loaded with
 * @param {SamplingSettings} wanted
 */
function samplerIn(engine, loading, wanted) {
  try {
    const found = new SamplerMemory(heapOf(engine), loading);
    return found.write(wanted) ? found : null;
  } catch (error) {
    console.debug(error); // another version of the engine
    return null;
  }
}

/**
 * The next answer is drawn so: by a word in the engine's memory, or by another load where its place is not known.
 * @param {number} id of the request that it is for
 * @param {SamplingSettings} wanted
 */
async function drawWith(id, wanted) {
  if (!sampler?.write(wanted) && JSON.stringify(wanted) !== JSON.stringify(drawnWith) && lastLoad) {
    const settings = sampling;
    await load({ ...lastLoad, id, settings: wanted, fresh: false, warmUp: false });
    sampling = settings;
  }
  drawnWith = wanted;
}

/**
 * Whatever goes wrong here is the adapter's doing: the model has just shown that it works.
 *
 * @param {LlmInference} engine
 * @param {AdaptRequest} request
 * @returns {Promise<LoadResult>}
 */
async function adapt(engine, { id, lora: wanted }) {
  const started = performance.now();
  let bytes = 0;
  const known = wanted && loras.get(wanted.sha256);
  if (wanted && !known) {
    const data = await unharmed(fetchAdapter(id, wanted).catch((error) => {
      throw loraFailed(error);
    }));
    bytes = performance.now() - started;
    lora = await untilCrash(loadAdapter(engine, data, WARM_UP_PROMPT)).catch((error) => {
      throw loraFailed(error);
    });
    loras.set(wanted.sha256, lora);
  } else {
    lora = known ?? null;
  }
  if (lastLoad) lastLoad = { ...lastLoad, lora: wanted };
  gpuAdapter ??= await describeAdapter();
  return { gpuAdapter, milliseconds: { bytes, engine: performance.now() - started - bytes, warmUp: 0 }, warmed };
}

/** @param {unknown} error */
function loraFailed(error) {
  const { code, detail } = OnpageError.from(error);
  return new OnpageError("lora-failed", [code === "engine-failed" ? "" : code, detail].filter(Boolean).join(": "));
}

/**
 * The whole file, checked: it is small.
 * @param {number} id
 * @param {LoraSource} source
 */
async function fetchAdapter(id, source) {
  const download = await startDownload(source, { vendor: libraries, meter: createMeter(id, "adapting"), keep: false });
  const data = new Uint8Array(source.size);
  let filled = 0;
  const reader = download.stream().getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    data.set(piece.value, filled);
    filled += piece.value.length;
  }
  await download.finish();
  return data;
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
  giveNamesOfElements();
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
 * @param {WebFile} file
 * @param {string} template
 */
function controlPiecesOf({ tokenizer }, template) {
  try {
    if (tokenizer) return new SentencePiece(tokenizer).controlPieces(template);
  } catch (error) {
    console.debug(error); // the engine reads tokenizers that we do not
  }
  return new ControlPieces(null, { template });
}

/**
 * @param {SamplingSettings} settings
 * @param {number[]} loraRanks
 * @param {WebFile} file
 * @param {ReturnType<typeof precisionOptions> & ReturnType<typeof mediaOptions>} more
 */
function engineOptions({ maxTokens, topK, temperature, seed }, loraRanks, file, more) {
  const modelAssetBuffer = file.stream.getReader();
  capacity = Math.ceil(maxTokens / MULTIPLE) * MULTIPLE;
  const options = { ...more, baseOptions: { modelAssetBuffer }, maxTokens: capacity, topK, temperature, randomSeed: seed };
  return loraRanks.length ? { ...options, loraRanks } : options;
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
 * @param {GenerateJob} job
 * @returns {Promise<GenerateResult>}
 */
async function generate(engine, { id, prompt, pieces, tokens: limit, draw }) {
  await drawWith(id, { ...sampling, ...draw });
  let steps = 0;
  let [first, last] = [0, 0]; // steps when the first and the last text came
  generating = id;
  const heard = (/** @type {string} */ piece, /** @type {boolean} */ done) => {
    if (!done || piece) steps += stepsPerCallback; // a web file's last callback only says that it was the last
    if (limit !== null && steps >= limit) engine.cancelProcessing();
    if (!piece) return;
    first ||= steps;
    last = steps;
    reply({ type: "text", id, text: piece });
  };
  try {
    await untilCrash(lora ? engine.generateResponse(prompt, lora, heard) : engine.generateResponse(promptFor(pieces), heard));
  } finally {
    generating = 0;
  }
  warmed = true;
  // Counted afterwards: before, it would be part of the time to the first text.
  const promptTokens = size(engine, prompt) + mediaTokens(pieces.filter((piece) => typeof piece !== "string"));
  const ended = limit !== null && steps >= limit ? "limit" : promptTokens + steps + stepsPerCallback > capacity ? "context" : "model";
  return { promptTokens, tokens: last, firstTokens: first, ended, engineFigures: null };
}
