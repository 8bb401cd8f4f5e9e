// A JSON text is read value after value as JSON.parse reads it whole, and what is damaged is a SyntaxError.

import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonReader } from "../../static/convert/json_reader.js";

/** As JSON.parse, by members, elements and texts. @param {JsonReader} json @returns {unknown} */
function read(json) {
  if (json.next === "{") {
    const made = {};
    for (const name of json.members()) made[name] = read(json);
    return made;
  }
  if (json.next === "[") {
    const made = [];
    for (const _ of json.elements()) made.push(read(json));
    return made;
  }
  return json.next === '"' ? json.string() : json.value();
}

const VALUES = [
  {},
  [],
  [[], {}, [{}]],
  { a: { b: [1, -2.5e-7, true, null, "x"] }, "": "" },
  ["\\", '"', '\\"', "\\\\", "\n\u0000\ud83d\ude00é", "{[,:]}"],
  { "▁the": 5, "\t": 6, '"': { skipped: ["]", "}"] } },
  "text",
  0,
];

test("it is what JSON.parse makes of it, however it is written", () => {
  for (const value of VALUES) {
    for (const space of [undefined, 1, "\t"]) {
      const text = JSON.stringify(value, null, space);
      assert.deepEqual(read(new JsonReader(text)), JSON.parse(text));
      assert.deepEqual(new JsonReader(` ${text}\n`).value(), value);
    }
  }
});

test("what is skipped is passed over whole", () => {
  for (const value of VALUES) {
    const json = new JsonReader(JSON.stringify({ first: value, second: [value, "found"] }, null, 1));
    const found = [];
    for (const name of json.members()) {
      if (name === "first") json.skip();
      else for (const _ of json.elements()) found.push(json.value());
    }
    assert.deepEqual(found, [value, "found"]);
  }
});

test("what is cut or no JSON is a SyntaxError", () => {
  const whole = JSON.stringify(VALUES[3], null, 1);
  for (let length = 0; length < whole.length; length += 1) assert.throws(() => read(new JsonReader(whole.slice(0, length))), SyntaxError, whole.slice(0, length));
  for (const text of ["{1: 2}", '{"a" 2}', "[1 2]", "nothing", "]", '{"a": }', '"\\x"']) assert.throws(() => read(new JsonReader(text)), SyntaxError, text);
  assert.throws(() => new JsonReader("[1, §]").skip(), SyntaxError);
});
