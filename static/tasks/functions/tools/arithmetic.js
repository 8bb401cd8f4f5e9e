// @ts-check
/**
 * What an expression comes to, by a grammar of its own: nothing is evaluated as a program. Pure.
 *
 *     sum     := product (("+" | "-") product)*           a percentage there is one of what is before it: 80 - 25% is 60
 *     product := signed (("*" | "/" | "of" | "mod") signed | power)*        what stands side by side is multiplied: 2(3 + 4)
 *     signed  := ("-" | "+") signed | power
 *     power   := postfix ("^" signed)?                     -2^2 is -4, 2^3^2 is 512
 *     postfix := primary ("%" | "!" | "°")*
 *     primary := number | name | name "(" sum ("," sum)* ")" | "(" sum ")" | "√" postfix
 *
 * Whole numbers and decimals are exact at any size; roots, logarithms and angles are as good as the processor's numbers. Angles are in
 * radians, or in degrees with a sign: sin(30°).
 */

import { ToolFault } from "../fault.js";
import { Rational, TooLargeError } from "./rational.js";

const MAX_LENGTH = 500;
const MAX_DEPTH = 60;
const MAX_FACTORIAL = 500n;
const MAX_PLACES = 30n;
/** Digits of what was computed by the processor's numbers: its last ones are noise. */
const APPROXIMATE_DIGITS = 12;

/** @typedef {{value: Rational, approximate: boolean, percent: boolean}} Value `percent`: written as one, and nothing else */
/** @typedef {{kind: 'number' | 'name' | 'sign' | 'end', text: string, at: number}} Token */

/** An expression that comes to nothing. */
export class ArithmeticError extends ToolFault {
  name = "ArithmeticError";
}

const SAME = new Map([["×", "*"], ["·", "*"], ["⋅", "*"], ["∙", "*"], ["÷", "/"], ["∕", "/"], ["−", "-"], ["–", "-"], ["**", "^"], ["[", "("], ["]", ")"], ["π", "pi"]]);
const TOKEN = /\s*(?:([$€£¥]?(?:\d{1,3}(?:,\d{3})+(?![\d])|\d[\d_]*)(?:\.\d+)?(?:[eE][+-]?\d+)?|[$€£¥]?\.\d+(?:[eE][+-]?\d+)?)|([A-Za-zπ][A-Za-z0-9]*)|(\*\*|[-+*/^%!()√,°×·⋅∙÷∕−–[\]]))/y;
/** The same where commas stand between arguments. */
const TOKEN_IN_CALL = /\s*(?:([$€£¥]?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?|[$€£¥]?\.\d+(?:[eE][+-]?\d+)?)|([A-Za-zπ][A-Za-z0-9]*)|(\*\*|[-+*/^%!()√,°×·⋅∙÷∕−–[\]]))/y;

const ONE = new Rational(1n);
const ZERO = new Rational(0n);

/** Computed by the processor's numbers. @type {Record<string, (x: number) => number>} */
const APPROXIMATE = {
  sin: Math.sin, cos: Math.cos, tan: Math.tan, asin: Math.asin, acos: Math.acos, atan: Math.atan,
  ln: Math.log, log: Math.log10, log10: Math.log10, log2: Math.log2, exp: Math.exp, cbrt: Math.cbrt,
};
const CONSTANTS = { pi: Math.PI, tau: 2 * Math.PI, e: Math.E };

/** Exact. @type {Record<string, {least: number, most: number, act: (values: Rational[]) => Rational}>} */
const EXACT = {
  abs: { least: 1, most: 1, act: ([x]) => (x.n < 0n ? ZERO.minus(x) : x) },
  floor: { least: 1, most: 1, act: ([x]) => new Rational(x.floor()) },
  ceil: { least: 1, most: 1, act: ([x]) => ZERO.minus(new Rational(ZERO.minus(x).floor())) },
  round: { least: 1, most: 2, act: ([x, places = ZERO]) => x.round(Number(whole(places, MAX_PLACES, "places"))) },
  min: { least: 1, most: 100, act: (all) => all.reduce((a, b) => (a.compare(b) <= 0 ? a : b)) },
  max: { least: 1, most: 100, act: (all) => all.reduce((a, b) => (a.compare(b) >= 0 ? a : b)) },
  sum: { least: 1, most: 100, act: (all) => all.reduce((a, b) => a.plus(b)) },
  mean: { least: 1, most: 100, act: (all) => all.reduce((a, b) => a.plus(b)).over(new Rational(BigInt(all.length))) },
};
const ALIASES = new Map([["average", "mean"], ["avg", "mean"], ["arcsin", "asin"], ["arccos", "acos"], ["arctan", "atan"]]);

/**
 * @param {string} expression
 * @returns {{text: string, exact: boolean}} ArithmeticError where it is none, or comes to nothing
 */
export function evaluate(expression) {
  if (expression.length > MAX_LENGTH) throw new ArithmeticError("long-expression", MAX_LENGTH);
  try {
    const { value, approximate } = new Parser(expression.replace(/=\s*\??\s*$/, "")).whole();
    const found = value.toText(approximate ? APPROXIMATE_DIGITS : undefined);
    if (!approximate) return found;
    return { text: value.isZero ? "0" : shortened(value), exact: false };
  } catch (error) {
    if (error instanceof TooLargeError) throw new ArithmeticError("large-result");
    throw error;
  }
}

/** @param {Rational} value */
function shortened(value) {
  const rounded = Rational.of(Number(value.toNumber().toPrecision(APPROXIMATE_DIGITS)).toString());
  return rounded.toText(APPROXIMATE_DIGITS).text;
}

class Parser {
  #text;
  #at = 0;
  #depth = 0;
  /** Brackets of calls that are open. */
  #calls = 0;
  /** @type {Token} */
  #token;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
    this.#token = this.#next();
  }

  whole() {
    const value = this.#sum();
    if (this.#token.kind !== "end") throw this.#unexpected();
    return value;
  }

  /** @returns {Token} */
  #next() {
    const pattern = this.#calls ? TOKEN_IN_CALL : TOKEN;
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (!found) {
      const rest = this.#text.slice(this.#at).trim();
      if (rest) throw new ArithmeticError("no-expression", rest.slice(0, 20));
      return { kind: "end", text: "", at: this.#at };
    }
    const at = this.#at;
    this.#at = pattern.lastIndex;
    const [, number, name, sign] = found;
    if (number) return { kind: "number", text: number.replace(/[$€£¥,_]/g, ""), at };
    if (name) return { kind: "name", text: (SAME.get(name) ?? name).toLowerCase(), at };
    return { kind: "sign", text: SAME.get(sign) ?? sign, at };
  }

  /** The token that is next, and on. */
  #take() {
    const taken = this.#token;
    this.#token = this.#next();
    return taken;
  }

  /** @param {...string} texts of signs or words */
  #is(...texts) {
    return this.#token.kind !== "number" && texts.includes(this.#token.text);
  }

  #unexpected() {
    const { kind, text } = this.#token;
    return kind === "end" ? new ArithmeticError("cut-expression") : new ArithmeticError("unexpected", text);
  }

  /** @param {() => Value} read @returns {Value} */
  #deeper(read) {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new ArithmeticError("nested");
    const value = read();
    this.#depth -= 1;
    return value;
  }

  /** @returns {Value} */
  #sum() {
    let left = this.#deeper(() => this.#product());
    while (this.#is("+", "-")) {
      const sign = this.#take().text;
      const right = this.#deeper(() => this.#product());
      const added = right.percent && !left.percent ? left.value.times(right.value) : right.value;
      left = { value: sign === "+" ? left.value.plus(added) : left.value.minus(added), approximate: left.approximate || right.approximate, percent: left.percent && right.percent };
    }
    return left;
  }

  /** @returns {Value} */
  #product() {
    let left = this.#signed();
    for (;;) {
      const sign = this.#is("*", "/", "of", "mod", "%") ? this.#take().text : this.#begins() ? "*" : "";
      if (!sign) return left;
      const right = this.#signed();
      const approximate = left.approximate || right.approximate;
      if ((sign === "/" || sign === "mod" || sign === "%") && right.value.isZero) throw new ArithmeticError("division");
      const value =
        sign === "/" ? left.value.over(right.value) : sign === "mod" || sign === "%" ? left.value.minus(right.value.times(new Rational(left.value.over(right.value).floor()))) : left.value.times(right.value);
      left = { value, approximate, percent: false };
    }
  }

  /** Whether something that can be multiplied begins here. */
  #begins() {
    return this.#is("(", "√") || (this.#token.kind === "name" && !this.#is("of", "mod"));
  }

  /** @returns {Value} */
  #signed() {
    if (!this.#is("-", "+")) return this.#power();
    const sign = this.#take().text;
    const of = this.#deeper(() => this.#signed());
    return sign === "-" ? { ...of, value: ZERO.minus(of.value) } : of;
  }

  /** @returns {Value} */
  #power() {
    const base = this.#postfix();
    if (!this.#is("^")) return base;
    this.#take();
    const exponent = this.#deeper(() => this.#signed());
    const approximate = base.approximate || exponent.approximate;
    if (base.value.isZero && exponent.value.n < 0n) throw new ArithmeticError("division");
    if (exponent.value.isWhole) return { value: base.value.power(exponent.value.n), approximate, percent: false };
    if (exponent.value.d === 2n) {
      const root = rootOf(base.value);
      if (root) return { value: root.power(exponent.value.n), approximate, percent: false };
    }
    return fromNumber(base.value.toNumber() ** exponent.value.toNumber());
  }

  /** @returns {Value} */
  #postfix() {
    let value = this.#primary();
    for (;;) {
      if (this.#is("!")) {
        this.#take();
        value = { value: factorial(value.value), approximate: value.approximate, percent: false };
      } else if (this.#is("°")) {
        this.#take();
        value = { ...fromNumber((value.value.toNumber() * Math.PI) / 180) };
      } else if (this.#is("%") && !this.#operandFollows()) {
        this.#take();
        value = { value: value.value.over(new Rational(100n)), approximate: value.approximate, percent: true };
      } else return value;
    }
  }

  /** Whether after this sign there is a number, a name or a bracket: then it is no percentage. */
  #operandFollows() {
    return /^\s*(?:[\d.(√[π$€£¥]|(?!of\b|mod\b)[A-Za-z])/.test(this.#text.slice(this.#at));
  }

  /** @returns {Value} */
  #primary() {
    const { kind, text } = this.#token;
    if (kind === "number") {
      this.#take();
      return { value: Rational.of(text), approximate: false, percent: false };
    }
    if (this.#is("(")) return this.#bracket();
    if (this.#is("√")) {
      this.#take();
      return squareRoot(this.#deeper(() => this.#postfix()));
    }
    if (kind === "name") return this.#named(ALIASES.get(text) ?? text);
    throw this.#unexpected();
  }

  /** @returns {Value} */
  #bracket() {
    const outside = this.#calls;
    this.#calls = 0;
    this.#take();
    const value = this.#deeper(() => this.#sum());
    if (!this.#is(")")) throw this.#token.kind === "end" ? new ArithmeticError("bracket") : this.#unexpected();
    this.#calls = outside;
    this.#take();
    return { ...value, percent: false };
  }

  /** @param {string} name @returns {Value} */
  #named(name) {
    if (Object.hasOwn(CONSTANTS, name)) {
      this.#take();
      return fromNumber(CONSTANTS[/** @type {keyof typeof CONSTANTS} */ (name)]);
    }
    const exact = Object.hasOwn(EXACT, name) ? EXACT[name] : null;
    if (!exact && name !== "sqrt" && !Object.hasOwn(APPROXIMATE, name)) throw new ArithmeticError("no-name", name, KNOWN);
    this.#calls += 1;
    this.#take();
    if (!this.#is("(")) throw new ArithmeticError("no-value", name);
    this.#take();
    const values = [this.#deeper(() => this.#sum())];
    while (this.#is(",")) {
      this.#take();
      values.push(this.#deeper(() => this.#sum()));
    }
    if (!this.#is(")")) throw this.#token.kind === "end" ? new ArithmeticError("bracket") : this.#unexpected();
    this.#calls -= 1;
    this.#take();
    const { least, most } = exact ?? { least: 1, most: 1 };
    if (values.length < least || values.length > most) throw new ArithmeticError("values", name, least, most, values.length);
    const approximate = values.some((each) => each.approximate);
    if (exact) return { value: exact.act(values.map(({ value }) => value)), approximate, percent: false };
    if (name === "sqrt") return squareRoot(values[0]);
    return fromNumber(APPROXIMATE[name](values[0].value.toNumber()));
  }
}

const KNOWN = [...Object.keys(EXACT), "sqrt", ...Object.keys(APPROXIMATE), ...Object.keys(CONSTANTS)].join(", ");

/** @param {Value} of @returns {Value} */
function squareRoot({ value, approximate }) {
  if (value.n < 0n) throw new ArithmeticError("root");
  const root = rootOf(value);
  return root ? { value: root, approximate, percent: false } : fromNumber(Math.sqrt(value.toNumber()));
}

/** The square root, where it is a fraction. @param {Rational} value @returns {Rational | null} */
function rootOf({ n, d }) {
  if (n < 0n) return null;
  const [top, bottom] = [isqrt(n), isqrt(d)];
  return top * top === n && bottom * bottom === d ? new Rational(top, bottom) : null;
}

/** @param {bigint} n at least 0 */
function isqrt(n) {
  if (n < 2n) return n;
  let guess = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + n / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** @param {Rational} value */
function factorial(value) {
  let product = ONE;
  for (let factor = whole(value, MAX_FACTORIAL, "factorial"); factor > 1n; factor -= 1n) product = product.times(new Rational(factor));
  if (value.n < 0n) throw new ArithmeticError("factorial");
  return product;
}

/** @param {Rational} value @param {bigint} most @param {'factorial' | 'places'} otherwise */
function whole({ n, d }, most, otherwise) {
  if (d !== 1n) throw new ArithmeticError(otherwise);
  if (n > most || -n > most) throw new TooLargeError();
  return n;
}

/** @param {number} number @returns {Value} */
function fromNumber(number) {
  if (Number.isNaN(number)) throw new ArithmeticError("no-real");
  if (!Number.isFinite(number)) throw new TooLargeError();
  return { value: Rational.of(String(number)), approximate: true, percent: false };
}
