// Sixty questions about ten documents, in other words than theirs: what the search must go on finding. The floors are what it found when
// they were written; what it misses are words that mean the same ("bike", "bicycle"), which only meanings would find.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { MAX_SOURCES, fitted, isGood } from "../../static/tasks/documents/prompt.js";
import { Searcher } from "../../static/tasks/documents/searcher.js";
import { FOLDER, readBlocks } from "./support/documents.js";

const { questions, unanswerable } = JSON.parse(readFileSync(new URL("questions.json", FOLDER)));
const searcher = new Searcher();
const whole = {};

before(async () => {
  for (const name of new Set(questions.map(({ document }) => document))) {
    whole[name] = searcher.index(await readBlocks(name));
    searcher.hold(name, whole[name]);
  }
});

/** Tokens as a tokenizer of Gemma makes them, nearly: four letters each, a character each where words have no spaces. */
const tokens = (messages) => Math.ceil(messages.flatMap(({ parts }) => parts).reduce((sum, { text }) => sum + text.length / 4 + (text.match(/[\u3040-\u9fff]/g)?.length ?? 0) * 0.75, 0));

const found = (question, count) => searcher.search(question, count).hits;

test("the set is what it says: 60 questions, and each answer stands in its section", () => {
  assert.equal(questions.length, 60);
  assert.ok(Object.keys(whole).length >= 8);
  for (const { document, section, answer, question } of questions) {
    const { text, passages } = whole[document];
    const places = passages.filter(({ start, end, headings }) => headings.at(-1) === section && text.slice(start, end).includes(answer));
    assert.equal(places.length, 1, `${question}: ${answer}`);
    assert.ok(!text.includes(question));
  }
});

test("recall@3: the section of the answer is among the first three passages", () => {
  const missed = questions.filter(({ document, section, question }) => !found(question, 3).some(({ id, headings }) => id === document && headings.at(-1) === section));
  assert.ok(missed.length <= 5, `missed ${missed.length}: ${missed.map(({ question }) => question).join(" | ")}`);
});

test("the first passage is the right one", () => {
  const right = questions.filter(({ answer, question }) => found(question, 1)[0]?.text.includes(answer));
  assert.ok(right.length >= 50, `${right.length}`);
});

for (const [maxTokens, floor] of [[1024, 55], [512, 51]]) {
  test(`answer in passages: what is sent to a model with a context of ${maxTokens} has the answer`, async () => {
    let within = 0;
    for (const { question, answer } of questions) {
      const sent = await fitted(question, found(question, MAX_SOURCES), maxTokens * 0.75, async (messages) => tokens(messages));
      if (sent?.sources.some(({ text }) => text.includes(answer))) within += 1;
    }
    assert.ok(within >= floor, `${within}`);
  });
}

test("where nothing scores well, the page says so", () => {
  const asked = unanswerable.filter((question) => isGood(found(question, MAX_SOURCES)));
  assert.deepEqual(asked, []);
  const refused = questions.filter(({ question }) => !isGood(found(question, MAX_SOURCES)));
  assert.ok(refused.length <= 5, `refused ${refused.length}: ${refused.map(({ question }) => question).join(" | ")}`);
});
