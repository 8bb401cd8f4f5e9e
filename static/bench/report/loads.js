// @ts-check
/**
 * What a load is made of, up to the first answer. A bar is as long as the typical load and the typical first answer; its parts
 * are the shares that bytes and engine have in all loads.
 *
 * @typedef {import('./names.js').Rec} Rec
 * @typedef {import('./plots.js').Bar} Bar
 */

import { measuresOf, shortNames } from "./names.js";
import { duration } from "./numbers.js";
import { barPlot } from "./plots.js";

const PARTS = ["model file", "engine", "first answer"];

/** @param {Rec[]} records @returns {Bar[]} */
export function loadBars(records) {
  const names = shortNames(records);
  return records.flatMap((record, index) =>
    ["cold", "warm"].flatMap((kind) => {
      const typical = measuresOf(record, `load_${kind}`)[0]?.typical;
      const some = record.loads.filter((/** @type {{kind: string}} */ load) => load.kind === kind);
      if (typical === undefined) return [];
      const [bytes, engine] = /** @type {const} */ (["bytes", "engine"]).map((part) =>
        some.reduce((/** @type {number} */ sum, /** @type {any} */ { milliseconds }) => sum + milliseconds[part], 0),
      );
      const share = bytes / (bytes + engine);
      const values = [typical * share, typical * (1 - share), measuresOf(record, "first_answer")[0]?.typical ?? 0];
      return [{
        label: names[index] ? `${kind}: ${names[index]}` : kind === "cold" ? "cold, from the network" : "warm, from browser storage",
        parts: values.map((value, part) => ({ value, part, name: `${PARTS[part]}: ${duration(value)}` })),
        text: duration(values.reduce((sum, value) => sum + value, 0)),
      }];
    }),
  );
}

/** @param {Rec[]} records */
export function loads(records) {
  const bars = loadBars(records);
  if (!bars.length) return null;
  const said = bars.map(({ label, parts: some }) => `${label}: ${some.map(({ name }) => name).join(", ")}.`);
  return barPlot("From opening the page to the first answer", said.join(" "), bars, PARTS);
}
