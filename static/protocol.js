// @ts-check
/**
 * The messages between `engine.js` (the page) and `engine.worker.js` (MediaPipe). Types only: nothing here runs.
 *
 * Every request carries an `id`; every answer carries the id of its request. `lost` and `crashed` answer nothing: they
 * end the worker's life, and the page terminates it.
 *
 * @typedef {{temperature: number, topK: number, seed: number, maxTokens: number}} SamplingSettings
 *   What the engine is created with. `maxTokens` counts the prompt and the answer together.
 *
 * @typedef {{url: string, size: number, sha256: string}} ModelSource
 *
 * @typedef {ModelSource & {rank: number}} LoraSource a LoRA adapter; `rank` is what the engine must know beforehand
 *
 * @typedef {{engine: string, hash: string}} VendorUrls the folders of the vendored libraries, each ending in a slash
 *
 * @typedef {'downloading' | 'creating' | 'warming' | 'adapting'} LoadStep
 * @typedef {{step: LoadStep, loaded: number, total: number, bytesPerSecond: number}} LoadProgress
 *
 * @typedef {{description: string, software: boolean}} Adapter
 *
 * @typedef {object} LoadResult
 * @property {Adapter} adapter
 * @property {{bytes: number, engine: number, warmUp: number}} milliseconds download; the rest until the engine was
 *   created; the first, short generation
 *
 * @typedef {object} GenerateResult
 * @property {number} promptTokens
 * @property {number} tokens tokens of the whole answer, counted by tokenizing its text again
 * @property {number} firstTokens the same for the text of the first callback
 *
 * @typedef {{type: 'load', id: number, model: ModelSource, settings: SamplingSettings, vendor: VendorUrls,
 *   fresh: boolean, ranks: number[], lora: LoraSource | null}} LoadRequest `fresh` goes past the browser's cache; `ranks` are
 *   those of all adapters that the model may get
 * @typedef {{type: 'adapt', id: number, lora: LoraSource | null}} AdaptRequest what follows is written with this adapter, or
 *   with none; answered as a load
 * @typedef {{type: 'generate', id: number, prompt: string}} GenerateRequest
 * @typedef {{type: 'count', id: number, text: string}} CountRequest
 * @typedef {{type: 'cancel', id: number}} CancelRequest stops the generation of that id; it is never answered itself
 * @typedef {LoadRequest | AdaptRequest | GenerateRequest | CountRequest | CancelRequest} Request
 *
 * @typedef {{type: 'progress', id: number, progress: LoadProgress}} ProgressReply
 * @typedef {{type: 'text', id: number, text: string}} TextReply
 * @typedef {{type: 'done', id: number, result: LoadResult | GenerateResult | number}} DoneReply
 * @typedef {{type: 'failed', id: number, error: import('./errors.js').ErrorData}} FailedReply
 * @typedef {{type: 'lost', detail: string}} LostReply
 * @typedef {{type: 'crashed', detail: string}} CrashedReply
 * @typedef {ProgressReply | TextReply | DoneReply | FailedReply | LostReply | CrashedReply} Reply
 */

export {};
