// @ts-check
/**
 * What is said about the values of one measure: the typical one, its interval, and how they scatter. Pure, and the same
 * numbers as `onpage/bench/statistics.py`: a test compares the two.
 *
 * Typical is the geometric mean; the interval is Student's, 95 %, on the logarithms. Quantiles are linearly interpolated (type 7).
 *
 * @typedef {{n: number, typical: number, p25: number, median: number, p75: number, interval: [number, number] | null,
 *   noisy: boolean}} Summary
 */

import measures from "./measures.json" with { type: "json" };

const CONFIDENCE = 0.95;
const MAX_DEGREES = 200;
/** Fewer values say nothing about their scatter. */
export const FEWEST_VALUES = measures.fewest_values;

/**
 * @param {number[]} values in any order, at least one
 * @param {number} share 0 to 1
 */
export function quantile(values, share) {
  const ascending = values.toSorted((a, b) => a - b);
  const position = (ascending.length - 1) * share;
  const below = Math.floor(position);
  const above = Math.min(below + 1, ascending.length - 1);
  return ascending[below] + (ascending[above] - ascending[below]) * (position - below);
}

/** @param {number[]} values at least one */
export function median(values) {
  return quantile(values, 0.5);
}

/** The geometric mean. @param {number[]} values positive, at least one */
export function typical(values) {
  return Math.exp(mean(values.map(Math.log)));
}

/**
 * The t with P(|T| ≤ t) = confidence, for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4).
 * @param {number} confidence
 * @param {number} degrees
 */
export function student(confidence, degrees) {
  const freedom = Math.min(degrees, MAX_DEGREES);
  let [low, high] = [0, Math.PI / 2];
  for (let step = 0; step < 80; step += 1) {
    const middle = (low + high) / 2;
    if (inside(middle, freedom) < confidence) low = middle;
    else high = middle;
  }
  return Math.tan((low + high) / 2) * Math.sqrt(freedom);
}

/** P(|T| ≤ √degrees · tan angle). @param {number} angle @param {number} degrees */
function inside(angle, degrees) {
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const odd = degrees % 2;
  let term = odd ? cosine : 1;
  let total = 0;
  for (let power = 1 + odd; power < degrees; power += 2) {
    total += term;
    term *= (cosine * cosine * power) / (power + 1);
  }
  return odd ? (2 / Math.PI) * (angle + sine * total) : sine * total;
}

/** Of the typical value; null of too few. @param {number[]} values @returns {[number, number] | null} */
export function interval(values) {
  const count = values.length;
  if (count < FEWEST_VALUES) return null;
  const logs = values.map(Math.log);
  const middle = mean(logs);
  const squares = logs.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  const half = student(CONFIDENCE, count - 1) * Math.sqrt(squares / (count - 1) / count);
  return [Math.exp(middle - half), Math.exp(middle + half)];
}

/**
 * @param {number[]} values
 * @returns {Summary | null} null of nothing
 */
export function summarize(values) {
  if (!values.length) return null;
  const [p25, middle, p75] = [0.25, 0.5, 0.75].map((share) => quantile(values, share));
  const noisy = values.length < FEWEST_VALUES || p75 - p25 > measures.noisy_spread * middle;
  return { n: values.length, typical: typical(values), p25, median: middle, p75, interval: interval(values), noisy };
}

/** @param {number[]} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
