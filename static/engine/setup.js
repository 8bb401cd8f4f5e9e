// @ts-check
/**
 * What is to run: a model with an engine, an adapter and settings, as it is wished for and as it is possible here.
 *
 * @typedef {import('./choice.js').Gpu} Gpu
 * @typedef {import('./protocol.js').SamplingSettings} SamplingSettings
 * @typedef {import('./session_state.js').SessionState} SessionState
 * @typedef {import('./session_state.js').Setup} Setup
 *
 * @typedef {Omit<Setup, 'choice'>} WantedSetup
 * @typedef {Setup & {choice: import('./choice.js').Choice}} PossibleSetup
 * @typedef {{modelId?: string, engineId?: string, loraId?: string, settings?: SamplingSettings,
 *   senses?: import('./media.js').Senses}} Wish what is to be different
 */

import { choose } from "./choice.js";
import { NO_SENSES, possibleSenses, sameSenses } from "./media.js";

/**
 * What is there, but for what is wished for. A model has its own adapters, and the settings that it last ran with. What a person has had
 * loaded for pictures and sounds stays with that model.
 * @param {Pick<SessionState, 'models' | 'setup' | 'settings'>} state with a model
 * @param {Wish} wish
 * @returns {WantedSetup}
 */
export function wished({ models, setup, settings: remembered }, { modelId, engineId, loraId, settings, senses }) {
  const model = models.find(({ id }) => id === modelId) ?? setup?.model ?? models[0];
  return {
    model,
    engineId: engineId ?? setup?.engineId ?? "",
    lora: model.adapters.find(({ id }) => id === (loraId ?? setup?.lora?.id)) ?? null,
    settings: settings ?? remembered[model.id] ?? model.sampling,
    senses: senses ?? (model.id === setup?.model.id ? setup.senses : NO_SENSES),
  };
}

/**
 * With the engine that runs it here, and nothing that this engine does not take. Throws OnpageError where none does.
 * @param {WantedSetup} wanted
 * @param {Gpu} gpu
 * @param {import('./choice.js').GpuFault[]} [faults] of the engines that compute wrongly here
 * @returns {PossibleSetup}
 */
export function possible(wanted, gpu, faults) {
  const choice = choose(wanted.model, gpu, wanted.engineId, faults);
  const maxTokens = Math.min(wanted.settings.maxTokens, choice.file.context);
  const senses = possibleSenses(wanted.senses, choice.file, choice.entry);
  const lora = choice.entry.takesAdapters && sameSenses(senses, NO_SENSES) ? wanted.lora : null; // which no engine has beside them
  return { ...wanted, choice, lora, senses, settings: { ...wanted.settings, maxTokens } };
}

/**
 * Whether an engine can go from one to the other by itself.
 * @param {PossibleSetup} a
 * @param {PossibleSetup} b
 */
export function sameModel(a, b) {
  const same = a.choice.entry === b.choice.entry && a.choice.file.sha256 === b.choice.file.sha256 && a.model.id === b.model.id;
  return same && sameSenses(a.senses, b.senses);
}

/** @param {SamplingSettings} a @param {SamplingSettings} b */
export function sameSettings(a, b) {
  return a.temperature === b.temperature && a.topK === b.topK && a.seed === b.seed && a.maxTokens === b.maxTokens && a.precision === b.precision;
}
