// @ts-check
/**
 * LiteRT-LM's embedding engine, on the processor: texts in, vectors out. It has a worker and WebAssembly of its own, so that what writes goes
 * on beside it, and ends when nobody compares any more. Messages are those of ../embedder.js.
 *
 * The package's own class reads a file as a stream, which the engine does on a GPU only; so its WebAssembly is given a path.
 */

import { OnpageError } from "../errors.js";
import { LIBRARY, build, openRuntime } from "./litert_lm_runtime.js";
import { MappedFile } from "./mapped_file.js";
import { PackedWeights } from "./packed_weights.js";
import { answer, createMeter, prepareLibrary, startDownload, untilCrash } from "./serve.js";

/** The engine's folder for packed weights. */
const PACKED = "/packed";

/** @type {{engine: any, wasm: any} | null} */
let loaded = null;

/** The engine does one thing at a time. @type {Promise<unknown>} */
let last = Promise.resolve();

answer((request) => {
  const turn = last.then(() => /** @type {Promise<unknown>} */ (request.type === "load" ? load(request) : embed(request)));
  last = turn.catch(() => {});
  return turn;
});

/** @param {import('../embedder.js').LoadRequest} request */
async function load({ id, model, vendor }) {
  if (loaded) throw new OnpageError("engine-failed", "a worker has one model");
  const folder = vendor[LIBRARY];
  const { script, files } = build();
  const meter = createMeter(id);
  const preparing = prepareLibrary(folder, script, files, meter);
  const download = await startDownload(model, { vendor, meter }); // first: its script would take our `define` for AMD's
  const wasm = /** @type {any} */ (await untilCrash(openRuntime(folder, script, preparing)));
  try {
    loaded = { wasm, engine: await untilCrash(Promise.race([create(wasm, download.stream(), model.size), download.failed])) };
  } catch (error) {
    // A damaged file makes the engine fail in many ways; the hash says whether it was the file.
    if (!(error instanceof OnpageError) || error.code === "engine-failed") await download.finish();
    throw error;
  }
  await download.finish();
}

/** @param {any} wasm @param {ReadableStream<Uint8Array>} stream @param {number} size */
async function create(wasm, stream, size) {
  const mapped = await MappedFile.create(wasm, "/model.litertlm", stream, size);
  new PackedWeights(wasm, PACKED, Math.ceil(1.05 * size) + (1 << 20));
  const assets = wasm.ModelAssets.create(mapped.path);
  const settings = wasm.EmbeddingEngineSettings.createDefault(assets, wasm.Backend.CPU);
  assets.delete(); // our name for it; the engine has its own
  settings.getMutableMainExecutorSettings().setCacheDir(PACKED);
  try {
    return await wasm.EmbeddingEngine.createEngine(settings);
  } finally {
    settings.delete();
  }
}

/**
 * @param {import('../embedder.js').EmbedRequest} request
 * @returns {Promise<Float32Array>} of length one; its first numbers where fewer are asked for
 */
async function embed({ text, size }) {
  if (!loaded) throw new OnpageError("engine-failed", "no model is loaded");
  const { engine, wasm } = loaded;
  const options = {
    normalize: true,
    insertSpecialTokens: true,
    inputOverflowStrategy: wasm.InputOverflowStrategy.TRUNCATE,
    visionTokensPerImage: undefined,
    outputSize: size ?? undefined,
  };
  const { embedding } = await untilCrash(engine.computeEmbedding({ type: "text", text }, options));
  try {
    return Float32Array.from({ length: embedding.size() }, (_, index) => embedding.get(index));
  } finally {
    embedding.delete();
  }
}
