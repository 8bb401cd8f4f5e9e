// @ts-check
/** Numbers and words as people read them, in a language. Pure. */

/** Parts of a line. @param {(string | false | null | undefined)[]} parts */
export const line = (parts) => parts.filter(Boolean).join(" · ");

/**
 * @param {string} language
 * @param {{seconds: string, minutes: string, hours: string}} [units] of waiting times
 */
export function formatsOf(language, { seconds: s, minutes: min, hours } = { seconds: "s", minutes: "min", hours: "h" }) {
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const one = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const two = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const variant = globalThis.navigator?.languages?.find((each) => each.startsWith(language)) ?? language; // en-GB writes 28 Nov, en-US Nov 28
  const day = new Intl.DateTimeFormat(variant, { dateStyle: "medium", timeStyle: "short" });
  const plural = new Intl.PluralRules(language);
  const list = new Intl.ListFormat(language);

  const integer = (/** @type {number} */ value) => whole.format(value);
  return {
    integer,

    /** Decimal units, as download sizes are given. @param {number} bytes */
    size(bytes) {
      if (bytes >= 1e9) return `${two.format(bytes / 1e9)} GB`;
      if (bytes >= 1e6) return `${one.format(bytes / 1e6)} MB`;
      return `${integer(bytes / 1e3)} kB`;
    },

    /** @param {number} milliseconds */
    duration: (milliseconds) => (milliseconds < 1000 ? `${integer(milliseconds)} ms` : `${two.format(milliseconds / 1000)} s`),

    /** How long something takes, roughly: "40 s", "3 min", "1 h 10 min". @param {number} seconds */
    wait(seconds) {
      const minutes = Math.ceil(seconds / 60);
      if (seconds <= 60) return `${integer(Math.max(1, Math.ceil(seconds)))} ${s}`;
      return minutes < 60 ? `${integer(minutes)} ${min}` : `${integer(Math.floor(minutes / 60))} ${hours} ${integer(minutes % 60)} ${min}`;
    },

    /** "A, B and C", as the language has it. @param {string[]} parts */
    list: (parts) => list.format(parts),

    /** A day and a time. @param {number} at milliseconds since 1970 */
    moment: (at) => day.format(at),

    /** @param {number | null} perSecond */
    rate: (perSecond) => (perSecond === null ? "–" : `${perSecond < 100 ? one.format(perSecond) : integer(perSecond)} tok/s`),

    /** 6,800,000 → "6.8 M". @param {number} count */
    parameters: (count) => (count >= 1e9 ? `${one.format(count / 1e9)} B` : `${one.format(count / 1e6)} M`),

    /** "1 word", "2 words". @param {number} count @param {string} one @param {string} [other] */
    counted: (count, one, other = `${one}s`) => `${integer(count)} ${plural.select(count) === "one" ? one : other}`,
  };
}
