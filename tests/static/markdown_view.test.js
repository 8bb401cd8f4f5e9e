// What a model writes, in the views of documents and functions: Markdown once a block is finished, with what the task makes of its text.
// That nothing of it runs or loads is shown in a browser: e2e/page/test_modules.py.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHTML } from "../../static/node_modules/linkedom/esm/index.js";
import { Marked } from "../../static/node_modules/marked/lib/marked.esm.js";
import { parserOf } from "../../static/tasks/parts/markdown.js";

const { document, Event, CustomEvent, HTMLElement } = parseHTML("<!doctype html><html lang='en'><head></head><body></body></html>");
Object.assign(globalThis, { document, Event, CustomEvent, HTMLElement, window: { setTimeout } });
const [{ events, mountAnswer }, { mountThread }, { makeWritten }] = await Promise.all(
  ["documents/answer_view.js", "functions/thread_view.js", "parts/markdown_view.js"].map((file) => import(`../../static/tasks/${file}`)),
);

const parse = parserOf(Marked);
function render(markdown) {
  const template = document.createElement("template");
  template.innerHTML = parse(markdown);
  return template.content;
}

const shapeOf = (element) => element.innerHTML.replace(/\n/g, "").replaceAll(/<button[^>]*>(\d+)<\/button>/g, "($1)").replaceAll(/<(\w+) [^>]*>/g, "<$1>");
const sources = [1, 2].map((number) => ({ id: `${number}`, name: `${number}.md`, headings: [], page: 0, start: 0, end: 4, text: "Text" }));
const answerOf = (text, more = {}) => ({ id: "a", question: "Why?", text, sources, model: "Small", ended: "model", ...more });

function documents(answer, { writing = false, makes = render } = {}) {
  const parent = document.createElement("div");
  const view = mountAnswer(parent, () => makes);
  const update = (now, writes = writing) => view.update({ state: { answer: now, writing: writes, asked: null, noRoom: false, awaited: false, opened: null }, ready: true });
  update(answer);
  return { view, update, body: parent.querySelector(".documents-answer") };
}

test("an answer from documents is Markdown in which each source is a button, but in code and links", () => {
  const { view, body } = documents(answerOf("**Boats** are washed [1].\n\n- In May [2, 1]\n- `a[1]` and [here [1]](https://example.org)\n\n[3] and <b>[2]</b>"));
  assert.equal(shapeOf(body), "<p><strong>Boats</strong> are washed (1).</p><ul><li>In May (2)(1)</li><li><code>a[1]</code> and <a>here [1]</a></li></ul><p>[3] and &lt;b&gt;(2)&lt;/b&gt;</p>");
  const opened = [];
  events.listen(view.root, "open-source", (place) => opened.push(place));
  body.querySelectorAll("button")[1].click();
  assert.deepEqual(opened, [1]);
});

test("an answer from documents grows as Markdown, its sources buttons before a block is finished", () => {
  const { view, update, body } = documents(answerOf(""), { writing: true });
  for (const piece of ["**One", "** [", "1]\n", "\ntw", "o [2", "] [1"]) view.append(piece);
  assert.equal(shapeOf(body), "<p><strong>One</strong> (1)</p><p>two (2) </p>");
  const text = "**One** [1]\n\ntwo [2] [1]";
  update(answerOf(text), false);
  assert.equal(shapeOf(body), "<p><strong>One</strong> (1)</p><p>two (2) (1)</p>");
  update(answerOf("", { id: "b" }), true);
  assert.equal(body.textContent, "");
  view.append("New [1]");
  assert.equal(shapeOf(body), "<p>New (1)</p>");
});

test("without the libraries an answer is plain text, and Markdown when they come", () => {
  const parent = document.createElement("div");
  let makes = null;
  const written = makeWritten(parent, () => makes);
  written.show("**One**\n<b>");
  assert.equal(parent.innerHTML, '<p class="written-plain">**One**\n&lt;b&gt;</p>');
  makes = render;
  written.redraw();
  assert.equal(shapeOf(parent), "<p><strong>One</strong><br>&lt;b&gt;</p>");
  const { body } = documents(answerOf("See [2]."), { makes: null });
  assert.equal(shapeOf(body), "<p>See (2).</p>");
});

test("what a model writes beside its calls, and its answer, are Markdown", () => {
  const parent = document.createElement("div");
  const thread = mountThread(parent, () => render);
  const update = (exchange, busy = "") => thread.update({ state: { conversation: { id: "c", exchanges: [{ question: "Q", model: "Small", steps: [], ...exchange }] }, tools: [], busy }, ready: true });
  const answer = () => parent.querySelector(".functions-answer");
  update({ answer: "", ended: null }, "writing");
  thread.append("I *look*");
  update({ answer: "", ended: null, steps: [{ text: "I *look*", calls: [] }] }, "writing");
  assert.equal(answer().textContent, "");
  const beside = parent.querySelector(".functions-beside");
  assert.equal(shapeOf(beside), "<p>I <em>look</em></p>");
  for (const piece of ["1. on", "e\n2. two"]) thread.append(piece);
  update({ answer: "1. one\n2. two", ended: "model", steps: [{ text: "I *look*", calls: [] }] });
  assert.equal(shapeOf(answer()), "<ol><li>one</li><li>two</li></ol>");
  assert.equal(parent.querySelector(".functions-beside"), beside, "what is the same stays");
});
