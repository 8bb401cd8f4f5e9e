// @ts-check
/**
 * What this device remembers about models beside their bytes: those that a person brought from a file, how fast each has answered, and of which
 * size the vectors of one that compares texts are. In the origin's local storage, as JSON that nobody vouches for when it is read; without local storage it is forgotten.
 *
 * @typedef {import('./model_list.js').Model} Model
 * @typedef {Pick<Storage, 'getItem' | 'setItem'>} Memory
 * @typedef {{prefill: number | null, decode: number | null, at: number}} Speed tokens per second of the last answer that was long enough; `at`: ms since 1970
 */

const [IMPORTED, SPEEDS, SIZES] = ["onpage-imported", "onpage-speeds", "onpage-vector-sizes"];
/** Tokens of an answer from which on its rate says something. */
const MIN_TOKENS = 8;
const MAX_SPEEDS = 50;
const HASH = /^[0-9a-f]{64}$/;

/** @param {Memory} [memory] @returns {Model[]} */
export function importedModels(memory = local()) {
  const found = read(memory, IMPORTED);
  return Array.isArray(found) ? found.filter(isModel) : [];
}

/** @param {Model} model @param {Memory} [memory] */
export function rememberImported(model, memory = local()) {
  write(memory, IMPORTED, [...importedModels(memory).filter(({ sha256 }) => sha256 !== model.sha256), model]);
}

/** @param {string} sha256 @param {Memory} [memory] */
export function forgetImported(sha256, memory = local()) {
  write(memory, IMPORTED, importedModels(memory).filter((model) => model.sha256 !== sha256));
}

/**
 * @param {string} sha256 of the file that was run
 * @param {Pick<import('./client.js').Figures, 'prefillRate' | 'decodeRate' | 'tokens' | 'reused'>} figures
 * @param {Memory} [memory]
 * @param {number} [at]
 */
export function noteSpeed(sha256, { prefillRate, decodeRate, tokens, reused }, memory = local(), at = Date.now()) {
  if (tokens < MIN_TOKENS || decodeRate === null) return;
  const before = speeds(memory);
  const prefill = reused ? (before[sha256]?.prefill ?? null) : prefillRate; // what was not read anew says nothing
  const rest = Object.entries(before).filter(([each]) => each !== sha256).slice(1 - MAX_SPEEDS);
  write(memory, SPEEDS, Object.fromEntries([...rest, [sha256, { prefill, decode: decodeRate, at }]]));
}

/** By the sha256 of a file. @param {Memory} [memory] @returns {Record<string, Speed>} */
export function speeds(memory = local()) {
  const found = read(memory, SPEEDS);
  const isSpeed = (/** @type {[string, any]} */ [sha256, each]) => HASH.test(sha256) && isNumber(each?.decode) && isNumber(each?.at) && (each.prefill === null || isNumber(each.prefill));
  return typeof found === "object" && found ? Object.fromEntries(Object.entries(found).filter(isSpeed)) : {};
}

/** Numbers of a vector of a model that compares texts, as a person has chosen; 0 for no choice. @param {string} sha256 @param {Memory} [memory] */
export function chosenVectorSize(sha256, memory = local()) {
  const found = /** @type {Record<string, unknown> | null} */ (read(memory, SIZES));
  const size = typeof found === "object" && found && Object.hasOwn(found, sha256) ? found[sha256] : 0;
  return isNumber(size) ? Number(size) : 0;
}

/** @param {string} sha256 @param {number} size @param {Memory} [memory] */
export function chooseVectorSize(sha256, size, memory = local()) {
  const found = read(memory, SIZES);
  write(memory, SIZES, { ...(typeof found === "object" ? found : {}), [sha256]: size });
}

/** @param {unknown} value */
const isNumber = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;

/** @param {any} model */
function isModel(model) {
  const file = model?.files?.[0];
  const texts = [model?.id, model?.name, file?.format, file?.engines?.[0], model?.promptTemplate?.prefix, model?.promptTemplate?.suffix];
  const numbers = [file?.size, file?.context, model?.context, ...["temperature", "topK", "seed", "maxTokens"].map((name) => model?.sampling?.[name])];
  return HASH.test(model?.sha256) && file?.sha256 === model.sha256 && model.files.length === 1 && Array.isArray(model.adapters) && texts.every((each) => typeof each === "string") && numbers.every(isNumber);
}

/** @returns {Memory} */
function local() {
  try {
    return globalThis.localStorage ?? NONE;
  } catch {
    return NONE; // it is forbidden
  }
}

/** @type {Memory} */
const NONE = { getItem: () => null, setItem: () => {} };

/** @param {Memory} memory @param {string} key @returns {unknown} */
function read(memory, key) {
  try {
    return JSON.parse(memory.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {Memory} memory @param {string} key @param {unknown} value */
function write(memory, key, value) {
  try {
    memory.setItem(key, JSON.stringify(value));
  } catch (error) {
    console.debug(error);
  }
}
