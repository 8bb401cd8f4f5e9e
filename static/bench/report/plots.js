// @ts-check
/**
 * Two kinds of plot: lines with a spread, and bars of parts. What they show is decided by who calls; how it looks, by
 * `report.css`, where `data-series` and `data-part` have their colours. A series is told by its mark, too.
 *
 * @typedef {object} Series
 * @property {number} index which of the report's, for its colour and mark
 * @property {string} name
 * @property {[number, number][]} line
 * @property {[number, number, number][]} band x, low, high
 * @property {[number, number][]} dots single measurements
 * @property {boolean} [past] of a baseline
 *
 * @typedef {{at: number, label: string}} Tick
 * @typedef {{label: string, parts: {name: string, value: number, part: number}[], text: string, quiet?: boolean}} Bar
 */

import { figure, html, svg } from "./elements.js";
import { digits, ticks } from "./numbers.js";

const WIDTH = 460;
const HEIGHT = 290;
const LEFT = 62;
const RIGHT = 14;
const TOP = 14;
const BOTTOM = 46;
const ROW = 46;
/** Characters of a bar's label that fit; the rest is in its title. */
const LABEL = 56;
/** How many colours and marks there are; more series share them. */
export const SERIES = 6;

/**
 * @param {{title: string, description: string, xLabel: string, yLabel: string, xTicks: Tick[], xMost: number,
 *   xLeast?: number}} plot
 * @param {Series[]} series
 */
export function linePlot({ title, description, xLabel, yLabel, xTicks, xMost, xLeast = 0 }, series) {
  const values = series.flatMap(({ line, band, dots }) => [...line, ...dots].map(([, y]) => y).concat(band.map(([, , high]) => high)));
  const yTicks = ticks(Math.max(0, ...values));
  const yMost = yTicks[yTicks.length - 1];
  const x = (/** @type {number} */ value) =>
    round(LEFT + ((value - xLeast) / (xMost - xLeast || 1)) * (WIDTH - LEFT - RIGHT));
  const y = (/** @type {number} */ value) => round(HEIGHT - BOTTOM - (value / yMost) * (HEIGHT - TOP - BOTTOM));
  const axes = [
    ...yTicks.flatMap((value) => [
      svg("line", { class: "plot-grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      svg("text", { class: "plot-tick", x: LEFT - 7, y: y(value) + 4, "text-anchor": "end" }, short(value)),
    ]),
    ...xTicks.map(({ at, label }) =>
      svg("text", { class: "plot-tick", x: x(at), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, label),
    ),
    svg("text", { class: "plot-label", x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, xLabel),
    svg("text", { class: "plot-label", x: 0, y: 0, "text-anchor": "middle", transform: `translate(11 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)` }, yLabel),
  ];
  const drawn = series.map(({ index, name, line, band, dots, past }) => {
    const edge = [...band.map(([at, , high]) => [at, high]), ...band.toReversed().map(([at, low]) => [at, low])];
    const points = (/** @type {number[][]} */ some) => some.map(([at, value]) => `${x(at)},${y(value)}`).join(" ");
    return svg(
      "g",
      { "data-series": index % SERIES, class: past ? "plot-past" : null },
      ...(band.length > 1 ? [svg("polygon", { class: "plot-band", points: points(edge) })] : []),
      ...(band.length === 1 ? [svg("line", { class: "plot-whisker", x1: x(band[0][0]), x2: x(band[0][0]), y1: y(band[0][1]), y2: y(band[0][2]) })] : []),
      ...dots.map(([at, value]) => svg("circle", { class: "plot-dot", cx: x(at), cy: y(value), r: 2 })),
      svg("polyline", { class: "plot-line", points: points(line) }),
      ...(line.length > 12 ? [] : line.map(([at, value]) => mark(index, x(at), y(value), `${name}: ${digits(value)}`))),
    );
  });
  return figure(title, description, WIDTH, HEIGHT, [...axes, ...drawn], series.length > 1 ? [legend(series)] : []);
}

/**
 * @param {string} title
 * @param {string} description
 * @param {Bar[]} bars
 * @param {string[]} [parts] names of the parts, where there are several
 */
export function barPlot(title, description, bars, parts = []) {
  const total = (/** @type {Bar} */ bar) => bar.parts.reduce((sum, { value }) => sum + value, 0);
  const most = Math.max(...bars.map(total)) || 1;
  const room = WIDTH - 96; // for the text at the longest bar's end
  const rows = bars.map((bar, row) => {
    let from = 0;
    const rectangles = bar.parts.map(({ name, value, part }) => {
      const width = round((value / most) * room);
      const rectangle = svg("rect", { class: "plot-bar", "data-part": part, x: from, y: row * ROW + 20, width: Math.max(width, 1), height: 16 });
      rectangle.append(svg("title", {}, name));
      from += width;
      return rectangle;
    });
    const label = bar.label.length > LABEL ? `${bar.label.slice(0, LABEL - 1)}…` : bar.label;
    return svg(
      "g",
      { class: bar.quiet ? "plot-quiet" : null },
      svg("text", { class: "plot-name", x: 0, y: row * ROW + 14 }, svg("title", {}, bar.label), label),
      ...rectangles,
      svg("text", { class: "plot-value", x: from + 7, y: row * ROW + 33 }, bar.text),
    );
  });
  const key = parts.map((name, part) => html("li", {}, html("span", { class: "legend-part", "data-part": part }), name));
  return figure(title, description, WIDTH, bars.length * ROW + 4, rows, key.length ? [html("ul", { class: "legend" }, ...key)] : []);
}

/** @param {{index: number, name: string, past?: boolean}[]} series */
function legend(series) {
  const entries = series.map(({ index, name, past }) =>
    html(
      "li",
      {},
      svg(
        "svg",
        { viewBox: "0 0 28 12", class: `legend-mark${past ? " plot-past" : ""}`, "data-series": index % SERIES, "aria-hidden": "true" },
        svg("line", { class: "plot-line", x1: 0, x2: 28, y1: 6, y2: 6 }),
        mark(index, 14, 6, ""),
      ),
      name,
    ),
  );
  return html("ul", { class: "legend" }, ...entries);
}

/**
 * A circle, square, triangle, diamond, cross or ring.
 * @param {number} index
 * @param {number} x
 * @param {number} y
 * @param {string} title
 */
function mark(index, x, y, title) {
  const shapes = [
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
    "M-4 -4H4V4H-4Z",
    "M0 -5L5 4H-5Z",
    "M0 -5L5 0L0 5L-5 0Z",
    "M-2 -5H2V-2H5V2H2V5H-2V2H-5V-2H-2Z",
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0ZM-2 0a2 2 0 1 1 4 0a2 2 0 1 1 -4 0Z",
  ];
  const made = svg("path", { class: "plot-mark", d: shapes[index % shapes.length], transform: `translate(${x} ${y})` });
  if (title) made.append(svg("title", {}, title));
  return made;
}

/** 12,000 → "12k", so that an axis stays narrow. @param {number} value */
function short(value) {
  return value >= 10_000 ? `${value / 1000}k` : String(value);
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
