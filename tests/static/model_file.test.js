// What a file of a person's is, by its beginning; and what the device remembers of models.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { noteSpeed, speeds } from "../../static/engine/device_memory.js";
import { message } from "../../static/convert/protobuf.js";
import { kindOf } from "../../static/engine/model_file.js";
import { fieldsOf } from "../../static/engine/protobuf.js";
import { headWith, headWithTable } from "./support/web_files.js";

const DEMO = new URL("../../webapp/demo_model/", import.meta.url);
const demo = (name) => new Uint8Array(readFileSync(new URL(name, DEMO)));
const hash = (digit) => digit.repeat(64);

test("the demo's own files are what they are", () => {
  const turns = { prefix: "<start_of_turn>user\n", suffix: "<end_of_turn>\n<start_of_turn>model\n", system: null };
  assert.deepEqual(kindOf(demo("onpage-demo-web.task")), { format: "web", engine: "mediapipe", turns, context: null });
  const bundle = kindOf(demo("onpage-demo-web.litertlm"));
  assert.deepEqual([bundle.format, bundle.engine, bundle.turns], ["litertlm-web", "litert-lm", turns]);
  const graph = kindOf(demo("onpage-demo.litertlm"));
  assert.deepEqual([graph.format, graph.engine, graph.turns], ["litertlm-graph", "litert-lm-cpu", turns]);
  assert.ok(graph.context > 0);
});

test("what is no model is refused by name", () => {
  const padded = (start) => new Uint8Array([...Buffer.from(start, "latin1"), ...new Uint8Array(100)]);
  for (const [start, refusal] of [
    ["GGUF\x03\0\0\0", "gguf"],
    ["version https://git-lfs.github.com/spec/v1\n", "pointer"],
    ["\n <!doctype html>", "web-page"],
    ["\x1f\x8b\x08", "compressed"],
    ["PK\x03\x04", "compressed"],
    ["\x40\0\0\0\0\0\0\0{\"__metadata__\"", "safetensors"],
    ["LITERTLM\xff\xff\xff\xff", "unknown"],
    ["\x1c\0\0\0TFL3", "bare-graph"],
    ["\xff\xff\xff\xffTFL3", "unknown"],
    ["nothing of that", "unknown"],
  ]) assert.equal(kindOf(padded(start)), refusal, start);
  assert.equal(kindOf(new Uint8Array(10)), "short");
});

test("a web file whose tables on demand have other scales than the engine reads is refused by name", () => {
  assert.equal(kindOf(headWithTable(32, true)), "scales");
  assert.equal(kindOf(headWithTable(16, true)).format, "web");
  assert.equal(kindOf(headWithTable(32, false)).format, "web");
});

test("a web file says its turns in either of two places, and the system's", () => {
  const affixes = (...texts) => message(texts.map((each, i) => [i + 1, each]));
  const [user, model, system] = [["", "<|turn>user\n", "<turn|>\n"], ["", "<|turn>model\n", ""], ["", "<|turn>system\n", "<turn|>\n"]].map((each) => affixes(...each));
  const templates = (...sides) => [17, message(sides.map((each, i) => [i + 1, each]))];
  const found = (...fields) => kindOf(headWith(message(fields))).turns;
  const expected = { prefix: "<|turn>user\n", suffix: "<turn|>\n<|turn>model\n", system: { prefix: "<|turn>system\n", suffix: "<turn|>\n" } };
  assert.deepEqual(found(templates(user, model, system)), expected);
  assert.deepEqual(found([8, affixes("Be kind. ", "U: ", "\nA:")]), { prefix: "Be kind. U: ", suffix: "\nA:", system: null });
  assert.deepEqual(found([8, affixes("Be kind. ", "x", "x")], templates(user, model)), { ...expected, prefix: `Be kind. ${expected.prefix}`, system: null });
  assert.equal(found([2, 512]), null);
});

test("a damaged file never throws, wherever the damage is", () => {
  for (const name of ["onpage-demo.litertlm", "onpage-demo-web.task"]) {
    const head = demo(name).slice(0, 60_000);
    for (let seed = 1; seed < 300; seed += 1) {
      const bytes = head.slice();
      for (let place = seed; place < 2000; place = place * 3 + seed) bytes[place] = (place * seed) & 255;
      kindOf(bytes);
      kindOf(head.slice(0, seed * 7));
    }
  }
});

test("protobuf fields are the last of their kind, and what is cut is a RangeError", () => {
  const fields = fieldsOf(new Uint8Array([0x28, 0x80, 0x10, 0x1a, 1, 65, 0x1a, 1, 66, 0x21, 1, 2, 3, 4, 5, 6, 7, 8]));
  assert.deepEqual([fields.number(5), [...fields.bytes(3)], fields.number(9)], [2048, [66], 0]);
  for (const bytes of [[0x1a, 5, 1], [0x80], [0x1b], [0x28, ...new Array(12).fill(0x80)]]) assert.throws(() => fieldsOf(new Uint8Array(bytes)), RangeError);
});

// What the device remembers

test("speeds are of answers that were long enough, and of prompts that were read", () => {
  const texts = new Map();
  const kept = { getItem: (key) => texts.get(key) ?? null, setItem: (key, value) => texts.set(key, value) };
  const figures = { prefillRate: 900, decodeRate: 50, tokens: 40, reused: 0 };
  noteSpeed(hash("a"), figures, kept, 1);
  noteSpeed(hash("a"), { ...figures, decodeRate: 60, prefillRate: 9000, reused: 0.9 }, kept, 2);
  noteSpeed(hash("a"), { ...figures, decodeRate: 70, tokens: 3 }, kept, 3);
  noteSpeed(hash("b"), { ...figures, decodeRate: null }, kept, 4);
  assert.deepEqual(speeds(kept), { [hash("a")]: { prefill: 900, decode: 60, at: 2 } });
  kept.setItem("onpage-speeds", `{"${hash("a")}": {"decode": "fast"}, "x": 1}`);
  assert.deepEqual(speeds(kept), {});
  kept.setItem("onpage-speeds", "{");
  assert.deepEqual(speeds(kept), {});
});
