// @ts-check
/**
 * PDF, by pdf.js, which reads it in a worker of its own; only text is taken: nothing is drawn, no script of the file runs, nothing is
 * fetched for it. Lines are put together from the pieces that a page places, paragraphs from lines by their distances, headings by the
 * size of their letters.
 *
 * @typedef {import('../document.js').ReadBlock} ReadBlock
 * @typedef {{str: string, transform: number[], width: number, height: number, hasEOL: boolean}} Item what is used of those of pdf.js
 * @typedef {{text: string, x: number, y: number, size: number, end: number}} Line
 */

import { DocumentError } from "../document.js";

export const MAX_PAGES = 3000;
/** Of the height of a letter: a gap between two pieces of a line that is a space, and one between lines that begins a paragraph. */
const SPACE = 0.18;
const PARAGRAPH = 1.75;
/** Letters of a heading are so much larger than those of the text. */
const HEADING = 1.12;
const MAX_HEADING = 160;

/**
 * @param {Uint8Array} bytes which pdf.js takes away
 * @param {{pdf: any, signal?: AbortSignal, onPage?: (page: number, pages: number) => void, options?: object}} given `pdf`: the module
 * @returns {Promise<ReadBlock[]>} DocumentError for what is damaged, encrypted or too long
 */
export async function readPdf(bytes, { pdf, signal, onPage = () => {}, options = {} }) {
  const loading = pdf.getDocument({
    data: bytes,
    disableFontFace: true,
    useSystemFonts: false,
    useWorkerFetch: false,
    isEvalSupported: false,
    stopAtErrors: false,
    enableXfa: false,
    verbosity: 0,
    ...options,
  });
  const stop = () => void loading.destroy();
  signal?.addEventListener("abort", stop);
  try {
    const document = await loading.promise;
    if (document.numPages > MAX_PAGES) throw new DocumentError("too-long", `${document.numPages}`);
    /** @type {{lines: Line[], page: number}[]} */
    const pages = [];
    for (let number = 1; number <= document.numPages; number += 1) {
      signal?.throwIfAborted();
      const page = await document.getPage(number);
      const { items } = await page.getTextContent({ includeMarkedContent: false });
      pages.push({ lines: linesOf(items), page: number });
      page.cleanup();
      onPage(number, document.numPages);
    }
    return blocksOf(pages);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DocumentError) throw error;
    const { name = "", message = "" } = /** @type {Error} */ (error ?? {});
    throw new DocumentError(name === "PasswordException" ? "encrypted" : "damaged", message.slice(0, 200));
  } finally {
    signal?.removeEventListener("abort", stop);
    await loading.destroy();
  }
}

/** @param {Item[]} items in the order of the file @returns {Line[]} */
export function linesOf(items) {
  /** @type {Line[]} */
  const lines = [];
  /** @type {Line | null} */
  let line = null;
  for (const { str, transform, width, hasEOL } of items) {
    const [, , , , x, y] = transform;
    const size = Math.hypot(transform[2], transform[3]) || 1;
    if (str.trim()) {
      const same = line && Math.abs(line.y - y) < Math.max(size, line.size) * 0.5 && x >= line.x - size;
      if (line && same) {
        const apart = x - line.end > size * SPACE && !/\s$/.test(line.text) && !/^\s/.test(str);
        line.text += (apart ? " " : "") + str;
        line.end = x + width;
        line.size = Math.max(line.size, size);
      } else {
        line = { text: str, x, y, size, end: x + width };
        lines.push(line);
      }
    } else if (line && str && !/\s$/.test(line.text)) line.text += " ";
    if (hasEOL && line && !/[\s]$/.test(line.text)) line.text += " "; // the next piece may be on the same line, after a bullet
  }
  return lines;
}

/** @param {{lines: Line[], page: number}[]} pages @returns {ReadBlock[]} */
export function blocksOf(pages) {
  const usual = usualSize(pages);
  const running = runningLines(pages);
  const sizes = headingSizes(pages, usual);
  /** @type {ReadBlock[]} */
  const blocks = [];
  for (const { lines, page } of pages) {
    /** @type {Line | null} */
    let before = null;
    for (const line of lines) {
      const text = line.text.trim();
      if (!text || running.has(runningKey(line))) continue;
      const level = sizes.findIndex((size) => Math.abs(size - line.size) < 0.3) + 1;
      const last = blocks.at(-1);
      const gap = before ? before.y - line.y : 0;
      const isHeading = level > 0 && text.length <= MAX_HEADING;
      const goesOn = before && last && last.page === page && gap > 0 && gap < PARAGRAPH * Math.max(line.size, 1) && Math.abs(before.size - line.size) < 0.6;
      if (isHeading) {
        if (goesOn && last.kind === "heading" && last.level === level) last.text = joined(last.text, text);
        else blocks.push({ kind: "heading", text, level, page });
      } else if (goesOn && last.kind !== "heading" && !isItem(text)) last.text = joined(last.text, text);
      else blocks.push({ kind: isItem(text) ? "item" : "paragraph", text, page });
      before = line;
    }
  }
  return overPages(blocks);
}

/** A paragraph that goes on over the page's end. @param {ReadBlock[]} blocks */
function overPages(blocks) {
  /** @type {ReadBlock[]} */
  const whole = [];
  for (const block of blocks) {
    const last = whole.at(-1);
    const goesOn = last && last.page !== block.page && last.kind === block.kind && block.kind === "paragraph" && !/[.!?:…。！？]["”’)]*$/u.test(last.text) && /^\p{Ll}/u.test(block.text);
    if (goesOn) last.text = joined(last.text, block.text);
    else whole.push(block);
  }
  return whole;
}

/** @param {string} text */
function isItem(text) {
  return /^(?:[•‣▪●○◦–·*-]|\(?\d{1,2}[.)]|\(?[a-z]\))\s/.test(text);
}

/** Two lines of one paragraph; a word that was cut is whole again. @param {string} before @param {string} after */
function joined(before, after) {
  if (/\p{Ll}[-\u2010\u00ad]$/u.test(before) && /^\p{Ll}/u.test(after)) return before.slice(0, -1) + after;
  return /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}。、，]$/u.test(before) ? before + after : `${before} ${after}`;
}

/** The size that most letters have. @param {{lines: Line[]}[]} pages */
function usualSize(pages) {
  /** @type {Map<number, number>} */
  const letters = new Map();
  for (const { lines } of pages) for (const { size, text } of lines) letters.set(rounded(size), (letters.get(rounded(size)) ?? 0) + text.length);
  return [...letters].sort(([, one], [, other]) => other - one)[0]?.[0] ?? 0;
}

/** The sizes of headings, the largest first, six at most. @param {{lines: Line[]}[]} pages @param {number} usual */
function headingSizes(pages, usual) {
  const sizes = new Set(pages.flatMap(({ lines }) => lines.filter(({ text }) => text.trim().length <= MAX_HEADING).map(({ size }) => rounded(size))));
  return [...sizes].filter((size) => size > usual * HEADING).sort((one, other) => other - one).slice(0, 6);
}

/** Headers, footers and page numbers: what stands at the same height of most pages, but for its digits. @param {{lines: Line[]}[]} pages */
function runningLines(pages) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { lines } of pages) for (const key of new Set(lines.map(runningKey))) counts.set(key, (counts.get(key) ?? 0) + 1);
  return new Set([...counts].filter(([, count]) => count >= 3 && count > pages.length / 2).map(([key]) => key));
}

/** @param {Line} line */
function runningKey({ text, y }) {
  return `${Math.round(y)} ${text.trim().replace(/\d+/g, "#")}`;
}

/** @param {number} size */
function rounded(size) {
  return Math.round(size * 2) / 2;
}
