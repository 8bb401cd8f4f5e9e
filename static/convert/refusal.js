// @ts-check
/**
 * Why a folder is not converted: a code, for which the page has a sentence in every language, and a detail for it, in no language: a name, a
 * setting, what was found and expected.
 *
 * @typedef {typeof REFUSALS[number]} RefusalCode
 */

export const REFUSALS = /** @type {const} */ ([
  "incomplete", // a file of the folder is missing; the detail is its name
  "unreadable", // a file was moved or changed since it was chosen; the detail is its name
  "damaged", // a file is not what its name says, or not of this model
  "family", // none that the page converts; the detail is its model_type
  "setting", // config.json says something that no web file can
  "quantized", // by another program
  "types", // weights that are no BF16, F16 or F32
  "template", // a chat template that is no text, cannot be run, or makes no turns
  "tokenizer", // tokenizer.model and the files beside it do not agree
  "adapter", // a LoRA adapter that changes more than is merged, or belongs to another base
  "large", // a tensor, or a value of one, beyond what the format holds
  "not-finite", // weights that are infinite or no number
  "unexpected", // the browser failed at something
]);

export class Refusal extends Error {
  /**
   * @param {RefusalCode} code
   * @param {string} [detail]
   */
  constructor(code, detail = "") {
    super(detail ? `${code}: ${detail}` : code);
    this.name = "Refusal";
    this.code = code;
    this.detail = short(detail, MOST_OF_A_DETAIL);
  }
}

const [MOST_OF_A_VALUE, MOST_OF_A_DETAIL] = [120, 400];

/** A value that somebody else wrote, short. @param {unknown} value of a JSON, or undefined */
export function shown(value) {
  try {
    return short(JSON.stringify(value) ?? "nothing", MOST_OF_A_VALUE);
  } catch {
    return "…"; // JSON is read at any depth, and written at some thousands
  }
}

/** @param {string} said @param {number} most */
function short(said, most) {
  return said.length > most ? `${said.slice(0, most - 1)}…` : said;
}
