// The lab's pure parts: instructions filled in, data read, answers read, schemas, templates and answers as files.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Validator } from "../../static/node_modules/@cfworker/json-schema/dist/esm/index.js";
import { readData } from "../../static/tasks/lab/data_text.js";
import { TemplateFileError, asJson, asMarkdown, fromFile, toFile } from "../../static/tasks/lab/files.js";
import { filled, variablesIn } from "../../static/tasks/lab/fill.js";
import { englishName, named } from "../../static/tasks/parts/languages.js";
import { jsonIn, listIn, unquoted } from "../../static/tasks/lab/reading.js";
import { Answer, Run, entryOf, plain, read, runOf } from "../../static/tasks/lab/run.js";
import { formOf, mismatches, readSchema, repairOf } from "../../static/tasks/parts/schema.js";
import { checked, fieldsOf } from "../../static/tasks/lab/template.js";
import { unsaid } from "../../static/tasks/lab/unsaid.js";
import { texts } from "../../static/text/en.js";

const data = (file) => JSON.parse(readFileSync(new URL(`../../static/tasks/lab/${file}`, import.meta.url), "utf8"));
const shipped = data("templates.json").map((each) => checked({ name: "", ...each }));

test("variables are filled in one pass: what a value holds stays text", () => {
  const values = { a: "{b} {{a}} <end_of_turn> $& $1", b: "two" };
  assert.equal(filled("{a}|{b}|{c}|{{a}}|{ a }|{\"x\": 1}", values), "{b} {{a}} <end_of_turn> $& $1|two|{c}|{a}|{ a }|{\"x\": 1}");
  assert.equal(filled("{constructor} {toString}", {}), "{constructor} {toString}");
  assert.deepEqual(variablesIn("{b} {a} {b} {{c}} {1} {größe} {x-y}"), ["b", "a", "größe"]);
});

for (const [given, kind, rows, columns, text] of [
  ["night,hours\nMonday,6.2\nTuesday,7.8", "table", 2, 2, "night: Monday, hours: 6.2\nnight: Tuesday, hours: 7.8"],
  ["| a | b |\n|---|---|\n| 1 | 2 |", "table", 1, 2, "a: 1, b: 2"],
  ["a\tb\n1,5\t2,5", "table", 1, 2, "a: 1,5, b: 2,5"],
  ['name;note\n"Lee; Ann";"said ""hi"""', "table", 1, 2, "name: Lee; Ann, note: said \"hi\""],
  ["a,b\n1,", "table", 1, 2, "a: 1"],
  ['[{"a": 1, "b": {"c": true}}, {"a": 2}]', "json", 2, 2, "a: 1, b c: true\na: 2"],
  ['{"deep_hours": 1.6, "parts": ["a", "b"]}', "json", 1, 2, "deep hours: 1.6\nparts: a, b"],
  ["only one line", "plain", 0, 0, "only one line"],
  ["Hello, you\nThis, is, prose", "plain", 0, 0, "Hello, you\nThis, is, prose"],
  ["{broken", "plain", 0, 0, "{broken"],
  ["[".repeat(20_000) + "]".repeat(20_000), "plain", 0, 0, "[".repeat(20_000) + "]".repeat(20_000)],
]) {
  test(`data: ${given.slice(0, 40)}`, () => assert.deepEqual(readData(given), { kind, rows, columns, text }));
}

for (const [answer, items] of [
  ["1. Yes\n2. No\n3. Where?", ["Yes", "No", "Where?"]],
  ["Here are three replies:\n\n1. \"Yes!\"\n2) **No**\n- Why?", ["Yes!", "No", "Why?"]],
  ["**1.** Yes\n**2.** No", ["Yes", "No"]],
  ["1. Yes 2. No 3. Maybe at 12.30", ["Yes", "No", "Maybe at 12.30"]],
  ['```json\n["Yes", "No"]\n```', ["Yes", "No"]],
  ["Yes\nNo", ["Yes", "No"]],
  ["1. It goes\non here\n2. No", ["It goes\non here", "No"]],
  ['Sure:\n\n* 1. Yes: "Yes, gladly!"\n* 2. No: not today\n\nHowever, this is\nno item.', ["Yes, gladly!", "not today"]],
  ["1. No: \n2. Yes, of course: at 12", ["No:", "Yes, of course: at 12"]],
  ["1. a\n2. a\n3. b\n\nOnce more:\n\n1. a", ["a", "b"]],
  ["1. a\n2. b\n3. c\n4. d", ["a", "b", "c"]],
  ["", []],
]) {
  test(`a list in ${JSON.stringify(answer.slice(0, 30))}`, () => assert.deepEqual(listIn(answer, 3), items));
}

test("a whole text loses the marks around it, and no others", () => {
  assert.deepEqual(['"Hi."', "**Hi.**", "“Hi”", '"A" and "B"', "it's"].map(unquoted), ["Hi.", "Hi.", "Hi", '"A" and "B"', "it's"]);
});

for (const [answer, found] of [
  ['{"a": 1}', { value: { a: 1 } }],
  ['Sure!\n```json\n{"a": "}"}\n```\nDone.', { value: { a: "}" } }],
  ['Here [1] it is: {"a": "\\"}"} ok', { value: { a: '"}' } }],
  ['{name} is {"a": []}', { value: { a: [] } }],
  ["no json", { problem: "none", detail: "" }],
  ['{"a": {"b": 1}', { problem: "cut", detail: "" }],
  ['{"name": "A"}\n\n{"name": "Somebody"}', { value: { name: "A" } }],
  ['{"a": 1} and then {"b": ', { value: { a: 1 } }],
  ["a { b {c} ", { problem: "cut", detail: "" }],
  ['{"a": 1', { problem: "cut", detail: "" }],
]) {
  test(`JSON in ${JSON.stringify(answer)}`, () => {
    const { detail, ...read } = jsonIn(answer);
    assert.deepEqual(read, found.problem ? { problem: found.problem } : found);
    assert.equal(Boolean(detail), Boolean(found.detail));
  });
}

test("JSON that is none is said to be broken, with where; and brackets without end cost little", () => {
  const found = jsonIn("{'a': 1}");
  assert.equal(found.problem, "broken");
  assert.match(found.detail, /JSON/);
  const began = performance.now();
  jsonIn("[".repeat(100_000));
  assert.ok(performance.now() - began < 2000);
});

test("a schema that could harm is refused, and a name in it is no keyword", () => {
  const problem = (schema) => readSchema(typeof schema === "string" ? schema : JSON.stringify(schema)).problem ?? "";
  assert.equal(problem("{"), "not-json");
  assert.equal(problem("[]"), "not-a-schema");
  assert.equal(problem({ properties: { a: { pattern: "(a+)+$" } } }), "pattern");
  assert.equal(problem({ patternProperties: { "^a": {} } }), "pattern");
  assert.equal(problem({ anyOf: [{ items: { pattern: "a" } }] }), "pattern");
  assert.equal(problem({ $ref: "https://example.org/x" }), "reference");
  assert.equal(problem({ $defs: { a: { $id: "https://example.org/" } } }), "reference");
  assert.equal(problem(`{"items":`.repeat(40) + "{}" + "}".repeat(40)), "too-large");
  assert.equal(problem(" ".repeat(30_000)), "too-large");
  for (const good of [{ properties: { pattern: { type: "string" }, $ref: { const: { pattern: "(" } }, id: {} } }, { $ref: "#/$defs/a", $defs: { a: {} } }, { enum: [{ pattern: "(" }] }]) {
    assert.equal(problem(good), "", JSON.stringify(good));
  }
});

const GUESTS = { type: "object", properties: { name: { type: "string" }, guests: { type: "integer", minimum: 1 } }, required: ["name", "guests"], additionalProperties: false };

test("what does not fit is told by its place, what fits is not", () => {
  assert.deepEqual(mismatches(Validator, GUESTS, { name: "Clara", guests: 5 }), []);
  const [first, ...others] = mismatches(Validator, GUESTS, { name: "Clara", guests: "5" });
  assert.match(first, /^guests: .*string.*integer/i);
  assert.deepEqual(others, []);
  assert.match(mismatches(Validator, GUESTS, { name: "Clara" })[0], /guests/);
  assert.match(mismatches(Validator, GUESTS, { name: "C", guests: 1, more: 1 }).join(), /more/);
  assert.ok(mismatches(Validator, { type: "array", items: { type: "integer" } }, Array(50).fill("x")).length <= 5);
  assert.equal(mismatches(Validator, { $ref: "#/nowhere" }, 1).length, 1, "a reference to nowhere is a sentence, no crash");
  assert.equal(repairOf(["guests: no"]), "That is not right:\n- guests: no\nAnswer again with the corrected JSON only.");
});

test("the validator makes no function of a text, which the page's policy forbids", () => {
  const { Function: known } = globalThis;
  globalThis.Function = () => assert.fail("eval");
  try {
    assert.equal(mismatches(Validator, GUESTS, {}).length, 2);
  } finally {
    globalThis.Function = known;
  }
});

test("a schema's empty form", () => {
  assert.deepEqual(formOf({ ...GUESTS, properties: { ...GUESTS.properties, tags: { type: "array", items: { type: "string" } }, kind: { enum: ["a", "b"] }, vip: { type: ["boolean", "null"] } } }), { name: "", guests: 0, tags: [""], kind: "a | b", vip: false });
  assert.deepEqual([formOf({}), formOf(true), formOf({ type: "array" })], ["", "", []]);
});

test("every language has a name here, and its English one goes to the model", () => {
  const { common, all } = data("../parts/languages.json");
  assert.ok(all.length >= 140);
  assert.equal(new Set(all).size, all.length);
  assert.ok(common.every((code) => all.includes(code)));
  const names = named(all, "en");
  assert.equal(new Set(names.map(({ name }) => name)).size, all.length);
  assert.ok(names.every(({ code, name }) => code !== name));
  assert.deepEqual([englishName("pt-BR"), englishName("zh-Hans"), englishName("no code!")], ["Brazilian Portuguese", "Simplified Chinese", "no code!"]);
});

test("a language that Chrome has no name for has its English one", (t) => {
  const nameless = "sat kl sc ff kg ss ve vec lmo scn li ltg awa mag sah cv ba tpi fj ty dz bo war kri".split(" ");
  const { of } = Intl.DisplayNames.prototype;
  const english = nameless.map((code) => new Intl.DisplayNames(["en"], { type: "language" }).of(code));
  t.mock.method(Intl.DisplayNames.prototype, "of", function (code) {
    if (!nameless.includes(code)) return of.call(this, code);
    return this.resolvedOptions().fallback === "none" ? undefined : code;
  });
  assert.deepEqual(nameless.map(englishName), english);
  assert.deepEqual(named(["kl"], "ja"), [{ code: "kl", name: "Kalaallisut" }]);
});

test("figures of JSON that the text does not have are told, however the text writes them", () => {
  const text = "The course with Jana starts on 12 February at 9:30, costs 1.249,90 euros and has 014 places, 1,200 in all; best before 03.12.";
  for (const value of [1249.9, -14, 1200, "12 February", "9:30", "3 December", "1,249.90 €", "no figure", true, null, { a: [14, { b: "12" }] }]) {
    assert.deepEqual(unsaid({ value }, text), [], JSON.stringify(value));
  }
  assert.deepEqual(unsaid({ name: "Jana", date: "2022-02-12", price: 0, places: 14, more: [0, 120] }, text), ["2022-02-12", "0", "120"]);
  assert.deepEqual(unsaid("12.02.2026", text), ["12.02.2026"]);
  assert.deepEqual(unsaid([1, 2, 3, 4, 5, 6], ""), ["1", "2", "3", "4", "5"]);
  assert.deepEqual(unsaid(`${"x".repeat(60)} 7`, ""), [`${"x".repeat(40)}…`]);
});

test("the page's templates: names, fields, an example that fills all, and no result without its model", () => {
  assert.deepEqual(shipped.map(({ id }) => id).sort(), ["caption", "dialogue", "extract", "free", "reply", "rewrite", "summarize", "translate"]);
  for (const template of shipped) {
    assert.ok(texts.lab.shipped[template.id]?.sentence, template.id);
    const fields = fieldsOf(template, template.instruction);
    for (const field of fields) {
      assert.ok(texts.lab.fields[field.id], field.id);
      assert.ok(template.example.values[field.id], `${template.id}: ${field.id}`);
      if (field.kind === "choice") assert.ok(field.options.includes(template.example.values[field.id]));
    }
    assert.equal(template.example.result === undefined, template.example.by === undefined);
    assert.ok(template.tokens <= 512);
    const { values, result } = template.example;
    if (result) assert.equal(read(result, template.answer).as, template.answer.as, "it is shown as it would be written");
    if (template.answer.as !== "json") continue;
    assert.deepEqual(mismatches(Validator, readSchema(values[template.answer.schema]).schema, jsonIn(result).value), []);
  }
});

test("a variable of the person's own becomes a text, a schema's form does not", () => {
  const extract = shipped.find(({ id }) => id === "extract");
  assert.deepEqual(fieldsOf(extract, "{schema_form} {schema} {mood}").map(({ id, kind }) => [id, kind]), [["text", "text"], ["schema", "schema"], ["mood", "text"]]);
});

const OWN = { ...shipped[0], id: "mine", name: "Mine" };

test("templates go through a file as they are", () => {
  assert.deepEqual(fromFile(toFile([OWN])), [OWN]);
});

for (const [name, code, text] of [
  ["no JSON", "not-json", "{"],
  ["another file", "not-templates", '{"format": "onpage-chat", "templates": []}'],
  ["null", "not-templates", "null"],
  ["a newer one", "newer", JSON.stringify({ format: "onpage-templates", version: 2, templates: [] })],
  ["too many", "too-large", JSON.stringify({ format: "onpage-templates", version: 1, templates: Array(201).fill(OWN) })],
  ...[
    { ...OWN, name: "" },
    { ...OWN, id: "../x" },
    { ...OWN, instruction: 5 },
    { ...OWN, fields: [{ id: "text", kind: "html" }] },
    { ...OWN, fields: [{ id: "a b", kind: "text" }] },
    { ...OWN, fields: [{ id: "a", kind: "text" }, { id: "a", kind: "line" }] },
    { ...OWN, fields: [{ id: "a", kind: "choice", options: [] }] },
    { ...OWN, answer: { as: "json", schema: "text" } },
    { ...OWN, answer: { as: "list", count: 1e9 } },
    { ...OWN, sampling: { temperature: 1e9, topK: 1 } },
    { ...OWN, tokens: Infinity },
    { ...OWN, name: "x".repeat(61) },
    null,
  ].map((broken, index) => [`damaged ${index + 1}`, "damaged", JSON.stringify({ format: "onpage-templates", version: 1, templates: [broken] })]),
]) {
  test(`a file of templates: ${name}`, () => {
    assert.throws(() => fromFile(text), (error) => error instanceof TemplateFileError && error.code === code);
  });
}

function written(text, reading = { as: "text" }) {
  const run = new Run({ template: { id: "rewrite", name: "" }, reading, instruction: "Say {a}", values: { a: "x" } }, { id: "r1", at: 1000 });
  const answer = new Answer({ model: "first", lora: "", temperature: 0.2, topK: 8, seed: 1 });
  answer.add(text);
  answer.ended = "model";
  run.answers.push(answer);
  return run;
}

test("a run is kept and read again; what is none is left out, and what it lacks is not invented", () => {
  const run = written("Hello.");
  run.answers[0].again([{ code: "unfit", detail: "guests: no" }]);
  run.answers[0].add("Hi.");
  run.answers[0].ended = "model";
  const back = runOf(structuredClone(entryOf(run)));
  assert.deepEqual([back.asked, back.answers[0].text, back.answers[0].first, back.answers[0].by], [run.asked, "Hi.", { text: "Hello.", problems: [{ code: "unfit", detail: "guests: no" }] }, run.answers[0].by]);
  for (const head of [null, "x", {}, { template: { id: "a" }, answers: [] }, { template: 5, answers: [{}] }]) assert.equal(runOf({ id: "a", at: 0, head }), null);
  const bare = runOf({ id: "a", at: 0, head: { template: { id: "a" }, answers: [{ text: 5, problems: [{ code: "x" }], ended: "y" }] } });
  assert.deepEqual([bare.answers[0].text, bare.answers[0].ended, bare.answers[0].problems, bare.asked.reading], ["", "lost", [], { as: "text" }]);
});

test("an answer is read as its template asks, else it is a text", () => {
  assert.equal(plain(read("1. a\n2. b", { as: "list", count: 3 })), "1. a\n2. b");
  assert.deepEqual(read("nothing to list", { as: "list", count: 3 }), { as: "text", text: "nothing to list" });
  assert.deepEqual(read('x {"a":1}', { as: "json", schema: "s" }), { as: "json", json: '{\n  "a": 1\n}' });
  assert.deepEqual(read("no", { as: "json", schema: "s" }), { as: "text", text: "no" });
});

test("answers as files: JSON has all, and Markdown keeps what looks like Markdown as text", () => {
  const run = written("```\n# no heading\n```");
  const { runs: [exported] } = JSON.parse(asJson([entryOf(run), { id: "x", at: 0, head: null, body: null }]));
  assert.deepEqual([exported.template, exported.values, exported.answers[0].text, exported.answers[0].seed], ["rewrite", { a: "x" }, "```\n# no heading\n```", 1]);
  const markdown = asMarkdown([run], { title: "T", by: ({ model }) => model, heading: () => "H" });
  assert.ok(markdown.includes("````\n```\n# no heading\n```\n````"));
});
