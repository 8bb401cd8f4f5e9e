// @ts-check
/**
 * Gemma 3, which has no pieces for functions: they are asked for in words and declared as JSON, as its makers describe it. A call comes as
 * JSON or as Python's, in a block of code or bare; its result goes back in a block of the user's turn. Pure.
 */

import { message } from "../../../engine/messages.js";
import { callsIn, guarded } from "./json_calls.js";
import { LiteralError, Reader } from "./literal.js";

/**
 * @typedef {import('./index.js').Format} Format
 * @typedef {import('./index.js').ModelCall} ModelCall
 */

const INSTRUCTION =
  "You have access to functions. If you decide to invoke any of the function(s), you MUST put it in the format of " +
  '{"name": function name, "parameters": dictionary of argument name and its value}\n' +
  "You SHOULD NOT include any other text in the response if you call a function. If no function helps, answer in words.";
const BLOCK = /```[ \t]*(?:tool_code|tool_calls?|json|python)?[ \t]*\n([\s\S]*?)(?:```|$)/g;
/** A call in Python's words: `get_time(place="Tokyo")`, perhaps printed. */
const PYTHON = /^\s*(?:\[\s*)?(?:print\s*\(\s*)?(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*)\s*\(/;
const MAX_CALLS = 20;

/** @type {Format} */
export const gemma = {
  id: "gemma",

  messages(tools, turns) {
    const declared = tools.map(({ name, description, parameters }) => guarded({ name, description, parameters }, /`/g));
    return [
      message(`${INSTRUCTION}\n[${declared.join(",\n")}]`, "system"),
      ...turns.flatMap(({ question, steps, answer }) => [
        message(question),
        ...steps.flatMap(({ text, calls }) => [message([text, ...calls.map(written)].filter(Boolean).join("\n"), "model"), message(calls.map(({ result }) => `\`\`\`tool_output\n${guarded(result, /`/g)}\n\`\`\``).join("\n"))]),
        ...(answer ? [message(answer, "model")] : []),
      ]),
    ];
  },

  parse(text, names) {
    const own = text.split("```tool_output", 1)[0];
    /** @type {ModelCall[]} */
    const calls = [];
    let broken = false;
    const outside = own.replace(BLOCK, (block, /** @type {string} */ code) => {
      const found = callsIn(code);
      const read = found.calls.length ? found.calls : pythonCalls(code, null);
      calls.push(...(read ?? []));
      const meant = /^```[ \t]*tool_c/.test(block);
      if (!read && meant) broken = true;
      return read || meant ? "" : block;
    });
    if (!calls.length && !broken) {
      const { calls: bare, rest } = callsIn(outside);
      if (bare.length) return { text: rest.trim(), calls: bare, broken: false };
      const python = pythonCalls(outside, names);
      if (python) return { text: "", calls: python, broken: false };
    }
    return { text: outside.trim(), calls, broken };
  },

  isOver: (text) => text.includes("```tool_output") || /```[ \t]*tool_c\w+\s[\s\S]*?```\s*\S/.test(text),
};

/** @param {ModelCall} call */
function written(call) {
  return guarded({ name: call.name, parameters: call.arguments }, /`/g);
}

/**
 * Calls in Python's words, and nothing else; null for what is none.
 * @param {string} text
 * @param {string[] | null} names of functions that a call may have; null for any
 * @returns {ModelCall[] | null}
 */
function pythonCalls(text, names) {
  /** @type {ModelCall[]} */
  const calls = [];
  let rest = text.trim();
  while (rest && calls.length < MAX_CALLS) {
    const [head, name] = PYTHON.exec(rest) ?? [];
    if (!head || (names && !names.includes(name))) return null;
    try {
      const reader = new Reader(rest, head.length);
      const values = reader.list(")", () => {
        const [key] = [reader.match(/[A-Za-z_]\w*(?=\s*=(?!=))/y)];
        if (!key) throw new LiteralError("an argument has no name");
        reader.wants("=");
        return /** @type {[string, unknown]} */ ([key, reader.value()]);
      });
      calls.push({ name, arguments: Object.fromEntries(values) });
      rest = rest.slice(reader.at).replace(/^[\s)\],;]+/, "");
    } catch (error) {
      if (error instanceof LiteralError) return null;
      throw error;
    }
  }
  return calls.length ? calls : null;
}
