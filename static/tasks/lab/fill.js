// @ts-check
/**
 * An instruction with its variables filled in. Pure.
 *
 * `{name}` is a variable: a letter, then letters, digits and `_`. `{{name}}` is the text `{name}`. All are filled in one pass, so what a
 * value holds stays as it is: braces, names of variables, and turn tokens, which the engine's own `foreign_text.js` makes text of.
 */

const VARIABLE = /\{\{(\p{L}[\p{L}\p{N}_]{0,39})\}\}|\{(\p{L}[\p{L}\p{N}_]{0,39})\}/gu;

/** The names of the variables, each once, in their order. @param {string} instruction */
export function variablesIn(instruction) {
  return [...new Set([...instruction.matchAll(VARIABLE)].flatMap(([, , name]) => name ?? []))];
}

/**
 * @param {string} instruction
 * @param {Record<string, string>} values what a variable has none of here, stays as it is written
 */
export function filled(instruction, values) {
  return instruction.replace(VARIABLE, (whole, literal, name) => {
    if (literal) return `{${literal}}`;
    return Object.hasOwn(values, name) ? values[name] : whole;
  });
}
