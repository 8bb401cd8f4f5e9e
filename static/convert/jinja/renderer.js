// @ts-check
/**
 * Runs a chat template on conversations. It is a program of whoever published the checkpoint: it is interpreted, within bounds of work, memory and
 * time. `onpage convert` runs it with jinja2; where @huggingface/jinja means something else, it is done here as jinja2 does it, or not at all, because the
 * texts around a turn must be the command's. What jinja2 fails at is a TemplateError, what only we do not know is thrown as NotUnderstood.
 *
 * @typedef {Pick<typeof import('@huggingface/jinja'), 'Environment' | 'Interpreter' | 'parse' | 'tokenize'>} Library
 * @typedef {any} Value a library's: its `type` and its `value`
 * @typedef {any} Node of a template
 * @typedef {import('@huggingface/jinja').Environment} Scope
 */

import { NotUnderstood, TemplateError, fail, not } from "./errors.js";
import { methodOf, stripped } from "./methods.js";
import { programOf } from "./source.js";
import { LIST, LISTS, MAPPING, MOST_VALUES, NOTHING, NUMBERS, TEXT, TRUTH, TUPLE, UNDEFINED, WHOLE, areEqual, assign, bounded, isWithin, itemsOf, printed } from "./values.js";

/** `{% break %}` or `{% continue %}`, with what its loop's round has written so far. */
class Jump extends Error {
  text = "";
  /** @param {boolean} ends */
  constructor(ends) {
    super();
    this.ends = ends;
  }
}

/** Evaluations, with what they make; nested ones; the size of a number; milliseconds. */
const [MOST_WORK, MOST_DEPTH, MOST_NUMBER, MOST_TIME] = [400_000, 200, 1 << 20, 2000];
/** After so many evaluations the clock is looked at. */
const OFTEN = 64;
/** What jinja2's sandbox lets range make. */
const MOST_RANGE = 100_000;
const STATEMENTS = ["Set", "Macro", "Comment", "If", "For", "CallStatement", "FilterStatement"];
/** Filters with values that they mean the same for, and those that make what jinja2 goes through once. @type {Record<string, string[]>} */
const FILTERS = {
  ...{ default: [], length: [TEXT, LIST, TUPLE, MAPPING], tojson: [TEXT, WHOLE, TRUTH, NOTHING, LIST, TUPLE, MAPPING], trim: [TEXT, LIST], upper: [TEXT, LIST], lower: [TEXT, LIST] },
  ...{ first: LISTS, last: LISTS, list: LISTS, sort: LISTS, join: LISTS, string: [TEXT, WHOLE], safe: [TEXT], dictsort: [MAPPING] },
  ...{ reverse: LISTS, items: [MAPPING], map: LISTS, selectattr: LISTS, rejectattr: LISTS, replace: [TEXT] },
};
/** Of them those that jinja2 applies to what it would write. */
const TEXTS = ["trim", "upper", "lower"];
const WITH_ARGUMENTS = ["default", "join", "sort", "map", "selectattr", "rejectattr", "dictsort"];
const ONCE = ["reverse", "items", "map", "selectattr", "rejectattr"];
/** Globals of jinja2 that the library has not. */
const UNKNOWN = ["dict", "cycler", "joiner", "lipsum"];
/** The day that onpage tells templates, whenever it is: Friday, the 26th of July 2024. @type {Record<string, string>} */
const DAY = { Y: "2024", y: "24", m: "07", "-m": "7", d: "26", "-d": "26", e: "26", b: "Jul", B: "July", a: "Fri", A: "Friday", j: "208", H: "00", M: "00", S: "00", "%": "%" };

/**
 * @param {Library} library
 * @param {string} template
 * @returns {(values: Record<string, unknown>) => string} the text of a conversation; throws TemplateError, and NotUnderstood, as this does
 */
export function rendererOf(library, template) {
  const program = understood(() => programOf(library, template));
  const Strict = strict(library);
  const until = performance.now() + MOST_TIME;
  return (values) => {
    const scope = new library.Environment();
    for (const [name, value] of Object.entries({ ...globals(), ...values })) scope.set(name, value);
    return understood(() => new Strict(scope, until).run(program)).value;
  };
}

/** Whatever fails in the library is not understood. @template T @param {() => T} run @returns {T} */
function understood(run) {
  try {
    return run();
  } catch (error) {
    if (error instanceof TemplateError || error instanceof NotUnderstood) throw error;
    throw new NotUnderstood(error instanceof Error ? error.message : "");
  }
}

/** @returns {Record<string, unknown>} */
function globals() {
  const unknown = UNKNOWN.map((name) => [name, () => not(name)]);
  return {
    ...Object.fromEntries(unknown),
    ...{ true: true, True: true, false: false, False: false, none: null, None: null },
    range,
    raise_exception: (/** @type {unknown} */ said) => fail(`raise_exception ${said}`),
    strftime_now: (/** @type {unknown} */ form) => (typeof form === "string" ? form.replace(/%(-?.|$)/gsu, (_, code) => DAY[code] ?? not(`strftime_now %${code}`)) : not("strftime_now")),
  };
}

/** @param {...unknown} said */
function range(...said) {
  const [start, stop, step] = said.length === 1 ? [0, said[0], 1] : [...said, 1];
  if (!said.length || said.length > 3 || ![start, stop, step].every(Number.isInteger)) not("range");
  const [from, to, by] = [Number(start), Number(stop), Number(step)];
  const count = by ? Math.max(0, Math.ceil((to - from) / by)) : fail("range");
  if (count > MOST_RANGE) fail("range");
  if (count > MOST_VALUES) not("range");
  return Array.from({ length: count }, (_, i) => from + i * by);
}

/** @param {Library} library */
function strict({ Environment, Interpreter }) {
  const made = (/** @type {unknown} */ value) => /** @type {Value} */ (new Environment().set("value", value));
  const Callable = made(() => null).constructor;
  const held = (/** @type {Value} */ value) => ({ type: "Held", value });
  /** The library declares as private what a class of ours has to change. */
  const Base = /** @type {any} */ (Interpreter);

  return class extends Base {
    #left = MOST_WORK;
    #steps = 0;
    #depth = 0;
    #until;

    /** @param {Scope} scope @param {number} until */
    constructor(scope, until) {
      super(scope);
      this.#until = until;
    }

    /** @param {Node} node @param {Scope} scope @returns {Value} */
    evaluate(node, scope) {
      if (!node) return made(undefined);
      if (node.type === "Held") return node.value;
      if (node.type === "Break" || node.type === "Continue") throw new Jump(node.type === "Break");
      this.#left -= 1;
      this.#steps += 1;
      if (this.#left < 0 || this.#depth >= MOST_DEPTH || (this.#steps % OFTEN === 0 && performance.now() > this.#until)) not("much work");
      this.#depth += 1;
      try {
        const value = super.evaluate(node, scope);
        this.#weigh(value);
        return value;
      } finally {
        this.#depth -= 1;
      }
    }

    /** @param {Value} value */
    #weigh({ type, value }) {
      if (type === TEXT) bounded(value);
      const size = type === TEXT ? value.length / 64 : LISTS.includes(type) ? value.length : value instanceof Map ? value.size : 0;
      if (size > MOST_VALUES || (type === WHOLE && Math.abs(value) > MOST_NUMBER)) not("large values");
      this.#left -= size;
    }

    /** @param {Node[]} nodes @param {Scope} scope */
    evaluateBlock(nodes, scope) {
      let text = "";
      for (const node of nodes) {
        try {
          const value = this.evaluate(node, scope);
          text = bounded(text + (STATEMENTS.includes(node.type) ? (value.type === TEXT ? value.value : "") : printed(value)));
        } catch (error) {
          if (error instanceof Jump) error.text = text + error.text;
          throw error;
        }
      }
      return made(text);
    }

    /** Each round has a scope of its own. @param {Node} node @param {Scope} scope */
    evaluateFor({ iterable, loopvar, body, defaultBlock }, scope) {
      const isChosen = iterable.type === "SelectExpression";
      const within = (/** @type {Value} */ item) => {
        const own = new Environment(scope);
        assign(own, loopvar, item);
        return own;
      };
      const all = itemsOf(this.evaluate(isChosen ? iterable.lhs : iterable, scope), made);
      const items = isChosen ? all.filter((item) => this.evaluate(iterable.test, within(item)).__bool__().value) : all;
      if (!items.length) return this.evaluateBlock(defaultBlock, new Environment(scope));
      let text = "";
      for (const [i, item] of items.entries()) {
        const own = within(item);
        const left = items.length - i;
        const loop = made({ index: i + 1, index0: i, revindex: left, revindex0: left - 1, first: i === 0, last: left === 1, length: items.length });
        own.setVariable("loop", loop);
        loop.value.set("previtem", items[i - 1] ?? made(undefined)).set("nextitem", items[i + 1] ?? made(undefined));
        try {
          text = bounded(text + this.evaluateBlock(body, own).value);
        } catch (error) {
          if (!(error instanceof Jump)) throw error;
          text = bounded(text + error.text);
          if (error.ends) break;
        }
      }
      return made(text);
    }

    /** It sees what is around it, not around its call. @param {Node} node @param {Scope} scope */
    evaluateMacro(node, scope) {
      const nothing = super.evaluateMacro(node, scope);
      const name = node.name.value;
      const run = /** @type {Value} */ (scope.lookupVariable(name)).value;
      const call = (/** @type {Value[]} */ values, /** @type {Scope} */ around) => {
        const own = new Environment(scope);
        const caller = around.variables.get("caller");
        if (caller) own.setVariable("caller", caller);
        return run(values, own);
      };
      scope.setVariable(name, new Callable(call));
      return nothing;
    }

    /** @param {Node} node @param {Scope} scope */
    evaluateSet(node, scope) {
      const value = node.value && this.evaluate(node.value, scope);
      if (value?.isOnce) not("set of what is gone through once");
      return super.evaluateSet(value ? { ...node, value: held(value) } : node, scope);
    }

    /** @param {Node} node @param {Scope} scope */
    evaluateCallExpression(node, scope) {
      const callee = this.evaluate(node.callee, scope);
      if (callee.type === UNDEFINED) fail("a call of nothing");
      return super.evaluateCallExpression({ ...node, callee: held(callee) }, scope);
    }

    /** @param {Node} node @param {Scope} scope */
    evaluateMemberExpression(node, scope) {
      const object = this.evaluate(node.object, scope);
      if (object.type === UNDEFINED) fail("a part of nothing");
      if (object.isOnce) not("a part of what is gone through once");
      if (node.computed && node.property.type === "SliceExpression") return super.evaluateMemberExpression({ ...node, object: held(object), property: this.#slice(node.property, scope) }, scope);
      const key = node.computed ? this.evaluate(node.property, scope) : made(node.property.value);
      if (key.type === TEXT) {
        if (object.type === MAPPING && object.value.has("revindex0") && !object.value.has(key.value)) not(`loop.${key.value}`);
        const method = methodOf(object, key.value, node.computed, not);
        if (method === undefined) return made(undefined);
        if (method) return made((/** @type {unknown[]} */ ...values) => bounded(method(...values)));
      }
      return super.evaluateMemberExpression({ ...node, object: held(object), property: held(key), computed: true }, scope);
    }

    /** With its numbers; nothing stands where none is. @param {Node} slice @param {Scope} scope */
    #slice(slice, scope) {
      const ends = ["start", "stop", "step"].map((key) => {
        const value = slice[key] ? this.evaluate(slice[key], scope) : made(null);
        if (value.type === WHOLE && (key !== "step" || value.value)) return [key, held(value)];
        return value.type === NOTHING ? [key, undefined] : fail("a slice");
      });
      return { ...slice, ...Object.fromEntries(ends) };
    }

    /** @param {Node} node @param {Scope} scope */
    evaluateBinaryExpression(node, scope) {
      const { value: operator } = node.operator;
      if (operator === "and" || operator === "or") return super.evaluateBinaryExpression(node, scope);
      const [left, right] = [this.evaluate(node.left, scope), this.evaluate(node.right, scope)];
      if (left.isOnce || right.isOnce) not(operator);
      if (operator === "==" || operator === "!=") return made(areEqual(left, right) === (operator === "=="));
      if (operator === "~") return made(printed(left) + printed(right));
      if (operator === "in" || operator === "not in") return made(isWithin(left, right) === (operator === "in"));
      if ([left.type, right.type].some((type) => type === UNDEFINED || type === NOTHING)) fail(operator);
      const areNumbers = NUMBERS.includes(left.type) && NUMBERS.includes(right.type);
      if (operator === "+" && (left.type === TEXT) !== (right.type === TEXT)) fail(operator);
      const isKnown = areNumbers || (operator === "+" && left.type === right.type && [TEXT, LIST].includes(left.type));
      if (!isKnown || (operator === "%" && (left.value < 0 || right.value < 0))) not(operator);
      if (["/", "//", "%"].includes(operator) && Number(right.value) === 0) fail(operator);
      return super.evaluateBinaryExpression({ ...node, left: held(left), right: held(right) }, scope);
    }

    /** @param {Value} value @param {Node} filter @param {Scope} scope @returns {Value} */
    applyFilter(value, filter, scope) {
      const isCall = filter.type === "CallExpression";
      const { value: name } = isCall ? filter.callee : filter;
      const known = Object.hasOwn(FILTERS, name) ? FILTERS[name] : null;
      if (!known || (known.length && !known.includes(value.type)) || (value.isOnce && !["list", "first", "join"].includes(name))) not(`filter ${name}`);
      if (value.type === LIST && TEXTS.includes(name)) return this.applyFilter(made(printed(value)), filter, scope);
      if (name === "trim" || name === "replace") {
        const [given, named] = isCall ? this.evaluateArguments(filter.args, scope) : [[], new Map()];
        if (named.size) not(`filter ${name}`);
        const plain = given.map((/** @type {Value} */ each) => each.value);
        return made(name === "trim" ? stripped(value.value, "both", ...plain) : bounded(methodOf(value, name, false, not)?.(...plain) ?? ""));
      }
      if (isCall && !WITH_ARGUMENTS.includes(name)) not(`filter ${name}(…)`);
      if ((name === "first" || name === "last") && !value.value.length) return made(undefined);
      if (name === "join" && value.value.some((/** @type {Value} */ { type }) => type !== TEXT)) not("filter join");
      const found = name === "list" ? made([]) : super.applyFilter(value, filter, scope);
      if (name === "list") found.value.push(...value.value);
      if (ONCE.includes(name)) Object.assign(found, { isOnce: true, __bool__: () => not("whether there is what is gone through once") });
      return found;
    }

    /** @param {Node} node @param {Scope} scope */
    evaluateTestExpression(node, scope) {
      const value = this.evaluate(node.operand, scope);
      const { value: name } = node.test;
      const { type } = value;
      /** @type {Record<string, () => boolean>} */
      const tests = {
        defined: () => type !== UNDEFINED,
        undefined: () => type === UNDEFINED,
        none: () => type === NOTHING,
        string: () => type === TEXT,
        mapping: () => type === MAPPING,
        boolean: () => type === TRUTH,
        true: () => type === TRUTH && value.value,
        false: () => type === TRUTH && !value.value,
        number: () => NUMBERS.includes(type),
        integer: () => type === WHOLE,
        iterable: () => [TEXT, MAPPING, UNDEFINED, ...LISTS].includes(type),
        sequence: () => (type === UNDEFINED ? not("sequence") : [TEXT, MAPPING, ...LISTS].includes(type)),
        odd: () => (type === WHOLE ? Math.abs(value.value % 2) === 1 : not(name)),
        even: () => (type === WHOLE ? value.value % 2 === 0 : not(name)),
      };
      if (!Object.hasOwn(tests, name) || value.isOnce) not(`is ${name}`);
      return made(tests[name]() !== node.negate);
    }
  };
}

