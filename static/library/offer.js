// @ts-check
/** What a site offers: the models, and where the engines' own files are. A site is what `onpage serve` answers at, or `onpage export` wrote. */

import { embeddingModels, writingModels } from "../engine/embedder.js";
import { OnpageError } from "../engine/errors.js";
import { located } from "../engine/source.js";

/**
 * @typedef {import('../engine/model_list.js').Model} Model
 * @typedef {import('../engine/model_list.js').ModelFile} ModelFile
 * @typedef {import('../engine/model_list.js').Lora} Lora
 * @typedef {import('../engine/protocol.js').VendorUrls} VendorUrls
 * @typedef {import('../engine/embedder.js').EmbeddingModel} EmbeddingModel
 * @typedef {{models: Model[], embedders: EmbeddingModel[], vendor: VendorUrls}} Offer models that write, and those that compare; all
 *   addresses are absolute
 */

/**
 * @param {string | URL} site its address, relative to the page
 * @param {AbortSignal} [signal]
 * @returns {Promise<Offer>} OnpageError where it cannot be had, AbortError
 */
export async function offerOf(site, signal) {
  const base = new URL(site, globalThis.document?.baseURI ?? globalThis.location?.href);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  base.search = base.hash = "";
  const [models, vendor] = await Promise.all([json(new URL("api/models", base), signal), json(new URL("api/vendor", base), signal)]);
  const at = (/** @type {string} */ url) => new URL(url, base).href;
  if (!Array.isArray(models)) throw new OnpageError("no-model", `${at("api/models")} is no list of models`);
  const listed = models.map((model) => ({
    ...model,
    url: at(model.url),
    files: model.files.map((/** @type {ModelFile} */ file) => located(file, base)),
    adapters: (model.adapters ?? []).map((/** @type {Lora} */ adapter) => located(adapter, base)),
  }));
  return {
    models: writingModels(listed),
    embedders: embeddingModels(listed),
    vendor: Object.fromEntries(Object.entries(vendor).map(([name, folder]) => [name, at(String(folder))])),
  };
}

/**
 * The model of that id or name; the first where none is asked for.
 * @param {Model[]} models
 * @param {string} [wanted]
 * @returns {Model} OnpageError where there is none
 */
export function modelOf(models, wanted) {
  const found = wanted === undefined ? models[0] : models.find(({ id, name }) => id === wanted || name === wanted);
  if (found) return found;
  const names = models.map(({ name }) => name).join(", ");
  throw new OnpageError("no-model", wanted === undefined ? "the site offers none" : `there is no ${wanted}; there are: ${names || "none"}`);
}

/** @param {URL} url @param {AbortSignal} [signal] */
async function json(url, signal) {
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new OnpageError("server-unreachable", `${url.href}: status ${response.status}`);
    return await response.json();
  } catch (error) {
    if (signal?.aborted || error instanceof OnpageError) throw error;
    const foreign = url.origin !== globalThis.location?.origin ? "; another origin has to send Access-Control-Allow-Origin" : "";
    throw new OnpageError("server-unreachable", `${url.href}: ${error instanceof Error ? error.message : error}${foreign}`);
  }
}
