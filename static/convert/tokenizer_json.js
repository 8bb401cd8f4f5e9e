// @ts-check
/**
 * tokenizer.json beside a tokenizer.model: training programs write both, and where they differ `onpage convert` follows the JSON. Here a folder
 * whose two do not say the same is refused: the same pieces, joined in the same order.
 */

import { jsonOf } from "./folder.js";
import { Refusal, shown } from "./refusal.js";
import { NORMAL } from "./sentencepiece_model.js";

const MAX_BYTES = 64 << 20;
const TAB = "<0x09>";
const NAME = "tokenizer.json";

/**
 * @param {import('./folder.js').Folder} folder
 * @param {import('./sentencepiece_model.js').SentencePieceModel} tokenizer with what was added to it
 * @param {number} rows of the embedding; pieces behind them do not count
 */
export async function refuseAnotherTokenizer(folder, { pieces }, rows) {
  if (!folder.files.has(NAME)) return;
  const { model, added_tokens: added } = await jsonOf(folder, NAME, { most: MAX_BYTES });
  const ids = new Map(Object.entries(typeof model?.vocab === "object" && model.vocab ? model.vocab : {}));
  for (const token of Array.isArray(added) ? added : []) if (token?.id < rows) ids.set(token.content, token.id);
  const differs = (/** @type {unknown} */ what) => new Refusal("tokenizer", `${NAME}: ${shown(what)}`);
  let count = 0;
  for (const [text, id] of ids) {
    if (id >= rows) continue;
    count += 1;
    const ours = pieces[id]?.text;
    if (ours !== text && !(ours === TAB && text === "\t")) throw differs({ [text]: id });
  }
  if (count !== pieces.length) throw differs(count);
  /** The score of what was joined last, which falls from pair to pair. */
  let [last, whole] = [Infinity, ""];
  for (const merge of Array.isArray(model.merges) ? model.merges : []) {
    const pair = typeof merge === "string" ? merge.split(" ") : merge;
    if (!Array.isArray(pair) || pair.length !== 2) throw differs(merge);
    const made = pair[0] + pair[1];
    if (made === whole) continue;
    const [piece, ...parts] = [made, ...pair].map((text) => pieces[ids.get(text) ?? -1]);
    if ([piece, ...parts].some((each) => each && each.type !== NORMAL)) continue; // cut out of a text before anything is joined
    if (!piece || !(piece.score < last)) throw differs(pair);
    [last, whole] = [piece.score, made];
  }
}
