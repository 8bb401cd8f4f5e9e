// Conversations as files: what was saved comes back, and what is no conversation is refused with where it is wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ChatFileError, checked, fromFile, toFile, toMarkdown } from "../../static/tasks/chat/files.js";
import { added, changedTurn, empty, pathOf, turn, without } from "../../static/tasks/chat/tree.js";
import { ask, closeTabs, tab } from "./support/chats.js";

const NAMES = { you: "You", model: "Model", instructions: "Instructions" };

function talk() {
  const question = turn({ id: "q1", parent: "", role: "user", text: "Hello <b>?", at: 1 });
  const answer = turn({ id: "a1", parent: "q1", role: "model", text: "# Hi\n\nthere", at: 2, by: "Gemma", state: "stopped", revision: 9 });
  const other = turn({ id: "q2", parent: "", role: "user", text: "Hey?", at: 3 });
  const all = [question, answer, other].reduce(added, empty("c1", "Be brief."));
  return changedTurn(without(all, "q2", 4), "q1", { memory: { from: "q1", summary: "" } }, 5);
}

test("a conversation comes back as it was", () => {
  assert.deepEqual(fromFile(toFile([talk(), { ...talk(), id: "c2" }])), [talk(), { ...talk(), id: "c2" }]);
});

test("as Markdown: who said what, one path", () => {
  const said = talk();
  assert.equal(
    toMarkdown(said, pathOf(said), NAMES),
    "# Hello <b>?\n\n## Instructions\n\nBe brief.\n\n## You\n\nHello <b>?\n\n## Gemma\n\n# Hi\n\nthere\n",
  );
});

const bad = (change) => toFile([{ ...talk(), ...change }]);
const turns = (...changes) => bad({ turns: changes.map((change, at) => ({ ...talk().turns[at % 2], ...change })) });

for (const [what, text, code] of [
  ["no JSON", "# Hello", "not-json"],
  ["another program's file", '{"messages": []}', "not-a-chat"],
  ["a list", "[]", "not-a-chat"],
  ["null", "null", "not-a-chat"],
  ["a later version", '{"format": "onpage-chat", "version": 2, "conversations": []}', "newer"],
  ["a conversation that is none", '{"format": "onpage-chat", "version": 1, "conversations": [7]}', "damaged"],
  ["no turns", bad({ turns: {} }), "damaged"],
  ["an id that is none", bad({ id: "../x" }), "damaged"],
  ["a title that is none", bad({ title: {} }), "damaged"],
  ["a turn of nobody", turns({ role: "tool" }), "damaged"],
  ["a turn without text", turns({ text: null }), "damaged"],
  ["an unknown state", turns({ state: "burning" }), "damaged"],
  ["an answer first", turns({ role: "model" }), "damaged"],
  ["two questions in a row", turns({}, { role: "user" }), "damaged"],
  ["a parent that comes later", turns({ parent: "a1" }, {}), "damaged"],
  ["a turn that follows itself", turns({ parent: "q1" }), "damaged"],
  ["two turns of one id", turns({}, { id: "q1" }), "damaged"],
  ["a memory of nothing", turns({ memory: { from: 5, summary: "" } }), "damaged"],
  ["a memory from an answer on", turns({}, {}, { id: "q2", parent: "a1", memory: { from: "a1", summary: "" } }), "damaged"],
  ["a text that is too long", turns({ text: "x".repeat((4 << 20) + 1) }), "too-large"],
]) {
  test(`refused: ${what}`, () => {
    assert.throws(() => fromFile(text), (error) => error instanceof ChatFileError && error.code === code && (code !== "damaged" || error.detail.length > 5));
  });
}

test("what is not known is left out, and a choice of nothing is none", () => {
  const found = checked({ ...talk(), chosen: { "": "q1", q1: "gone", __proto__: "q1" }, extra: 1, removed: ["q1", 5, "x"], changed: -1 });
  assert.deepEqual([found.chosen, found.removed, found.changed, "extra" in found], [{ "": "q1" }, ["x"], 0, false]);
});

test("a file is opened beside what there is, and one that is refused changes nothing", async () => {
  const page = await tab();
  await ask(page, "Mine?");
  const mine = page.chat.state.conversation.id;
  assert.equal(await page.chat.take(toFile([{ ...talk(), id: mine }])), 1);
  assert.equal(page.chat.state.list.length, 2);
  assert.notEqual(page.chat.state.conversation.id, mine);
  assert.equal(page.chat.path[0].text, "Hello <b>?");
  const before = page.chat.state;
  await assert.rejects(page.chat.take("{"), ChatFileError);
  assert.equal(page.chat.state, before);
  assert.equal(fromFile(toFile(await page.chat.all())).length, 2);
  await closeTabs();
});

test("a record that an earlier page has damaged is not opened, and not overwritten by looking", async () => {
  const page = await tab();
  await page.records.of("chat").put({ id: "odd", at: 1, head: { title: 5 }, body: { turns: "?" } });
  await page.chat.open("odd");
  assert.notEqual(page.chat.state.conversation.id, "odd");
  assert.deepEqual((await page.shelf.get("chat", "odd")).body, { turns: "?" });
  await closeTabs();
});
