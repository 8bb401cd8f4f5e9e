// @ts-check
/**
 * The tokenizer in a GGUF file's metadata → a SentencePiece model (builder/model/gguf_tokenizer.py), byte for byte. llama.cpp writes down pieces,
 * scores and kinds as SentencePiece has them, with two changes that are undone here: what a tokenizer_config.json calls special is a control piece
 * to it, which no text becomes, and added pieces of spaces hold spaces. Of Gemma 4 it writes down the pairs that a tokenizer.json lists.
 *
 * @typedef {import('./gguf.js').Metadata} Metadata
 */

import { sentencePieceOf } from "./listed_pairs.js";
import { Refusal, shown } from "./refusal.js";
import { BYTE, CONTROL, NORMAL, SPACE, SentencePieceModel, UNKNOWN, UNUSED, USER_DEFINED, refuseWhatDoesNotLoad } from "./sentencepiece_model.js";
import { modelOf } from "./sentencepiece_writer.js";

/** `tokenizer.ggml.model` → SentencePiece's `model_type`: pairs joined by score, or the likeliest split. @type {Record<string, number>} */
const KINDS = { llama: 2, t5: 1 };
/** The same of pairs that are listed, as a Gemma's tokenizer.json has them. */
const LISTED = "gemma4";
/** What llama.cpp's converter calls rows of the embedding that the tokenizer has no piece for. */
const FILLER = /^\[PAD\d+\]$/;
/** What SentencePiece calls a token with a task → what its id is called in the metadata. */
const TASKS = /** @type {const} */ ([
  ["unk", "unknown"],
  ["bos", "bos"],
  ["eos", "eos"],
  ["pad", "padding"],
]);

/**
 * @param {Metadata} metadata
 * @param {number} rows of the embedding; tokens behind them are left out
 * @returns {SentencePieceModel}
 */
export function tokenizerOf(metadata, rows) {
  const tokens = new Tokens(metadata, rows);
  const model = tokens.get("model") === LISTED ? ofListedPairs(tokens) : ofScores(tokens);
  refuseWhatDoesNotLoad(model.pieces, model.fallsBack, "tokenizer.ggml.tokens");
  return model;
}

/** @param {Tokens} tokens */
function ofScores({ get, texts, scores, kinds, ids: said }) {
  const kind = get("model");
  if (typeof kind !== "string" || !Object.hasOwn(KINDS, kind)) throw new Refusal("tokenizer", `tokenizer.ggml.model ${shown(kind)}`);
  const ids = { ...said, unk: said.unk < 0 ? kinds.indexOf(UNKNOWN) : said.unk };
  const tasked = Object.values(ids);
  const types = kinds.map((each, id) => (id === ids.unk ? UNKNOWN : each === CONTROL || each === UNKNOWN ? (tasked.includes(id) ? CONTROL : USER_DEFINED) : each));
  const flag = (/** @type {string} */ key, /** @type {boolean} */ usual) => (typeof get(key) === "boolean" ? get(key) : usual);
  const pieces = texts.map((text) => text.replaceAll(" ", SPACE));
  const tasks = TASKS.map(([key]) => ({ key, id: ids[key], piece: ids[key] < 0 ? null : pieces[ids[key]] }));
  const spaces = { prefixes: flag("add_space_prefix", true), trims: flag("remove_extra_whitespaces", false), escapes: /** @type {const} */ (true) };
  return new SentencePieceModel(modelOf({ texts: pieces, scores, types, kind: KINDS[kind], fallsBack: types.includes(BYTE), tasks, spaces }));
}

/** As tokenizer.json lists them. @param {Tokens} tokens */
function ofListedPairs({ get, texts, kinds, ids: { unk, ...others } }) {
  const merges = get("merges");
  if (!kinds.includes(BYTE) || !Array.isArray(merges)) throw new Refusal("tokenizer", "tokenizer.ggml.merges");
  const added = texts.map((content, id) => ({ content, id })).filter(({ id }) => kinds[id] === CONTROL || kinds[id] === USER_DEFINED);
  const control = Object.fromEntries(Object.entries(others).filter(([, id]) => id >= 0).map(([key, id]) => [key, texts[id]]));
  const vocabulary = new Map(texts.map((text, id) => [text, id]));
  return sentencePieceOf({ name: "tokenizer.ggml", vocabulary, added, unknown: texts[unk], control, merges }, texts.length);
}

/** `tokenizer.ggml.*`, checked: texts, scores and kinds without the fillers at the end, and the ids of the tokens with a task, -1 where there is none. */
class Tokens {
  /** @param {Metadata} metadata @param {number} rows */
  constructor(metadata, rows) {
    this.get = (/** @type {string} */ key) => metadata.get(`tokenizer.ggml.${key}`);
    const texts = this.get("tokens");
    if (!Array.isArray(texts) || !texts.length || !texts.every((text) => typeof text === "string")) throw new Refusal("tokenizer", "tokenizer.ggml.tokens");
    const kinds = numbers(this.get("token_type"), texts.length, NORMAL, "token_type").map(Math.trunc);
    if (!kinds.every((each) => each >= NORMAL && each <= BYTE)) throw new Refusal("tokenizer", "tokenizer.ggml.token_type");
    let count = Math.min(texts.length, rows);
    while (count > 1 && kinds[count - 1] === UNUSED && FILLER.test(texts[count - 1])) count -= 1;
    const id = (/** @type {string} */ key) => {
      const found = idOf(this.get(`${key}_token_id`), texts.length, key);
      return found < count ? found : -1;
    };
    this.texts = /** @type {string[]} */ (texts.slice(0, count));
    this.scores = numbers(this.get("scores"), texts.length, 0, "scores").subarray(0, count);
    this.kinds = kinds.subarray(0, count);
    this.ids = /** @type {Record<import('./sentencepiece_writer.js').TaskName, number>} */ (Object.fromEntries(TASKS.map(([key, theirs]) => [key, id(theirs)])));
  }
}

/** One number for each token. @param {unknown} value @param {number} count @param {number} usual where nothing is said @param {string} key */
function numbers(value, count, usual, key) {
  if (value === undefined) return new Float64Array(count).fill(usual);
  if (!(value instanceof Float64Array) || value.length !== count || !value.every(Number.isFinite)) throw new Refusal("tokenizer", `tokenizer.ggml.${key}`);
  return value;
}

/** -1 where there is no such token. @param {unknown} value @param {number} count of tokens @param {string} key */
function idOf(value, count, key) {
  if (value === undefined) return -1;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value >= count) throw new Refusal("tokenizer", `tokenizer.ggml.${key}_token_id ${shown(value)}`);
  return value;
}
