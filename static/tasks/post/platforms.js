// @ts-check
/**
 * How long a post is for a network, as that network counts. Pure; the networks are data (`platforms.json`).
 *
 * - `weight` (X): a code point counts 1 within the ranges `single`, else 2; an emoji of any number of code points counts 2.
 * - `character` (Bluesky, Mastodon): what a reader sees as one counts 1.
 * - `emoji-bytes` (Threads): as `character`, but an emoji counts the bytes that it has in UTF-8.
 * - `utf-16` (LinkedIn): UTF-16 units. The network does not say how it counts; this is never too few.
 *
 * `link`: what every link counts, however long. `bareLinks`: `example.com` is a link, too. `handles`: of `@name@server` only `@name` counts.
 *
 * @typedef {object} Platform
 * @property {string} id
 * @property {string} name
 * @property {number} limit
 * @property {'weight' | 'character' | 'emoji-bytes' | 'utf-16'} unit
 * @property {number} [link]
 * @property {boolean} [bareLinks]
 * @property {boolean} [handles]
 * @property {[number, number][]} [single]
 * @property {string} [tone] what suits it, by id
 * @property {string} [length]
 */

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const EMOJI = /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|\p{Regional_Indicator}|[0-9#*]\ufe0f?\u20e3/u;
const LINK = /https?:\/\/[^\s<>"“”]*[^\s<>"“”.,;:!?'’)\]]/giu;
/** The endings of most addresses that people type without https://. */
const BARE = /(?<![\p{L}\p{N}@.\/_-])(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+(?:com|org|net|edu|gov|info|io|dev|app|ai|eu|uk|us|ca|au|de|at|ch|fr|be|nl|es|it|pt|pl|se|no|dk|fi|ie|in|jp|cn|br|mx)(?:\/[^\s<>"“”]*[^\s<>"“”.,;:!?'’)\]])?(?![\p{L}\p{N}-])/giu;
const HANDLE = /(?<![\p{L}\p{N}])(@[\w.-]*\w)@[\p{L}\p{N}](?:[\p{L}\p{N}.-]*[\p{L}\p{N}])?/gu;

/**
 * @param {Platform} platform
 * @param {string} text
 */
export function lengthOn({ unit, link, bareLinks, handles, single = [] }, text) {
  let links = 0;
  let rest = text.normalize("NFC");
  if (link !== undefined) {
    const took = () => ((links += 1), "");
    rest = rest.replace(LINK, took);
    if (bareLinks) rest = rest.replace(BARE, took);
  }
  if (handles) rest = rest.replace(HANDLE, "$1");
  return links * (link ?? 0) + count(unit, rest, single);
}

/**
 * @param {Platform['unit']} unit
 * @param {string} text
 * @param {[number, number][]} single
 */
function count(unit, text, single) {
  if (unit === "utf-16") return text.length;
  let total = 0;
  for (const { segment } of graphemes.segment(text)) {
    if (unit === "character") total += 1;
    else if (unit === "emoji-bytes") total += EMOJI.test(segment) ? new TextEncoder().encode(segment).length : 1;
    else total += EMOJI.test(segment) ? 2 : weight(segment, single);
  }
  return total;
}

/** @param {string} segment @param {[number, number][]} single */
function weight(segment, single) {
  let total = 0;
  for (const character of segment) {
    const code = character.codePointAt(0) ?? 0;
    total += single.some(([first, last]) => first <= code && code <= last) ? 1 : 2;
  }
  return total;
}
