// @ts-check
/**
 * What a model writes, as Markdown on the page: marked makes HTML of it, and DOMPurify says last what of that comes in. HTML that the
 * model writes is shown as the text that it is; a picture becomes a link, for nothing is fetched for an answer.
 *
 * @typedef {(markdown: string) => DocumentFragment} Render
 */

/** @type {import('dompurify').Config & {RETURN_DOM_FRAGMENT: true}} */
const ALLOWED = {
  ALLOWED_TAGS: [
    ...["a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong"],
    ...["table", "tbody", "td", "th", "thead", "tr", "ul"],
  ],
  ALLOWED_ATTR: ["href", "start"],
  ADD_URI_SAFE_ATTR: ["start"], // a number, which is no address
  ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

/** Headings of an answer are below the page's own. */
const HEADING = 2;

/**
 * @param {import('../../engine/protocol.js').VendorUrls} vendor
 * @returns {Promise<Render>} rejects where the libraries cannot be had
 */
export async function loadMarkdown(vendor) {
  const at = (/** @type {string} */ file) => new URL(file, document.baseURI).href;
  const [{ Marked }, { default: purify }] = await Promise.all([
    /** @type {Promise<typeof import('marked')>} */ (import(at(`${vendor.marked}marked.esm.js`))),
    /** @type {Promise<typeof import('dompurify')>} */ (import(at(`${vendor.dompurify}purify.es.mjs`))),
  ]);
  const parse = parserOf(Marked);
  return (markdown) => decorated(purify.sanitize(parse(markdown), ALLOWED));
}

/**
 * The same for a view that does not wait for it: null until the libraries are there, or where they cannot be had, and its texts are plain.
 * @param {import('../../engine/protocol.js').VendorUrls} vendor
 * @param {() => void} arrived
 * @returns {() => Render | null}
 */
export function markdownSoon(vendor, arrived) {
  /** @type {Render | null} */
  let render = null;
  loadMarkdown(vendor).then(
    (loaded) => {
      render = loaded;
      arrived();
    },
    (error) => console.debug(error),
  );
  return () => render;
}

/** @param {typeof import('marked').Marked} Marked @returns {(markdown: string) => string} HTML that is not to be trusted */
export function parserOf(Marked) {
  const { table } = new Marked().Tokenizer.prototype;
  const marked = new Marked({
    gfm: true,
    breaks: true,
    async: false,
    tokenizer: {
      def: () => undefined, // “[Answer]: Paris” would be an address for links, which is not shown
      table(source) {
        const token = table.call(this, source);
        const wide = token && widened(token.raw, token.header.length);
        return wide ? /** @type {typeof token} */ ({ ...table.call(this, wide), raw: token.raw }) : token;
      },
    },
    renderer: {
      html: ({ text }) => escaped(text),
      image: ({ href, text }) => `<a href="${escaped(href)}">${escaped(text || href)}</a>`,
      heading({ tokens, depth }) {
        const level = Math.min(6, depth + HEADING);
        return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
      },
      checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    },
  });
  return (markdown) => /** @type {string} */ (marked.parse(markdown));
}

/**
 * A table with as many columns as its longest row: what a row has beyond the head would not be shown.
 * @param {string} source
 * @param {number} columns of its head
 * @returns {string} "" where no row is longer
 */
function widened(source, columns) {
  const [head, line, ...rows] = source.split("\n").map((row) => row.replace(/(?<!\\)\|\s*$/, ""));
  const cells = rows.map((row) => row.replace(/^\s*\|/, "").split(/(?<!\\)\|/).length);
  const more = Math.max(0, ...cells) - columns;
  return more > 0 ? [`${head}${"| ".repeat(more)}|`, `${line}${"|-".repeat(more)}|`, ...rows.map((row) => `${row}|`)].join("\n") : "";
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** What is clean, as the page needs it. @param {DocumentFragment} fragment */
function decorated(fragment) {
  for (const link of fragment.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  for (const wide of fragment.querySelectorAll("pre, table")) {
    const box = document.createElement("div"); // scrolls by itself, also by keys
    box.className = "written-wide";
    box.tabIndex = 0;
    wide.replaceWith(box);
    box.append(wide);
  }
  for (const block of fragment.children) block.setAttribute("dir", "auto");
  return fragment;
}
