// @ts-check
/**
 * Our figures beside the publisher's for a model of this size, at the longest prompt.
 *
 * @typedef {import('./names.js').Rec} Rec
 * @typedef {import('./plots.js').Bar} Bar
 * @typedef {{model: string, quantization: string | null, parameters: number, engine: string, device: string, context: number | null,
 *   prefill: number, decode: number, ttft: number | null}} Published figures of a publisher, rates per second, TTFT in seconds
 */

import { html, table } from "./elements.js";
import { measuresOf, nameOf } from "./names.js";
import { digits, duration } from "./numbers.js";
import { barPlot } from "./plots.js";

/** Factor between parameter counts within which two models are compared. */
const LIKE = 1.3;

/**
 * @param {Rec[]} records
 * @param {Published[]} published
 * @param {'prefill' | 'decode'} name
 * @returns {Bar[]} none where nothing published is of this size
 */
export function besideBars(records, published, name) {
  const ours = records.flatMap((record) => {
    const measure = measuresOf(record, name).at(-1);
    return measure ? [{ record, measure }] : [];
  });
  const like = published.filter(({ parameters }) => ours.some(({ record }) => isLike(record.model.parameters, parameters)));
  if (!like.length) return [];
  return [
    ...ours.map(({ record, measure }) => ({ label: `Here: ${record.label}, prompt ${measure.prefill}`, value: measure.typical, quiet: false })),
    ...like.map(({ model, quantization, engine, device, context, [name]: value }) => ({
      label: [[model, quantization].filter(Boolean).join(" "), engine, device, context && `context ${context}`].filter(Boolean).join(", "),
      value,
      quiet: true,
    })),
  ].map(({ label, value, quiet }) => ({ label, quiet, text: `${digits(value)} tok/s`, parts: [{ name: label, value, part: quiet ? 3 : 0 }] }));
}

/** @param {Rec[]} records @param {Published[]} published @param {'prefill' | 'decode'} name */
export function beside(records, published, name) {
  const bars = besideBars(records, published, name);
  if (!bars.length) return null;
  const said = bars.map(({ label, text }) => `${label}: ${text}.`).join(" ");
  return barPlot(`${nameOf(name)} beside published figures`, `Tokens per second. ${said}`, bars);
}

/** Folded where none is of a model of this size. @param {Rec[]} records @param {Published[]} published */
export function publishedTable(records, published) {
  if (!published.length || !records.length) return null;
  const like = published.some(({ parameters }) => records.some(({ model }) => isLike(model.parameters, parameters)));
  const rows = published.map(({ model, quantization, engine, device, context, prefill, decode, ttft }) => [
    [model, quantization].filter(Boolean).join(" "), engine, device, context === null ? "–" : digits(context),
    `${digits(prefill)} tok/s`, `${digits(decode)} tok/s`, ttft === null ? "–" : duration(ttft * 1000),
  ]);
  const heads = ["Model", "Engine", "Device", "Context", "Prefill", "Decode", "First text"];
  const made = table("Published by the models' makers, not measured here", heads, rows);
  return like ? made : html("details", {}, html("summary", {}, "Published figures of models of other sizes"), made);
}

/** @param {number | null} one @param {number} other */
function isLike(one, other) {
  return one !== null && Math.max(one / other, other / one) <= LIKE;
}
