// @ts-check
/**
 * FunctionGemma: Gemma 3 of 270M taught to call functions. Its config.json says nothing of it, its tokenizer does; the developer's turn declares the
 * functions, and an answer also ends where the program is to give a function's response (builder/model/families/functiongemma.py).
 */

import { GEMMA_TURNS } from "./dense.js";

const [CALL, RESPONSE] = ["<start_function_call>", "<start_function_response>"];

export const NAME = "functiongemma3";
/** @type {import('../turns.js').Turns} */
export const TURNS = { ...GEMMA_TURNS, system: ["<start_of_turn>developer\n", GEMMA_TURNS.user[1]], ends: [...GEMMA_TURNS.ends, RESPONSE] };

/** A Gemma 3 of 270M (or of no published size) whose tokenizer has the piece for a call; any other model as it is. @param {import('../description.js').Model} model @param {(piece: string) => boolean} has @returns {import('../description.js').Model} */
export function asFunctionGemma(model, has) {
  return model.family === "gemma3" && ["270m", null].includes(model.size) && has(CALL) ? { ...model, family: NAME } : model;
}
