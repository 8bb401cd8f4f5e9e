// @ts-check
/**
 * The library: a Gemma in a web page, on its GPU or its processor.
 *
 * ```js
 * import { Session, message } from "./engine/index.js";
 *
 * const session = new Session({ vendor, onChange: (state) => show(state.now) });
 * await session.start(models);               // as `api/models` lists them
 * const answer = await session.generate([message("Say hello.")], { room: 400, onText: (piece) => add(piece) });
 * ```
 *
 * A `Session` is what a page needs: it loads, switches, recovers, and is always in one phase (session_state.js). An `Engine` is one
 * worker with one model, for whoever measures or wants to do all that himself. Neither knows a document or says a sentence to a
 * person: errors are codes (errors.js). `vendor` is where the libraries of npm are, see VendorUrls in protocol.js.
 */

export { choose, isSlow, lookAtGpu, optionsOf } from "./choice.js";
export { firstRound } from "./circles.js";
export { Engine, Generation } from "./client.js";
export { Embedder, embeddingModels, similarity, writingModels } from "./embedder.js";
export { ERROR_CODES, OnpageError } from "./errors.js";
export { deviceMemory, firstThatFits, isTooLarge } from "./fit.js";
export { describeAdapter } from "./gpu.js";
export { MAX_IMAGES, MAX_SECONDS, MAX_SIDE, NO_SENSES, SAMPLE_RATE, mediaTokens, possibleSenses, sameSenses } from "./media.js";
export { mark, message, ownSystem, promptOf, textOf } from "./messages.js";
export { normalized } from "./pasted_text.js";
export { forgetImported, importedModels, noteSpeed, rememberImported, speeds } from "./device_memory.js";
export { turnsBeyond } from "./asked_turns.js";
export { HEAD, kindOf } from "./model_file.js";
export { ModelKeeper, locatedLibraries } from "./model_keeper.js";
export { OneRequest } from "./one_request.js";
export { canShare, isShared, shareStored } from "./shared_storage.js";
export { evictedFor, goneSince, listStored, removeOne, removeStored } from "./storage.js";
export { ENGINES, add, engineOf, takesSampling, versionOf } from "./registry.js";
export { Session } from "./session.js";
export { INITIAL, MAX_SEED, nextSeed } from "./session_state.js";
