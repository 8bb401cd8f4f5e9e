// @ts-check
/**
 * Whether an answer slows down as it grows: its speed in parts of equally many tokens, the same parts for every record and
 * every answer. A part's speed is all tokens that were written in it, over all the time that this took; no answer is left out.
 *
 * @typedef {import('./names.js').Rec} Rec
 * @typedef {import('./names.js').Sample} Sample
 * @typedef {import('./plots.js').Series} Series
 */

import { quantile } from "../statistics.js";
import { runsOf } from "../values.js";
import { shortNames } from "./names.js";
import { digits } from "./numbers.js";
import { linePlot } from "./plots.js";

/** At most so many parts, and at least so many tokens in one. */
const PARTS = 16;
const LEAST_TOKENS = 4;

/**
 * The edges of the parts, in tokens of the answer, up to the longest.
 * @param {Sample[]} answers
 */
export function edgesOf(answers) {
  const most = Math.max(0, ...answers.map(({ tokens }) => tokens));
  const width = Math.max(LEAST_TOKENS, Math.ceil(most / PARTS));
  return Array.from({ length: Math.floor(most / width) + 1 }, (_, part) => part * width);
}

/**
 * When an answer had so many tokens: linear between pieces, whose tokens are their share of the characters. Null before its
 * first piece was whole and after its end.
 * @param {Sample} answer
 */
export function timeline({ tokens, first_tokens, pieces }) {
  const characters = pieces.slice(1).reduce((sum, [, count]) => sum + count, 0);
  let written = first_tokens;
  const points = pieces.map(([time, count], index) => {
    if (index) written += characters ? ((tokens - first_tokens) * count) / characters : 0;
    return { time, written };
  });
  return (/** @type {number} */ token) => {
    const after = points.findIndex((point) => point.written >= token - 1e-9);
    if (after < 0 || token < first_tokens) return null;
    if (after === 0) return points[0].time;
    const [from, to] = [points[after - 1], points[after]];
    return from.time + ((token - from.written) / (to.written - from.written)) * (to.time - from.time);
  };
}

/**
 * Tokens per second of each part: of all answers together, and the quartiles of the single ones.
 * @param {Sample[]} answers
 * @param {number[]} edges
 */
function speedsAlong(answers, edges) {
  const times = answers.map((answer) => ({ at: timeline(answer), first: answer.first_tokens }));
  return edges.slice(1).flatMap((to, part) => {
    const spans = times.flatMap(({ at, first }) => {
      const from = Math.max(edges[part], first); // the first piece is the prompt's, not the answer's
      const [begin, end] = [at(from), at(to)];
      return begin === null || end === null || from >= to ? [] : [{ tokens: to - from, milliseconds: end - begin }];
    });
    const [tokens, milliseconds] = [total(spans, "tokens"), total(spans, "milliseconds")];
    if (milliseconds <= 0) return [];
    const single = spans.filter((span) => span.milliseconds > 0).map((span) => (span.tokens / span.milliseconds) * 1000);
    const middle = (edges[part] + to) / 2;
    return [{ middle, rate: (tokens / milliseconds) * 1000, p25: quantile(single, 0.25), p75: quantile(single, 0.75), answers: spans.length }];
  });
}

/** @param {{tokens: number, milliseconds: number}[]} spans @param {'tokens' | 'milliseconds'} what */
function total(spans, what) {
  return spans.reduce((sum, span) => sum + span[what], 0);
}

/** Of each record at its longest prompt. @param {Rec[]} records @returns {Series[]} x in tokens of the answer */
export function alongSeries(records) {
  const names = shortNames(records);
  const counted = records.map((record) => {
    const answers = runsOf(record).flat();
    const longest = Math.max(0, ...answers.map(({ prefill }) => prefill));
    return { longest, answers: answers.filter(({ prefill }) => prefill === longest) };
  });
  const edges = edgesOf(counted.flatMap(({ answers }) => answers));
  return counted.flatMap(({ longest, answers }, index) => {
    const speeds = speedsAlong(answers, edges);
    if (!speeds.length) return [];
    return [{
      index,
      name: [names[index], `after ${longest} tokens`].filter(Boolean).join(", "),
      line: speeds.map(({ middle, rate }) => /** @type {[number, number]} */ ([middle, rate])),
      band: speeds.map(({ middle, p25, p75 }) => /** @type {[number, number, number]} */ ([middle, p25, p75])),
      dots: [],
    }];
  });
}

/** @param {Rec[]} records */
export function decodeAlong(records) {
  const series = alongSeries(records);
  if (!series.length) return null;
  const most = Math.max(...series.flatMap(({ line }) => line.map(([tokens]) => tokens)));
  const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(most * share));
  const said = series.map(({ name, line }) => `${name}: ${digits(line[0][1])} at first, ${digits(line[line.length - 1][1])} in the end.`);
  return linePlot(
    {
      title: "Decode along the answer",
      description: `Tokens per second as the answer grows, at the longest prompt; all answers together, the middle half of them shaded. ${said.join(" ")}`,
      xLabel: "new tokens",
      yLabel: "tokens per second",
      xTicks: steps.map((at) => ({ at, label: String(at) })),
      xMost: most,
    },
    series,
  );
}
