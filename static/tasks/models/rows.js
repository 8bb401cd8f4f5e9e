// @ts-check
/**
 * The models as the page lists them: each file that the server offers, that a person brought, or that is only still here; and what is
 * published besides. With what this device has of each, and whether it fits. Pure.
 *
 * @typedef {import('../../engine/model_list.js').Model} Model
 * @typedef {import('../../engine/model_list.js').ModelFile} ModelFile
 * @typedef {import('../../engine/storage.js').StoredEntry} StoredEntry
 * @typedef {import('../../engine/device_memory.js').Speed} Speed
 *
 * @typedef {'text' | 'embedding'} Kind what comes out: text, or a vector of one, which documents are searched by
 *
 * @typedef {object} Listed a published model, as `api/catalog` has it
 * @property {string} id for `onpage fetch`
 * @property {{name: string, kind: Kind, parameters: number, context: number, modalities: string[], licence: {name: string, page: string, gated: boolean},
 *   template: import('../../engine/messages.js').Turns | null, sampling: {temperature: number | null, top_k: number | null}}} family
 * @property {string | null} file
 * @property {string | null} quantization
 * @property {string | null} engine what writes with it; null where nothing does
 * @property {number | null} size bytes
 * @property {boolean} size_is_approximate
 * @property {{device: string, prefill: number, decode: number} | null} speed
 * @property {string} page
 *
 * @typedef {object} Device
 * @property {import('../../engine/choice.js').Gpu} gpu
 * @property {number | null} memory bytes, as far as the browser says: Chromium says 8 GB for all that have more
 * @property {number} room bytes that may be added to its storage
 *
 * @typedef {'no-webgpu' | 'software' | 'memory' | 'no-room'} Unfit why a model does not, or may not, run here
 *
 * @typedef {object} Row
 * @property {string} key
 * @property {'served' | 'imported' | 'unknown' | 'published'} from
 * @property {string} name
 * @property {Kind} kind
 * @property {Model | null} model to be used
 * @property {ModelFile | null} file to be downloaded
 * @property {Listed | null} listed
 * @property {string} sha256 "" where it is not known
 * @property {number | null} size
 * @property {number} have bytes of it that are here
 * @property {boolean} isWhole
 * @property {boolean} isShared whether another origin shares it, so that it runs without being kept here
 * @property {{name: string, page: string | null} | null} licence
 * @property {string} engine its id, "" where it is not known, or nothing writes with it
 * @property {Unfit[]} unfit
 * @property {number} most bytes of it that storage could have, were all others deleted
 * @property {string[]} evicted names of models that go when this one comes
 * @property {number} lent bytes of it that need not be downloaded, because another model here has them
 * @property {Speed | null} speed measured here
 */

import { evictedFor, isTooLarge } from "../../engine/index.js";

/**
 * @param {{models: Model[], imported: Model[], stored: StoredEntry[], catalog: Listed[], speeds: Record<string, Speed>, device: Device,
 *   embedders?: Model[], shared?: Set<string>, lent?: Map<string, import('../../engine/lender.js').Lent>}} known `embedders`: kept like the others, but no task writes with them; `shared`: by sha256, as
 *   `lent`, what is stored has of what is not
 * @returns {Row[]} first what is here or can be had from the server, then what is published
 */
export function rowsOf({ models, imported, stored, catalog, speeds, device, embedders = [], shared = new Set(), lent = new Map() }) {
  const brought = new Set(imported.map(({ sha256 }) => sha256));
  const files = [...models, ...embedders].flatMap((model) => model.files.map((file) => ({ model, file })));
  const nameOf = (/** @type {string} */ sha256) => files.find(({ file }) => file.sha256 === sha256)?.model.name ?? sha256.slice(0, 8);
  const have = (/** @type {string} */ sha256) => stored.find((each) => each.sha256 === sha256)?.size ?? 0;
  const fit = (/** @type {{size: number | null, engine: string, sha256: string, isWhole: boolean}} */ what) => {
    const { unfit, evicted, most } = fitOf(what, device, stored);
    const lends = lent.get(what.sha256);
    const goes = evicted.some(({ sha256 }) => sha256 === lends?.from); // when there is no more room, it lends no more
    return { unfit, most, evicted: evicted.map(({ sha256 }) => nameOf(sha256)), lent: lends && !goes && !what.isWhole ? lends.bytes : 0 };
  };
  const here = files.map(({ model, file }) => {
    const { sha256, size } = file;
    const isWhole = have(sha256) === size;
    const isShared = !isWhole && shared.has(sha256);
    const engine = file.engines[0] ?? "";
    const listed = catalog.find((each) => isListed(each, model, file)) ?? null;
    const from = /** @type {Row['from']} */ (brought.has(sha256) ? "imported" : "served");
    const usable = !embedders.includes(model) && (isWhole || from === "served"); // nobody has an import but this browser
    const licence = model.licence ?? listed?.family.licence ?? null;
    return { key: sha256, from, name: model.name, kind: model.kind ?? "text", licence, model: usable ? model : null, file, listed, sha256, size, have: have(sha256), isWhole, isShared, engine, ...fit({ size, engine, sha256, isWhole: isWhole || isShared }), speed: speeds[sha256] ?? null };
  });
  const unknown = stored.filter(({ sha256, size }) => size && !files.some(({ file }) => file.sha256 === sha256)).map(({ sha256, size }) => {
    const from = /** @type {Row['from']} */ ("unknown");
    return { key: sha256, from, name: sha256.slice(0, 8), kind: /** @type {Kind} */ ("text"), licence: null, model: null, file: null, listed: null, sha256, size: null, have: size, isWhole: false, isShared: false, engine: "", unfit: [], most: Infinity, evicted: [], lent: 0, speed: null };
  });
  const published = catalog.filter((each) => !here.some(({ listed }) => listed === each)).map((listed) => {
    const { size, family: { name, kind, licence } } = listed;
    const engine = listed.engine ?? "";
    const { unfit, most } = fit({ size, engine, sha256: "", isWhole: false });
    return { key: listed.id, from: /** @type {Row['from']} */ ("published"), name, kind, licence, model: null, file: null, listed, sha256: "", size, have: 0, isWhole: false, isShared: false, engine, unfit, most, evicted: [], lent: 0, speed: null };
  });
  return [...here, ...unknown, ...published];
}

/**
 * Why something does not, or may not, run here, and which models make room for it.
 * @param {{size: number | null, engine: string, sha256: string, isWhole: boolean}} what
 * @param {Device} device
 * @param {StoredEntry[]} stored
 */
export function fitOf({ size, engine, sha256, isWhole }, { gpu, memory, room }, stored) {
  /** @type {Unfit[]} */
  const unfit = [];
  const needsGpu = engine !== "" && !engine.endsWith("-cpu");
  if (needsGpu && gpu !== "gpu") unfit.push(gpu === "software" ? "software" : "no-webgpu");
  if (size !== null && isTooLarge(size, memory)) unfit.push("memory");
  const gone = size === null || isWhole ? [] : evictedFor(stored, { sha256, size }, room);
  if (gone === null) unfit.push("no-room");
  return { unfit, evicted: gone ?? [], most: mostOf(room, stored) };
}

/** Bytes that one model could have, were all others deleted. @param {number} room bytes that are free @param {StoredEntry[]} stored */
export function mostOf(room, stored) {
  return stored.reduce((sum, { size }) => sum + size, room);
}

/** Whether a file that is offered is a published one: by its name, or, for those that onpage makes, by the model's. @param {Listed} listed @param {Model} model @param {ModelFile} file */
function isListed(listed, model, file) {
  if (listed.file) return decodeURIComponent(file.url.split("/").pop() ?? "") === listed.file;
  return listed.family.name === model.name && (file.engines[0] ?? null) === listed.engine;
}
