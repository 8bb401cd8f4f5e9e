// @ts-check
/**
 * The two sides of a comparison. Pure.
 *
 * @typedef {import('../../engine/session_state.js').Setup} Setup
 *
 * @typedef {object} Side what one of two answers is written with
 * @property {string} modelId
 * @property {string} loraId "" for none
 * @property {number} temperature
 * @property {number} seed
 */

/** A second side that differs from the first by its sampling only is warmer by so much. */
const WARMER = 0.6;

/**
 * What is loaded, and what there is to compare it with: another model, another adapter, or a warmer draw.
 * @param {Setup} setup
 * @param {import('../../engine/model_list.js').Model[]} models
 * @returns {[Side, Side]}
 */
export function sidesFor(setup, models) {
  const first = { modelId: setup.model.id, loraId: setup.lora?.id ?? "", temperature: setup.settings.temperature, seed: setup.settings.seed };
  const other = models.find(({ id }) => id !== first.modelId);
  const adapter = setup.choice?.entry.takesAdapters ? setup.model.adapters.find(({ id }) => id !== first.loraId) : undefined;
  const second = other
    ? { modelId: other.id, loraId: "", temperature: other.sampling.temperature, seed: first.seed }
    : adapter
      ? { ...first, loraId: adapter.id }
      : { ...first, temperature: warmer(first.temperature) };
  return [first, second];
}

/** The side first that is loaded already. @param {[Side, Side]} sides @param {Setup | null} setup @returns {(0 | 1)[]} */
export function orderOf([a, b], setup) {
  const loaded = (/** @type {Side} */ { modelId, loraId }) => setup?.model.id === modelId && (setup.lora?.id ?? "") === loraId;
  const near = (/** @type {Side} */ side) => (loaded(side) ? 2 : setup?.model.id === side.modelId ? 1 : 0);
  return near(b) > near(a) ? [1, 0] : [0, 1];
}

/** @param {unknown} value @returns {Side | null} */
export function checkedSide(value) {
  const { modelId, loraId, temperature, seed } = /** @type {Record<string, unknown>} */ (value ?? {});
  if (typeof modelId !== "string" || typeof loraId !== "string" || typeof temperature !== "number" || typeof seed !== "number") return null;
  return { modelId, loraId, temperature, seed };
}

/** @param {number} temperature */
function warmer(temperature) {
  return Math.round(Math.min(2, temperature + WARMER) * 10) / 10;
}
