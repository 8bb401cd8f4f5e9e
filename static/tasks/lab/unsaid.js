// @ts-check
/** Figures of JSON that the text does not have: a small model leaves the 0 of the form, or makes up the year of a date, and both fit the schema. Pure. */

const FIGURE = /\d+(?:[.,]\d+)*/g;
/** A value is shown as far as that, and no more of them. */
const [LONGEST, MOST] = [40, 5];

/**
 * @param {unknown} value of the answer
 * @param {string} text that it was made from
 * @returns {string[]} numbers, and texts with figures in them, of which the text has not all in figures: “two” is none
 */
export function unsaid(value, text) {
  const said = new Set((text.match(FIGURE) ?? []).flatMap((figure) => [...wholes(figure), ...parts(figure)]));
  const isSaid = (/** @type {string} */ figure) => wholes(figure).some((each) => said.has(each)) || parts(figure).every((each) => said.has(each));
  const found = leaves(value).filter((leaf) => (leaf.match(FIGURE) ?? []).some((figure) => !isSaid(figure)));
  return [...new Set(found)].slice(0, MOST).map((leaf) => (leaf.length > LONGEST ? `${leaf.slice(0, LONGEST)}…` : leaf));
}

/** What a figure may stand for: 1,249.90 or 1.249,90. @param {string} figure */
const wholes = (figure) => [figure.replaceAll(",", ""), figure.replaceAll(".", "").replace(",", ".")].map(Number).filter(Number.isFinite);

/** As in a date: 12.03.2026. @param {string} figure */
const parts = (figure) => figure.split(/[.,]/).map(Number);

/** Numbers and texts, in order. @param {unknown} value @returns {string[]} */
function leaves(value) {
  if (typeof value === "number" || typeof value === "string") return [String(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [];
}
