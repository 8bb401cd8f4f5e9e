// @ts-check
/**
 * The texts around what each side of a conversation says (builder/model/turns.py).
 *
 * @typedef {[before: string, after: string]} Turn
 *
 * @typedef {object} Turns how a model was taught to converse
 * @property {Turn} user
 * @property {Turn} model
 * @property {Turn | null} system null where there are no turns but those of the user and the model
 * @property {string} opening what stands in front of the first turn
 * @property {string[]} ends pieces that end an answer
 */

/** What looks like a token of its own: `<start_of_turn>`, `<|im_end|>`. */
const MARK = /<[^<>\s]{1,62}>/gu;

/** Where nothing is known. @returns {Turns} */
export function noTurns() {
  return { user: ["", ""], model: ["", ""], system: null, opening: "", ends: [] };
}

/** What stands around a single question: up to where the model begins. @param {Turns} turns @returns {Turn} */
export function questionOf({ user, model, opening }) {
  return [opening + user[0], user[1] + model[0]];
}

/** The texts of every turn. @param {Turns} turns */
export function affixesOf({ user, model, system }) {
  return [...user, ...model, ...(system ?? ["", ""])];
}

/** What looks like a piece in them. @param {Turns} turns */
export function marksOf(turns) {
  return affixesOf(turns).flatMap((text) => text.match(MARK) ?? []);
}

/** The mark that a text begins with. @param {string} text */
export function markAtBeginOf(text) {
  const [mark] = text.match(MARK) ?? [""];
  return mark && text.startsWith(mark) ? mark : null;
}
