// What the lab says below an answer in JSON: whether it fits the schema, and which figures are to be looked up.

import assert from "node:assert/strict";
import { test } from "node:test";
import { mountAnswers } from "../../static/tasks/lab/answers_view.js";
import { Answer, Run } from "../../static/tasks/lab/run.js";
import { FakeElement, install } from "./support/dom.js";

/** @param {string} text of the model @param {import('../../static/tasks/lab/run.js').Problem[]} problems */
function verdictOf(text, problems = []) {
  install();
  const parent = new FakeElement("div");
  const reading = { as: "json", schema: "schema" };
  const values = { text: "The course starts on 12 February and costs 140 euros.", schema: '{"maximum": 7}' };
  const run = new Run({ template: { id: "extract", name: "" }, reading, instruction: "{text} {schema}", values });
  const answer = new Answer({ model: "Small", lora: "", temperature: 0, topK: 1, seed: 1 });
  answer.add(text);
  answer.end({ ended: "model" });
  answer.problems = problems;
  run.answers = [answer];
  const state = { run, busy: false, repairing: false, template: { example: {}, answer: reading }, sides: null, unloaded: false };
  mountAnswers(parent, new FakeElement("div")).update({ state, ready: true, missing: [] }, { now: { phase: "ready" }, setup: null });
  return parent.find("lab-verdict").textContent;
}

test("figures that the text does not have are named beside a schema that fits", () => {
  assert.equal(verdictOf('{"date": "12 February", "price": 140}'), "Fits the schema.");
  assert.equal(verdictOf('{"date": "2022-02-12", "price": 7}'), "Fits the schema. · Check “2022-02-12”, “7”: not in your text in figures.");
  assert.equal(verdictOf('{"price": 0}', [{ code: "unfit", detail: "no date" }]), "Does not fit the schema:");
});
