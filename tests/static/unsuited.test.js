// What the demo model declines, and that it declines no text that it is made for.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { languageRules } from "../../static/tasks/post/check/language.js";
import { unsuited } from "../../static/tasks/post/unsuited.js";

const read = (file) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const lines = (file) => read(file).trim().split("\n").map((line) => JSON.parse(line));

const { isForeign } = languageRules(JSON.parse(read("static/tasks/post/check.json")));

const WRITTEN_ABOUT = [
  "The library opens.",
  "Something typed.",
  "My own words.",
  "BREAKING: Riverside bridge CLOSED both ways, delays 40 min",
  "Road works:\n- Mon 3 Feb: Elm Street, 7 am to 4 pm\n- Tue: Oak Avenue, one lane\n- Thu: bus 14 via Station Road",
  "🎉🎉 Sale! 50 % off all boots, Sat & Sun only 🥾",
  "Café Müller in Zürich and Crêperie de la Rue open a joint shop in Łódź on 3 May.",
  "Der Spiegel, Le Monde and El País win prizes at the Lisbon press awards tonight.",
  "The Japanese garden 日本庭園 in Leeds reopens on Saturday after repairs to the bridge.",
  "Version 4.2; free; out today; Windows; Mac.",
  "Doors 7 pm; tickets 12 euros;\nbar open until midnight;\nno dogs;",
  "Call 01632 960 184 or write to info@example.org, 9 am to 5 pm, Mon to Fri.",
  "From: Jane Osei\nSubject: Team lunch\n\nDear all, lunch is at noon on Friday in room 12. Reply if you cannot come.",
  "import duties on steel rise by 25 percent from Monday, the ministry said.",
  "QWERTY keyboards turn 150",
  "Property power, Reza!",
  "class of 2026: reunion on 4 June (bring photos)",
];

const DECLINED = {
  language: [
    "Die Stadtbibliothek öffnet am Samstag nach acht Monaten Umbau wieder. Der Lesesaal hat jetzt 120 Plätze, und ein Aufzug führt in alle Etagen.",
    "La bibliothèque rouvre ses portes samedi après huit mois de travaux. La salle de lecture compte désormais 120 places.",
    "La biblioteca reabre el sábado tras ocho meses de obras. La sala de lectura tiene ahora 120 plazas y un ascensor.",
    "La biblioteca riapre sabato dopo otto mesi di lavori. La sala di lettura ha ora 120 posti e un ascensore per tutti i piani.",
    "A biblioteca reabre no sábado depois de oito meses de obras. A sala de leitura tem agora 120 lugares e um elevador.",
    "De bibliotheek gaat zaterdag weer open na acht maanden verbouwing. De leeszaal heeft nu 120 plaatsen en er is een lift.",
    "Biblioteket öppnar igen på lördag efter åtta månaders renovering. Läsesalen har nu 120 platser och det finns en hiss till alla våningar.",
    "Biblioteka otwiera się ponownie w sobotę po ośmiu miesiącach remontu. Czytelnia ma teraz 120 miejsc, a winda jeździ na każde piętro.",
    "Библиотека снова открывается в субботу после восьми месяцев ремонта.",
    "تفتح المكتبة أبوابها يوم السبت بعد ثمانية أشهر من التجديد",
    "图书馆经过八个月的装修,将于周六重新开放。",
    "図書館は八か月の改装を終え、土曜日に再開します。",
  ],
  code: [
    "def greet(name):\n    return f'hello {name}'\n\nprint(greet('world'))",
    "const total = items.reduce((sum, item) => sum + item.price, 0);\nif (total > 100) {\n  console.log('free delivery');\n}",
    '{\n  "name": "onpage",\n  "version": "0.1.0"\n}',
    "<div class=\"card\">\n  <h1>Hello</h1>\n  <p>World</p>\n</div>",
    "SELECT name, price FROM items WHERE price > 10;\nUPDATE items SET price = 9 WHERE id = 4;",
    "#include <stdio.h>\nint main(void) {\n  printf(\"hi\\n\");\n  return 0;\n}",
  ],
  nothing: ["!!!! ???? ....", "🎉🎉🎉🎉", "12 %% -- == // ++ && ** ((( )))", "sdfkjh wrtpsdf kjhgf qwrtp", "asdfgh uiop", "Qwertz asdf", "poiu lkjasdf qwe", "azer qsdfg", "asdf ".repeat(30), "word ".repeat(700), "___ --- ___"],
};

test("texts for posts are written about", () => {
  const examples = JSON.parse(read("static/tasks/post/examples.json"));
  const judged = [...examples, ...lines("builder/demo/handwritten.jsonl"), ...lines("builder/demo/blind.jsonl")];
  const texts = [...WRITTEN_ABOUT, ...judged.flatMap(({ text }) => text ?? [])];
  assert.ok(texts.length > 100 && texts.every((text) => typeof text === "string" && text.length > 5));
  assert.deepEqual(texts.filter((text) => unsuited(text, isForeign)), []);
});

for (const [reason, texts] of Object.entries(DECLINED)) {
  test(`${reason} is declined`, () => assert.deepEqual(texts.filter((text) => unsuited(text, isForeign) !== reason), []));
}

test("short texts in any language are something", () => {
  const texts = ["Привет, друзья!", "Γεια σας φίλοι", "שלום חברים", "مرحبا بالجميع", "नमस्ते दोस्तों", "สวัสดีครับ", "こんにちは", "图书馆开门", "한국어 수업", "Trg Krk je lep", "Szczęście w Szczecinie", "Xin chào", "Ytre Namdal", "Wert?", "Reza", "Tretze", "Der Wert steigt", "Schtroumpf"];
  assert.deepEqual(texts.filter((text) => unsuited(text, isForeign) === "nothing"), []);
});

test("nothing typed is nothing to decline", () => {
  assert.equal(unsuited("", isForeign), null);
  assert.equal(unsuited(" \n ", isForeign), null);
});

test("a text too long for the model is left to the notice about its length", () => {
  assert.equal(unsuited("asdf ".repeat(801), isForeign), null);
});

test("the longest text is looked at in no time, whatever is in it", () => {
  const started = performance.now();
  for (const hostile of ["a", "<", "x = ", " \n", '"', "x.", "<a "]) unsuited(hostile.repeat(4000 / hostile.length), isForeign);
  assert.ok(performance.now() - started < 2000);
});
