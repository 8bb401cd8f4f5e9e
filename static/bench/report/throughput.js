// @ts-check
/**
 * Speed by prompt length: the typical values as a line, the middle half of the runs shaded, each run a dot.
 *
 * @typedef {import('./names.js').Rec} Rec
 * @typedef {import('./plots.js').Series} Series
 */

import { runsOf, valuesOfRun } from "../values.js";
import { measuresOf, nameOf, shortNames } from "./names.js";
import { digits } from "./numbers.js";
import { linePlot } from "./plots.js";

/**
 * @param {Rec[]} records
 * @param {'prefill' | 'decode'} name
 * @param {(Rec | null)[]} [baselines] of each record
 * @returns {{lengths: number[], series: Series[]}} x is the place of a length among `lengths`
 */
export function throughputSeries(records, name, baselines = []) {
  const all = [...records, ...baselines.filter(Boolean)];
  const lengths = [...new Set(all.flatMap((record) => measuresOf(record, name).map(({ prefill }) => prefill ?? 0)))].sort((a, b) => a - b);
  const names = shortNames(records);
  const seriesOf = (/** @type {Rec} */ record, /** @type {number} */ index, past = false) => {
    const measures = measuresOf(record, name).map((measure) => ({ ...measure, x: lengths.indexOf(measure.prefill ?? 0) }));
    const runs = past ? [] : runsOf(record);
    return {
      index,
      name: [names[index] || (past ? "" : "now"), past && "baseline"].filter(Boolean).join(", "),
      past,
      line: measures.map(({ x, typical }) => /** @type {[number, number]} */ ([x, typical])),
      band: measures.map(({ x, p25, p75 }) => /** @type {[number, number, number]} */ ([x, p25, p75])),
      dots: runs.flatMap((answers) => {
        const value = valuesOfRun(answers, record)[name];
        return value === null ? [] : [/** @type {[number, number]} */ ([lengths.indexOf(answers[0].prefill), value])];
      }),
    };
  };
  const series = [
    ...records.map((record, index) => seriesOf(record, index)),
    ...baselines.flatMap((record, index) => (record ? [seriesOf(record, index, true)] : [])),
  ].filter(({ line }) => line.length);
  return { lengths, series };
}

/**
 * @param {Rec[]} records
 * @param {'prefill' | 'decode'} name
 * @param {(Rec | null)[]} [baselines] of each record
 */
export function throughput(records, name, baselines = []) {
  const { lengths, series } = throughputSeries(records, name, baselines);
  if (!lengths.length) return null;
  const said = series.map(({ name: who, line }) => `${who}: ${line.map(([at, value]) => `${digits(value)} at ${lengths[at]}`).join(", ")}.`);
  return linePlot(
    {
      title: `${nameOf(name)} by prompt length`,
      description: `Tokens per second. Typical values, with the middle half of the runs shaded. ${said.join(" ")}`,
      xLabel: "prompt tokens",
      yLabel: "tokens per second",
      xTicks: lengths.map((length, at) => ({ at, label: String(length) })),
      xLeast: -0.35,
      xMost: lengths.length - 0.65,
    },
    series,
  );
}
