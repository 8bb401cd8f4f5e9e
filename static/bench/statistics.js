// @ts-check
/**
 * What is said about repeated measurements: median, quartiles, an interval, and whether they scatter too much. Pure, and the
 * same numbers as `onpage/bench/statistics.py`, to the last bit of the draw: a test compares the two.
 *
 * Quantiles are linearly interpolated (type 7). The interval is the 95 % percentile bootstrap of the median: 2,000 resamples
 * with `mulberry32(1)`, one draw after the other, of `values[floor(u · n)]` in the order given; of more than 100 values the
 * median of a resample is drawn itself, from the distribution that it has in the limit.
 *
 * @typedef {{n: number, median: number, p25: number, p75: number, interval: [number, number], noisy: boolean}} Summary
 */

export const RESAMPLES = 2000;
export const SEED = 1;
/** (p75 − p25) / median above which a difference of a few percent means nothing. */
export const NOISY_SPREAD = 0.1;
/** Fewer values cannot give an interval of 95 %: see `ENOUGH` in `onpage/bench/compare.py`. */
export const FEWEST_FOR_INTERVAL = 5;
/** Fewer runs say nothing about their spread. */
export const FEWEST_RUNS = 3;

/** Values of which a resample is still drawn one by one. */
export const MANY = 100;

/**
 * Numbers from 0 to 1 that are the same in every language with 32-bit arithmetic.
 * @param {number} seed
 */
export function mulberry32(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * @param {number[]} values ascending, at least one
 * @param {number} share 0 to 1
 */
export function quantile(values, share) {
  const position = (values.length - 1) * share;
  const below = Math.floor(position);
  const above = Math.min(below + 1, values.length - 1);
  return values[below] + (values[above] - values[below]) * (position - below);
}

/** @param {number[]} values at least one */
export function median(values) {
  return quantile(ascending(values), 0.5);
}

/**
 * @param {number[]} values at least one
 * @returns {[number, number]}
 */
export function interval(values) {
  const [random, inOrder] = [mulberry32(SEED), ascending(values)];
  const drawn = () =>
    values.length > MANY
      ? quantile(inOrder, share(random, values.length))
      : median(Array.from(values, () => values[Math.floor(random() * values.length)]));
  const sorted = ascending(Array.from({ length: RESAMPLES }, drawn));
  return [quantile(sorted, 0.025), quantile(sorted, 0.975)];
}

/**
 * Where the median of a resample lies among many values, by Box and Muller.
 * @param {() => number} random
 * @param {number} size
 */
function share(random, size) {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return 0.5 + normal / (2 * Math.sqrt(size));
}

/**
 * @param {number[]} values
 * @returns {Summary | null} null of nothing
 */
export function summarize(values) {
  if (!values.length) return null;
  const sorted = ascending(values);
  const [p25, middle, p75] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
  const noisy = values.length < FEWEST_RUNS || (p75 - p25) / middle > NOISY_SPREAD;
  return { n: values.length, median: middle, p25, p75, interval: interval(values), noisy };
}

/** @param {number[]} values */
function ascending(values) {
  return [...values].sort((a, b) => a - b);
}
