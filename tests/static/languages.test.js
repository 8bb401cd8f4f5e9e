// Every language says everything, in its own words; the mark of a gap is English in it.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import * as english from "../../static/text/en.js";
import { CHECK, LANGUAGES, bestFor } from "../../static/text/languages.js";

const others = LANGUAGES.filter(({ code }) => code !== "en");
/** Names, and words that are the same in Japanese or Chinese interfaces. */
const EQUAL = /^(JSON|JSON Schema|HTML|PDF|Word|Markdown|Top K|A|B|float16|float32|make gemma|LoRA|Enter|Escape|\?|)$/;
/** What decides, and is not said. */
const NOT_SAID = /\.(wayOn|command)$|^texts\.language$/;
/** Commands, addresses and names that stand in sentences. */
const NAMES =
  /onpage (gemma|serve( --model FILE)?)|make gemma|https?:\/\/\S+|chrome:\/\/\S+|about:config|dom\.webgpu\.enabled|Chrome|Edge|Safari|Firefox|ChromeOS|macOS|Windows|Linux|iPadOS|iOS|Shift Enter|Top K|JSON Schema|Schema|MediaPipe|LiteRT-LM|Markdown|WebGPU|Gemma|LoRA|onpage/g;

/** Every leaf with its path. @param {unknown} value @param {string} path @returns {[string, unknown][]} */
function leaves(value, path) {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, each]) => leaves(each, `${path}.${name}`));
}

/** @param {any} words */
const said = ({ texts, PROBLEMS }) => new Map([...leaves(texts, "texts"), ...leaves(PROBLEMS, "PROBLEMS")].filter(([path]) => !NOT_SAID.test(path)));

/** The names of what a function is given, and the code in which it uses them. @param {Function} made */
function parts(made) {
  const code = made.toString();
  const arrow = code.indexOf("=>");
  const method = /^\w+\(/.test(code);
  const end = method ? code.indexOf(") {") : arrow;
  const given = code.slice(0, end);
  return { names: (given.match(/[A-Za-z_$][\w$]*/g) ?? []).slice(method ? 1 : 0), body: code.slice(end) };
}

const has = (/** @type {string} */ body, /** @type {string} */ name) => new RegExp(`(?<![\\w$.])${name.replace("$", "\\$")}(?![\\w$])`).test(body);

/** Strings in the code of a function that a person reads. @param {string} code */
const quotations = (code) => [...code.matchAll(/"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)].map(([, plain, template]) => plain ?? template.replace(/\$\{[^}]*\}/g, "x"));

for (const { code, load } of others) {
  test(`${code} has what English has, and nothing else`, async () => {
    assert.deepEqual([...said(await load()).keys()].sort(), [...said(english).keys()].sort());
  });

  test(`${code} says what it is given`, async () => {
    const words = said(await load());
    for (const [path, value] of said(english)) {
      const other = words.get(path);
      assert.equal(typeof other, typeof value, path);
      if (typeof value !== "function") continue;
      const [there, here] = [parts(value), parts(other)];
      const missing = there.names.filter((name) => has(there.body, name) && !has(here.body, name));
      assert.deepEqual(missing, [], `${path} of ${code} leaves out`);
    }
  });

  test(`${code} has no English left in it`, async () => {
    const words = said(await load());
    for (const [path, value] of said(english)) {
      const other = words.get(path);
      if (typeof value === "string" && !EQUAL.test(value) && /\p{L}{2}/u.test(value)) assert.notEqual(other, value, `${path} of ${code} is English`);
      for (const sentence of typeof other === "function" ? quotations(other.toString()) : [String(other)]) {
        const left = sentence.replace(NAMES, "");
        assert.doesNotMatch(left, /[a-z]+ [a-z]+ [a-z]+/i, `${path} of ${code}`);
      }
    }
  });

  test(`${code} has marks of its own width`, async () => {
    for (const [path, value] of said(await load())) {
      for (const sentence of typeof value === "function" ? quotations(value.toString()) : [String(value)]) {
        assert.doesNotMatch(sentence, /[\p{Script=Han}\p{Script=Hira}\p{Script=Kana}][,.:;?!]|[,;?!] ?[\p{Script=Han}\p{Script=Hira}\p{Script=Kana}]/u, `${path} of ${code}`);
        assert.doesNotMatch(sentence, / [，。：；？！、（）「」“”]|[，。：；？！、（）「」] (?!Shift)/u, `${path} of ${code}`);
      }
    }
  });
}

test("each side of the strait writes its own characters and words", async () => {
  const [mainland, taiwan] = await Promise.all(["zh-CN", "zh-TW"].map((code) => readdirSync(new URL(`../../static/text/${code}`, import.meta.url)).map((file) => readFileSync(new URL(`../../static/text/${code}/${file}`, import.meta.url), "utf8")).join("") + readFileSync(new URL(`../../static/text/${code}.js`, import.meta.url), "utf8")));
  assert.doesNotMatch(mainland, /[個這頁載裝關開檔們說寫話讓範時間長幾點後還沒為來與從預設資訊網絡軟體]/u);
  assert.doesNotMatch(taiwan, /[个这页载装关开档们说写话让时间长几点后还没为来与从]|默认|设置|信息|软件|网络|浏览|服务器|文件夹/u);
});

test("the check language is English, each word of it between marks", async () => {
  const words = said(await CHECK.load());
  const plain = (/** @type {unknown} */ value) => String(value).replace(/[\u200f\u202e\u202c]/g, "");
  for (const [path, value] of said(english)) {
    const other = words.get(path);
    assert.equal(typeof other, typeof value, path);
    if (typeof value === "string") assert.equal(plain(other), value, path);
    if (typeof value === "string" && value.trim()) assert.match(String(other), /^\u200f\u202e/, path);
  }
  const { texts } = await CHECK.load();
  assert.equal(plain(texts.post.count(3, 40)), english.texts.post.count(3, 40));
});

test("who wants which language", () => {
  for (const [wishes, code] of [
    [["zh-HK"], "zh-TW"],
    [["zh-Hant"], "zh-TW"],
    [["zh"], "zh-CN"],
    [["zh-SG", "en"], "zh-CN"],
    [["ja-JP"], "ja"],
    [["de-AT", "ja"], "ja"],
    [["en-GB", "ja"], "en"],
    [["fr"], "en"],
    [[null, undefined, "", "no language", "ja"], "ja"],
    [["ar-XB"], "ar-XB"],
    [["ar"], "en"],
    [[], "en"],
  ]) {
    assert.equal(bestFor(/** @type {string[]} */ (wishes)).code, code, String(wishes));
  }
});

test("the words change where they are held", async () => {
  const { format, speak, texts } = await import("../../static/text/texts.js");
  const held = texts.chat.turn;
  assert.equal(held.copy, "Copy");
  await speak(/** @type {import("../../static/text/languages.js").Language} */ (others.at(-1)));
  assert.deepEqual([held.copy, texts.language, format.wait(40), english.texts.chat.turn.copy], ["コピー", "ja", "40 秒", "Copy"]);
  await assert.rejects(speak({ ...CHECK, load: () => Promise.reject(new Error("offline")) }));
  assert.equal(texts.language, "ja");
  await speak(LANGUAGES[0]);
  assert.equal(held.copy, "Copy");
});

test("style sheets name sides by the direction of the text", () => {
  const root = new URL("../../static/", import.meta.url);
  const sheets = ["app", "element", "tasks", "ui"].flatMap((folder) => readdirSync(new URL(folder, root), { recursive: true }).map((file) => `${folder}/${file}`)).filter((file) => file.endsWith(".css"));
  assert.ok(sheets.length > 15);
  for (const sheet of sheets) {
    const rules = readFileSync(new URL(sheet, root), "utf8").replace(/\/\*.*?\*\//gs, "").replace(/\([^()]*\)/g, "x");
    assert.doesNotMatch(rules, /(^|[\s;{-])(left|right)\s*:|-(left|right)-(radius|width|color|style)|(text-align|float|clear):\s*(left|right)/m, sheet);
    for (const [rule, , right, , left] of rules.matchAll(/(?:padding|margin|inset|border-width): ([^\s;]+) ([^\s;]+) ([^\s;]+) ([^\s;]+);/g)) assert.equal(right, left, `${rule} of ${sheet}`);
  }
});
