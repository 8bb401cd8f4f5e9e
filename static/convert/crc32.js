// @ts-check
/** CRC-32, as zip and zlib have it, eight bytes at a time: from the sum of what came before. Pure. */

const TABLES = tables();

/**
 * @param {Uint8Array} bytes
 * @param {number} [before] the sum so far
 * @returns {number}
 */
export function crc32(bytes, before = 0) {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  let sum = ~before;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    const low = sum ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
    sum = t7[low & 255] ^ t6[(low >>> 8) & 255] ^ t5[(low >>> 16) & 255] ^ t4[low >>> 24] ^ t3[bytes[at + 4]] ^ t2[bytes[at + 5]] ^ t1[bytes[at + 6]] ^ t0[bytes[at + 7]];
  }
  for (; at < bytes.length; at += 1) sum = t0[(sum ^ bytes[at]) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
}

/** Table n is what a byte does that n others follow. */
function tables() {
  const found = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte += 1) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    found[0][byte] = sum;
  }
  for (let n = 1; n < 8; n += 1) {
    for (let byte = 0; byte < 256; byte += 1) {
      const before = found[n - 1][byte];
      found[n][byte] = found[0][before & 255] ^ (before >>> 8);
    }
  }
  return found;
}
