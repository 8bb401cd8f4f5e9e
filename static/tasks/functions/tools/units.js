// @ts-check
/** A value in another unit, by a table of exact factors. Pure, but for the table. */

import { ToolFault } from "../fault.js";
import { Rational, TooLargeError } from "./rational.js";

/**
 * @typedef {{base: string, units: Record<string, string[]>, zero?: Record<string, string>}} Quantity units with their factor to the base unit
 *   and other names; `zero`: where the unit's zero is, in the base unit
 * @typedef {Record<string, Quantity>} Table
 * @typedef {{quantity: string, unit: string, factor: Rational, zero: Rational}} Unit
 */

const MAX_NAME = 40;
/** Digits of what does not end. */
const DIGITS = 10;

/** What cannot be converted. */
export class UnitError extends ToolFault {
  name = "UnitError";
}

/**
 * @param {Table} table
 * @param {{value: number, from: string, to: string}} asked
 * @returns {{value: string, unit: string, exact: boolean}} UnitError for a unit that is not known or of another quantity
 */
export function converted(table, { value, from, to }) {
  const [a, b] = [unitNamed(table, from), unitNamed(table, to)];
  if (a.quantity !== b.quantity) throw new UnitError("quantities", a.unit, b.unit);
  try {
    const inBase = Rational.of(String(value)).times(a.factor).plus(a.zero);
    const { text, exact } = inBase.minus(b.zero).over(b.factor).toText();
    const long = text.replace(/\D/g, "").length > DIGITS + 5;
    return exact && !long ? { value: text, unit: b.unit, exact } : { value: inBase.minus(b.zero).over(b.factor).isZero ? "0" : rounded(inBase.minus(b.zero).over(b.factor)), unit: b.unit, exact: false };
  } catch (error) {
    if (error instanceof TooLargeError) throw new UnitError("large-value");
    throw error;
  }
}

/** @param {Rational} value not 0 */
function rounded(value) {
  const size = Math.floor(Math.log10(Math.abs(value.toNumber())));
  return value.round(DIGITS - 1 - size).toText().text;
}

/** @param {Table} table @param {string} name @returns {Unit} */
function unitNamed(table, name) {
  const given = name.trim().replace(/\s+/g, " ");
  if (given.length > MAX_NAME) throw new UnitError("long-unit");
  const spelled = [given, given.replace(/\^?2$/, "²").replace(/\^?3$/, "³"), lowered(given), singular(lowered(given))];
  for (const [round, each] of spelled.entries()) {
    const anyCase = round > 1; // only where no name is exactly so: Mb is no MB
    for (const [quantity, { units, zero = {} }] of Object.entries(table)) {
      for (const [unit, [factor, ...names]] of Object.entries(units)) {
        if (unit === each || names.includes(each) || (anyCase && unit.toLowerCase() === each)) return { quantity, unit, factor: fraction(factor), zero: fraction(zero[unit] ?? "0") };
      }
    }
  }
  throw new UnitError("no-unit", given);
}

/** @param {string} name */
function lowered(name) {
  return name.toLowerCase().replaceAll("μ", "µ").replace(/[.°º_]/g, (sign) => (sign === "_" ? " " : "")).trim();
}

/** @param {string} name */
function singular(name) {
  return name.replace(/^(\w+)s per /, "$1 per ").replace(/(?<=\w{2})s$/, "");
}

/** @param {string} text a number, or two with a bar between */
function fraction(text) {
  const [top, bottom = "1"] = text.split("/");
  return Rational.of(top).over(Rational.of(bottom));
}
