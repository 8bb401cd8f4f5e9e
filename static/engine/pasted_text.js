// @ts-check
/**
 * Texts as Word, PDF readers, mail programs and web pages give them, made into what a person sees. Pure.
 *
 * A model knows text by its characters. A no-break space is another token than a space, a name with a soft hyphen in it is another
 * name, and lines that a mail program broke look like a poem. Small models lose names and dates there, and may never end. So
 * whatever cannot be seen goes, spaces are spaces, and lines that were only broken to fit are joined. Lists, headings, addresses,
 * tables and paragraphs keep their lines.
 */

/** Columns of text that was broken to fit: narrower is a list or an address, wider was not broken. */
const MIN_WIDTH = 36;
const MAX_WIDTH = 120;
/**
 * A line is full when the next word would not have fitted in this share of the widest line: characters of a PDF differ in width.
 * One that ends a sentence must be fuller, and not the only wide one, because there a line may as well end on purpose.
 */
const FULL = { within: 0.75, afterSentence: 0.95, second: 0.85 };

const LINE_ENDS = /\r\n?|[\n\v\f\u0085\u2028]/g;
const DOUBLE_SPACES = /(?<=\S) {2,3}(?=\S)/g;
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
/** Controls, soft hyphens, marks of direction and of byte order, and what stands for an object that was not copied. */
const UNSEEN = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffc]/g;
/** Joiners, but for those that shape what is before them: emoji, Arabic and Syriac letters, the scripts of India and its neighbours. */
const JOINERS =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\p{Script=Arab}\p{Script=Syrc}\p{Script=Mong}\u0900-\u0dff\u1000-\u109f\u1780-\u17ff])[\u200c\u200d]/gu;

/** What begins a line that stands for itself: an item, a quotation, a row, a heading, something indented, the end of code, `Subject: `. */
const OWN_LINE = /^(?:\s|[-*+•‣◦⁃–—·▪●○■□✓✔→>#|})\]]|\(?\d{1,3}[.)]\s|\(?\p{Ll}\)\s|[\p{Lu}][\p{L}-]{0,20}:\s)/u;
const SENTENCE_END = /[.!?…:;。！？](?:["'”’»)\]]|\s)*$/u;
/** A word cut at the end of a line; a name such as Jean-Luc keeps its hyphen. */
const CUT_WORD = /(\p{Ll}+)[-\u2010]$/u;
const HYPHENATED = /\p{Ll}+[-\u2010]\p{Ll}+/gu;
/** Written without spaces between words, and two columns wide. */
const WIDE = /[\p{Script=Han}\p{Script=Hira}\p{Script=Kana}\u3000-\u303f\uff00-\uff60]/u;
const WIDE_ALL = new RegExp(WIDE.source, "gu");

/**
 * The same text without what its source has put into it.
 * @param {string} text
 */
export function normalized(text) {
  const seen = text
    .replace(/\u2029/g, "\n\n")
    .replace(LINE_ENDS, "\n")
    .replace(/\u00ad\n/g, "") // a word that was cut at the end of a line
    .replace(UNSEEN, "")
    .replace(JOINERS, "")
    .replace(SPACES, " ")
    .normalize("NFC");
  const hyphenated = new Set(seen.match(HYPHENATED));
  const lines = seen.split("\n").map((line) => (isRow(line) ? line.trimEnd() : line.trimEnd().replace(DOUBLE_SPACES, " ")));
  /** @type {string[]} */
  const paragraphs = [];
  for (let from = 0; from < lines.length; ) {
    let end = from + 1;
    if (lines[from]) while (lines[end]) end += 1;
    paragraphs.push(unbroken(lines.slice(from, end), hyphenated));
    from = end;
  }
  return paragraphs.join("\n");
}

/**
 * @param {string[]} lines without an empty one between them
 * @param {Set<string>} hyphenated words that the text has with a hyphen inside a line
 */
function unbroken(lines, hyphenated) {
  const [width, second = 0] = lines.map(columns).sort((a, b) => b - a);
  const even = second > width * FULL.second;
  if (width < MIN_WIDTH || width > MAX_WIDTH) return lines.join("\n");
  return lines
    .map((line, at) => {
      const next = lines[at + 1];
      if (next === undefined) return line;
      if (!goesOn(line, next, { width, even })) return `${line}\n`;
      return isCut(line, next, hyphenated) ? line.slice(0, -1) : line + seam(line, next);
    })
    .join("");
}

/**
 * Whether a line was broken only because it was full.
 * @param {string} line
 * @param {string} next
 * @param {{width: number, even: boolean}} lines the widest line around, and whether another is about as wide
 */
function goesOn(line, next, { width, even }) {
  if (OWN_LINE.test(next) || isRow(line) || isRow(next)) return false;
  const [word] = next.split(" ", 1);
  const needed = columns(line) + (WIDE.test(word) ? 2 : columns(word) + 1);
  if (SENTENCE_END.test(line)) return even && needed > width * FULL.afterSentence;
  return needed > width * FULL.within;
}

/** Of a table: cells are apart by tabs, bars, or several spaces. @param {string} line */
function isRow(line) {
  return /\t|\S {2,}\S.*\S {2,}\S|\|.*\|/.test(line);
}

/**
 * Whether a word was cut at the end of a line, and has a hyphen only for that.
 * @param {string} line
 * @param {string} next
 * @param {Set<string>} hyphenated
 */
function isCut(line, next, hyphenated) {
  const [, begun] = CUT_WORD.exec(line) ?? [];
  const [rest] = /^\p{Ll}+/u.exec(next) ?? [];
  return Boolean(begun && rest) && !hyphenated.has(`${begun}-${rest}`);
}

/** What stands between two lines that are joined. @param {string} line @param {string} next */
function seam(line, next) {
  return /[-\u2010]$/.test(line) || (WIDE.test(line.slice(-1)) && WIDE.test(next.slice(0, 1))) ? "" : " ";
}

/** @param {string} line */
function columns(line) {
  return [...line].length + (line.match(WIDE_ALL)?.length ?? 0);
}
