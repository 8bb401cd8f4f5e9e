// @ts-check
/**
 * tokenizer.json beside a tokenizer.model: training programs write both, and where they differ `onpage convert` follows the JSON. Here a folder
 * whose two do not say the same is refused: the same pieces, joined in the same order.
 */

import { textOf } from "./folder.js";
import { JsonReader } from "./json_reader.js";
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
export async function refuseAnotherTokenizer({ files }, { pieces }, rows) {
  const file = files.get(NAME);
  if (!file) return;
  if (file.size > MAX_BYTES) throw new Refusal("damaged", `${NAME}: ${file.size} bytes`);
  try {
    new Comparison(pieces, rows).read(new JsonReader(await textOf(file)));
  } catch (error) {
    throw error instanceof SyntaxError ? new Refusal("damaged", `${NAME}: JSON`) : error;
  }
}

class Comparison {
  #pieces;
  #rows;
  /** Which pieces were found. */
  #found;
  /** Tokens that are cut out of a text: their ids go before the vocabulary's. @type {Map<string, number>} */
  #added = new Map();

  /** @param {import('./sentencepiece_model.js').Piece[]} pieces @param {number} rows */
  constructor(pieces, rows) {
    this.#pieces = pieces;
    this.#rows = rows;
    this.#found = new Uint8Array(pieces.length);
  }

  /** @param {JsonReader} json */
  read(json) {
    for (const name of json.members()) {
      if (name === "added_tokens") this.#readAdded(json.value());
      else if (name === "model") this.#readModel(json);
      else json.skip();
    }
    const missing = this.#found.indexOf(0);
    if (missing >= 0) throw differs({ [this.#pieces[missing].text]: missing });
  }

  /** @param {unknown} tokens */
  #readAdded(tokens) {
    for (const token of Array.isArray(tokens) ? tokens : []) {
      const { content, id } = token ?? {};
      if (typeof content !== "string" || !Number.isSafeInteger(id)) throw differs(token);
      this.#added.set(content, id);
      this.#compare(content, id);
    }
  }

  /** @param {JsonReader} json */
  #readModel(json) {
    for (const name of json.members()) {
      if (name === "vocab") for (const text of json.members()) this.#compare(text, json.value());
      else if (name === "merges") this.#readMerges(json);
      else json.skip();
    }
  }

  /** @param {string} text @param {any} said its id */
  #compare(text, said) {
    const id = this.#added.get(text) ?? said;
    if (!Number.isSafeInteger(id)) throw differs({ [text]: said });
    if (id >= this.#rows) return;
    const ours = this.#pieces[id]?.text;
    if (ours !== text && !(ours === TAB && text === "\t")) throw differs({ [text]: said });
    this.#found[id] = 1;
  }

  /** Pairs make pieces whose scores fall. @param {JsonReader} json */
  #readMerges(json) {
    const byText = new Map();
    for (const piece of this.#pieces) byText.set(piece.text, piece);
    let [last, whole] = [Infinity, ""];
    for (const _ of json.elements()) {
      const said = json.value();
      const pair = typeof said === "string" ? said.split(" ") : said;
      if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((text) => typeof text === "string")) throw differs(said);
      const made = pair[0] + pair[1];
      if (made === whole) continue;
      const piece = byText.get(made);
      if ([made, ...pair].some((text) => (byText.get(text)?.type ?? NORMAL) !== NORMAL)) continue; // cut out of a text before anything is joined
      if (!piece || !(piece.score < last)) throw differs(pair);
      [last, whole] = [piece.score, made];
    }
  }
}

/** @param {unknown} what */
function differs(what) {
  return new Refusal("tokenizer", `${NAME}: ${shown(what)}`);
}
