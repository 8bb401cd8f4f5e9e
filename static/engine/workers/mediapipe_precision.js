// @ts-check
/**
 * How exactly MediaPipe computes: the one place that decides.
 *
 * Its default is float16, whose largest number is 65,504. What the layers of a real Gemma add up to is larger (103,821 in Gemma 3
 * 270M), is clipped there, and the text is wrong after some words. No file says so far that its sums stay within float16, so all
 * are computed in float32.
 */
export const PRECISION = { forceF32: true };
