// @ts-check
/**
 * The models to choose from: those that a person has brought from a file, and what the server offers, or, where it does not answer, what it offered last, of which only that is left which
 * this browser keeps whole. The service worker has the last list, and says so in a header (static/offline/service_worker.js).
 */

import { OnpageError, embeddingModels, importedModels, listStored, writingModels } from "../engine/index.js";

/** @typedef {import('../engine/model_list.js').Model} Model */

const LIST = "api/models";

/**
 * @param {object} [network] what tests put in place of the browser's
 * @param {(url: URL) => Promise<Response>} [network.get]
 * @param {typeof listStored} [network.stored]
 * @param {() => Model[]} [network.imported] those that a person brought from a file
 * @returns {Promise<{models: Model[], embedders: import('../engine/embedder.js').EmbeddingModel[], offline: boolean}>} those that write, and
 *   those that compare; OnpageError where there is no list, or nothing of an old one is here
 */
export async function readOffers({ get = fetch, stored = listStored, imported = importedModels } = {}) {
  const response = await get(new URL(LIST, document.baseURI)).catch(() => null);
  if (!response?.ok) throw new OnpageError("server-unreachable", response ? `${LIST}: ${response.status}` : LIST);
  /** @type {Model[]} */
  const served = await response.json();
  const offline = response.headers.has("X-Onpage-Kept");
  const brought = imported().filter(({ sha256 }) => !served.some(({ files }) => files.some((file) => file.sha256 === sha256)));
  const kept = offline || brought.length ? await stored() : [];
  const here = offline ? keptOf([...served, ...brought], kept) : [...served, ...keptOf(brought, kept)];
  const models = writingModels(here);
  if (offline && !models.length) throw new OnpageError("model-not-kept", writingModels(served).map(({ name }) => name).join(", "));
  return { models, embedders: embeddingModels(here), offline };
}

/**
 * Models with those of their files that are here whole. Adapters are not kept.
 * @param {Model[]} models
 * @param {{sha256: string, size: number}[]} stored
 */
export function keptOf(models, stored) {
  return models.flatMap((model) => {
    const files = model.files.filter(({ sha256, size }) => stored.some((each) => each.sha256 === sha256 && each.size === size));
    return files.length ? [{ ...model, files, adapters: [] }] : [];
  });
}
