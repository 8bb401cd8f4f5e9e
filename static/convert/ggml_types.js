// @ts-check
/**
 * The types in which a GGUF file holds weights, and how blocks of them become float32 (builder/checkpoint/ggml_types.py). What a block's numbers
 * make is exact in float64 but for the last step, the rounding to float32: so the values are llama.cpp's to the bit. `d` is a scale of the whole
 * block, `m` a minimum; the integers' bits may lie in two places.
 *
 * @typedef {{values: number, size: number, decode: (bytes: Uint8Array, at: number, into: Float32Array, to: number) => void}} BlockType `values` of a
 *   block and its `size` in bytes; `decode` writes the values of the block at `at`
 */

import { FLOAT16 } from "./float16.js";
import { BYTES } from "./safetensors.js";

const [SMALL, LARGE] = [32, 256];
/** What the 16 integers of IQ4_NL stand for: close together near zero. */
const UNEVEN = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/** @param {Uint8Array} bytes @param {number} at */
export function float16At(bytes, at) {
  return FLOAT16[bytes[at] | (bytes[at + 1] << 8)];
}

/** @type {Record<string, BlockType>} */
export const BLOCK_TYPES = {
  Q4_0: {
    values: SMALL,
    size: 18,
    decode(bytes, at, into, to) {
      const d = float16At(bytes, at);
      for (let i = 0; i < 16; i += 1) {
        const pair = bytes[at + 2 + i];
        into[to + i] = d * ((pair & 15) - 8);
        into[to + 16 + i] = d * ((pair >> 4) - 8);
      }
    },
  },
  Q4_1: {
    values: SMALL,
    size: 20,
    decode(bytes, at, into, to) {
      const [d, m] = [float16At(bytes, at), float16At(bytes, at + 2)];
      for (let i = 0; i < 16; i += 1) {
        const pair = bytes[at + 4 + i];
        into[to + i] = d * (pair & 15) + m;
        into[to + 16 + i] = d * (pair >> 4) + m;
      }
    },
  },
  Q5_0: {
    values: SMALL,
    size: 22,
    decode(bytes, at, into, to) {
      const d = float16At(bytes, at);
      for (let i = 0; i < SMALL; i += 1) into[to + i] = d * (fiveBits(bytes, at + 2, at + 6, i) - 16);
    },
  },
  Q5_1: {
    values: SMALL,
    size: 24,
    decode(bytes, at, into, to) {
      const [d, m] = [float16At(bytes, at), float16At(bytes, at + 2)];
      for (let i = 0; i < SMALL; i += 1) into[to + i] = d * fiveBits(bytes, at + 4, at + 8, i) + m;
    },
  },
  Q8_0: {
    values: SMALL,
    size: 34,
    decode(bytes, at, into, to) {
      const d = float16At(bytes, at);
      for (let i = 0; i < SMALL; i += 1) into[to + i] = d * ((bytes[at + 2 + i] << 24) >> 24);
    },
  },
  // what llama.cpp makes of rows for Q2_K and Q3_K that blocks of 256 do not divide
  IQ4_NL: {
    values: SMALL,
    size: 18,
    decode(bytes, at, into, to) {
      const d = float16At(bytes, at);
      for (let i = 0; i < 16; i += 1) {
        const pair = bytes[at + 2 + i];
        into[to + i] = d * UNEVEN[pair & 15];
        into[to + 16 + i] = d * UNEVEN[pair >> 4];
      }
    },
  },
  // 16 parts of 16, each with a scale and a minimum of 4 bits; the values' 2 bits lie in two runs of 32 bytes
  Q2_K: {
    values: LARGE,
    size: 84,
    decode(bytes, at, into, to) {
      const [d, m] = [float16At(bytes, at + 80), float16At(bytes, at + 82)];
      for (let i = 0; i < LARGE; i += 1) {
        const both = bytes[at + (i >> 4)];
        into[to + i] = d * (both & 15) * twoBits(bytes, at + 16, i) - m * (both >> 4);
      }
    },
  },
  // 16 parts of 16 with a signed scale of 6 bits; a third bit of each value lies apart, and where it is missing 4 is taken away
  Q3_K: {
    values: LARGE,
    size: 110,
    decode(bytes, at, into, to) {
      const d = float16At(bytes, at + 108);
      for (let part = 0; part < 16; part += 1) {
        const low = (bytes[at + 96 + (part & 7)] >> (part & 8 ? 4 : 0)) & 15;
        const high = (bytes[at + 104 + (part & 3)] >> (2 * (part >> 2))) & 3;
        const scale = d * ((low | (high << 4)) - 32);
        for (let i = 16 * part; i < 16 * part + 16; i += 1) {
          const third = (bytes[at + (i & 31)] >> (i >> 5)) & 1;
          into[to + i] = scale * ((twoBits(bytes, at + 32, i) | (third << 2)) - 4);
        }
      }
    },
  },
  Q4_K: {
    values: LARGE,
    size: 144,
    decode(bytes, at, into, to) {
      for (let part = 0; part < 8; part += 1) {
        const [scale, minimum] = scaleAndMinimum(bytes, at, part);
        for (let i = 0; i < 32; i += 1) {
          const pair = bytes[at + 16 + 32 * (part >> 1) + i];
          into[to + 32 * part + i] = scale * (part & 1 ? pair >> 4 : pair & 15) - minimum;
        }
      }
    },
  },
  Q5_K: {
    values: LARGE,
    size: 176,
    decode(bytes, at, into, to) {
      for (let part = 0; part < 8; part += 1) {
        const [scale, minimum] = scaleAndMinimum(bytes, at, part);
        for (let i = 0; i < 32; i += 1) {
          const pair = bytes[at + 48 + 32 * (part >> 1) + i];
          const fifth = (bytes[at + 16 + i] >> part) & 1;
          into[to + 32 * part + i] = scale * ((part & 1 ? pair >> 4 : pair & 15) | (fifth << 4)) - minimum;
        }
      }
    },
  },
  // 16 parts of 16 with a signed scale of 8 bits; the upper two bits of each value lie apart
  Q6_K: {
    values: LARGE,
    size: 210,
    decode(bytes, at, into, to) {
      const d = float16At(bytes, at + 208);
      for (let i = 0; i < LARGE; i += 1) {
        const [half, within] = [i >> 7, i & 127];
        const low = (bytes[at + 64 * half + (within & 63)] >> (within & 64 ? 4 : 0)) & 15;
        const high = (bytes[at + 128 + 32 * half + (within & 31)] >> (2 * (within >> 5))) & 3;
        const scale = (bytes[at + 192 + (i >> 4)] << 24) >> 24;
        into[to + i] = d * scale * ((low | (high << 4)) - 32);
      }
    },
  },
};

/** ggml's numbers of types; those that are not read are refused by these names. @type {Record<number, string>} */
export const TYPE_NAMES = {
  0: "F32",
  1: "F16",
  2: "Q4_0",
  3: "Q4_1",
  6: "Q5_0",
  7: "Q5_1",
  8: "Q8_0",
  9: "Q8_1",
  10: "Q2_K",
  11: "Q3_K",
  12: "Q4_K",
  13: "Q5_K",
  14: "Q6_K",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  20: "IQ4_NL",
  21: "IQ3_S",
  22: "IQ2_S",
  23: "IQ4_XS",
  24: "I8",
  25: "I16",
  26: "I32",
  27: "I64",
  28: "F64",
  29: "IQ1_M",
  30: "BF16",
  34: "TQ1_0",
  35: "TQ2_0",
  39: "MXFP4",
  40: "NVFP4",
  41: "Q1_0",
};

/** Whether weights of a type are read. @param {string} dtype */
export function isRead(dtype) {
  return Object.hasOwn(BYTES, dtype) || Object.hasOwn(BLOCK_TYPES, dtype);
}

/** Bytes of so many values; of a type that is not read 0. @param {string} dtype @param {number} count a multiple of a block's */
export function bytesOfValues(dtype, count) {
  if (Object.hasOwn(BYTES, dtype)) return count * BYTES[dtype];
  if (!Object.hasOwn(BLOCK_TYPES, dtype)) return 0;
  const { values, size } = BLOCK_TYPES[dtype];
  return (count / values) * size;
}

/** Value `i` of 32 whose low four bits lie in 16 bytes, and whose fifth lies apart. @param {Uint8Array} bytes @param {number} fifth @param {number} low @param {number} i */
function fiveBits(bytes, fifth, low, i) {
  return ((bytes[low + (i & 15)] >> (i & 16 ? 4 : 0)) & 15) | (((bytes[fifth + (i >> 3)] >> (i & 7)) & 1) << 4);
}

/** Value `i` of 256 that lie in two runs of 32 bytes. @param {Uint8Array} bytes @param {number} at @param {number} i */
function twoBits(bytes, at, i) {
  return (bytes[at + 32 * (i >> 7) + (i & 31)] >> (2 * ((i >> 5) & 3))) & 3;
}

/** Of one of the 8 parts: 6 bits each, of which the upper two of the last four parts lie in the first bytes. @param {Uint8Array} bytes @param {number} at @param {number} part */
function scaleAndMinimum(bytes, at, part) {
  const [first, second, last] = [bytes[at + 4 + (part & 3)], bytes[at + 8 + (part & 3)], bytes[at + 12 + (part & 3)]];
  const [scale, minimum] = part < 4 ? [first & 63, second & 63] : [(last & 15) | ((first >> 6) << 4), (last >> 4) | ((second >> 6) << 4)];
  return [float16At(bytes, at) * scale, float16At(bytes, at + 2) * minimum];
}
