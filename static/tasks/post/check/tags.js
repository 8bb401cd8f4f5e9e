// @ts-check
/** Whether a hashtag is of the subject: made of words that the text has. */

const PARTS = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|(?:(?![A-Za-z\d])[\p{L}\p{N}])+/gu;

/** @param {string} tag @param {string} text */
export function onSubject(tag, text) {
  if (text.replace(/[^\p{L}\p{N}]+/gu, "").toLowerCase().includes(tag.toLowerCase())) return true;
  const known = new Set((text.match(/[\p{L}\p{N}]+/gu) ?? []).map((word) => word.toLowerCase()));
  const parts = (tag.match(PARTS) ?? []).map((part) => part.toLowerCase());
  const long = parts.filter((part) => part.length > 3);
  return (long.length ? long : parts).some((part) => [...known].some((word) => akin(part, word)));
}

/** The same word in another form: a shared beginning of at least four letters and most of the longer one. @param {string} a @param {string} b */
function akin(a, b) {
  if (a === b) return true;
  const [least, most] = [Math.min(a.length, b.length), Math.max(a.length, b.length)];
  let shared = 0;
  while (shared < least && a[shared] === b[shared]) shared += 1;
  return shared >= 4 && shared >= 0.7 * most - 1;
}
