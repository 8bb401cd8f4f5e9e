// @ts-check
/**
 * What a document is here: a text, and the blocks that it is made of. Pure.
 *
 * Readers give blocks in the order of reading; `documentOf` puts their texts into one, so that a passage is two offsets into it and the
 * view can mark it.
 *
 * @typedef {'heading' | 'paragraph' | 'item' | 'row' | 'code'} BlockKind
 *
 * @typedef {object} ReadBlock as a reader gives it
 * @property {BlockKind} kind
 * @property {string} text of one line, but for code
 * @property {number} [level] of a heading, from 1
 * @property {number} [page] from 1, where the format has pages
 *
 * @typedef {object} Block
 * @property {BlockKind} kind
 * @property {number} level 0 for what is no heading
 * @property {number} page 0 where there are none
 * @property {number} start in the document's text, in UTF-16 units
 * @property {number} end after its last one
 *
 * @typedef {{text: string, blocks: Block[]}} DocumentText
 */

import { FileError } from "../parts/file_error.js";

/** UTF-16 units of one document, about 1,300 pages. */
export const MAX_CHARACTERS = 4_000_000;
/** Between two blocks. */
export const BLOCK_END = "\n";

const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffc]/g;
const SPACES = /[\s\u00a0]+/g;

/** @extends {FileError<'empty' | 'too-large' | 'too-long' | 'unknown-kind' | 'damaged' | 'encrypted' | 'too-many' | 'no-library'>} */
export class DocumentError extends FileError {}

/**
 * One document of many blocks. What cannot be seen goes, for it splits words; empty blocks go as well.
 * @param {Iterable<ReadBlock>} blocks
 * @returns {DocumentText} DocumentError where it is longer than the limit or has no text
 */
export function documentOf(blocks) {
  /** @type {string[]} */
  const texts = [];
  /** @type {Block[]} */
  const made = [];
  let start = 0;
  for (const { kind, text, level = 0, page = 0 } of blocks) {
    const clean = cleaned(text, kind);
    if (!clean) continue;
    const end = start + clean.length;
    if (end > MAX_CHARACTERS) throw new DocumentError("too-long");
    texts.push(clean);
    made.push({ kind, level: kind === "heading" ? Math.min(6, Math.max(1, level)) : 0, page, start, end });
    start = end + BLOCK_END.length;
  }
  if (!made.length) throw new DocumentError("empty");
  return { text: texts.join(BLOCK_END), blocks: made };
}

/** @param {string} text @param {BlockKind} kind */
function cleaned(text, kind) {
  const seen = text.replace(/\r\n?/g, "\n").replace(UNSEEN, "").normalize("NFC");
  return kind === "code" ? seen.replace(/^\n+|\s+$/g, "") : seen.replace(SPACES, " ").trim();
}
