// @ts-check
/**
 * Words and characters of a text. Pure.
 *
 * Characters are what a reader sees as one (an emoji with a skin tone is one), words are what stands between white space.
 * Some networks count links and emoji their own way, so near a limit their own counter has the last word.
 */

const graphemes = "Segmenter" in Intl ? new Intl.Segmenter("en", { granularity: "grapheme" }) : null;

/** @param {string} text */
export function countCharacters(text) {
  return [...(graphemes ? graphemes.segment(text) : text)].length;
}

/** @param {string} text */
export function countWords(text) {
  return text.trim() ? text.trim().split(/\s+/).length : 0;
}
