// @ts-check
/**
 * The turns that a Gemma 3 was taught. `onpage convert` runs a checkpoint's chat template in a sandbox; here a template is known by its hash, or
 * it is refused: what stands around a turn must be what the model was trained with.
 *
 * @typedef {{turns: {user: [string, string], model: [string, string]} | null, ends: string[]}} Turns null where the tokenizer has no pieces for any
 */

import { textOf } from "./folder.js";
import { Refusal, shown } from "./refusal.js";

/** Of the texts that Google publishes with Gemma 3, without what is blank at their end; and of the same as others write it, with `\n` for its ends of lines. */
const PUBLISHED = ["8d9e3a3c114fb2053ec500184677af4f7e5f8ec2582443cd535834e68b3ade29", "86327804b5430b642274fe55ba95199e91cf7eca7b1e1240ca5469f23839e223"];
const MAX_TEMPLATE = 256 << 10;
export const [OPENS, CLOSES] = ["<start_of_turn>", "<end_of_turn>"];
const GEMMA = { user: /** @type {[string, string]} */ ([`${OPENS}user\n`, `${CLOSES}\n`]), model: /** @type {[string, string]} */ ([`${OPENS}model\n`, `${CLOSES}\n`]) };

/**
 * @param {unknown} template as a checkpoint says it; null where it has none
 * @param {(piece: string) => boolean} has whether the tokenizer has a piece
 * @param {string[]} known hashes of templates
 * @returns {Promise<Turns>}
 */
export async function turnsOf(template, has, known = PUBLISHED) {
  const readable = has(OPENS) && has(CLOSES);
  if (template === null) return readable ? { turns: GEMMA, ends: [CLOSES] } : { turns: null, ends: [] };
  if (!known.includes(await hashOf(textIn(template).trimEnd()))) throw new Refusal("template");
  if (!readable) throw new Refusal("tokenizer", `${OPENS} ${CLOSES}`);
  return { turns: GEMMA, ends: [CLOSES] };
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
