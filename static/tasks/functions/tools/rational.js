// @ts-check
/**
 * Fractions of whole numbers of any size, so that 0.1 + 0.2 is 0.3, and their decimal text. Pure.
 *
 * A number grows no further than MAX_DIGITS, for what a model asks for may be 9^9^9: TooLargeError.
 */

/** Of a numerator or denominator. */
const MAX_DIGITS = 2000;
const LIMIT = 10n ** BigInt(MAX_DIGITS);
/** Decimal places and digits that are written out; beyond them a number is rounded, or written with an exponent. */
const MAX_PLACES = 20;
const MAX_PLAIN = 60;
const ROUNDED = 15;

export class TooLargeError extends Error {
  name = "TooLargeError";
}

export class Rational {
  /** @param {bigint} n @param {bigint} [d] not 0 */
  constructor(n, d = 1n) {
    const divisor = gcd(n < 0n ? -n : n, d < 0n ? -d : d) || 1n;
    const sign = d < 0n ? -1n : 1n;
    this.n = (sign * n) / divisor;
    this.d = (sign * d) / divisor;
    if (this.n >= LIMIT || -this.n >= LIMIT || this.d >= LIMIT) throw new TooLargeError();
  }

  /** @param {string} text as JSON or JavaScript writes a number @returns {Rational} Error for what is none */
  static of(text) {
    const [, sign, whole, places = "", exponent = "0"] = /^(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/.exec(text) ?? [];
    if (whole === undefined || !(whole + places)) throw new Error(`${text} is no number`);
    if (whole.length + places.length > MAX_DIGITS || Math.abs(Number(exponent)) > MAX_DIGITS) throw new TooLargeError();
    const shift = Number(exponent) - places.length;
    const digits = BigInt(sign + whole + places);
    return shift < 0 ? new Rational(digits, 10n ** BigInt(-shift)) : new Rational(digits * 10n ** BigInt(shift));
  }

  /** @param {Rational} other */
  plus({ n, d }) {
    return new Rational(this.n * d + n * this.d, this.d * d);
  }

  /** @param {Rational} other */
  minus({ n, d }) {
    return new Rational(this.n * d - n * this.d, this.d * d);
  }

  /** @param {Rational} other */
  times({ n, d }) {
    return new Rational(this.n * n, this.d * d);
  }

  /** @param {Rational} other not 0 */
  over({ n, d }) {
    return new Rational(this.n * d, this.d * n);
  }

  /** @param {bigint} exponent a whole number; below 0 for what is not 0 */
  power(exponent) {
    const times = exponent < 0n ? -exponent : exponent;
    const size = Math.max(digitsOf(this.n), digitsOf(this.d)) - 1;
    if (BigInt(size) * times > BigInt(MAX_DIGITS) || (times > BigInt(4 * MAX_DIGITS) && !this.isUnit)) throw new TooLargeError();
    const [n, d] = [this.n ** times, this.d ** times];
    return exponent < 0n ? new Rational(d, n) : new Rational(n, d);
  }

  /** The largest whole number that is not larger. */
  floor() {
    const cut = this.n / this.d;
    return cut * this.d > this.n ? cut - 1n : cut;
  }

  /** Halves go away from 0. @param {number} [places] may be below 0 */
  round(places = 0) {
    const scale = new Rational(10n).power(BigInt(places));
    const scaled = this.times(scale);
    const half = new Rational(1n, 2n);
    const whole = scaled.n < 0n ? -scaled.times(new Rational(-1n)).plus(half).floor() : scaled.plus(half).floor();
    return new Rational(whole).over(scale);
  }

  get isZero() {
    return this.n === 0n;
  }

  get isWhole() {
    return this.d === 1n;
  }

  /** Whether its powers do not grow. */
  get isUnit() {
    return this.d === 1n && this.n >= -1n && this.n <= 1n;
  }

  /** @param {Rational} other below 0, 0, or above */
  compare({ n, d }) {
    const [a, b] = [this.n * d, n * this.d];
    return a < b ? -1 : a > b ? 1 : 0;
  }

  /** The nearest number of a computer. */
  toNumber() {
    return Number(this.toText(17).text);
  }

  /**
   * In decimal digits: all of them where they end soon, else so many.
   * @param {number} [digits]
   * @returns {{text: string, exact: boolean}}
   */
  toText(digits = ROUNDED) {
    const places = placesOf(this.d);
    if (places !== null && places <= MAX_PLACES && digitsOf(this.n / this.d) <= MAX_PLAIN) {
      return { text: point((this.n * 10n ** BigInt(places)) / this.d, places), exact: true };
    }
    const size = magnitude(this);
    const rounded = this.round(digits - 1 - size);
    if (size >= -7 && size < 21) return { text: rounded.toText().text, exact: false };
    const exponent = magnitude(rounded); // 9.99… may have become 10
    const mantissa = rounded.over(new Rational(10n).power(BigInt(exponent)));
    return { text: `${mantissa.toText().text}e${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`, exact: rounded.compare(this) === 0 };
  }
}

/** The power of ten of its first digit. @param {Rational} value not 0 */
function magnitude({ n, d }) {
  const top = n < 0n ? -n : n;
  const guess = digitsOf(top) - digitsOf(d);
  const reached = guess >= 0 ? top >= d * 10n ** BigInt(guess) : top * 10n ** BigInt(-guess) >= d;
  return reached ? guess : guess - 1;
}

/** Decimal places of a fraction with this denominator, in lowest terms; null where they do not end. @param {bigint} d */
function placesOf(d) {
  let [twos, fives, rest] = [0, 0, d];
  while (rest % 2n === 0n) [twos, rest] = [twos + 1, rest / 2n];
  while (rest % 5n === 0n) [fives, rest] = [fives + 1, rest / 5n];
  return rest === 1n ? Math.max(twos, fives) : null;
}

/** @param {bigint} digits @param {number} places of them behind the point */
function point(digits, places) {
  const text = String(digits < 0n ? -digits : digits).padStart(places + 1, "0");
  const behind = places ? text.slice(-places).replace(/0+$/, "") : "";
  return `${digits < 0n ? "-" : ""}${text.slice(0, text.length - places)}${behind && `.${behind}`}`;
}

/** @param {bigint} value */
function digitsOf(value) {
  return String(value < 0n ? -value : value).length;
}

/** @param {bigint} a @param {bigint} b @returns {bigint} */
function gcd(a, b) {
  while (b) [a, b] = [b, a % b];
  return a;
}
