// @ts-check
/**
 * Protobuf messages, written: fields in the order in which they are given. A number is a varint, or four bytes where it is a "float"; a text or
 * bytes have their length in front. What is null is left out, and so is a varint of 0, but for one that is "always" there.
 *
 * @typedef {[number: number, value: number | string | Uint8Array | null, kind?: 'float' | 'always']} Field
 */

const encoder = new TextEncoder();

/** @param {Field[]} fields @returns {Uint8Array<ArrayBuffer>} */
export function message(fields) {
  return joined(fields.map(field));
}

/** Whole numbers, one after the other. @param {number[]} values */
export function varints(values) {
  return joined(values.map(varint));
}

/** @param {readonly Uint8Array[]} parts @returns {Uint8Array<ArrayBuffer>} */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {Field} field @returns {Uint8Array} */
function field([number, value, kind]) {
  if (value === null || (value === 0 && !kind)) return new Uint8Array();
  if (kind === "float") {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, Number(value), true);
    return joined([varint(number * 8 + 5), bytes]);
  }
  if (typeof value === "number") return joined([varint(number * 8), varint(value)]);
  const bytes = typeof value === "string" ? encoder.encode(value) : value;
  return joined([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** @param {number} value a whole number; one that is negative has ten bytes */
export function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}
