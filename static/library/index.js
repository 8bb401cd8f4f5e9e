// @ts-check
/**
 * Gemma in your own page.
 *
 * ```js
 * import { load } from "onpage";
 *
 * const model = await load("/onpage/");                       // where `onpage serve` or an exported site is
 * for await (const piece of model.ask("Say hello.")) show(piece);
 * ```
 */

export { Embedder, similarity } from "../engine/embedder.js";
export { OnpageError } from "../engine/errors.js";
export { message, textOf } from "../engine/messages.js";
export { Answer } from "./answer.js";
export { Chat } from "./chat.js";
export { loadEmbedder } from "./embedder.js";
export { languageModel } from "./language_model.js";
export { Model, PromptTooLongError, load } from "./model.js";
