// @ts-check
/**
 * The messages between `client.js` (the page) and a worker of `workers/`, whichever engine it runs. Types only.
 *
 * Every request carries an `id`; every answer carries the id of its request. `lost` and `crashed` answer nothing: they
 * end the worker's life, and the page terminates it.
 *
 * @typedef {import('./messages.js').Message} Message
 * @typedef {import('./messages.js').Turns} Turns
 *
 * @typedef {'float16' | 'float32'} Precision in which activations are computed
 *
 * @typedef {{temperature: number, topK: number, seed: number, maxTokens: number, precision?: 'auto' | Precision}} SamplingSettings
 *   What the engine is created with. `maxTokens` counts the prompt and the answer together; `precision` is for an engine that has a
 *   choice, "auto" (and none) what the model's file needs.
 *
 * @typedef {{url: string, size: number}} Part
 *
 * @typedef {{url: string, size: number, sha256: string, precision?: Precision, parts?: Part[], modalities?: import('./media.js').Modality[],
 *   keep?: boolean}} ModelSource `url` may be relative to the page; `precision` is the least that holds every number of the model, float32 where
 *   nobody says; `parts`, in order, where a host that limits the size of files has the model in several: then there is nothing at `url`;
 *   `modalities` are what it takes besides text, none where nobody says; where `keep` is false it does not go into the browser's storage
 *
 * @typedef {ModelSource & {rank: number}} LoraSource a LoRA adapter; `rank` is what the engine must know beforehand
 *
 * @typedef {Record<string, string>} VendorUrls the folder of each vendored library, ending in a slash, by its npm name;
 *   may be relative to the page
 *
 * @typedef {'waiting' | 'reading' | 'downloading' | 'retrying' | 'creating' | 'warming' | 'adapting'} LoadStep `waiting`: another
 *   tab brings the model; `retrying`: the network failed and is tried again after a pause
 *
 * @typedef {object} LoadProgress
 * @property {LoadStep} step
 * @property {number} loaded bytes that are there, of the model and of the engine's own files
 * @property {number} total
 * @property {number} bytesPerSecond of the network, in the last seconds
 * @property {number | null} secondsLeft null where that cannot be told (yet)
 * @property {{code: import('./errors.js').ErrorCode, seconds: number} | null} retry what failed, and seconds until the next try
 *
 * @typedef {object} GpuAdapter the GPU that an engine runs on
 * @property {string} description
 * @property {string} vendor
 * @property {string} architecture
 * @property {string} device
 * @property {boolean} software whether it is the processor that does its work
 * @property {string[]} features
 * @property {Record<string, number>} limits
 *
 * @typedef {object} LoadResult
 * @property {GpuAdapter | null} gpuAdapter null where the engine needs no GPU
 * @property {{bytes: number, engine: number, warmUp: number}} milliseconds download; the rest until the engine was
 *   created; the first, short generation
 * @property {boolean | null} [fromCache] whether the model was in the browser; null where a part of it was, or that is not known
 * @property {string[]} [library] addresses of the engine's own files that this worker has loaded
 * @property {boolean} [kept] whether the engine went on with the model that it had, and with the prompt that it had read
 * @property {boolean} warmed whether the engine has answered once, so that the next answer compiles nothing
 *
 * @typedef {'model' | 'limit' | 'context' | 'stopped'} Ending why an answer ended: by the model itself, at the tokens asked for
 *   (or going round in circles), because the context was full, or because the page stopped it
 *
 * @typedef {object} GenerateResult
 * @property {number} promptTokens
 * @property {number} tokens tokens of the whole answer, counted by the engine's steps, never from text; where several come at once
 *   the last of them may have been none
 * @property {number} firstTokens the same for the text of the first callback
 * @property {Ending} ended
 * @property {Record<string, number> | null} engineFigures what the engine itself says of this generation, in its own terms
 * @property {number} [reused] share of the prompt, 0 to 1, that it still held; where the engine knows it better than the page
 *
 * @typedef {{type: 'load', id: number, model: ModelSource, settings: SamplingSettings, turns: Turns | null, vendor: VendorUrls,
 *   backend: "CPU" | "WebGPU", fresh: boolean, warmUp: boolean, ranks: number[], lora: LoraSource | null, senses: import('./media.js').Senses}}
 *   LoadRequest `turns` are put around
 *   messages from now on, null for none; `backend` is the entry's, for a worker that has several; `fresh` goes past what the browser
 *   has kept; without `warmUp` the first answer compiles what the engine needs; `ranks` are those of all adapters that the model may get;
 *   `senses` is what is loaded besides the text part
 * @typedef {{type: 'adapt', id: number, lora: LoraSource | null}} AdaptRequest what follows is written with this adapter, or
 *   with none; answered as a load
 * @typedef {{temperature: number, seed: number}} Draw how one answer is drawn, in place of the settings
 * @typedef {{type: 'generate', id: number, messages: Message[], tokens: number | null, draw: Draw | null, goesOn: boolean,
 *   stop: SharedArrayBuffer | null}}
 *   GenerateRequest `tokens` ends the answer after so many, or after few more; `draw` is for an engine that `takesSampling`; `goesOn` says
 *   that another prompt may go on from this one and its answer, so that it is worth memory to hold them;
 *   the first four bytes of `stop` become 1 when it is cancelled, for an engine that hears no message while it writes; null where the
 *   page may not share memory
 * @typedef {{type: 'count', id: number, messages: Message[]}} CountRequest tokens of the prompt that these would make; texts only
 * @typedef {{type: 'cancel', id: number}} CancelRequest stops the generation of that id; it is never answered itself
 * @typedef {LoadRequest | AdaptRequest | GenerateRequest | CountRequest | CancelRequest} Request
 *
 * @typedef {{type: 'progress', id: number, progress: LoadProgress}} ProgressReply
 * @typedef {{type: 'text', id: number, text: string}} TextReply
 * @typedef {{type: 'done', id: number, result: LoadResult | GenerateResult | number}} DoneReply
 * @typedef {{type: 'failed', id: number, error: import('./errors.js').ErrorData, unharmed?: boolean}} FailedReply `unharmed`: the
 *   engine was not touched, and goes on as it was before this request
 * @typedef {{type: 'lost', detail: string}} LostReply
 * @typedef {{type: 'crashed', detail: string}} CrashedReply
 * @typedef {ProgressReply | TextReply | DoneReply | FailedReply | LostReply | CrashedReply} Reply
 */

export {};
