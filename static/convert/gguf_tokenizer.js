// @ts-check
/**
 * The tokenizer in a GGUF file's metadata → a SentencePiece model (builder/model/gguf_tokenizer.py), byte for byte. llama.cpp writes down pieces,
 * scores and kinds as SentencePiece has them, with two changes that are undone here: what a tokenizer_config.json calls special is a control piece
 * to it, which no text becomes, and added pieces of spaces hold spaces.
 *
 * @typedef {import('./gguf.js').Metadata} Metadata
 */

import { joined, message, varint } from "./protobuf.js";
import { Refusal, shown } from "./refusal.js";
import { BYTE, CONTROL, NORMAL, SPACE, SentencePieceModel, UNUSED, USER_DEFINED } from "./sentencepiece_model.js";

/** `tokenizer.ggml.model` → SentencePiece's `model_type`: pairs joined by score, or the likeliest split. @type {Record<string, number>} */
const KINDS = { llama: 2, t5: 1 };
const UNKNOWN = 2;
/** What llama.cpp's converter calls rows of the embedding that the tokenizer has no piece for. */
const FILLER = /^\[PAD\d+\]$/;
/** Bytes of a piece beside its text, at most: keys, lengths, a float and a byte. */
const AROUND = 24;
/** Of a piece in ModelProto, and of its fields. */
const [KEY_OF_PIECE, KEY_OF_TEXT, KEY_OF_SCORE, KEY_OF_TYPE] = [10, 10, 21, 24];
/** Fields of ModelProto. */
const [TRAINER, NORMALIZER] = [2, 3];
/** Fields of TrainerSpec: of the tokens with a task the id and the piece. */
/** @type {[key: string, id: number, piece: number][]} */
const TASKS = [
  ["unknown", 40, 45],
  ["bos", 41, 46],
  ["eos", 42, 47],
  ["padding", 43, 48],
];

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
  const ids = TASKS.map(([key]) => idOf(get(`${key}_token_id`), count, key));
  if (ids[0] < 0) ids[0] = kinds.subarray(0, count).indexOf(UNKNOWN);
  const types = kinds.subarray(0, count).map((each, id) => (id === ids[0] ? UNKNOWN : each === CONTROL || each === UNKNOWN ? (ids.includes(id) ? CONTROL : USER_DEFINED) : each));
  refuseWhatDoesNotLoad(texts.slice(0, count), types);
  const flag = (/** @type {string} */ key, /** @type {boolean} */ usual) => Number(typeof get(key) === "boolean" ? get(key) : usual);
  const pieceOf = (/** @type {number} */ id) => texts[id].replaceAll(" ", SPACE);
  const trainer = message([
    [3, KINDS[kind]],
    [4, count],
    [35, Number(types.includes(BYTE)), "always"],
    ...TASKS.map(([, field], i) => /** @type {import('./protobuf.js').Field} */ ([field, ids[i], "always"])),
    ...TASKS.map(([, , field], i) => /** @type {import('./protobuf.js').Field} */ ([field, ids[i] < 0 ? null : pieceOf(ids[i])])),
  ]);
  const normalizer = message([[1, "identity"], [3, flag("add_space_prefix", true), "always"], [4, flag("remove_extra_whitespaces", false), "always"], [5, 1]]);
  return new SentencePieceModel(joined([piecesOf(texts, scores, types), message([[TRAINER, trainer], [NORMALIZER, normalizer]])]));
}

/** As SentencePiece loads it: one unknown piece, no piece twice, and all bytes or none. @param {string[]} texts @param {Float64Array} types */
function refuseWhatDoesNotLoad(texts, types) {
  const countOf = (/** @type {number} */ kind) => types.reduce((sum, each) => sum + Number(each === kind), 0);
  const isSound = countOf(UNKNOWN) === 1 && [0, 256].includes(countOf(BYTE)) && new Set(texts).size === texts.length && !texts.includes("");
  if (!isSound) throw new Refusal("tokenizer", "tokenizer.ggml.tokens");
}

/**
 * The pieces as fields of ModelProto, in one buffer: so many messages would fill the memory.
 * @param {string[]} texts
 * @param {Float64Array} scores
 * @param {Float64Array} types as many as there are pieces
 */
function piecesOf(texts, scores, types) {
  const encoder = new TextEncoder();
  const bytes = new Uint8Array(types.reduce((sum, _, id) => sum + 3 * texts[id].length + AROUND, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (let id = 0; id < types.length; id += 1) {
    const text = encoder.encode(texts[id].replaceAll(" ", SPACE));
    const length = varint(text.length);
    for (const part of [[KEY_OF_PIECE], varint(1 + length.length + text.length + 7), [KEY_OF_TEXT], length, text, [KEY_OF_SCORE]]) {
      bytes.set(part, at);
      at += part.length;
    }
    view.setFloat32(at, scores[id], true);
    bytes.set([KEY_OF_TYPE, types[id]], at + 4);
    at += 6;
  }
  return bytes.subarray(0, at);
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
