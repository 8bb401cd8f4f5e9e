// @ts-check
/**
 * The state of a session: one value, of which `now` says what is going on, and in each phase only what that phase has.
 * `session.js` alone changes it.
 *
 * @typedef {import('./choice.js').Choice} Choice
 * @typedef {import('./choice.js').Gpu} Gpu
 * @typedef {import('./choice.js').GpuFault} GpuFault
 * @typedef {import('./errors.js').ErrorData} ErrorData
 * @typedef {import('./model_list.js').Lora} Lora
 * @typedef {import('./model_list.js').Model} Model
 * @typedef {import('./protocol.js').GpuAdapter} GpuAdapter
 * @typedef {import('./protocol.js').LoadProgress} LoadProgress
 * @typedef {import('./protocol.js').SamplingSettings} SamplingSettings
 *
 * @typedef {'first' | 'model' | 'engine' | 'lora' | 'settings' | 'senses' | 'seed' | 'restart' | 'recover' | 'return' | 'elsewhere'} LoadReason
 *   `recover`: the engine has crashed; `return`: a switch has failed, and what ran before is brought back; `elsewhere` is never the
 *   session's own: a page with several tasks tells one of them that another one's answer is written
 *
 * @typedef {{phase: 'starting'}} Starting nothing is known yet
 * @typedef {{phase: 'loading', reason: LoadReason, progress: LoadProgress | null}} Loading
 * @typedef {{phase: 'ready', after: 'load' | 'answer' | 'stop'}} Ready
 * @typedef {{phase: 'writing', stopping: boolean}} Writing
 * @typedef {{phase: 'problem', error: ErrorData}} Problem no engine is there; a restart, or another choice, leads out
 * @typedef {Starting | Loading | Ready | Writing | Problem} Now
 *
 * @typedef {object} Setup what runs, or is being brought in
 * @property {Model} model
 * @property {string} engineId the engine that a person has chosen, "" for the one that suits best
 * @property {Choice | null} choice null where no engine here can run the model
 * @property {Lora | null} lora
 * @property {SamplingSettings} settings
 * @property {import('./media.js').Senses} senses what is loaded besides the text part
 *
 * @typedef {{kind: 'restarted'} | {kind: 'kept', error: ErrorData} | {kind: 'wrong-gpu', choice: Choice, fault: GpuFault}} Notice
 *   `kept`: a switch has failed, and what ran before runs; `wrong-gpu`: an engine computes wrongly on this GPU, and another runs, or none
 *   could
 *
 * @typedef {object} SessionState
 * @property {Now} now
 * @property {Model[]} models
 * @property {Gpu} gpu
 * @property {GpuFault[]} faults of the engines that were seen to compute wrongly on it
 * @property {Setup | null} setup null only where there is no model
 * @property {GpuAdapter | null} gpuAdapter what the engine that runs has
 * @property {string[]} library addresses of the files of its own that this engine has loaded
 * @property {Record<string, SamplingSettings>} settings the last that each model has run with, by its id
 * @property {Notice | null} notice
 * @property {string[]} gone names of the models that this browser has deleted in the last load, to make room for what it brought, even if in vain
 * @property {import('./storage.js').StoredEntry[]} kept the models that this browser keeps, in part or whole
 */

/** @type {SessionState} */
export const INITIAL = {
  now: { phase: "starting" },
  models: [],
  gpu: "no-webgpu",
  faults: [],
  setup: null,
  gpuAdapter: null,
  library: [],
  settings: {},
  notice: null,
  gone: [],
  kept: [],
};

/** The largest seed that every engine takes; after it comes 0. */
export const MAX_SEED = 2 ** 31 - 1;

/** @param {number} seed */
export function nextSeed(seed) {
  return seed >= MAX_SEED ? 0 : seed + 1;
}
