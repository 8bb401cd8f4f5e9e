// @ts-check
/**
 * Elements of a report. Text goes in as text, whoever wrote it: a results file may come from anywhere.
 *
 * @typedef {Record<string, string | number | null | undefined>} Attributes those without a value are left out
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 */
export function html(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/**
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * A drawing with a name, a description for who cannot see it, and a heading.
 * @param {string} title
 * @param {string} description
 * @param {number} width
 * @param {number} height
 * @param {Node[]} content
 * @param {Node[]} [below] such as a legend
 */
export function figure(title, description, width, height, content, below = []) {
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title, class: "plot" },
    svg("title", {}, title),
    svg("desc", {}, description),
    ...content,
  );
  return html("figure", { class: "report-figure" }, html("figcaption", {}, title), drawing, ...below);
}

/**
 * @param {string} caption
 * @param {string[]} heads the first column's cells are heads of their rows
 * @param {(string | Node)[][]} rows
 */
export function table(caption, heads, rows) {
  const cell = (/** @type {string | Node} */ content, /** @type {number} */ column) =>
    column ? html("td", {}, content) : html("th", { scope: "row" }, content);
  return html(
    "div",
    { class: "report-scroll", tabindex: 0, role: "region", "aria-label": caption },
    html(
      "table",
      {},
      html("caption", {}, caption),
      html("thead", {}, html("tr", {}, ...heads.map((head) => html("th", { scope: "col" }, head)))),
      html("tbody", {}, ...rows.map((row) => html("tr", {}, ...row.map(cell)))),
    ),
  );
}

/**
 * @template {Element} Made
 * @param {Made} made
 * @param {Attributes} attributes
 * @param {(Node | string)[]} children
 */
function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}
