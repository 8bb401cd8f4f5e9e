// @ts-check
/** What texts, lists and mappings have in Python, as far as chat templates use it: of the library some mean something else. Pure. */

/** Python's names of a type's public methods. @type {Record<string, string[]>} */
const NAMES = {
  StringValue: [
    ...["capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format", "format_map", "index", "isalnum", "isalpha", "isascii"],
    ...["isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip"],
    ...["maketrans", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines"],
    ...["startswith", "strip", "swapcase", "title", "translate", "upper", "zfill"],
  ],
  ArrayValue: ["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"],
  TupleValue: ["count", "index"],
  ObjectValue: ["clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"],
};
/** Those that the library has, and means the same by. @type {Record<string, string[]>} */
const SAME = { StringValue: ["endswith", "lower", "split", "startswith", "upper"], ObjectValue: ["get", "items", "keys", "values"] };
/** What Python takes for blank; JavaScript's is without the first ones and \x85, and has \ufeff. */
const BLANK = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/**
 * A method of a value by its name: ours, null for the library's own or what a mapping has under the name, undefined where Python has neither.
 * @param {any} object a library's value
 * @param {string} name
 * @param {boolean} isSubscript whether it was asked for in brackets, where a mapping's own keys go before its methods
 * @param {(what: string) => never} not says that it is not known
 * @returns {((...values: any[]) => string) | null | undefined}
 */
export function methodOf({ type, value }, name, isSubscript, not) {
  if (!Object.hasOwn(NAMES, type)) return null;
  const isMethod = NAMES[type].includes(name);
  if (name.startsWith("_")) not(name);
  if (type === "ObjectValue" && value.has(name)) return isMethod && !isSubscript ? not(name) : null;
  if (!isMethod) return undefined;
  if (SAME[type]?.includes(name)) return null;
  if (type !== "StringValue") return not(name);
  if (name === "strip") return (...values) => stripped(value, "both", ...values);
  if (name === "lstrip") return (...values) => stripped(value, "left", ...values);
  if (name === "rstrip") return (...values) => stripped(value, "right", ...values);
  return name === "replace" ? (...values) => replaced(value, not, ...values) : not(name);
}

/** @param {string} text @param {'left' | 'right' | 'both'} side @param {unknown} [characters] what is taken away; what is blank, where nothing is said */
export function stripped(text, side, characters) {
  const some = typeof characters === "string" ? characters.replace(/[\\\]^-]/g, "\\$&") : BLANK;
  if (some === "") return text;
  const isSome = new RegExp(`^[${some}]$`, "u");
  const all = [...text];
  let [begin, end] = [0, all.length];
  while (side !== "right" && begin < end && isSome.test(all[begin])) begin += 1;
  while (side !== "left" && end > begin && isSome.test(all[end - 1])) end -= 1;
  return all.slice(begin, end).join("");
}

/** @param {string} text @param {(what: string) => never} not @param {unknown[]} said what is sought, what stands there then, and how often at most */
function replaced(text, not, ...said) {
  const [old, instead, most = -1] = said;
  if (said.length > 3 || typeof old !== "string" || typeof instead !== "string" || typeof most !== "number" || !old) return not("replace");
  const parts = text.split(old);
  if (parts.length * instead.length > 1 << 20) not("a long text");
  const count = most < 0 ? parts.length : most + 1;
  return [parts.slice(0, count).join(instead), ...parts.slice(count)].join(old);
}
