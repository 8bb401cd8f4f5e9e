// @ts-check
/**
 * A tool of the person's own: a name, a description, a JSON Schema of its arguments, and perhaps one of what it returns. Pure.
 *
 *     {"name": "book_table", "description": "Books a table.", "parameters": {"type": "object", "properties": {"people": {"type": "integer"}}}}
 *
 * The page runs nothing for it: the person is shown the call and gives its result, so a tool can be tried with a model before it exists.
 */

import { FileError } from "../parts/file_error.js";
import { readSchema } from "../parts/schema.js";

/** @typedef {import('./tools/index.js').Tool} Tool */
/** @typedef {'not-json' | 'name' | 'taken' | 'description' | 'parameters' | 'property' | 'pattern' | 'reference' | 'too-large'} Problem */

const NAME = /^[A-Za-z_][\w]{0,47}$/;
/** Of an argument: it stands bare in what FunctionGemma reads. */
const PROPERTY = /^[A-Za-z_][\w-]{0,47}$/;
const MAX_LENGTH = 6000;
const MAX_DESCRIPTION = 1000;
/** Levels of a schema in which names are looked at. */
const MAX_DEPTH = 8;

/** @extends {FileError<Problem>} */
export class OwnToolError extends FileError {}

export const EXAMPLE = {
  name: "book_table",
  description: "Books a table in the restaurant and tells the number of the booking.",
  parameters: {
    type: "object",
    properties: { day: { type: "string", description: "The day, such as Friday" }, people: { type: "integer", description: "How many come", minimum: 1 } },
    required: ["day", "people"],
  },
  returns: { type: "object", properties: { booked: { type: "boolean" }, number: { type: "integer" } } },
};

/** @param {string} text @param {string[]} taken names of other tools @returns {Tool} OwnToolError for what is none */
export function ownTool(text, taken) {
  if (text.length > MAX_LENGTH) throw new OwnToolError("too-large");
  let given;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new OwnToolError("not-json", error instanceof Error ? error.message : "");
  }
  return checkedTool(given, taken);
}

/** @param {unknown} given not to be trusted @param {string[]} taken @returns {Tool} */
export function checkedTool(given, taken) {
  if (typeof given !== "object" || given === null) throw new OwnToolError("not-json");
  const { type, function: inner } = /** @type {Record<string, unknown>} */ (given);
  const { name, description = "", parameters = { type: "object", properties: {} }, returns = null } = /** @type {Record<string, unknown>} */ (type === "function" && inner ? inner : given);
  if (typeof name !== "string" || !NAME.test(name)) throw new OwnToolError("name", String(name).slice(0, 60));
  if (taken.includes(name)) throw new OwnToolError("taken", name);
  if (typeof description !== "string" || description.length > MAX_DESCRIPTION) throw new OwnToolError("description");
  return { name, description, parameters: schemaIn(parameters, "parameters"), returns: returns === null ? null : schemaIn(returns, "returns"), own: true };
}

/** @param {Tool} tool */
export function asText({ name, description, parameters, returns }) {
  return JSON.stringify({ name, description, parameters, ...(returns && { returns }) }, null, 2);
}

/** @param {unknown} schema @param {'parameters' | 'returns'} where @returns {import('../parts/schema.js').Schema} */
function schemaIn(schema, where) {
  const read = readSchema(JSON.stringify(schema) ?? "");
  if ("problem" in read) {
    const { problem, detail } = read;
    throw problem === "pattern" || problem === "reference" || problem === "too-large" ? new OwnToolError(problem, detail) : new OwnToolError("parameters", where);
  }
  const { type = "object" } = read.schema;
  if (type !== "object") throw new OwnToolError("parameters", where);
  checkNames(read.schema, 0);
  return { ...read.schema, type: "object", properties: read.schema.properties ?? {} };
}

/** @param {any} schema @param {number} depth */
function checkNames(schema, depth) {
  if (typeof schema !== "object" || schema === null) return;
  if (depth > MAX_DEPTH) throw new OwnToolError("too-large");
  for (const [name, each] of Object.entries(schema.properties ?? {})) {
    if (!PROPERTY.test(name)) throw new OwnToolError("property", name.slice(0, 60));
    checkNames(each, depth + 1);
  }
  checkNames(schema.items, depth + 1);
}
