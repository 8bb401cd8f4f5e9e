// @ts-check
/**
 * tokenizer.json: alone, as Gemma 4 has it, it becomes the SentencePiece model that is equal to it (`listed_pairs.js`). Beside a tokenizer.model, as
 * training programs write both, `onpage convert` follows the JSON where the two differ; here such a folder is refused: they must say the same
 * pieces, joined in the same order.
 */

import { textOf } from "./folder.js";
import { JsonReader } from "./json_reader.js";
import { USUAL_NAMES, sentencePieceOf } from "./listed_pairs.js";
import { Refusal, shown } from "./refusal.js";
import { NORMAL, SPACE } from "./sentencepiece_model.js";

const MAX_BYTES = 64 << 20;
const TAB = "<0x09>";
const NAME = "tokenizer.json";

/** Settings of the model, and their values with which it does what SentencePiece does. @type {[name: string, usual: unknown[]][]} */
const USUAL = [
  ["model.type", [undefined, "BPE"]],
  ["model.dropout", [undefined, 0, null]],
  ["model.continuing_subword_prefix", [undefined, "", null]],
  ["model.end_of_word_suffix", [undefined, "", null]],
  ["model.byte_fallback", [true]],
  ["model.ignore_merges", [undefined, false]],
];
const SPACES = { type: "Replace", pattern: { String: " " }, content: SPACE };
/** What Gemma's files say: cut at spaces, of which none is left by then. */
const NO_SPLIT = { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false };

/**
 * The SentencePiece model that is equal to a folder's tokenizer.json.
 * @param {import('./folder.js').Folder} folder
 * @param {Record<string, any>} config of tokenizer_config.json
 * @param {number} rows of the embedding
 */
export async function tokenizerInJson(folder, config, rows) {
  const text = await textIn(folder);
  if (text === null) throw new Refusal("incomplete", "tokenizer.model");
  return asRefusal(() => {
    const { settings, vocabulary } = allButMerges(new JsonReader(text));
    for (const [name, usual] of USUAL) if (!usual.includes(settings[name])) throw differs({ [name]: settings[name] ?? null });
    const { normalizer, pre_tokenizer: splits } = settings;
    const steps = normalizer?.type === "Sequence" ? normalizer.normalizers : [normalizer];
    if (!isSame(steps, [SPACES])) throw differs({ normalizer });
    if (splits != null && !isSame(splits, NO_SPLIT)) throw differs({ pre_tokenizer: splits });
    const named = Object.keys(USUAL_NAMES).map((key) => [key, config[`${key}_token`]?.content ?? config[`${key}_token`]]);
    const control = { ...USUAL_NAMES, ...Object.fromEntries(named.filter(([, name]) => typeof name === "string" && name && name.isWellFormed())) };
    const unknown = settings["model.unk_token"];
    return sentencePieceOf({ name: NAME, vocabulary, added: settings.added_tokens, unknown, control, merges: mergesIn(new JsonReader(text)) }, rows);
  });
}

/** @param {JsonReader} json */
function allButMerges(json) {
  /** @type {Record<string, any>} */
  const settings = {};
  /** @type {Map<string, unknown>} */
  const vocabulary = new Map();
  for (const name of json.members()) {
    if (name === "model") {
      for (const key of json.members()) {
        if (key === "vocab") for (const text of json.members()) vocabulary.set(text, json.value());
        else if (key === "merges") json.skip();
        else settings[`model.${key}`] = json.value();
      }
    } else if (["added_tokens", "normalizer", "pre_tokenizer"].includes(name)) settings[name] = json.value();
    else json.skip();
  }
  return { settings, vocabulary };
}

/** Pair after pair: half a million would fill the memory. @param {JsonReader} json @returns {Generator<unknown>} */
function* mergesIn(json) {
  for (const name of json.members()) {
    if (name !== "model") json.skip();
    else {
      for (const key of json.members()) {
        if (key !== "merges") json.skip();
        else for (const _ of json.elements()) yield json.value();
      }
    }
  }
}

/** Whether two values of JSON are the same. @param {any} one @param {any} other @returns {boolean} */
function isSame(one, other) {
  if (typeof one !== "object" || typeof other !== "object" || !one || !other || Array.isArray(one) !== Array.isArray(other)) return one === other;
  const keys = Object.keys(other);
  return Object.keys(one).length === keys.length && keys.every((key) => Object.hasOwn(one, key) && isSame(one[key], other[key]));
}

/**
 * @param {import('./folder.js').Folder} folder
 * @param {import('./sentencepiece_model.js').SentencePieceModel} tokenizer with what was added to it
 * @param {number} rows of the embedding; pieces behind them do not count
 */
export async function refuseAnotherTokenizer(folder, { pieces }, rows) {
  const text = await textIn(folder);
  if (text !== null) asRefusal(() => new Comparison(pieces, rows).read(new JsonReader(text)));
}

/** The text of tokenizer.json, null where there is none. @param {import('./folder.js').Folder} folder */
async function textIn({ files }) {
  const file = files.get(NAME);
  if (file && file.size > MAX_BYTES) throw new Refusal("damaged", `${NAME}: ${file.size} bytes`);
  return file ? textOf(file) : null;
}

/** @template T @param {() => T} read */
function asRefusal(read) {
  try {
    return read();
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
