// @ts-check
/**
 * The text of a chat template → its program, by @huggingface/jinja. What that reads otherwise than jinja2 is written as it reads it, or is not understood.
 *
 * @typedef {import('./renderer.js').Library} Library
 */

import { not } from "./errors.js";

/** Of one text: @huggingface/jinja looks at each place of it anew. */
const MOST_BLANKS = 2048;
/** What jinja2 does before a tag with a sign of its own, and the library does in texts. */
const MISREAD = /^[ \t]+\{-|-\}\n/m;

/** A mark of transformers that writes nothing: what is blank around it is as around any tag. */
const GENERATION = /\{%(-?)[ \t\n]{0,40}(end)?generation[ \t\n]{0,40}(-?)%\}/g;
/** What stands between values. */
const WORDS = ["and", "or", "not", "in", "is", "if", "else"];

/** jinja2's: a template with another is none, also where that is not run. */
const FILTERS = [
  ...["abs", "attr", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape", "filesizeformat", "first", "float", "forceescape", "format"],
  ...["groupby", "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "pprint", "random", "reject", "rejectattr", "replace"],
  ...["reverse", "round", "safe", "select", "selectattr", "slice", "sort", "string", "striptags", "sum", "title", "tojson", "trim", "truncate", "unique", "upper"],
  ...["urlencode", "urlize", "wordcount", "wordwrap", "xmlattr"],
];
/** What nothing is assigned to. */
const CONSTANTS = ["true", "True", "false", "False", "none", "None"];

/** @param {Library} library @param {string} template @returns {import('./renderer.js').Node} */
export function programOf({ parse, tokenize }, template) {
  const source = template.replace(/\r\n?/g, "\n").replace(GENERATION, (_, left, end, right) => `{%${left} ${end ? "endif" : "if true"} ${right}%}`);
  if (MISREAD.test(source) || new RegExp(`\\s{${MOST_BLANKS}}`).test(source)) not("blanks");
  const tokens = tokenize(source, { lstrip_blocks: true, trim_blocks: true });
  refuseWhatIsReadOtherwise(tokens);
  const program = parse(tokens);
  refuseAnotherTarget(program);
  return program;
}

/** The library needs no commas, and takes what looks like a tag within a text for one. @param {{type: string, value: string}[]} tokens */
function refuseWhatIsReadOtherwise(tokens) {
  let [isValue, statement] = [false, ""];
  for (const [i, { type, value }] of tokens.entries()) {
    if ((type === "Text" || type === "StringLiteral") && /[%#]\}|\{[%#]/.test(value)) not("a tag in a text");
    if (tokens[i - 1]?.type === "Pipe" && !FILTERS.includes(value)) not(`filter ${value}`);
    const isFirst = tokens[i - 1]?.type === "OpenStatement";
    if (isFirst) statement = value;
    const isWord = type === "Identifier" && !isFirst && !WORDS.includes(value);
    const begins = isWord || ["NumericLiteral", "StringLiteral", "OpenCurlyBracket"].includes(type);
    if (isValue && begins && !(type === "StringLiteral" && tokens[i - 1].type === type) && statement !== "call") not("no comma");
    isValue = isWord || ["NumericLiteral", "StringLiteral", "CloseParen", "CloseSquareBracket", "CloseCurlyBracket"].includes(type);
    if (type === "CloseStatement") statement = "";
  }
}

/** Nothing is assigned but to names, also where that is not run: the library finds it out when it does it. @param {unknown} node */
function refuseAnotherTarget(node) {
  if (typeof node !== "object" || node === null) return;
  const { type, assignee, loopvar } = /** @type {import('./renderer.js').Node} */ (node);
  if ((type === "Set" && !isTarget(assignee)) || (type === "For" && !isTarget(loopvar))) not("what is assigned to");
  for (const child of node instanceof Map ? [...node].flat() : Object.values(node)) refuseAnotherTarget(child);
}

/** @param {import('./renderer.js').Node} node @returns {boolean} */
function isTarget({ type, value, object, computed }) {
  if (type === "TupleLiteral") return value.every(isTarget);
  return type === "Identifier" ? !CONSTANTS.includes(value) : type === "MemberExpression" && object.type === "Identifier" && !computed;
}
