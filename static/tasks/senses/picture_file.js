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
/** Of a file's beginning, which has its size in pixels. */
export const HEAD = 1_000_000;

/**
 * Width and height as the file says them.
 * @param {Uint8Array<ArrayBuffer>} bytes its beginning
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

/** @param {DataView} view */
function gif(view) {
  return /^GIF8[79]a$/.test(latin(view, 0, 6)) ? { width: view.getUint16(6, true), height: view.getUint16(8, true) } : null;
}

/** @param {DataView} view */
function webp(view) {
  if (latin(view, 0, 4) !== "RIFF" || latin(view, 8, 4) !== "WEBP") return null;
  const kind = latin(view, 12, 4);
  if (kind === "VP8X") return { width: 1 + (view.getUint32(24, true) & 0xffffff), height: 1 + (view.getUint32(26, true) >>> 8) };
  if (kind === "VP8L") return { width: 1 + (view.getUint32(21, true) & 0x3fff), height: 1 + ((view.getUint32(21, true) >>> 14) & 0x3fff) };
  return kind === "VP8 " ? { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff } : null;
}

/** The largest of the sizes that its boxes name. @param {DataView} view */
function avif(view) {
  if (latin(view, 4, 4) !== "ftyp" || !/avif|avis/.test(latin(view, 8, Math.min(32, view.byteLength - 8)))) return null;
  const head = latin(view, 0, Math.min(8192, view.byteLength));
  /** @type {{width: number, height: number}[]} */
  const sizes = [];
  for (let at = head.indexOf("ispe"); at >= 0; at = head.indexOf("ispe", at + 4)) {
    sizes.push({ width: view.getUint32(at + 8), height: view.getUint32(at + 12) });
  }
  return sizes.sort((a, b) => b.width * b.height - a.width * a.height)[0] ?? { width: 0, height: 0 };
}

/** @param {DataView} view */
function bmp(view) {
  return latin(view, 0, 2) === "BM" ? { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) } : null;
}
