// @ts-check
/**
 * How large a picture is that nobody vouches for, before a browser makes pixels of it: a file of some kilobytes can hold a billion of them.
 * Pure.
 */

import { MediaError } from "./media_error.js";

/** Bytes of a file. */
export const MAX_PICTURE = 50_000_000;
/** Pixels: those of the largest cameras in phones but a few. */
export const MAX_PIXELS = 64_000_000;
/**
 * Width and height as the file says them.
 * @param {Uint8Array<ArrayBuffer>} bytes all of them: the size may stand behind anything else
 * @returns {{width: number, height: number}} MediaError for what is no picture, or one with too many pixels
 */
export function sizeOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let found;
  try {
    found = png(view) ?? jpeg(view) ?? gif(view) ?? webp(view) ?? avif(view) ?? bmp(view);
  } catch (error) {
    if (error instanceof RangeError) throw new MediaError("damaged"); // it points out of itself
    throw error;
  }
  if (!found) throw new MediaError("unknown-kind");
  const { width, height } = found;
  if (!(width > 0 && height > 0)) throw new MediaError("damaged");
  if (width * height > MAX_PIXELS) throw new MediaError("too-many-pixels", `${width} × ${height}`);
  return found;
}

/** @param {DataView} view @param {number} at @param {number} length */
function latin(view, at, length) {
  if (at + length > view.byteLength) return "";
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at, length));
}

/** @param {DataView} view */
function png(view) {
  return latin(view, 0, 8) === "\x89PNG\r\n\x1a\n" ? { width: view.getUint32(16), height: view.getUint32(20) } : null;
}

/** The first frame's size stands behind other segments. @param {DataView} view */
function jpeg(view) {
  if (latin(view, 0, 3) !== "\xff\xd8\xff") return null;
  for (let at = 2; ; ) {
    while (view.getUint8(at) === 0xff && view.getUint8(at + 1) === 0xff) at += 1; // fill bytes
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff) throw new RangeError("no marker");
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + Math.max(2, view.getUint16(at + 2));
  }
}

/** Browsers make the screen as large as its first picture, which stands behind other blocks. @param {DataView} view */
function gif(view) {
  if (!/^GIF8[79]a$/.test(latin(view, 0, 6))) return null;
  const screen = { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  const colours = view.getUint8(10);
  let at = 13 + (colours & 0x80 ? 6 << (colours & 7) : 0);
  while (view.getUint8(at) === 0x21) {
    at += 2;
    while (view.getUint8(at)) at += 1 + view.getUint8(at);
    at += 1;
  }
  if (view.getUint8(at) !== 0x2c) throw new RangeError("no picture");
  const end = (/** @type {number} */ side) => view.getUint16(at + 1 + side, true) + view.getUint16(at + 5 + side, true);
  return { width: Math.max(screen.width, end(0)), height: Math.max(screen.height, end(2)) };
}

/** @param {DataView} view */
function webp(view) {
  if (latin(view, 0, 4) !== "RIFF" || latin(view, 8, 4) !== "WEBP") return null;
  const kind = latin(view, 12, 4);
  if (kind === "VP8X") return { width: 1 + (view.getUint32(24, true) & 0xffffff), height: 1 + (view.getUint32(26, true) >>> 8) };
  if (kind === "VP8L") return { width: 1 + (view.getUint32(21, true) & 0x3fff), height: 1 + ((view.getUint32(21, true) >>> 14) & 0x3fff) };
  return kind === "VP8 " ? { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff } : null;
}

/** The largest of the sizes that its pictures and tracks name, wherever their boxes stand. @param {DataView} view */
function avif(view) {
  if (latin(view, 4, 4) !== "ftyp" || !/avif|avis/.test(latin(view, 8, Math.min(32, view.byteLength - 8)))) return null;
  const largest = { width: 0, height: 0 };
  const found = (/** @type {number} */ width, /** @type {number} */ height) => {
    if (width * height > largest.width * largest.height) Object.assign(largest, { width, height });
  };
  for (const { kind, at, end } of boxes(view)) {
    if (kind !== "meta" && kind !== "moov") continue;
    const text = new TextDecoder("latin1").decode(new Uint8Array(view.buffer, view.byteOffset + at, end - at)); // a letter for each byte
    for (const { index } of text.matchAll(/ispe/g)) found(view.getUint32(at + index + 8), view.getUint32(at + index + 12));
    for (const { index } of text.matchAll(/tkhd/g)) {
      const sides = at + index + (view.getUint8(at + index + 4) ? 92 : 80); // of another version, with longer times
      found(view.getUint32(sides) >>> 16, view.getUint32(sides + 4) >>> 16);
    }
  }
  return largest;
}

/** The outermost boxes of a file. @param {DataView} view @returns {Generator<{kind: string, at: number, end: number}>} */
function* boxes(view) {
  for (let at = 0; at < view.byteLength; ) {
    const said = view.getUint32(at);
    const size = said === 1 ? Number(view.getBigUint64(at + 8)) : said || view.byteLength - at;
    if (size < 8 || at + size > view.byteLength) throw new RangeError("no box");
    yield { kind: latin(view, at + 4, 4), at, end: at + size };
    at += size;
  }
}

/** Two letters are no sign yet: of what follows, the length of the header is one, too. @param {DataView} view */
function bmp(view) {
  if (latin(view, 0, 2) !== "BM" || view.byteLength < 26) return null;
  const header = view.getUint32(14, true);
  if (header === 12) return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  return [16, 40, 52, 56, 64, 108, 124].includes(header) ? { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) } : null;
}
