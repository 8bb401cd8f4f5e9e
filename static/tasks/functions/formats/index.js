// @ts-check
/**
 * How a model is told of functions, and how it calls them: the format that it was taught. Pure.
 *
 * @typedef {{name: string, arguments: Record<string, unknown>}} ModelCall
 * @typedef {ModelCall & {result: unknown}} Answered `result`: JSON
 * @typedef {{text: string, calls: Answered[]}} Step what the model said beside its calls, and what came of them
 * @typedef {{question: string, steps: Step[], answer: string}} ModelTurn `answer` is "" where it is to be written
 *
 * @typedef {object} Parsed
 * @property {string} text without its calls
 * @property {ModelCall[]} calls
 * @property {boolean} broken whether a call begins that cannot be read
 *
 * @typedef {object} Format
 * @property {'function-gemma' | 'gemma' | 'hermes'} id
 * @property {(tools: import('../tools/index.js').Tool[], turns: ModelTurn[]) => import('../../../engine/messages.js').Message[]} messages what
 *   was said and called, and the functions there are; whatever a person, a document or a tool says in it is text and no control
 * @property {(text: string, names: string[]) => Parsed} parse an answer; `names` of the functions there are
 * @property {(text: string) => boolean} isOver whether an answer goes on with what is not the model's to write
 */

import { functionGemma } from "./function_gemma.js";
import { gemma } from "./gemma.js";
import { hermes } from "./hermes.js";

/** What begins the turn of FunctionGemma's system. */
const DEVELOPER = "<start_of_turn>developer\n";

/**
 * The format of a model, as its file and its turns tell it; null for the demo, which knows no functions.
 * @param {Pick<import('../../../engine/model_list.js').Model, 'demo' | 'name' | 'family' | 'promptTemplate'>} model
 * @returns {Format | null}
 */
export function formatOf({ demo, name, family, promptTemplate }) {
  if (demo) return null;
  const isTold = promptTemplate.system?.prefix === DEVELOPER; // by a file that a person imported, whose name may be any
  if (isTold || /^functiongemma/i.test(family ?? "") || /function-?gemma/i.test(name)) return functionGemma;
  return promptTemplate.prefix.includes("<start_of_turn>") ? gemma : hermes;
}
