// @ts-check
/**
 * A document, cut into the passages that are searched and quoted: whole blocks of one section, as many as fit; a longer block is cut
 * between its sentences. Pure.
 *
 * @typedef {import('./document.js').Block} Block
 *
 * @typedef {object} Passage
 * @property {number} start in the document's text
 * @property {number} end
 * @property {string[]} headings from the document's own down to the section's
 * @property {number} page on which it begins; 0 where there are none
 */

/** UTF-16 units of a passage: about 180 tokens of English, so that three go into a context of 1,024. */
export const LENGTH = 720;
/** Where nothing says that a sentence ends, a passage is cut here at the latest. */
const MAX_LENGTH = 1000;

const sentences = new Intl.Segmenter(undefined, { granularity: "sentence" });

/**
 * @param {import('./document.js').DocumentText} document
 * @returns {Passage[]}
 */
export function passagesOf({ text, blocks }) {
  /** @type {Passage[]} */
  const passages = [];
  /** @type {{level: number, text: string}[]} */
  let path = [];
  /** @type {Passage | null} the one that grows */
  let open = null;
  /** Whether a heading has come that nothing stands under yet. @type {Block | null} */
  let bare = null;

  const begin = (/** @type {number} */ start, /** @type {number} */ end, /** @type {number} */ page) => {
    open = { start, end, page, headings: path.map((each) => each.text) };
    passages.push(open);
  };

  for (const block of blocks) {
    if (block.kind === "heading") {
      if (bare && bare.level >= block.level) begin(bare.start, bare.end, bare.page); // all that its section says
      path = path.filter(({ level }) => level < block.level);
      path.push({ level: block.level, text: text.slice(block.start, block.end) });
      open = null;
      bare = block;
      continue;
    }
    bare = null;
    for (const [start, end] of partsOf(text, block)) {
      const grown = /** @type {Passage | null} */ (open);
      if (grown && end - grown.start <= LENGTH) grown.end = end;
      else begin(start, end, block.page);
    }
  }
  if (bare) begin(bare.start, bare.end, bare.page);
  return passages;
}

/**
 * A block whole, or in parts of about the same length that end with a sentence.
 * @param {string} text
 * @param {Block} block
 * @returns {[number, number][]}
 */
function partsOf(text, { start, end }) {
  if (end - start <= LENGTH) return [[start, end]];
  const aim = (end - start) / Math.ceil((end - start) / LENGTH);
  /** @type {[number, number][]} */
  const parts = [];
  let from = start;
  let to = start;
  const close = () => {
    if (to > from) parts.push([from, to]);
    from = to;
  };
  for (const { segment } of sentences.segment(text.slice(start, end))) {
    if (to - from + segment.length > MAX_LENGTH || to - from >= aim) close();
    to += segment.length;
    while (to - from > MAX_LENGTH) {
      parts.push([from, from + MAX_LENGTH]);
      from += MAX_LENGTH;
    }
  }
  close();
  return parts;
}
