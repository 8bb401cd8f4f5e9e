// @ts-check
/**
 * A tokenizer that lists its pairs, as tokenizer.json and GGUF files of Gemma 4 do → the SentencePiece model that is equal to it, byte for byte that
 * of `onpage convert`, or a refusal (builder/model/tokenizer_json.py, which says when the two are equal). Pure.
 *
 * @typedef {object} ListedPairs what is not trusted of it is checked here
 * @property {string} name of the file, for refusals
 * @property {Map<string, unknown>} vocabulary piece → id
 * @property {unknown} added tokens that are cut out of a text before all else, as tokenizer.json has them
 * @property {unknown} unknown the piece for what no other covers
 * @property {Partial<Record<import('./sentencepiece_writer.js').TaskName, string>>} control pieces that no text becomes
 * @property {Iterable<unknown>} merges the pairs, the first that are joined first
 *
 * @typedef {{content: string, id: number} & Record<string, unknown>} Added
 */

import { Refusal, shown } from "./refusal.js";
import { BYTE, CONTROL, NORMAL, SPACE, SentencePieceModel, UNKNOWN, USER_DEFINED } from "./sentencepiece_model.js";
import { modelOf } from "./sentencepiece_writer.js";

/** Of a piece, in characters: the time to check one grows with the square of its length. */
const MAX_CHARACTERS = 512;
/** Of added tokens that are compared with each other. */
const MAX_PAIRS = 200_000;
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
const TAB = "<0x09>";
export const USUAL_NAMES = { pad: "<pad>", eos: "<eos>", bos: "<bos>" };
/** SentencePiece's number for pairs that are joined by score. */
const PAIRS = 2;

/**
 * @param {ListedPairs} listed
 * @param {number} rows of the embedding; added tokens behind them do not count
 */
export function sentencePieceOf({ name, vocabulary: said, added: tokens, unknown, control, merges }, rows) {
  const refuse = (/** @type {unknown} */ what) => new Refusal("tokenizer", `${name}: ${shown(what)}`);
  const addedTokens = addedIn(tokens, rows, refuse);
  const { ids, texts } = wholeVocabulary(said, addedTokens, refuse);
  const added = cutOut(addedTokens, refuse);
  if (typeof unknown !== "string" || !ids.has(unknown)) throw refuse({ unk_token: unknown ?? null });
  // the usual ones too: a text that spells <eos> must not end an answer because fine-tuning chose another end
  const controls = new Set([...Object.values(control), ...Object.values(USUAL_NAMES).filter((each) => added.has(each))]);
  const tabIsByte = !ids.has(TAB) && ids.has("\t") && !added.has("\t");
  const bytes = new Map(BYTES.map((each) => [tabIsByte && each === TAB ? "\t" : each, each]));
  for (const each of bytes.keys()) if (!ids.has(each)) throw refuse({ [each]: null });
  const typeOf = (/** @type {string} */ text) => (controls.has(text) ? CONTROL : text === unknown ? UNKNOWN : bytes.has(text) ? BYTE : added.has(text) ? USER_DEFINED : NORMAL);
  const types = texts.map(typeOf);
  const normal = new Set(texts.filter((_, id) => types[id] === NORMAL));
  const places = placesOf(merges, normal, new Set([...BYTES, ...added, ...controls, unknown]), refuse);
  const scores = texts.map((text, id) => (types[id] === NORMAL ? -(places.get(text) ?? places.size) : 0));
  const tasks = /** @type {import('./sentencepiece_writer.js').Task[]} */ (Object.entries({ unk: unknown, ...control }).map(([key, piece]) => ({ key, id: ids.get(piece) ?? -1, piece })));
  const pieces = texts.map((text) => bytes.get(text) ?? text);
  return new SentencePieceModel(modelOf({ texts: pieces, scores, types, kind: PAIRS, fallsBack: true, tasks, spaces: { prefixes: false, trims: false } }));
}

/** @typedef {(what: unknown) => Refusal} Refuse */

/** Those within the embedding. @param {unknown} tokens @param {number} rows @param {Refuse} refuse @returns {Added[]} */
function addedIn(tokens, rows, refuse) {
  if (!Array.isArray(tokens ?? [])) throw refuse({ added_tokens: tokens });
  const listed = /** @type {any[]} */ (tokens ?? []);
  for (const token of listed) if (typeof token?.content !== "string" || !Number.isSafeInteger(token.id)) throw refuse(token);
  return listed.filter(({ id }) => id < rows);
}

/** Ids by piece and pieces by id, added tokens too; the ids are 0 to n - 1, each once. @param {Map<string, unknown>} said @param {Added[]} added @param {Refuse} refuse */
function wholeVocabulary(said, added, refuse) {
  /** @type {Map<string, any>} */
  const ids = new Map(said);
  for (const { content, id } of added) {
    if (!ids.has(content)) ids.set(content, id);
    if (ids.get(content) !== id) throw refuse({ [content]: id });
  }
  /** @type {string[]} */
  const texts = new Array(ids.size).fill("");
  for (const [text, id] of ids) {
    const fits = Number.isInteger(id) && id >= 0 && id < texts.length && !texts[id];
    const isText = text && !text.includes("\0") && text.isWellFormed() && (text.length <= MAX_CHARACTERS || [...text].length <= MAX_CHARACTERS);
    if (!fits || !isText) throw refuse({ [text]: id });
    texts[id] = text;
  }
  return { ids, texts };
}

/** The texts of added tokens: SentencePiece cuts them out in one go, and knows no options. @param {Added[]} tokens @param {Refuse} refuse */
function cutOut(tokens, refuse) {
  const [plain, normalized] = [/** @type {Set<string>} */ (new Set()), /** @type {Set<string>} */ (new Set())];
  for (const token of tokens) {
    const { content: text } = token;
    const holdsSpaces = text.includes(" ") || (text.includes(SPACE) && text.replaceAll(SPACE, "") !== "");
    if (token.single_word || token.lstrip || token.rstrip || holdsSpaces) throw refuse(token);
    (token.normalized ? normalized : plain).add(text);
  }
  if (plain.size * normalized.size > MAX_PAIRS) throw refuse({ normalized: normalized.size, others: plain.size });
  for (const text of normalized) for (const other of plain) if (overlap(text, other)) throw refuse([text, other]);
  return new Set([...plain, ...normalized]);
}

/** @param {string} one @param {string} other */
function overlap(one, other) {
  if (one.includes(other) || other.includes(one)) return true;
  const sizes = Array.from({ length: Math.max(0, Math.min(one.length, other.length) - 1) }, (_, i) => i + 1);
  return sizes.some((size) => one.endsWith(other.slice(0, size)) || other.endsWith(one.slice(0, size)));
}

/**
 * The place of each piece among those that pairs make. Refused where one score a piece does not give the order of the list, or where SentencePiece
 * would join what the list leaves apart.
 * @param {Iterable<unknown>} merges
 * @param {Set<string>} normal
 * @param {Set<string>} never texts that no part can be
 * @param {Refuse} refuse
 */
function placesOf(merges, normal, never, refuse) {
  /** @type {Map<string, number>} */
  const places = new Map();
  /** How many pairs make a piece. @type {Map<string, number>} */
  const listed = new Map();
  let last = "";
  for (const merge of merges) {
    const pair = typeof merge === "string" ? merge.split(" ") : merge;
    if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((part) => typeof part === "string")) throw refuse(merge);
    const [left, right] = pair;
    const whole = left + right;
    if (never.has(whole) || never.has(left) || never.has(right)) continue; // cut out before, whole or in part
    if (!normal.has(whole) || (whole !== last && places.has(whole))) throw refuse(pair);
    last = whole;
    if (!places.has(whole)) places.set(whole, places.size);
    listed.set(whole, (listed.get(whole) ?? 0) + 1);
  }
  /** SentencePiece begins with single characters, pieces or not. @param {string} part */
  const occurs = (part) => normal.has(part) || (isOne(part) && !never.has(part));
  for (const text of normal) {
    let expected = 0;
    for (let cut = 0; (cut += isPairAt(text, cut) ? 2 : 1) < text.length; ) if (occurs(text.slice(0, cut)) && occurs(text.slice(cut))) expected += 1;
    if ((listed.get(text) ?? 0) !== expected) throw refuse({ [text]: listed.get(text) ?? 0, expected });
  }
  return places;
}

/** Whether it is a single character. @param {string} text */
function isOne(text) {
  return text.length === (isPairAt(text, 0) ? 2 : 1);
}

/** Whether two units make the character there. @param {string} text @param {number} at */
function isPairAt(text, at) {
  return (text.codePointAt(at) ?? 0) > 0xffff;
}
