// @ts-check
/** Numbers as people read them. Pure; English, like the page. */

const whole = new Intl.NumberFormat("en");

/** @param {number} value */
export function integer(value) {
  return whole.format(Math.round(value));
}

/** Decimal units, as download sizes are given. @param {number} bytes */
export function size(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${integer(bytes / 1e3)} kB`;
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

/** @param {number | null} perSecond */
export function rate(perSecond) {
  if (perSecond === null) return "–";
  return `${perSecond < 100 ? perSecond.toFixed(1) : integer(perSecond)} tok/s`;
}

/** 6,800,000 → "6.8 M". @param {number} count */
export function parameters(count) {
  return count >= 1e9 ? `${(count / 1e9).toFixed(1)} B` : `${(count / 1e6).toFixed(1)} M`;
}

/** @param {string} text */
export function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "1 word", "2 words". @param {number} count @param {string} noun */
export function counted(count, noun) {
  return `${integer(count)} ${noun}${count === 1 ? "" : "s"}`;
}
