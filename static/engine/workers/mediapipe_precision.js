// @ts-check
/**
 * How exactly MediaPipe computes: the one place that decides.
 *
 * Its own default is float16, whose largest number is 65,504: quicker on many GPUs, with half the cache. What the layers of a real
 * Gemma add up to is larger (103,821 in Gemma 3 270M), is clipped there, and the text is wrong after some words. onpage scales that sum
 * when it converts a model, and notes it in the file, so the server knows of which files float16 holds every number. All others are
 * computed in float32. Whoever wants something else says so in the settings.
 *
 * @typedef {import('../protocol.js').Precision} Precision
 */

/**
 * The engine's option.
 * @param {'auto' | Precision} asked
 * @param {Precision} needed what the model's file needs
 */
export function precisionOptions(asked, needed) {
  return { forceF32: (asked === "auto" ? needed : asked) === "float32" };
}
