// The tools that come with the page: what each expression, unit and place comes to, and what is refused; own tools.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Validator } from "../../static/node_modules/@cfworker/json-schema/dist/esm/index.js";
import { checkedCall, coerced } from "../../static/tasks/functions/checking.js";
import { ToolFault, faultIn, inWords } from "../../static/tasks/functions/fault.js";
import { EXAMPLE, OwnToolError, asText, checkedTool, ownTool } from "../../static/tasks/functions/own_tool.js";
import { ArithmeticError, evaluate } from "../../static/tasks/functions/tools/arithmetic.js";
import { ClockError, timeAt } from "../../static/tasks/functions/tools/clock.js";
import { builtIn, runTool } from "../../static/tasks/functions/tools/index.js";
import { Rational } from "../../static/tasks/functions/tools/rational.js";
import { UnitError, converted } from "../../static/tasks/functions/tools/units.js";

const units = JSON.parse(readFileSync(new URL("../../static/tasks/functions/tools/units.json", import.meta.url)));
const tools = builtIn(["en"]);

for (const [expression, result] of [
  ["0.1 + 0.2", "0.3"],
  ["1/3*3", "1"],
  ["10/3", "3.33333333333333"],
  ["2(3 + 4)", "14"],
  ["2 pi", "6.28318530718"],
  ["-2^2", "-4"],
  ["2^3^2", "512"],
  ["2^-3", "0.125"],
  ["2**10", "1024"],
  ["10 mod 3", "1"],
  ["-10 mod 3", "2"],
  ["10 % 3", "1"],
  ["5%", "0.05"],
  ["15% of 80", "12"],
  ["80 - 25%", "60"],
  ["100 + 10%", "110"],
  ["50% * 50%", "0.25"],
  ["20% + 5%", "0.25"],
  ["12% of 1,250", "150"],
  ["$1,249.90 * 0.15", "187.485"],
  ["3 × 4 ÷ 2 − 1", "5"],
  ["√16 + sqrt(2.25)", "5.5"],
  ["4^0.5", "2"],
  ["sqrt(2)", "1.41421356237"],
  ["sin(30°)", "0.5"],
  ["cos(pi)", "-1"],
  ["ln(e)", "1"],
  ["max(1,234)", "234"],
  ["round(2.345, 2)", "2.35"],
  ["round(-2.5)", "-3"],
  ["floor(-2.5) + ceil(-2.5)", "-5"],
  ["mean(1, 2, 3, 4)", "2.5"],
  ["5!", "120"],
  ["2^100", "1267650600228229401496703205376"],
  ["300!", "3.06057512216441e+614"],
  ["1e3 + 1", "1001"],
  ["0.1^25", "1e-25"],
  ["1e-30/3", "3.33333333333333e-31"],
  ["123456789012345678901234567890 * 10", "1234567890123456789012345678900"],
  ["12 * 12 =", "144"],
  ["12 * 12 = ?", "144"],
  ["0", "0"],
  ["-0", "0"],
]) {
  test(`${expression} is ${result}`, () => assert.equal(evaluate(expression).text, result));
}

for (const [expression, why] of [
  ["", /ends too early/],
  ["1 +", /ends too early/],
  ["2 2", /not expected/],
  ["(1 + 2", /not closed/],
  ["1)", /not expected/],
  ["1 / 0", /Division by zero/],
  ["0^-1", /Division by zero/],
  ["5 mod 0", /Division by zero/],
  ["sqrt(-1)", /no square root/],
  ["(-8)^(1/3)", /no real result/],
  ["9^9^9", /too large/],
  ["2^99999999999", /too large/],
  ["1e99999", /too large/],
  ["501!", /too large/],
  ["2.5!", /whole numbers/],
  ["exp(99999)", /too large/],
  ["process.exit()", /not known/],
  ["constructor(1)", /not known/],
  ["__proto__", /no part/],
  ["alert`1`", /not known/],
  ["sin 30", /brackets/],
  ["abs(1, 2)", /takes 1 values/],
  ["1; 2", /no part/],
  [`${"(".repeat(100)}1${")".repeat(100)}`, /nested too deeply/],
  ["1+".repeat(300), /longer than/],
]) {
  test(`${expression.slice(0, 40)} comes to nothing`, () => assert.throws(() => evaluate(expression), (error) => error instanceof ArithmeticError && why.test(error.message)));
}

test("fractions agree with whole numbers, by chance", () => {
  let seed = 7;
  const next = (most) => ((seed = (seed * 1103515245 + 12345) % 2147483648) % (2 * most)) - most;
  for (let turn = 0; turn < 2000; turn += 1) {
    const [a, b, c] = [next(1e6), next(1e4), next(99) || 1];
    assert.equal(evaluate(`(${a}) * (${b}) - (${c})`).text, String(a * b - c));
    const { text, exact } = evaluate(`(${a} * ${Math.abs(c)} + 1) / ${Math.abs(c)}`);
    assert.ok(Math.abs(Number(text) - (a + 1 / Math.abs(c))) <= Math.abs(a + 1) * 1e-12, `${a} and 1/${c}: ${text}`);
    if (exact) assert.equal(Rational.of(text).times(new Rational(BigInt(Math.abs(c)))).toText().text, String(a * Math.abs(c) + 1));
  }
});

test("whatever is no expression ends in one sentence, at once", () => {
  const signs = [..."0123456789.,+-*/^%!()√° epimaxsqrtof$"];
  let seed = 3;
  const next = (most) => (seed = (seed * 1103515245 + 12345) % 2147483648) % most;
  for (let turn = 0; turn < 5000; turn += 1) {
    const expression = Array.from({ length: 1 + next(30) }, () => signs[next(signs.length)]).join("");
    try {
      assert.match(evaluate(expression).text, /^-?\d/);
    } catch (error) {
      assert.ok(error instanceof ArithmeticError, `${expression}: ${error.stack}`);
    }
  }
});

for (const [value, from, to, result, unit] of [
  [5, "miles", "km", "8.04672", "km"],
  [1, "km", "mi", "0.6213711922", "mi"],
  [42.195, "kilometers", "mile", "26.21875746", "mi"],
  [100, "°F", "°C", "37.77777778", "°C"],
  [0, "C", "F", "32", "°F"],
  [37, "celsius", "Fahrenheit", "98.6", "°F"],
  [-40, "degrees fahrenheit", "celsius", "-40", "°C"],
  [0, "K", "F", "-459.67", "°F"],
  [1, "inches", "cm", "2.54", "cm"],
  [2, "cups", "ml", "473.176473", "ml"],
  [60, "mph", "km/h", "96.56064", "km/h"],
  [1, "m^2", "ft2", "10.76391042", "ft²"],
  [1, "acre", "square metres", "4046.8564224", "m²"],
  [8, "Mb", "MB", "1", "MB"],
  [1, "GB", "MiB", "953.67431640625", "MiB"],
  [1, "MW", "mW", "1000000000", "mW"],
  [1, "lbs", "oz", "16", "oz"],
  [2, "weeks", "hours", "336", "h"],
  [0, "m", "ft", "0", "ft"],
  [1e-9, "m", "km", "0.000000000001", "km"],
  [180, "degrees", "rad", "3.141592654", "rad"],
]) {
  test(`${value} ${from} are ${result} ${to}`, () => {
    const found = converted(units, { value, from, to });
    assert.deepEqual([found.value, found.unit], [result, unit]);
  });
}

test("units that are not known, or of another quantity, are refused", () => {
  assert.throws(() => converted(units, { value: 1, from: "kg", to: "m" }), (error) => error instanceof UnitError && /kg and m are units of different/.test(error.message));
  for (const from of ["parsec", "", "__proto__", "constructor", "x".repeat(100)]) assert.throws(() => converted(units, { value: 1, from, to: "m" }), UnitError);
});

test("every unit has one meaning for each of its names, and there and back is the same", () => {
  for (const [quantity, { base, units: all }] of Object.entries(units)) {
    for (const [unit, [, ...names]] of Object.entries(all)) {
      for (const name of [unit, ...names]) {
        const there = converted(units, { value: 7, from: name, to: base });
        assert.equal(there.unit, base, `${quantity}: ${name}`);
        const back = converted(units, { value: Number(there.value), from: base, to: name });
        assert.ok(Math.abs(Number(back.value) - 7) < 1e-6, `${name}: ${back.value}`);
        assert.equal(back.unit, unit, name);
      }
    }
  }
});

test("the time, here and elsewhere", () => {
  const now = new Date("2026-11-28T12:00:00Z");
  const at = (place) => Object.values(timeAt({ place }, now)).slice(0, 3).join(" ");
  assert.equal(at("Tokyo"), "21:00 2026-11-28 Saturday");
  assert.equal(at("San Francisco, CA"), "04:00 2026-11-28 Saturday");
  assert.equal(at("Asia/Kolkata"), "17:30 2026-11-28 Saturday");
  assert.equal(at("pacific/auckland"), "01:00 2026-11-29 Sunday");
  assert.equal(timeAt({ place: "Mumbai" }, now).offset, "UTC+05:30");
  assert.equal(timeAt({ place: "UTC" }, now).time, "12:00");
  assert.equal(timeAt({}, now).time_zone, new Intl.DateTimeFormat().resolvedOptions().timeZone);
  for (const place of ["Atlantis", "__proto__", "toString", "x".repeat(200)]) assert.throws(() => timeAt({ place }, now), ClockError);
});

test("a tool gives a result, or a sentence where it cannot; nothing else of what goes wrong in it", async () => {
  const page = { theme: "system", languages: ["en"], set: (name, value) => changed.push([name, value]) };
  const changed = [];
  const services = { now: () => new Date(0), page, units, searchDocuments: async () => ({ documents: 0, hits: [] }) };
  const run = (name, values, more = {}) => runTool(tools.find((tool) => tool.name === name), values, { ...services, ...more });
  assert.deepEqual(await run("calculate", { expression: "2^100" }), { result: { result: "1267650600228229401496703205376" } });
  assert.deepEqual(await run("calculate", { expression: "10/4" }), { result: { result: 2.5 } });
  assert.deepEqual(await run("calculate", { expression: "1/3" }), { result: { result: 0.333333333333333, rounded: true } });
  assert.equal((await run("calculate", { expression: "1/0" })).fault.message, "Division by zero has no result.");
  assert.deepEqual(await run("convert_units", { value: 1, from: "in", to: "cm" }), { result: { result: 2.54, unit: "cm" } });
  assert.deepEqual(await run("set_theme", { theme: "dark" }), { result: { theme: "dark" } });
  assert.deepEqual(changed, [["theme", "dark"]]);
  const later = [];
  const speaks = builtIn(["en", "ja"]).find(({ name }) => name === "set_language");
  assert.deepEqual(await runTool(speaks, { language: "ja" }, { ...services, later: (act) => later.push(act) }), { result: { language: "ja" } });
  assert.equal(changed.length, 1, "the answer is written in the task that is there");
  later[0]();
  assert.deepEqual(changed[1], ["language", "ja"]);
  assert.match((await run("search_documents", { query: "guests" })).fault.message, /no documents/);
  const hits = [{ place: "rules.md", text: "g".repeat(900) }];
  const found = await run("search_documents", { query: "guests" }, { searchDocuments: async () => ({ documents: 1, hits }) });
  assert.deepEqual(found.result.found.map(({ place, text }) => [place, text.length]), [["rules.md", 401]]);
  const broken = await run("search_documents", { query: "guests" }, { searchDocuments: () => Promise.reject(new Error("a secret path")) });
  assert.equal(broken.fault.message, "The tool failed.");
  assert.equal(builtIn(["en", "ja"]).find(({ name }) => name === "set_language").parameters.properties.language.enum.length, 2);
});

test("what goes wrong is said to the person in each language, and kept; what was damaged in storage is not", async () => {
  const thrown = [];
  for (const act of [() => evaluate("1/0"), () => evaluate("max()"), () => evaluate("foo(1)"), () => timeAt({ place: "Atlantis" }, new Date(0)), () => converted(units, { value: 1, from: "kg", to: "m" })]) {
    assert.throws(act, (error) => error instanceof ToolFault && thrown.push(error) > 0);
  }
  for (const language of ["zh-CN", "zh-TW", "ja"]) {
    const { functions } = await import(`../../static/text/${language}/functions.js`);
    for (const fault of thrown) {
      const sentence = inWords(fault.toJSON(), functions.faults);
      assert.match(sentence, /[\u3040-\u30ff\u4e00-\u9fff]/, `${language} ${fault.code}`);
      assert.ok(!sentence.includes("undefined"), sentence);
    }
  }
  for (const fault of thrown) assert.deepEqual(faultIn(JSON.parse(JSON.stringify(fault))), fault.toJSON());
  for (const damaged of [null, 7, {}, { code: "toString", given: [] }, { code: "division" }, { code: "division", given: [{}] }]) assert.equal(faultIn(damaged), null);
});

test("a call is of a function that is there, with arguments that fit", () => {
  const check = (name, values) => checkedCall(tools, { name, arguments: values }, Validator);
  assert.equal(check("calculate", { expression: "1" }).tool.name, "calculate");
  assert.match(check("delete_files", {}).fault.message, /There is no function "delete_files"/);
  assert.match(check("toString", {}).fault.message, /There is no function/);
  assert.match(check("calculate", {}).fault.message, /expression/);
  assert.match(check("calculate", { expression: "1", eval: "x" }).fault.message, /arguments of calculate/);
  assert.match(check("set_theme", { theme: "pink" }).fault.message, /arguments of set_theme/);
  assert.match(check("calculate", { expression: "9".repeat(5000) }).fault.message, /too long/);
  assert.deepEqual(check("convert_units", { value: "5", from: "km", to: "mi" }).values, { value: 5, from: "km", to: "mi" });
  assert.deepEqual(check("get_time", { place: null }).values, {});
  assert.match(check("convert_units", { value: "five", from: "km", to: "mi" }).fault.message, /value/);
  assert.deepEqual(coerced({ properties: { a: { type: "string" }, b: { type: "boolean" }, c: { type: "string" } }, required: ["c"] }, { a: 5, b: "True", c: "", d: 1 }), { a: "5", b: true, c: "", d: 1 });
});

test("a tool of one's own is read, and what it could harm with is refused", () => {
  const tool = ownTool(JSON.stringify(EXAMPLE), ["calculate"]);
  assert.deepEqual([tool.name, tool.own, tool.run], ["book_table", true, undefined]);
  assert.deepEqual(ownTool(asText(tool), []), tool);
  assert.equal(checkedTool({ type: "function", function: EXAMPLE }, []).name, "book_table");
  assert.deepEqual(checkedTool({ name: "now" }, []).parameters, { type: "object", properties: {} });
  const refused = (given, code) => assert.throws(() => ownTool(typeof given === "string" ? given : JSON.stringify(given), ["calculate"]), (error) => error instanceof OwnToolError && error.code === code, code);
  const schema = (properties) => ({ name: "f", parameters: { type: "object", properties } });
  refused("{", "not-json");
  refused("7", "not-json");
  refused({ name: "calculate" }, "taken");
  refused({ name: "two words" }, "name");
  refused({ name: "f<end_function_call>" }, "name");
  refused({ name: "f", description: 7 }, "description");
  refused({ name: "f", parameters: [] }, "parameters");
  refused({ name: "f", parameters: { type: "string" } }, "parameters");
  refused(schema({ "a<escape>": {} }), "property");
  refused(schema({ a: { type: "object", properties: { "b}": {} } } }), "property");
  refused(schema({ a: { type: "string", pattern: "(a+)+$" } }), "pattern");
  refused(schema({ a: { $ref: "https://x.example/" } }), "reference");
  refused({ name: "f", description: "x".repeat(7000) }, "too-large");
});
