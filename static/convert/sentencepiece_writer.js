// @ts-check
/**
 * A SentencePiece model, written field by field: the bytes are those that protobuf writes in Python, so a field is there where `onpage convert` sets it.
 *
 * @typedef {'unk' | 'bos' | 'eos' | 'pad'} TaskName a token with a task
 * @typedef {{key: TaskName, id: number, piece: string | null}} Task `id`: -1 where there is none; `piece`: null where nothing is said of it
 */

import { joined, message, varint } from "./protobuf.js";

/** Bytes of a piece beside its text, at most: keys, lengths, a float and a byte. */
const AROUND = 24;
/** Of a piece in ModelProto, and of its fields. */
const [KEY_OF_PIECE, KEY_OF_TEXT, KEY_OF_SCORE, KEY_OF_TYPE] = [10, 10, 21, 24];
/** Fields of ModelProto. */
const [TRAINER, NORMALIZER] = [2, 3];
/** Fields of TrainerSpec: of the tokens with a task the id and the piece. @type {Record<TaskName, [id: number, piece: number]>} */
const FIELDS = { unk: [40, 45], bos: [41, 46], eos: [42, 47], pad: [43, 48] };

/**
 * @param {object} tokenizer
 * @param {string[]} tokenizer.texts as many as there are pieces
 * @param {ArrayLike<number>} tokenizer.scores
 * @param {ArrayLike<number>} tokenizer.types
 * @param {number} tokenizer.kind SentencePiece's `model_type`
 * @param {boolean} tokenizer.fallsBack whether what no piece covers becomes bytes
 * @param {Task[]} tokenizer.tasks
 * @param {{prefixes: boolean, trims: boolean, escapes?: true}} tokenizer.spaces whether one is put in front of a text, whether several become one, and
 *   whether they are written as a mark, which is so where nothing is said
 */
export function modelOf({ texts, scores, types, kind, fallsBack, tasks, spaces: { prefixes, trims, escapes } }) {
  const inOrder = Object.keys(FIELDS).flatMap((key) => tasks.find((task) => task.key === key) ?? []);
  const trainer = message([
    [3, kind],
    [4, texts.length],
    [35, Number(fallsBack), "always"],
    ...inOrder.map(({ key, id }) => /** @type {import('./protobuf.js').Field} */ ([FIELDS[key][0], id, "always"])),
    ...inOrder.map(({ key, piece }) => /** @type {import('./protobuf.js').Field} */ ([FIELDS[key][1], piece])),
  ]);
  const normalizer = message([[1, "identity"], [3, Number(prefixes), "always"], [4, Number(trims), "always"], [5, escapes ? 1 : null]]);
  return joined([piecesOf(texts, scores, types), message([[TRAINER, trainer], [NORMALIZER, normalizer]])]);
}

/**
 * The pieces as fields of ModelProto, in one buffer: so many messages would fill the memory.
 * @param {string[]} texts
 * @param {ArrayLike<number>} scores
 * @param {ArrayLike<number>} types
 */
function piecesOf(texts, scores, types) {
  const encoder = new TextEncoder();
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + 3 * text.length + AROUND, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [id, written] of texts.entries()) {
    const text = encoder.encode(written);
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
