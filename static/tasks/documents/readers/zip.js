// @ts-check
/**
 * One file out of a ZIP archive that is not trusted. The browser's own decompression gives it piece by piece, so what it takes is bounded
 * by `most` and by nothing that the archive says of itself.
 */

import { DocumentError } from "../document.js";

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_SIZE = 22;
const MAX_COMMENT = 65_535;
const MAX_ENTRIES = 10_000;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;

/** @typedef {{method: number, flags: number, compressed: number, offset: number}} ZipEntry */

/**
 * The entries of an archive by their names; the last one of a name counts.
 * @param {Uint8Array} bytes
 * @returns {Map<string, ZipEntry>} DocumentError for what is no archive
 */
export function entriesOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - END_SIZE;
  while (end >= 0 && end >= bytes.length - END_SIZE - MAX_COMMENT && view.getUint32(end, true) !== END_OF_DIRECTORY) end -= 1;
  if (end < 0 || view.getUint32(end, true) !== END_OF_DIRECTORY) throw new DocumentError("damaged", "no ZIP directory");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count > MAX_ENTRIES) throw new DocumentError("too-large", `${count} entries`);
  /** @type {Map<string, ZipEntry>} */
  const entries = new Map();
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > end || view.getUint32(at, true) !== DIRECTORY_ENTRY) throw new DocumentError("damaged", `ZIP entry ${index + 1}`);
    const [name, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
    const nameBytes = bytes.subarray(at + 46, at + 46 + name);
    entries.set(new TextDecoder().decode(nameBytes), {
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      compressed: view.getUint32(at + 20, true),
      offset: view.getUint32(at + 42, true),
    });
    at += 46 + name + extra + comment;
  }
  return entries;
}

/**
 * @param {Uint8Array} bytes
 * @param {ZipEntry} entry
 * @param {number} most bytes; DocumentError for more
 * @returns {Promise<Uint8Array>} DocumentError for what is damaged or encrypted
 */
export async function unzipped(bytes, { method, flags, compressed, offset }, most) {
  if (flags & ENCRYPTED) throw new DocumentError("encrypted");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL_HEADER) throw new DocumentError("damaged", "ZIP header");
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + compressed > bytes.length) throw new DocumentError("damaged", "ZIP entry is cut");
  const packed = bytes.slice(start, start + compressed);
  if (method === STORED && packed.length <= most) return packed;
  if (method !== DEFLATED) throw new DocumentError(method === STORED ? "too-large" : "damaged", `ZIP method ${method}`);
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  /** @type {Uint8Array[]} */
  const pieces = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > most) throw new DocumentError("too-large");
      pieces.push(value);
    }
  } catch (error) {
    if (error instanceof DocumentError) throw error;
    throw new DocumentError("damaged", "ZIP data");
  } finally {
    void reader.cancel().catch(() => {}); // what is not wanted any more
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
