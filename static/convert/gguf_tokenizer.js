// @ts-check
/**
 * The tokenizer in a GGUF file's metadata → a SentencePiece model (builder/model/gguf_tokenizer.py), byte for byte. llama.cpp writes down pieces,
 * scores and kinds as SentencePiece has them, with two changes that are undone here: what a tokenizer_config.json calls special is a control piece
 * to it, which no text becomes, and added pieces of spaces hold spaces.
 *
 * @typedef {import('./gguf.js').Metadata} Metadata
 */

import { Refusal, shown } from "./refusal.js";
import { BYTE, CONTROL, NORMAL, SPACE, SentencePieceModel, UNKNOWN, UNUSED, USER_DEFINED } from "./sentencepiece_model.js";
import { modelOf } from "./sentencepiece_writer.js";

/** `tokenizer.ggml.model` → SentencePiece's `model_type`: pairs joined by score, or the likeliest split. @type {Record<string, number>} */
const KINDS = { llama: 2, t5: 1 };
/** What llama.cpp's converter calls rows of the embedding that the tokenizer has no piece for. */
const FILLER = /^\[PAD\d+\]$/;
/** What SentencePiece calls a token with a task → what its id is called in the metadata. */
const TASKS = /** @type {const} */ ([
  ["unk", "unknown"],
  ["bos", "bos"],
  ["eos", "eos"],
  ["pad", "padding"],
]);

/** @param {Metadata} metadata @returns {SentencePieceModel} */
export function tokenizerOf(metadata) {
  const get = (/** @type {string} */ key) => metadata.get(`tokenizer.ggml.${key}`);
  const kind = get("model");
  if (typeof kind !== "string" || !Object.hasOwn(KINDS, kind)) throw new Refusal("tokenizer", `tokenizer.ggml.model ${shown(kind)}`);
  const texts = get("tokens");
  if (!Array.isArray(texts) || !texts.length || !texts.every((text) => typeof text === "string")) throw new Refusal("tokenizer", "tokenizer.ggml.tokens");
  const [scores, kinds] = [numbers(get("scores"), texts.length, 0, "scores"), numbers(get("token_type"), texts.length, NORMAL, "token_type").map(Math.trunc)];
  if (!kinds.every((each) => each >= NORMAL && each <= BYTE)) throw new Refusal("tokenizer", "tokenizer.ggml.token_type");
  let count = texts.length;
  while (count > 1 && kinds[count - 1] === UNUSED && FILLER.test(texts[count - 1])) count -= 1;
  const ids = TASKS.map(([, key]) => idOf(get(`${key}_token_id`), count, key));
  if (ids[0] < 0) ids[0] = kinds.subarray(0, count).indexOf(UNKNOWN);
  const types = kinds.subarray(0, count).map((each, id) => (id === ids[0] ? UNKNOWN : each === CONTROL || each === UNKNOWN ? (ids.includes(id) ? CONTROL : USER_DEFINED) : each));
  refuseWhatDoesNotLoad(texts.slice(0, count), types);
  const flag = (/** @type {string} */ key, /** @type {boolean} */ usual) => (typeof get(key) === "boolean" ? get(key) : usual);
  const pieces = texts.slice(0, count).map((text) => text.replaceAll(" ", SPACE));
  const tasks = TASKS.map(([key], i) => ({ key, id: ids[i], piece: ids[i] < 0 ? null : pieces[ids[i]] }));
  const spaces = { prefixes: flag("add_space_prefix", true), trims: flag("remove_extra_whitespaces", false), escapes: /** @type {const} */ (true) };
  return new SentencePieceModel(modelOf({ texts: pieces, scores, types, kind: KINDS[kind], fallsBack: types.includes(BYTE), tasks, spaces }));
}

/** As SentencePiece loads it: one unknown piece, no piece twice, and all bytes or none. @param {string[]} texts @param {Float64Array} types */
function refuseWhatDoesNotLoad(texts, types) {
  const countOf = (/** @type {number} */ kind) => types.reduce((sum, each) => sum + Number(each === kind), 0);
  const isSound = countOf(UNKNOWN) === 1 && [0, 256].includes(countOf(BYTE)) && new Set(texts).size === texts.length && !texts.includes("");
  if (!isSound) throw new Refusal("tokenizer", "tokenizer.ggml.tokens");
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
