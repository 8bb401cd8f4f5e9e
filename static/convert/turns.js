// @ts-check
/**
 * The turns that a model was taught. `onpage convert` runs a checkpoint's chat template in a sandbox; here a template is known by its hash, or
 * it is refused: what stands around a turn must be what the model was trained with.
 *
 * @typedef {[before: string, after: string]} Turn
 * @typedef {{user: Turn, model: Turn, system?: Turn}} Sides
 * @typedef {{turns: Sides | null, ends: string[]}} Turns null where the tokenizer has no pieces for any
 *
 * @typedef {object} Taught what the published models of a family were
 * @property {Sides} turns
 * @property {string} opens the piece that begins a turn
 * @property {string} closes the one that ends it, and an answer
 * @property {string[]} templates hashes of the texts that Google publishes with them, without what is blank at their end; and of the same as others
 *   write it, with `\n` for its ends of lines
 */

import { textOf } from "./folder.js";
import { Refusal, shown } from "./refusal.js";

const MAX_TEMPLATE = 256 << 10;

/** @param {string} opens @param {string} closes @param {string[]} templates @param {('user' | 'model' | 'system')[]} sides @returns {Taught} */
function taught(opens, closes, templates, sides) {
  const turns = /** @type {Sides} */ (Object.fromEntries(sides.map((side) => [side, [`${opens}${side}\n`, `${closes}\n`]])));
  return { turns, opens, closes, templates };
}

const GEMMA = taught("<start_of_turn>", "<end_of_turn>", ["8d9e3a3c114fb2053ec500184677af4f7e5f8ec2582443cd535834e68b3ade29", "86327804b5430b642274fe55ba95199e91cf7eca7b1e1240ca5469f23839e223"], ["user", "model"]);
/** @type {Record<string, Taught>} */
const OWN = { gemma4: taught("<|turn>", "<turn|>", ["55572b8d3c8342044e25874c73fe5234b661fa0a57a57f6ef75b58e03d7d959a"], ["user", "model", "system"]) };

/**
 * @param {unknown} template as a checkpoint says it; null where it has none
 * @param {(piece: string) => boolean} has whether the tokenizer has a piece
 * @param {string} family
 * @param {string[]} [known] hashes of templates, in place of the family's
 * @returns {Promise<Turns>}
 */
export async function turnsOf(template, has, family, known) {
  const { turns, opens, closes, templates } = OWN[family] ?? GEMMA;
  const readable = has(opens) && has(closes);
  if (template === null) return readable ? { turns, ends: [closes] } : { turns: null, ends: [] };
  if (!(known ?? templates).includes(await hashOf(textIn(template).trimEnd()))) throw new Refusal("template");
  if (!readable) throw new Refusal("tokenizer", `${opens} ${closes}`);
  return { turns, ends: [closes] };
}

/**
 * What programs saved as a template, in the order in which transformers looks; null where there is none.
 * @param {import('./folder.js').Folder} folder
 * @param {Record<string, any>} config of tokenizer_config.json
 * @param {Record<string, any>} processor of chat_template.json
 * @returns {Promise<unknown>}
 */
export async function savedTemplate({ files }, config, processor) {
  const own = files.get("chat_template.jinja");
  if (own && own.size > MAX_TEMPLATE) throw new Refusal("template", `${own.size} bytes`);
  return own ? textOf(own) : (config.chat_template ?? processor.chat_template ?? null);
}

/** The text, or the default one of several. @param {unknown} said */
function textIn(said) {
  const text = Array.isArray(said) ? said.find((each) => each?.name === "default")?.template : said;
  if (typeof text !== "string" || text.length > MAX_TEMPLATE) throw new Refusal("template", shown(text));
  return text;
}

/** @param {string} text */
async function hashOf(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
