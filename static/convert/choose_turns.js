// @ts-check
/**
 * Which turns a model is written with: its chat template's, else its family's; and whether its tokenizer has their pieces
 * (builder/model/choose_turns.py).
 */

import { turnsIn } from "./chat_template.js";
import { NotUnderstood, TemplateError } from "./jinja/errors.js";
import { Refusal, shown } from "./refusal.js";
import { marksOf, noTurns } from "./turns.js";

/**
 * @param {import('./chat_template.js').ChatTemplate | null} template
 * @param {import('./sentencepiece_model.js').SentencePieceModel} tokenizer
 * @param {import('./turns.js').Turns} usual the family's
 * @param {() => Promise<import('./jinja/renderer.js').Library>} loadJinja
 * @returns {Promise<import('./turns.js').Turns>} rejects with Refusal
 */
export async function chooseTurns(template, tokenizer, usual, loadJinja) {
  const has = (/** @type {string} */ piece) => tokenizer.idOf(piece) >= 0;
  if (!template) return marksOf(usual).every(has) ? usual : noTurns();
  const turns = ownTurns(await loadJinja(), template, tokenizer, usual, has);
  const missing = marksOf(turns).find((mark) => !has(mark));
  if (missing !== undefined) throw new Refusal("tokenizer", shown(missing));
  return turns;
}

/** @param {import('./jinja/renderer.js').Library} library @param {import('./chat_template.js').ChatTemplate} template @param {import('./sentencepiece_model.js').SentencePieceModel} tokenizer @param {import('./turns.js').Turns} usual @param {(piece: string) => boolean} has */
function ownTurns(library, template, tokenizer, usual, has) {
  try {
    const turns = turnsIn(library, template, tokenizer);
    const isUsual = turns.user.join("\0") === usual.user.join("\0");
    // a family may know of more that ends an answer, such as a call of a function
    return { ...turns, ends: [...turns.ends, ...usual.ends.filter((end) => isUsual && !turns.ends.includes(end))] };
  } catch (error) {
    if (!(error instanceof TemplateError || error instanceof NotUnderstood)) throw error;
    const marks = marksOf(usual);
    // of a model with a task of its own, such as TranslateGemma, whose template takes no plain message
    if (error instanceof TemplateError && marks.every((mark) => has(mark) && template.text.includes(mark))) return usual;
    throw new Refusal("template", shown(error.message));
  }
}
