// @ts-check
/**
 * What a server offers, as `api/models` lists it. Types only. Addresses may be relative to the page.
 *
 * @typedef {object} Model
 * @property {string} id
 * @property {'text' | 'embedding'} [kind] what comes out of it: text, or a vector of one; text where nobody says
 * @property {string} name
 * @property {string} file
 * @property {string} url
 * @property {number} size
 * @property {string} sha256
 * @property {ModelFile[]} files the same weights in each form there is; the first is the one above
 * @property {boolean} demo whether it is the small model that ships with onpage
 * @property {{name: string, page: string | null} | null} licence null where it is not known
 * @property {string | null} family
 * @property {string | null} quantization
 * @property {number | null} parameters
 * @property {number} context tokens the model was made for
 * @property {import('./messages.js').Turns} promptTemplate
 * @property {import('./protocol.js').SamplingSettings} sampling defaults
 * @property {import('./embedder.js').EmbeddingFacts | null} [embedding] how vectors are asked for
 * @property {Lora[]} adapters the LoRA adapters that fit it
 *
 * @typedef {import('./protocol.js').ModelSource & {format: string, context: number, engines: string[], quantization: string | null,
 *   onDemand?: number}} ModelFile `engines` that run it; `onDemand`: bytes of it that stay out of the GPU while it runs
 *
 * @typedef {import('./protocol.js').LoraSource & {id: string, name: string}} Lora a LoRA adapter
 */

export {};
