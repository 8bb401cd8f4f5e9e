// @ts-check
/**
 * The turns that a model is asked in whose first bytes say none: those at the end of a zip `.task`; of a web file, the family's whose pieces its
 * tokenizer has, as the server does it (builder/formats/inspect_web_file.py). Nothing is trusted.
 *
 * @typedef {import('./messages.js').Turns} Turns
 */

import { turnsIn } from "./model_file.js";
import { fieldsOf } from "./protobuf.js";
import { MAX_TOKENIZER, TOKENIZER, placeOf } from "./workers/web_file.js";

/** @type {Turns} */
export const GEMMA_TURNS = { prefix: "<start_of_turn>user\n", suffix: "<end_of_turn>\n<start_of_turn>model\n" };
/** @type {Turns} */
const GEMMA4_TURNS = { prefix: "<|turn>user\n", suffix: "<turn|>\n<|turn>model\n", system: { prefix: "<|turn>system\n", suffix: "<turn|>\n" } };
/** By a piece that a tokenizer has, the first that is found. @type {[string, Turns][]} */
const BY_PIECE = [
  ["<start_of_turn>", GEMMA_TURNS],
  ["<|turn>", GEMMA4_TURNS],
];
/** @type {Turns} */
const NO_TURNS = { prefix: "", suffix: "" };

const METADATA = "METADATA";
const [END, ENTRY] = [0x06054b50, 0x02014b50];
/** Bytes: of the zip's records, and of what is read of it at most. */
const [END_SIZE, ENTRY_SIZE, LOCAL_SIZE, MOST] = [22, 46, 30, 1 << 20];

/**
 * @param {Blob} file
 * @param {Pick<import('./model_file.js').ModelKind, 'format'>} kind
 * @param {Uint8Array<ArrayBuffer>} head its first bytes, as `kindOf` has them
 * @returns {Promise<{said: Turns | null, usual: Turns}>} what the file says, and what it is asked in where neither it nor anybody else does
 */
export async function turnsBeyond(file, { format }, head) {
  try {
    if (format === "graph-task") return { said: turnsIn(fieldsOf(await metadataOf(file))), usual: GEMMA_TURNS };
    if (format === "web") return { said: null, usual: await byPieces(file, head) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // it points out of itself: the engine will say what it thinks of that
  }
  return { said: null, usual: GEMMA_TURNS };
}

/** @param {Blob} file @param {Uint8Array<ArrayBuffer>} head */
async function byPieces(file, head) {
  const place = placeOf(head, TOKENIZER);
  if (!place || place.size > MAX_TOKENIZER) return GEMMA_TURNS;
  const pieces = new TextDecoder("latin1").decode(await file.slice(place.offset, place.offset + place.size).arrayBuffer());
  return BY_PIECE.find(([piece]) => pieces.includes(piece))?.[1] ?? NO_TURNS;
}

/** The entry of a zip `.task` that says its turns; empty where there is none. @param {Blob} file @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function metadataOf(file) {
  const read = async (/** @type {number} */ begin, /** @type {number} */ size) => new DataView(await file.slice(begin, begin + Math.min(size, MOST)).arrayBuffer());
  const end = await read(file.size - END_SIZE, END_SIZE);
  if (end.getUint32(0, true) !== END) throw new RangeError("it does not end as a zip does");
  const directory = await read(end.getUint32(16, true), end.getUint32(12, true));
  for (let at = 0; at < directory.byteLength; ) {
    if (directory.getUint32(at, true) !== ENTRY) break;
    const [name, extra, comment] = [28, 30, 32].map((place) => directory.getUint16(at + place, true));
    const [size, offset] = [20, 42].map((place) => directory.getUint32(at + place, true));
    const begin = at + ENTRY_SIZE;
    if (begin + name > directory.byteLength) break;
    if (new TextDecoder().decode(new Uint8Array(directory.buffer, begin, name)) === METADATA) {
      const local = await read(offset, LOCAL_SIZE);
      const content = await read(offset + LOCAL_SIZE + local.getUint16(26, true) + local.getUint16(28, true), size);
      return new Uint8Array(content.buffer);
    }
    at = begin + name + extra + comment;
  }
  return new Uint8Array();
}
