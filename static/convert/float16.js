// @ts-check
/** The value of a float16, for each of its 65,536 bits. */
export const FLOAT16 = Float32Array.from({ length: 1 << 16 }, (_, half) => {
  const [sign, exponent, fraction] = [half & 0x8000 ? -1 : 1, (half >> 10) & 31, half & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
});
