// @ts-check
/**
 * What this tab remembers over a reload: the chosen model and engine, the settings, and what each task has given. `sessionStorage` is the
 * tab's own, so two tabs do not disturb each other, and it is gone when the tab is closed.
 *
 * @typedef {import('../engine/protocol.js').SamplingSettings} SamplingSettings
 * @typedef {{modelId?: string, engineId?: string, loraId?: string, settings?: Record<string, SamplingSettings>, tasks?: Record<string, unknown>}} TabMemory
 */

const KEY = "onpage";

/** @returns {TabMemory} */
export function recall() {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    return typeof found === "object" && found ? found : {}; // JSON that nobody vouches for
  } catch {
    return {};
  }
}

/** @param {TabMemory} change */
export function remember(change) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...recall(), ...change }));
  } catch {
    // A tab without storage forgets; nothing else depends on it.
  }
}
