// @ts-check
/**
 * The format of Qwen, SmolLM2 and others: functions as JSON in the system's turn, a call as JSON between `<tool_call>` marks, its result
 * between `<tool_response>` marks in the user's turn. Pure.
 */

import { mark } from "../../../engine/messages.js";
import { callsAt, callsIn, guarded } from "./json_calls.js";

/**
 * @typedef {import('./index.js').Format} Format
 * @typedef {import('./index.js').ModelCall} ModelCall
 * @typedef {import('../../../engine/messages.js').WrittenPart} Part
 */

const TOOLS = ["<tools>", "</tools>"];
const CALL = ["<tool_call>", "</tool_call>"];
const RESPONSE = ["<tool_response>", "</tool_response>"];
/** What would end a result, or begin another. */
const SIGNS = /<(?=\/?tool|\|)/g;

/** @param {string} text @returns {Part} */
const plain = (text) => ({ type: "text", text });

/** @type {Format} */
export const hermes = {
  id: "hermes",

  messages(tools, turns) {
    const declared = tools.map(({ name, description, parameters }) => guarded({ type: "function", function: { name, description, parameters } }, SIGNS));
    const system = [
      plain("# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function signatures within "),
      mark(TOOLS.join("")),
      plain(" XML tags:\n"),
      mark(TOOLS[0]),
      plain(`\n${declared.join("\n")}\n`),
      mark(TOOLS[1]),
      plain("\n\nFor each function call, return a json object with function name and arguments within "),
      mark(CALL.join("")),
      plain(" XML tags:\n"),
      mark(CALL[0]),
      plain('\n{"name": <function-name>, "arguments": <args-json-object>}\n'),
      mark(CALL[1]),
    ];
    return [
      { role: "system", parts: system },
      ...turns.flatMap(({ question, steps, answer }) => [
        { role: /** @type {const} */ ("user"), parts: [plain(question)] },
        ...steps.flatMap(({ text, calls }) => [
          { role: /** @type {const} */ ("model"), parts: lines([...(text ? [[plain(text)]] : []), ...calls.map((call) => [mark(`${CALL[0]}\n`), plain(guarded({ name: call.name, arguments: call.arguments }, SIGNS)), mark(`\n${CALL[1]}`)])]) },
          { role: /** @type {const} */ ("user"), parts: lines(calls.map(({ result }) => [mark(`${RESPONSE[0]}\n`), plain(guarded(result, SIGNS)), mark(`\n${RESPONSE[1]}`)])) },
        ]),
        ...(answer ? [{ role: /** @type {const} */ ("model"), parts: [plain(answer)] }] : []),
      ]),
    ];
  },

  parse(text) {
    /** @type {ModelCall[]} */
    const calls = [];
    let [said, at, broken] = ["", 0, false];
    for (;;) {
      const [start, response] = [text.indexOf(CALL[0], at), text.indexOf(RESPONSE[0], at)];
      if (start < 0 || (response >= 0 && response < start)) {
        said += text.slice(at, response < 0 ? undefined : response); // a response is not the model's to write
        break;
      }
      said += text.slice(at, start);
      const read = callsAt(text, start + CALL[0].length);
      const from = read ? read.end : start + CALL[0].length;
      const end = text.indexOf(CALL[1], from);
      broken ||= !read;
      calls.push(...(read?.calls ?? []));
      at = end < 0 ? (read ? from : text.length) : end + CALL[1].length;
    }
    if (calls.length || broken) return { text: said.trim(), calls, broken };
    const { calls: bare, rest } = callsIn(said); // an engine that writes no pieces of control, or a model that forgets them
    return { text: (bare.length ? rest.replaceAll(CALL[1], "") : said).trim(), calls: bare, broken: false };
  },

  isOver: (text) => text.includes(RESPONSE[0]) || /<\/tool_call>\s*(?!\s|<|$)/.test(text),
};

/** @param {Part[][]} parts @returns {Part[]} */
function lines(parts) {
  return parts.flatMap((each, index) => (index ? [plain("\n"), ...each] : each));
}
