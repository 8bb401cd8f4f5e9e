// What stands below an exchange of the functions: how it ended, and that no function had a part in it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { mountThread } from "../../static/tasks/functions/thread_view.js";
import { FakeElement, install } from "./support/dom.js";

const UNCALLED = "The model called no function.";

for (const [ended, answer, note] of [
  ["model", "It is 2022.", UNCALLED],
  ["limit", "It is 2022. It is 2022.", `The page ended the answer here because it repeated itself, or had become too long. · ${UNCALLED}`],
  ["context", "It is 2022.", `The answer ends here because the context is full. · ${UNCALLED}`],
  ["stopped", "It is", "You stopped it here."],
  ["model", "", "The model said nothing."],
  ["stopped", "", "You stopped it here."],
]) {
  test(`an exchange that ended by ${ended}${answer ? "" : ", without an answer"}`, () => {
    install();
    const parent = new FakeElement("div");
    const exchange = { question: "What time is it?", steps: [], answer, model: "Small", ended };
    mountThread(parent, () => null).update({ state: { conversation: { id: "c", exchanges: [exchange] }, tools: [], busy: "" }, ready: true });
    const notes = parent.find("functions-exchange").children.filter(({ className }) => className === "functions-note");
    assert.equal(notes.at(-1).textContent, note);
  });
}
