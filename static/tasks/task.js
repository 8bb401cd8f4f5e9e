// @ts-check
/**
 * What a task is: one use of a model, in a folder of its own, registered by one line of `index.js`. Types only.
 *
 * A task knows the session and its own element, never the page around it nor another task but by what its context offers. What it shows comes from `update`, which is
 * called with every new state of the session; what a person does there, it does with the session. It keeps nothing by itself:
 * `remember` gives to the page what `recall` is to bring back after a reload, and `records` keeps what was made for good.
 *
 * @typedef {import('../engine/session.js').Session} Session
 * @typedef {import('../engine/session_state.js').SessionState} SessionState
 *
 * @typedef {object} TaskContext
 * @property {Pick<Session, 'state' | 'count' | 'generate' | 'stop' | 'switch' | 'reseed' | 'offer' | 'withdraw' | 'look'>} session
 * @property {import('../engine/protocol.js').VendorUrls} vendor the libraries of npm
 * @property {HTMLElement} loading the progress of a load, for the task to put where its answer is going to be
 * @property {HTMLElement} figures where the figures of an answer go, among what is folded away
 * @property {unknown} recalled what was remembered last, undefined at first; not to be trusted
 * @property {(value: unknown) => void} remember
 * @property {import('../records/records.js').TaskRecords} records the task's own, on this device
 * @property {(name: string) => import('../records/records.js').TaskRecords} collection other records of the task's own, such as what it is
 *   set to
 * @property {Promise<import('../engine/embedder.js').EmbeddingModel[]>} [embedders] the models that compare texts, once it is known what
 *   is offered
 * @property {(question: string, count: number) => Promise<Lookup>} searchDocuments in what the person has added under Documents: by meaning too
 *   where the model for it is loaded there, else by words
 * @property {unknown} [handedOver] what the view before has handed over
 * @property {PageControls} page what of the page a task may read and change, at the person's word
 *
 * @typedef {{documents: number, hits: {place: string, text: string}[]}} Lookup `documents`: how many there are
 *
 * @typedef {object} PageControls
 * @property {string} theme "system", "light" or "dark"
 * @property {string[]} languages codes of those that the page speaks
 * @property {(name: 'theme' | 'language', value: string) => void} set another language mounts the tasks anew
 *
 * @typedef {object} MountedTask
 * @property {(state: SessionState) => void} update
 * @property {() => boolean} holdsText whether something that the person typed is on the screen
 * @property {() => void} [stop] ends what it writes, and what it was to write after that: Escape. Without it, its answer ends
 * @property {(text: string) => void} [take] a text that an address brings; what the person has typed can be brought back
 * @property {TaskContext['searchDocuments']} [searchDocuments] what the documents lend to other tasks while their view is there: their own search,
 *   by meaning too where its model is loaded
 * @property {() => unknown} [handOver] what goes on without a view, such as a download, for the next view: it comes in another language.
 *   `destroy`, which follows, leaves it as it is
 * @property {() => void} focus to where one goes on
 * @property {() => void} destroy takes its content and listeners away
 *
 * @typedef {object} Task
 * @property {string} id
 * @property {boolean} [aside] whether it is not among the uses, and other places of the page lead to it
 * @property {() => Promise<TaskModule>} load fetches its code
 *
 * @typedef {object} TaskModule what its `index.js` exports
 * @property {URL[]} styles
 * @property {(element: HTMLElement, context: TaskContext) => Promise<MountedTask>} mount with its styles there
 */

export {};
