// @ts-check
/** Matrices that an engine keeps in float16: thin ones, beside those of integers, in the same blocks of 4 × 4 (builder/quantize/halves.py). Pure. */

const SIGN = 0x8000;
/** Infinity, and what is beyond. */
const INFINITE = 0x7c00;
/** Bits of the float32 below which a half has fewer digits, and of 0.5, whose digits end where those of such a half end. */
const [NORMAL, HALF] = [0x38800000, 0x3f000000];
/** Brings the exponent of a float32 to that of a half, and rounds what is cut up from its middle on. */
const REBASED = ((15 - 127) << 23) + 0xfff;

/**
 * Rows of a matrix times a factor: for each four inputs a strip of all these rows; null where a value is too large, infinite or no number.
 * @param {Float32Array} values
 * @param {number} inputs
 * @param {number} factor
 * @returns {Uint16Array<ArrayBuffer> | null}
 */
export function halfStrips(values, inputs, factor) {
  const rows = values.length / inputs;
  const strips = new Uint16Array(values.length);
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  for (let row = 0; row < rows; row += 1) {
    const within = (row & ~3) * 4 + (row & 3);
    for (let i = 0; i < inputs; i += 1) {
      float[0] = values[row * inputs + i] * factor;
      const sign = (bits[0] >>> 16) & SIGN;
      const size = bits[0] & 0x7fffffff;
      let half = (size + REBASED + ((size >>> 13) & 1)) >>> 13; // to the even one, where two are as near
      if (size < NORMAL) {
        bits[0] = size;
        float[0] += 0.5;
        half = bits[0] - HALF;
      } else if (half >= INFINITE) return null;
      strips[(i >> 2) * rows * 4 + within + (i & 3) * 4] = sign | half;
    }
  }
  return strips;
}
