// One turn on the screen: what a piece of an answer costs, and what it looks like while it grows and when it has ended.

import assert from "node:assert/strict";
import { test } from "node:test";
import { viewEvents } from "../../static/ui/dom.js";
import { turn } from "../../static/tasks/chat/tree.js";
import { makeTurn } from "../../static/tasks/chat/turn_view.js";
import { FakeElement, install, work } from "./support/dom.js";

const PARAGRAPH = "Some words of an answer, and some more. ";

/** Markdown as a test sees it: each call makes one element. */
function rendering() {
  const rendered = [];
  const render = (markdown) => {
    rendered.push(markdown);
    const made = new FakeElement("div");
    made.append(`<${markdown.trim()}>`);
    return made;
  };
  return { render, rendered };
}

function shown(text, more = {}) {
  install();
  const answer = turn({ id: "a", parent: "q", role: "model", text, at: 1, by: "Gemma" });
  const { render, rendered } = rendering();
  const view = makeTurn(answer, viewEvents(), () => render);
  const update = (change = {}) => view.update({ turn: answer, beside: [answer], last: true, busy: false, writing: false, ...change });
  update(more);
  return { view, update, rendered, answer, body: view.root.find("turn-text") };
}

test("a piece costs the same at any length", () => {
  const { view, update } = shown("", { writing: true, busy: true });
  const costs = [100, 200].map((paragraphs) => {
    const before = work.characters;
    for (let at = 0; at < paragraphs; at += 1) for (const piece of `${PARAGRAPH.repeat(5)}\n\n`.match(/.{1,7}\s*|\s+/gs)) view.append(piece);
    return work.characters - before;
  });
  assert.ok(costs[1] < costs[0] * 2.2, `${costs}`);
  update({ writing: true });
});

test("a block is drawn once when it is finished, and the whole once more at the end", () => {
  const { view, update, rendered, answer, body } = shown("", { writing: true });
  for (const piece of ["# One", "\n\n", "two ", "and", " three\n\nfo", "ur"]) view.append(piece);
  assert.deepEqual(rendered.filter(Boolean), ["# One\n\n", "two and three\n\n"]);
  assert.equal(body.textContent, "<# One><two and three>four");
  const text = "# One\n\ntwo and three\n\nfour";
  update({ turn: { ...answer, text } });
  assert.deepEqual([rendered.at(-1), body.textContent], [text, `<${text}>`]);
  update({ turn: { ...answer, text } });
  assert.equal(rendered.filter((each) => each === text).length, 1, "what is the same is not drawn again");
});

test("an answer that goes on grows from what there was", () => {
  const { view, update, answer, body } = shown("Half a", { writing: false });
  assert.equal(body.textContent, "<Half a>");
  update({ writing: true });
  view.append(" sentence");
  assert.equal(body.textContent, "Half a sentence");
  update({ turn: { ...answer, text: "Half a sentence", state: "stopped" } });
  assert.ok("data-broken" in view.root.attributes);
  assert.equal(view.root.find("turn-note").textContent, "The answer breaks off here.");
});

test("what a person says is plain text", () => {
  install();
  const question = turn({ id: "q", parent: "", role: "user", text: "# <b>", at: 1 });
  const { render, rendered } = rendering();
  const view = makeTurn(question, viewEvents(), () => render);
  view.update({ turn: question, beside: [question], last: true, busy: false, writing: false });
  assert.deepEqual([rendered, view.root.find("turn-text").textContent], [[], "# <b>"]);
});

test("who has pressed what goes away keeps the focus in the turn", () => {
  const { view, update } = shown("Half", { turn: turn({ id: "a", parent: "q", role: "model", text: "Half", state: "stopped", at: 1 }) });
  const goOn = view.root.all(({ tag, textContent }) => tag === "button" && textContent === "Go on")[0];
  goOn.focus();
  update({ turn: turn({ id: "a", parent: "q", role: "model", text: "Half", state: "stopped", at: 1 }) });
  assert.equal(document.activeElement, goOn);
  update({ writing: true, busy: true });
  assert.equal(document.activeElement, view.root);
});

test("of an answer that went round in circles the first round is shown, and the rest folded away", () => {
  const round = "The ferry leaves at nine in the morning. ";
  const answer = turn({ id: "a", parent: "q", role: "model", text: round.repeat(9), state: "limit", at: 1 });
  const { view, update, body } = shown("", { turn: answer });
  const [rounds] = view.root.all(({ tag }) => tag === "details");
  const goOn = view.root.all(({ tag, textContent }) => tag === "button" && textContent === "Go on")[0];
  assert.deepEqual([body.textContent, rounds.hidden, goOn.hidden], [`<${round.trim()}>`, false, false]);
  assert.equal(rounds.textContent, `Show what it repeated<${round.repeat(8).trim()}>`);
  const again = { ...answer, id: "b", text: round.repeat(8) };
  update({ turn: answer, beside: [answer, again] });
  assert.ok(goOn.hidden, "it went round again");
  assert.match(view.root.find("turn-note").textContent, /repeated itself again/);
  update({ turn: answer, beside: [answer, { ...again, text: `${round}It comes back at five. ${round.repeat(8)}` }] });
  assert.ok(!goOn.hidden, "it said more");
  update({ turn: { ...answer, state: "stopped" } });
  assert.deepEqual([body.textContent, rounds.hidden], [`<${round.repeat(9).trim()}>`, true]);
});
