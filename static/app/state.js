// @ts-check
/**
 * The state of the page: one value, changed only by the pure transitions below.
 *
 * `now.phase` says what is on the screen: `starting` (reading the lists), `loading` (a model goes into the engine), `ready`,
 * `writing`, or `problem`. A transition that does not fit the phase leaves the state as it is, so a late message from a
 * dead engine changes nothing.
 *
 * @typedef {import('../engine/errors.js').ErrorData} ErrorData
 * @typedef {import('../engine/client.js').Figures} Figures
 * @typedef {import('../engine/protocol.js').Adapter} Adapter
 * @typedef {import('../engine/choice.js').Choice} Choice
 * @typedef {import('../engine/choice.js').Gpu} Gpu
 * @typedef {import('../engine/protocol.js').LoadProgress} LoadProgress
 * @typedef {import('../engine/protocol.js').SamplingSettings} SamplingSettings
 * @typedef {import('../tasks/post/prompt.js').Task} Task
 *
 * @typedef {object} Model one entry of /api/models
 * @property {string} id
 * @property {string} name
 * @property {string} file
 * @property {string} url
 * @property {number} size
 * @property {string} sha256
 * @property {ModelFile[]} files the same weights in each form there is; the first is the one above
 * @property {string | null} family
 * @property {string | null} quantization
 * @property {number | null} parameters
 * @property {number} context tokens the model was made for
 * @property {{prefix: string, suffix: string}} promptTemplate
 * @property {SamplingSettings} sampling defaults
 * @property {Lora[]} adapters those that fit it
 *
 * @typedef {import('../engine/protocol.js').ModelSource & {format: string, context: number, engines: string[]}} ModelFile
 *   `engines` that run it
 *
 * @typedef {import('../engine/protocol.js').LoraSource & {id: string, name: string}} Lora a LoRA adapter
 *
 * @typedef {'first' | 'model' | 'engine' | 'adapter' | 'settings' | 'again' | 'restart' | 'recover'} LoadReason
 *
 * @typedef {{phase: 'starting'}} Starting
 * @typedef {{phase: 'loading', reason: LoadReason, progress: LoadProgress | null}} Loading
 * @typedef {{phase: 'ready'}} Ready
 * @typedef {{phase: 'writing', stopping: boolean}} Writing
 * @typedef {{phase: 'problem', error: ErrorData}} Problem
 * @typedef {Starting | Loading | Ready | Writing | Problem} Now
 *
 * @typedef {{text: string, tone: string, length: string}} Draft
 *
 * @typedef {object} Post
 * @property {string} text
 * @property {string} tone
 * @property {string} length
 * @property {number} seed
 * @property {string} adapter name of the LoRA adapter that it was written with, "" for none
 * @property {Figures | null} figures null until it is finished
 * @property {number} reused share of the prompt, 0 to 1, that the engine had read before
 *
 * @typedef {{kind: 'too-long', tokens: number, room: number} | {kind: 'restarted'} | {kind: 'runaway'}} Notice
 *
 * @typedef {object} State
 * @property {Now} now
 * @property {Model[]} models
 * @property {string} modelId
 * @property {Gpu} gpu
 * @property {string} engineId the engine that the person has chosen, "" for the one that suits best
 * @property {Choice | null} choice what runs the model, or is to run it
 * @property {string} loraId the adapter that is on, or is being put on; "" for none
 * @property {Task} task
 * @property {{title: string, text: string}[]} examples
 * @property {{name: string, characters: number}[]} limits
 * @property {Draft} draft
 * @property {{tokens: number, room: number} | null} count of the prompt this draft would make; null while unknown
 * @property {SamplingSettings | null} loaded what the engine was created with
 * @property {Adapter | null} adapter
 * @property {Post | null} post
 * @property {Notice | null} notice
 * @property {{size: number}[]} kept the models that this browser keeps, in part or whole
 */

/** @type {State} */
export const INITIAL = {
  now: { phase: "starting" },
  models: [],
  modelId: "",
  gpu: "no-webgpu",
  engineId: "",
  choice: null,
  loraId: "",
  task: { instruction: "", tones: [], lengths: [] },
  examples: [],
  limits: [],
  draft: { text: "", tone: "", length: "" },
  count: null,
  loaded: null,
  adapter: null,
  post: null,
  notice: null,
  kept: [],
};

export const transitions = {
  /**
   * @param {State} state
   * @param {Pick<State, 'models' | 'task' | 'examples' | 'limits' | 'gpu'> & {draft?: Partial<Draft>, modelId?: string,
   *   engineId?: string, loraId?: string}} lists
   * @returns {State}
   */
  started(state, { models, task, examples, limits, gpu, draft = {}, modelId, engineId = "", loraId }) {
    const known = models.find((model) => model.id === modelId) ?? models[0];
    const tone = task.tones.find((name) => name === draft.tone) ?? task.tones[0];
    const length = task.lengths.find(({ id }) => id === draft.length) ?? task.lengths[0];
    return {
      ...state,
      models,
      task,
      examples,
      limits,
      gpu,
      engineId,
      modelId: known?.id ?? "",
      loraId: known?.adapters.find(({ id }) => id === loraId)?.id ?? "",
      draft: { text: draft.text ?? "", tone, length: length.id },
    };
  },

  /**
   * @param {State} state
   * @param {{reason: LoadReason, modelId: string, engineId: string, choice: Choice | null, loraId: string}} load
   * @returns {State}
   */
  loadBegan(state, { reason, ...chosen }) {
    return { ...state, ...chosen, now: { phase: "loading", reason, progress: null }, count: null, loaded: null, notice: null };
  },

  /** @param {State} state @param {LoadProgress} progress @returns {State} */
  progressed(state, progress) {
    return state.now.phase === "loading" ? { ...state, now: { ...state.now, progress } } : state;
  },

  /** @param {State} state @param {{settings: SamplingSettings, adapter: Adapter | null}} loaded @returns {State} */
  loaded(state, { settings, adapter }) {
    if (state.now.phase !== "loading") return state;
    /** @type {Notice | null} */
    const notice = state.now.reason === "recover" ? { kind: "restarted" } : null;
    return { ...state, now: { phase: "ready" }, loaded: settings, adapter, notice };
  },

  /** @param {State} state @param {Partial<Draft>} change @returns {State} */
  drafted(state, change) {
    const notice = state.notice?.kind === "too-long" ? null : state.notice;
    return { ...state, draft: { ...state.draft, ...change }, count: null, notice };
  },

  /** @param {State} state @param {{draft: Draft, tokens: number, room: number}} count @returns {State} */
  counted(state, { draft, tokens, room }) {
    return draft === state.draft ? { ...state, count: { tokens, room } } : state;
  },

  /** @param {State} state @param {{tokens: number, room: number}} size @returns {State} */
  refused(state, { tokens, room }) {
    return { ...state, count: { tokens, room }, notice: { kind: "too-long", tokens, room } };
  },

  /** @param {State} state @param {{draft: Draft, seed: number, reused: number}} write @returns {State} */
  writeBegan(state, { draft: { tone, length }, seed, reused }) {
    if (state.now.phase !== "ready") return state;
    const post = { text: "", tone, length, seed, adapter: currentLora(state)?.name ?? "", reused, figures: null };
    return { ...state, now: { phase: "writing", stopping: false }, post, notice: null };
  },

  /** @param {State} state @param {string} piece @returns {State} */
  wrote(state, piece) {
    if (state.now.phase !== "writing" || !state.post) return state;
    return { ...state, post: { ...state.post, text: state.post.text + piece } };
  },

  /** @param {State} state @returns {State} */
  stopAsked(state) {
    return state.now.phase === "writing" ? { ...state, now: { phase: "writing", stopping: true } } : state;
  },

  /** @param {State} state @returns {State} */
  ranAway(state) {
    return state.now.phase === "writing" ? { ...state, notice: { kind: "runaway" } } : state;
  },

  /** @param {State} state @param {Figures} figures @returns {State} */
  written(state, figures) {
    if (state.now.phase !== "writing" || !state.post) return state;
    return { ...state, now: { phase: "ready" }, post: { ...state.post, figures } };
  },

  /** @param {State} state @param {State['kept']} kept @returns {State} */
  looked(state, kept) {
    return { ...state, kept };
  },

  /** @param {State} state @param {ErrorData} error @returns {State} */
  failed(state, error) {
    return { ...state, now: { phase: "problem", error }, loaded: null, adapter: null, count: null };
  },
};

/** @typedef {typeof transitions} Transitions */

/**
 * @param {(state: State) => void} onChange called once for all changes made together
 */
export function createStore(onChange) {
  let state = INITIAL;
  let scheduled = false;
  const flush = () => {
    scheduled = false;
    onChange(state);
  };
  return {
    get: () => state,
    /**
     * @template {keyof Transitions} Name
     * @param {Name} name
     * @param {Parameters<Transitions[Name]>[1]} [payload]
     */
    apply(name, payload) {
      const transition = /** @type {(state: State, payload?: unknown) => State} */ (transitions[name]);
      const next = transition(state, payload);
      if (next === state) return;
      state = next;
      if (!scheduled) {
        scheduled = true;
        queueMicrotask(flush);
      }
    },
  };
}

/** @param {State} state */
export function currentModel(state) {
  return state.models.find(({ id }) => id === state.modelId) ?? null;
}

/** @param {State} state */
export function currentLora(state) {
  return currentModel(state)?.adapters.find(({ id }) => id === state.loraId) ?? null;
}

/** @param {State} state */
export function currentLength(state) {
  return state.task.lengths.find(({ id }) => id === state.draft.length) ?? state.task.lengths[0];
}
