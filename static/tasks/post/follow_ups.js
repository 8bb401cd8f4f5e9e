// @ts-check
/**
 * What one tap does to a post: shorter, with the date, without emoji. Pure, at once, and exact: a small model that is asked to shorten a
 * post or to add its date mostly gives it back as it was, and what it changes cannot be trusted.
 *
 * Each function gives the new text, or null where it has nothing to do.
 */

const sentences = new Intl.Segmenter(undefined, { granularity: "sentence" });
const words = new Intl.Segmenter(undefined, { granularity: "word" });

/** Hashtags and links at the end of a post, with the space before them. */
const TAIL = /(?:(?:^|\s+)(?:[#＃][\p{L}\p{N}_]+|https?:\/\/\S+))+\s*$/u;

/** @param {string} text @returns {[string, string]} what is said, and the hashtags and links after it */
export function parted(text) {
  const tail = TAIL.exec(text)?.[0] ?? "";
  return [text.slice(0, text.length - tail.length), tail.trimEnd()];
}

/** Two parts with a space between them, unless there is one. @param {string} said @param {string} more */
export function joined(said, more) {
  const before = said.trimEnd();
  return before && more && !/^\s/.test(more) ? `${before} ${more}` : before + (before ? more : more.trimStart());
}

/** A sentence of so many words says hello or waves goodbye. */
const FEW_WORDS = 3;

/**
 * Without one sentence: the last one of a few words ("Hi all!"), else the last one. Hashtags and links stay, and one sentence does, too.
 * @param {string} text
 */
export function shorter(text) {
  const [said, tail] = parted(text);
  const parts = [...sentences.segment(said)].map(({ segment }) => ({ segment, words: [...words.segment(segment)].filter(({ isWordLike }) => isWordLike).length }));
  const whole = parts.filter((part) => part.words > 0);
  if (whole.length < 2) return null;
  const gone = whole.findLast((part) => part.words <= FEW_WORDS) ?? whole.at(-1);
  const wordless = (/** @type {typeof parts[0]} */ part) => part === gone || part.words === 0;
  const end = parts.findLastIndex((part) => !wordless(part)); // an emoji after the last sentence goes with it
  const kept = gone === whole.at(-1) ? parts.slice(0, end + 1) : parts.filter((part) => part !== gone);
  return kept.map(({ segment }) => segment).join("").trimEnd() + tail;
}

/** A picture, with all that belongs to it; ©, ™ and arrows are text unless they ask to be pictures. */
const EMOJI =
  "(?:\\p{Regional_Indicator}{2}|[0-9#*]\\ufe0f?\\u20e3|(?:\\p{Emoji_Presentation}|\\p{Extended_Pictographic}\\ufe0f|" +
  "(?![©®™‼⁉ℹ\\u2190-\\u21ff])\\p{Extended_Pictographic})" +
  "(?:\\p{Emoji_Modifier}|\\ufe0f|[\\u{e0020}-\\u{e007f}]|\\u200d\\p{Extended_Pictographic})*)";
const ANY_EMOJI = new RegExp(EMOJI, "u");
const EMOJI_RUN = new RegExp(`([ \\t]*)${EMOJI}(?:[ \\t]*${EMOJI})*([ \\t]*)`, "gu");
const EMOJI_LINE = new RegExp(`^[ \\t]*${EMOJI}(?:[ \\t]*${EMOJI})*[ \\t]*(?:\\n|$)`, "gmu");

/** Without emoji, and without the space that stood with them. @param {string} text */
export function withoutEmoji(text) {
  if (!ANY_EMOJI.test(text)) return null;
  return text
    .replace(EMOJI_LINE, "")
    .replace(EMOJI_RUN, (run, before, after, at, whole) => {
      const [left, right] = [whole[at - 1] ?? "\n", whole[at + run.length] ?? "\n"];
      if (left === "\n" || right === "\n") return "";
      const gap = before || after ? " " : "";
      return gap && !before && /[.,;:!?…)\]]/.test(right) ? "" : gap;
    })
    .replace(/[ \t]+(?=[.,;:!?…](?:\s|$))/gu, "")
    .trimEnd();
}

const LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pt"];

/** Lower-case names of months → 1 to 12, in the languages above, long and short. */
const MONTHS = new Map(
  LANGUAGES.flatMap((language) =>
    ["long", "short"].flatMap((style) => {
      const format = new Intl.DateTimeFormat(language, { month: /** @type {'long' | 'short'} */ (style), timeZone: "UTC" });
      return Array.from({ length: 12 }, (_, month) => /** @type {[string, number]} */ ([format.format(Date.UTC(2024, month, 1)).toLowerCase().replace(/\.$/, ""), month + 1]));
    }),
  ),
);
const DAYS = LANGUAGES.flatMap((language) => {
  const format = new Intl.DateTimeFormat(language, { weekday: "long", timeZone: "UTC" });
  return Array.from({ length: 7 }, (_, day) => format.format(Date.UTC(2024, 0, 1 + day)));
});

const either = (/** @type {Iterable<string>} */ words) => `(?:${[...words].sort((a, b) => b.length - a.length).join("|")})`;
const [MONTH, WEEKDAY] = [either(MONTHS.keys()), `(?:${either(DAYS)},? (?:the )?)?`];
const DAY = "(?<day>0?[1-9]|[12]\\d|3[01])";
const YEAR = "(?:,? (?:de |del )?\\d{4})?";
const EDGE = "(?![\\p{L}\\p{N}])";
const DATES = [
  `(?<![\\p{L}\\p{N}]|\\d[.,])${WEEKDAY}${DAY}(?:st|nd|rd|th|er|º|\\.)? (?:of |de )?(?<month>${MONTH})${EDGE}${YEAR}`,
  `(?<![\\p{L}\\p{N}]|\\d[.,])${WEEKDAY}(?<month>${MONTH})\\.? ${DAY}(?:st|nd|rd|th)?${EDGE}${YEAR}`,
  "(?<!\\d)\\d{4}-(?<month>\\d{2})-(?<day>\\d{2})(?!\\d)",
  "(?:\\d{4}年)?(?<month>1?\\d)月(?<day>[1-3]?\\d)[日号]",
].map((pattern) => new RegExp(pattern, "giu"));

/**
 * The dates that a text names with a day and a month, in their order.
 * @param {string} text
 * @returns {{phrase: string, key: string}[]} `key`: the same for one day however it is written
 */
export function datesIn(text) {
  return DATES.flatMap((pattern) => [...text.matchAll(pattern)])
    .sort((a, b) => a.index - b.index)
    .map(({ 0: phrase, groups = {} }) => ({ phrase, key: `${MONTHS.get(groups.month.toLowerCase()) ?? Number(groups.month)}-${Number(groups.day)}` }));
}

/** With the first date of the text that it is about, before the hashtags, where it has none of them. @param {string} text @param {string} source */
export function withDate(text, source) {
  const [first] = datesIn(source);
  if (!first) return null;
  const named = new Set(datesIn(text).map(({ key }) => key));
  if (datesIn(source).some(({ key }) => named.has(key))) return null;
  const [said, tail] = parted(text);
  const phrase = first.phrase[0].toUpperCase() + first.phrase.slice(1);
  return joined(joined(said, `${phrase}.`), tail);
}

/** In the order of their buttons. @type {{id: 'shorter' | 'date' | 'emoji', apply: (text: string, source: string) => string | null}[]} */
export const FOLLOW_UPS = [
  { id: "shorter", apply: shorter },
  { id: "date", apply: withDate },
  { id: "emoji", apply: withoutEmoji },
];
