// How large a stranger's picture says it is: each format as its files begin, what is cut off, and what lies to seem small.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MAX_PIXELS, sizeOf } from "../../static/tasks/senses/picture_file.js";

const ascii = (text) => [...text].map((letter) => letter.charCodeAt(0));
const big = (value, length) => Array.from({ length }, (_, index) => Math.floor(value / 256 ** (length - 1 - index)) & 255);
const little = (value, length) => big(value, length).reverse();
const zeros = (length) => Array(length).fill(0);
const file = (...parts) => Uint8Array.from(parts.flat());

const png = (width, height) => file([0x89], ascii("PNG\r\n\x1a\n"), big(13, 4), ascii("IHDR"), big(width, 4), big(height, 4), [8, 6, 0, 0, 0]);
const segment = (marker, body) => [0xff, marker, ...big(body.length + 2, 2), ...body];
const frame = (width, height, marker = 0xc0) => segment(marker, [8, ...big(height, 2), ...big(width, 2), 3]);
const jpeg = (...segments) => file([0xff, 0xd8], ...segments, [0xff, 0xda]);
/** @param {number[]} screen @param {number[]} picture left, top, width, height */
const gif = (screen, picture, { version = "89a", colours = 0, before = [] } = {}) =>
  file(ascii(`GIF${version}`), ...screen.map((side) => little(side, 2)), [colours, 0, 0], zeros(colours & 0x80 ? 6 << (colours & 7) : 0), before, [0x2c], ...picture.map((side) => little(side, 2)), [0]);
const webp = (kind, ...body) => file(ascii("RIFF"), little(99, 4), ascii("WEBP"), ascii(kind), little(9, 4), ...body);
const box = (kind, ...body) => [...big(body.flat().length + 8, 4), ...ascii(kind), ...body.flat()];
const ftyp = (brand = "avif") => box("ftyp", ascii(brand), zeros(4), ascii("mif1"));
const ispe = (width, height) => box("ispe", zeros(4), big(width, 4), big(height, 4));
const avif = (...sizes) => file(ftyp(), box("meta", zeros(4), ...sizes.map((size) => ispe(...size))));
const track = (width, height, version) => box("moov", box("tkhd", [version, 0, 0, 7], zeros((version ? 32 : 20) + 52), big(width * 65536, 4), big(height * 65536, 4)));
const bmp = (width, height, header = 40) => file(ascii("BM"), zeros(12), little(header, 4), little(width, header === 12 ? 2 : 4), little(height, header === 12 ? 2 : 4), little(1, 2), little(24, 2), zeros(20));

const WEBP_LOSSY = webp("VP8 ", [0x30, 1, 0, 0x9d, 1, 0x2a], little(640 | 0x4000, 2), little(480 | 0x8000, 2));
const EXIF = segment(0xe1, [...ascii("Exif\0\0"), ...frame(160, 120)]);
const COMMENT = [0x21, 0xfe, 3, ...ascii("\x2c!\x2c"), 2, 0x21, 0x2c, 0];

for (const [name, bytes, size] of [
  ["PNG", png(640, 480), [640, 480]],
  ["JPEG", jpeg(segment(0xe0, ascii("JFIF\0")), frame(640, 480)), [640, 480]],
  ["JPEG whose thumbnail has another size", jpeg(EXIF, frame(640, 480)), [640, 480]],
  ["JPEG that is progressive, with tables and fill bytes before", jpeg(segment(0xc4, zeros(9)), segment(0xcc, zeros(2)), [0xff, 0xff], frame(640, 480, 0xc2)), [640, 480]],
  ["JPEG with a megabyte of depth before its size", jpeg(...Array.from({ length: 20 }, () => segment(0xe1, zeros(60_000))), frame(640, 480)), [640, 480]],
  ["GIF", gif([640, 480], [0, 0, 640, 480]), [640, 480]],
  ["GIF 87a with colours", gif([640, 480], [0, 0, 9, 9], { version: "87a", colours: 0xf2 }), [640, 480]],
  ["GIF with blocks before its picture", gif([6, 4], [10, 20, 630, 460], { before: [...COMMENT, ...COMMENT] }), [640, 480]],
  ["WebP, lossy", WEBP_LOSSY, [640, 480]],
  ["WebP, lossless", webp("VP8L", [0x2f], little(639 | (479 << 14), 4)), [640, 480]],
  ["WebP, lossless with alpha", webp("VP8L", [0x2f], little(639 | (479 << 14) | (1 << 28), 4)), [640, 480]],
  ["WebP, extended", webp("VP8X", [0x10, 0, 0, 0], little(639, 3), little(479, 3)), [640, 480]],
  ["AVIF", avif([640, 480]), [640, 480]],
  ["AVIF of tiles", avif([320, 240], [640, 480], [64, 64]), [640, 480]],
  ["AVIF with its description at the end", file(ftyp(), box("mdat", zeros(20_000)), box("meta", zeros(4), ispe(640, 480))), [640, 480]],
  ["AVIF whose data has a long length", file(ftyp(), big(1, 4), ascii("mdat"), big(24, 8), ascii("ispeispe"), box("meta", zeros(4), ispe(640, 480))), [640, 480]],
  ["AVIF that moves", file(ftyp("avis"), track(640, 480, 0)), [640, 480]],
  ["AVIF that moves for long", file(ftyp("avis"), track(640, 480, 1)), [640, 480]],
  ["BMP", bmp(640, 480), [640, 480]],
  ["BMP from above", bmp(640, 2 ** 32 - 480, 124), [640, 480]],
  ["BMP of OS/2", bmp(640, 480, 12), [640, 480]],
  ["the sample", new Uint8Array(readFileSync(new URL("../../static/tasks/senses/sample.png", import.meta.url))), [480, 360]],
]) {
  test(`${name}: width and height`, () => {
    const { width, height } = sizeOf(bytes);
    assert.deepEqual([width, height], size);
    const inside = file(zeros(5), [...bytes], zeros(5)).subarray(5, 5 + bytes.length);
    assert.deepEqual(sizeOf(inside), { width, height }, "also as a part of a buffer");
  });
}

for (const [name, bytes, code] of [
  ["nothing", file(), "unknown-kind"],
  ["a text", file(ascii("Dear Sir, \x89PNG")), "unknown-kind"],
  ["a text about cars", file(ascii("BMW builds cars and motorcycles in Munich.")), "unknown-kind"],
  ["a drawing", file(ascii('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')), "unknown-kind"],
  ["a PNG that was sent as text", file([0x89], ascii("PNG\n\x1a\n"), zeros(20)), "unknown-kind"],
  ["a sound in RIFF", file(ascii("RIFF"), little(99, 4), ascii("WAVEfmt "), zeros(30)), "unknown-kind"],
  ["a WebP of no known kind", webp("VP9 ", zeros(20)), "unknown-kind"],
  ["a film", file(box("ftyp", ascii("isom"), zeros(4)), track(640, 480, 0)), "unknown-kind"],
  ["a HEIC", file(ftyp("heic"), box("meta", zeros(4), ispe(640, 480))), "unknown-kind"],
  ["a PNG without height", png(640, 0), "damaged"],
  ["a JPEG without frame", jpeg(segment(0xe0, zeros(9))), "damaged"],
  ["a JPEG with rubbish between segments", jpeg(segment(0xe0, zeros(9)), [0, ...frame(6, 4).slice(1)]), "damaged"],
  ["a GIF that ends before its picture", file([...gif([6, 4], [0, 0, 6, 4])].slice(0, 13), [0x3b, 0, 0, 0, 0, 0, 0, 0, 0, 0]), "damaged"],
  ["an AVIF without sizes", file(ftyp(), box("meta", zeros(4))), "damaged"],
  ["an AVIF with a box of no length", file(ftyp(), big(4, 4), ascii("free"), box("meta", zeros(4), ispe(6, 4))), "damaged"],
  ["an AVIF with a box of a long length of nothing", file(ftyp(), big(1, 4), ascii("free"), zeros(8)), "damaged"],
  ["an AVIF that is cut off in its data", file(ftyp(), box("meta", zeros(4), ispe(6, 4)), big(100, 4), ascii("mdat"), zeros(9)), "damaged"],
  ["a BMP of a negative width", bmp(2 ** 32 - 640, 480), "damaged"],
  ["a PNG of billions of pixels", png(60_000, 60_000), "too-many-pixels"],
  ["a PNG of all bits", png(2 ** 32 - 1, 2 ** 32 - 1), "too-many-pixels"],
  ["a JPEG as large as can be", jpeg(frame(65_535, 65_535)), "too-many-pixels"],
  ["a WebP as large as can be", webp("VP8X", zeros(4), little(2 ** 24 - 1, 3), little(2 ** 24 - 1, 3)), "too-many-pixels"],
  ["a lossless WebP as large as can be", webp("VP8L", [0x2f], little(2 ** 28 - 1, 4)), "too-many-pixels"],
  ["a GIF with a small screen and a large picture", gif([1, 1], [0, 0, 65_535, 65_535]), "too-many-pixels"],
  ["a GIF with a small picture far out", gif([1, 1], [65_000, 65_000, 1, 1]), "too-many-pixels"],
  ["a GIF whose large picture stands behind blocks", gif([1, 1], [0, 0, 65_535, 65_535], { colours: 0x87, before: COMMENT }), "too-many-pixels"],
  ["an AVIF with a small size before the large one", file(ftyp(), box("meta", zeros(4), ispe(1, 1), zeros(9000), ispe(60_000, 60_000))), "too-many-pixels"],
  ["an AVIF with a decoy before its description", file(ftyp(), box("free", ispe(1, 1), zeros(9000)), box("meta", zeros(4), ispe(60_000, 60_000))), "too-many-pixels"],
  ["an AVIF with a small picture and a large film", file(ftyp("avis"), box("meta", zeros(4), ispe(1, 1)), track(60_000, 60_000, 0)), "too-many-pixels"],
  ["a BMP as high as can be", bmp(640, 0x80000000), "too-many-pixels"],
]) {
  test(`${name}: ${code}`, () => assert.throws(() => sizeOf(bytes), { name: "MediaError", code }));
}

test("the largest that is taken is a phone's picture of 64 million pixels", () => {
  assert.equal(MAX_PIXELS, 8000 * 8000);
  assert.deepEqual(sizeOf(png(8000, 8000)), { width: 8000, height: 8000 });
  assert.throws(() => sizeOf(png(8000, 8001)), { code: "too-many-pixels", detail: "8000 × 8001" });
});

for (const [name, bytes] of Object.entries({ PNG: png(6, 4), JPEG: jpeg(EXIF, frame(6, 4)), GIF: gif([6, 4], [0, 0, 6, 4], { before: COMMENT }), WebP: WEBP_LOSSY, AVIF: avif([6, 4]), moving: file(ftyp("avis"), track(6, 4, 1)), BMP: bmp(6, 4) })) {
  test(`${name} cut off anywhere is refused or read right, in our words`, () => {
    const whole = sizeOf(bytes);
    for (let length = 0; length < bytes.length; length += 1) {
      try {
        assert.deepEqual(sizeOf(bytes.slice(0, length)), whole, `${length} bytes`);
      } catch (error) {
        assert.ok(["damaged", "unknown-kind"].includes(error.code), `${length} bytes: ${error}`);
      }
    }
    assert.throws(() => sizeOf(bytes.slice(0, 15)), { name: "MediaError" });
  });
}

test("a large file of the worst content is gone through at once", () => {
  const worst = [jpeg(zeros(0)), file(ftyp(), big(16_000_008, 4), ascii("meta"))].map((head, index) => {
    const bytes = new Uint8Array(16_000_000 + head.length);
    bytes.fill(index ? 0x69 : 0xff, head.length);
    bytes.set(head);
    return bytes;
  });
  const before = process.cpuUsage();
  for (const bytes of worst) assert.throws(() => sizeOf(bytes), { code: "damaged" });
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 3_000_000, `${(user + system) / 1000} ms`);
});
