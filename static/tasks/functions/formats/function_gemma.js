// @ts-check
/**
 * FunctionGemma's own format: pieces of its tokenizer around declarations, calls and responses, and `<escape>` around each text. Functions
 * are declared in the developer's turn; a call, its response and the answer are one turn of the model's. Pure.
 *
 *     <start_function_call>call:get_time{place:<escape>Tokyo<escape>}<end_function_call>
 */

import { mark, message } from "../../../engine/messages.js";

/**
 * @typedef {import('./index.js').Format} Format
 * @typedef {import('./index.js').ModelCall} ModelCall
 * @typedef {import('../../../engine/messages.js').WrittenPart} Part
 */

const ESCAPE = "<escape>";
const DECLARATION = ["<start_function_declaration>", "<end_function_declaration>"];
const CALL = ["<start_function_call>", "<end_function_call>"];
const RESPONSE = ["<start_function_response>", "<end_function_response>"];
/** It is taught to call functions by this sentence, as it is. */
const TRIGGER = "You are a model that can do function calling with the following functions";
const MAX_DEPTH = 20;
const HEAD = /^\s*call:\s*([\w.-]{1,64})/;
const MAX_HEAD = 100;

/** @param {string} text @returns {Part} */
const plain = (text) => ({ type: "text", text });
/** @param {string} text @returns {Part[]} */
const escaped = (text) => [mark(ESCAPE), plain(text), mark(ESCAPE)];

/** @type {Format} */
export const functionGemma = {
  id: "function-gemma",

  messages(tools, turns) {
    const developer = [plain(TRIGGER), ...tools.flatMap((tool) => [mark(DECLARATION[0]), ...declared(tool), mark(DECLARATION[1])])];
    return [
      { role: "system", parts: developer },
      ...turns.flatMap(({ question, steps, answer }) => {
        const said = steps.flatMap(({ text, calls }) => [
          plain(text),
          ...calls.flatMap((call) => [mark(CALL[0]), plain(`call:${call.name}`), ...object(call.arguments), mark(CALL[1])]),
          ...calls.flatMap((call) => [mark(RESPONSE[0]), plain(`response:${call.name}`), ...object(resultOf(call.result)), mark(RESPONSE[1])]),
        ]);
        const model = [...said, plain(answer)].filter(({ text }) => text);
        return [message(question), ...(model.length ? [{ role: /** @type {const} */ ("model"), parts: model }] : [])];
      }),
    ];
  },

  parse(text) {
    /** @type {ModelCall[]} */
    const calls = [];
    let [said, at] = ["", 0];
    for (;;) {
      const [start, response] = [text.indexOf(CALL[0], at), text.indexOf(RESPONSE[0], at)];
      if (start < 0 || (response >= 0 && response < start)) {
        said += text.slice(at, response < 0 ? undefined : response); // a response is not the model's to write
        break;
      }
      said += text.slice(at, start);
      const read = callAt(text, start + CALL[0].length);
      if (!read) return { text: said.trim(), calls, broken: true };
      calls.push(read.call);
      at = read.end;
    }
    if (calls.length || !/^\s*call:[\w.-]+\s*\{/.test(said)) return { text: said.trim(), calls, broken: false };
    const bare = callAt(said, 0); // an engine that writes no pieces of control
    return { text: "", calls: bare ? [bare.call] : [], broken: bare === null };
  },

  isOver: (text) => text.includes(RESPONSE[0]),
};

/** @param {import('../tools/index.js').Tool} tool @returns {Part[]} */
function declared({ name, description, parameters }) {
  return [plain(`declaration:${name}{description:`), ...escaped(description), plain(",parameters:"), ...schemaOf(parameters, true), plain("}")];
}

/**
 * As the official template writes a schema: a description, what its type has, the type last.
 * @param {Record<string, any>} schema
 * @param {boolean} outer whether it is the arguments' own
 * @returns {Part[]}
 */
function schemaOf(schema, outer = false) {
  const { description, type, enum: choices, properties, required, items } = schema;
  const [kind] = [type].flat();
  /** @type {Part[][]} */
  const fields = [];
  if (description && !outer) fields.push([plain("description:"), ...escaped(description)]);
  if (Array.isArray(choices) && kind === "string") fields.push([plain("enum:"), ...value(choices)]);
  if (properties && Object.keys(properties).length) {
    const entries = sorted(properties).map(([name, each]) => [plain(`${name}:`), ...schemaOf(each)]);
    fields.push([plain("properties:{"), ...commas(entries), plain("}")]);
  }
  if (items && kind === "array") fields.push([plain("items:"), ...schemaOf(items)]);
  if (Array.isArray(required) && required.length) fields.push([plain("required:"), ...value(required)]);
  fields.push([plain("type:"), ...escaped(String(kind ?? "string").toUpperCase())]);
  return [plain("{"), ...commas(fields), plain("}")];
}

/** A result is an object; what is none gets a name. @param {unknown} result @returns {Record<string, unknown>} */
function resultOf(result) {
  return typeof result === "object" && result !== null && !Array.isArray(result) ? /** @type {Record<string, unknown>} */ (result) : { value: result };
}

/** @param {Record<string, unknown>} values @returns {Part[]} */
function object(values) {
  return [plain("{"), ...commas(sorted(values).map(([name, each]) => [plain(`${name}:`), ...value(each)])), plain("}")];
}

/** @param {unknown} given @returns {Part[]} */
function value(given) {
  if (typeof given === "string") return escaped(given);
  if (Array.isArray(given)) return [plain("["), ...commas(given.map(value)), plain("]")];
  if (typeof given === "object" && given !== null) return object(/** @type {Record<string, unknown>} */ (given));
  return [plain(String(given ?? "null"))];
}

/** @param {Part[][]} fields @returns {Part[]} */
function commas(fields) {
  return fields.flatMap((field, index) => (index ? [plain(","), ...field] : field));
}

/** By their names, whatever their case, as the template has them. @param {Record<string, any>} values @returns {[string, any][]} */
function sorted(values) {
  const key = (/** @type {[string, any]} */ [name]) => name.toLowerCase();
  return Object.entries(values).sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/** @param {string} text @param {number} at where `call:` is @returns {{call: ModelCall, end: number} | null} */
function callAt(text, at) {
  const [head, name] = HEAD.exec(text.slice(at, at + MAX_HEAD)) ?? [];
  if (!head) return null;
  try {
    const reader = new Declared(text, at + head.length);
    const values = reader.object(0);
    return { call: { name, arguments: values }, end: reader.end(CALL[1]) };
  } catch (error) {
    if (error instanceof BrokenError) return null;
    throw error;
  }
}

class BrokenError extends Error {}

/** Reads `{name:<escape>text<escape>,list:[1,2]}`. */
class Declared {
  #text;
  #at;

  /** @param {string} text @param {number} at */
  constructor(text, at) {
    this.#text = text;
    this.#at = at;
  }

  /** @param {string} sign */
  #takes(sign) {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    if (!this.#text.startsWith(sign, this.#at)) return false;
    this.#at += sign.length;
    return true;
  }

  /** Past what closes it, where that is there. @param {string} mark */
  end(mark) {
    this.#takes(mark);
    return this.#at;
  }

  /** @param {number} depth @returns {Record<string, unknown>} */
  object(depth) {
    if (depth > MAX_DEPTH || !this.#takes("{")) throw new BrokenError();
    /** @type {[string, unknown][]} */
    const entries = [];
    while (!this.#takes("}")) {
      if (entries.length && !this.#takes(",")) throw new BrokenError();
      const escapedName = this.#takes(ESCAPE);
      const colon = this.#text.indexOf(":", this.#at);
      const name = colon < 0 ? "" : this.#text.slice(this.#at, colon).replace(ESCAPE, "").trim();
      if (!name || (!escapedName && /[{}[\],<>]/.test(name))) throw new BrokenError();
      this.#at = colon + 1;
      entries.push([name, this.#value(depth + 1)]);
    }
    return Object.fromEntries(entries);
  }

  /** @param {number} depth @returns {unknown} */
  #value(depth) {
    if (depth > MAX_DEPTH) throw new BrokenError();
    if (this.#takes(ESCAPE)) {
      const end = this.#text.indexOf(ESCAPE, this.#at);
      if (end < 0) throw new BrokenError();
      const said = this.#text.slice(this.#at, end);
      this.#at = end + ESCAPE.length;
      return said;
    }
    if (this.#takes("[")) {
      /** @type {unknown[]} */
      const list = [];
      while (!this.#takes("]")) {
        if (list.length && !this.#takes(",")) throw new BrokenError();
        list.push(this.#value(depth + 1));
      }
      return list;
    }
    if (this.#text[this.#at] === "{") return this.object(depth);
    return this.#bare();
  }

  #bare() {
    const end = this.#text.slice(this.#at).search(/[,}\]]/);
    if (end < 0) throw new BrokenError();
    const word = this.#text.slice(this.#at, this.#at + end).trim();
    this.#at += end;
    if (/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(word)) return Number(word);
    if (word === "true" || word === "false") return word === "true";
    if (word === "null" || word === "None") return null;
    if (!word || word.includes("<")) throw new BrokenError();
    return word.replace(/^(["'])(.*)\1$/s, "$2");
  }
}
