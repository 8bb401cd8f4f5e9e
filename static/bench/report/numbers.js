// @ts-check
/** Numbers as people read them, and the ticks of an axis. Pure; English. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Three digits that count. @param {number} value */
export function digits(value) {
  if (Math.abs(value) >= 100) return whole.format(value);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${digits(milliseconds)} ms`;
  return milliseconds < 120_000 ? `${(milliseconds / 1000).toFixed(2)} s` : `${(milliseconds / 60_000).toFixed(1)} min`;
}

/** @param {number} bytes */
export function bytes(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${whole.format(bytes / 1e3)} kB`;
}

/** @param {string} unit of the summary @param {number} value */
export function measured(unit, value) {
  if (unit === "ms") return duration(value);
  if (unit === "share") return `${digits(100 * value)} %`;
  return unit === "bytes" ? bytes(value) : `${digits(value)} ${unit}`;
}

/** From 0 past `most` in steps of 1, 2 or 5; of next to nothing, to 1. @param {number} most @param {number} [about] how many */
export function ticks(most, about = 5) {
  const end = most > 1e-12 ? most : 1;
  const rough = end / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10);
  return Array.from({ length: Math.ceil(end / step - 1e-9) + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}
