// @ts-check
/** JSON as Python's `json.dumps(value, sort_keys=True)` writes it: the notes of a web file are compared byte for byte. Pure. */

/** A number that Python has as a float: `1.0` where JavaScript says `1`. */
export class Float {
  /** @param {number} value */
  constructor(value) {
    this.value = value;
  }
}

/** @param {unknown} value objects, texts, whole numbers and `Float` @returns {string} */
export function pythonJson(value) {
  if (value instanceof Float) return float(value.value);
  if (typeof value === "string") return JSON.stringify(value).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  if (typeof value === "number" && Number.isInteger(value)) return String(BigInt(value)); // all digits, also beyond those that a float holds
  if (typeof value !== "object" || value === null) return String(value);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, each]) => `${pythonJson(key)}: ${pythonJson(each)}`).join(", ")}}`;
}

/** As Python's repr of a float: the same digits, with an exponent below 1e-4 and from 1e16 on. @param {number} value */
function float(value) {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e16)) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits, exponent] = value.toExponential().split("e");
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}
