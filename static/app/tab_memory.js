// @ts-check
/**
 * What this tab remembers over a reload: the draft, the chosen model and engine, and the settings. `sessionStorage` is the tab's own, so
 * two tabs do not disturb each other, and it is gone when the tab is closed. Posts are not kept.
 *
 * @typedef {import('../engine/protocol.js').SamplingSettings} SamplingSettings
 * @typedef {{draft?: import('./state.js').Draft, modelId?: string, engineId?: string, loraId?: string, settings?: Record<string, SamplingSettings>}} Session
 */

const KEY = "onpage";

/** @returns {Session} */
export function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {import('./state.js').State} state */
export function remember({ draft, modelId, engineId, loraId, loaded }) {
  const { settings = {} } = recall();
  if (loaded) settings[modelId] = loaded;
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ draft, modelId, engineId, loraId, settings }));
  } catch {
    // A tab without storage forgets; nothing else depends on it.
  }
}
