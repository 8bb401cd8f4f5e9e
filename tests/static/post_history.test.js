// What was written is not lost: the history of posts on the device, edits with undo, and the history as a file.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { MemoryShelf } from "../../static/records/memory.js";
import { Records } from "../../static/records/records.js";
import { Edits } from "../../static/tasks/post/edits.js";
import { asJson, asMarkdown, entryOf, keptOf, postOf } from "../../static/tasks/post/history.js";
import { Post } from "../../static/tasks/post/state.js";
import { FIGURES, READY, WRITING, button, mounted, submit, write } from "./support/post.js";
import { settled } from "./support/engines.js";

const ASKED = { tone: "friendly", length: "short", seed: 7, lora: "", model: "first" };
const heads = async (records) => (await records.list({ count: 99 })).map(({ head }) => head);

function finished(text, asked = ASKED, made = {}) {
  const post = new Post(asked, { source: "The library opens.", ...made });
  post.add(text);
  post.end({ ...FIGURES, ended: "model" });
  return post;
}

test("every post that was written is in the history, with what it was asked to be", async () => {
  const page = await mounted();
  await write(page, ["One ", "post."]);
  await write(page, ["Another."], { ...FIGURES, ended: "stopped" });
  await write(page, [], { ...FIGURES, ended: "stopped" });
  const found = await heads(page.records);
  assert.deepEqual(found.map(({ text, ended }) => [text, ended]).sort(), [["Another.", "stopped"], ["One post.", "model"]]);
  const [{ id }] = await page.records.list({ count: 1 });
  assert.deepEqual((await page.records.get(id)).body, { source: "The library opens." });
  assert.deepEqual([found[0].tone, found[0].length, found[0].model, found[0].seed], ["friendly", "short", "first", page.session.state.setup.settings.seed]);
  page.task.destroy();
});

test("a post whose engine was lost is in the history as not finished, and so is one while it is written", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const page = await mounted();
  submit(page.form);
  page.phase(WRITING);
  page.session.asked[0].onText("One ");
  assert.deepEqual(await heads(page.records), []);
  mock.timers.tick(1000);
  await settled();
  assert.deepEqual((await heads(page.records)).map(({ text, ended }) => [text, ended]), [["One ", "lost"]]);
  page.session.asked[0].onText("post");
  page.session.asked[0].end(null);
  await settled();
  assert.deepEqual((await heads(page.records)).map(({ text, ended }) => [text, ended]), [["One post", "lost"]]);
  page.task.destroy();
  mock.timers.reset();
});

test("a reload shows the last post as it was left", async () => {
  const page = await mounted();
  await write(page, ["One post."]);
  page.root.find("card-edit").click();
  const area = page.root.find("card-area");
  area.value = "My post.";
  area.dispatchEvent(new Event("input"));
  page.task.destroy(); // as the page goes
  await settled();
  const [{ text, current }] = await heads(page.records);
  assert.deepEqual([text, current], ["One post.", "My post."], "the history keeps both");
  const after = await mounted({}, page.remembered.at(-1), page.kept);
  await settled();
  after.phase(READY);
  assert.equal(after.body.textContent, "My post.");
  const undo = after.root.find("card-undo");
  undo.click();
  assert.equal(after.body.textContent, "One post.");
  after.task.destroy();
});

test("what was typed is kept when the page is hidden, which may be the last that it hears", async () => {
  const page = await mounted();
  await write(page, ["One post."]);
  page.root.find("card-edit").click();
  const area = page.root.find("card-area");
  area.value = "My post.";
  area.dispatchEvent(new Event("input"));
  document.hidden = true;
  document.dispatchEvent(new Event("visibilitychange"));
  await settled();
  assert.deepEqual((await heads(page.records)).map(({ current }) => current), ["My post."]);
  page.task.destroy();
});

test("a post of the history is opened, and the last one stays there", async () => {
  const page = await mounted();
  await write(page, ["One."]);
  await write(page, ["Two."]);
  page.root.find("history").open = true;
  page.root.find("history").dispatchEvent(new Event("toggle"));
  await settled();
  const items = page.root.all(({ className }) => className === "history-item");
  assert.equal(items.length, 2);
  const old = items.find(({ textContent }) => textContent.includes("One."));
  button(old, "Open").click();
  await settled();
  assert.equal(page.body.textContent, "One.");
  assert.equal(await page.records.count(), 2);
  page.task.destroy();
});

test("what is deleted is gone, also when it is still on the screen and is edited; and Undo brings it back", async () => {
  const page = await mounted();
  await write(page, ["One."]);
  const history = page.root.find("history");
  history.open = true;
  history.dispatchEvent(new Event("toggle"));
  await settled();
  button(history, "Delete").click();
  await settled();
  assert.equal(await page.records.count(), 0);
  page.root.find("card-edit").click();
  page.root.find("card-area").value = "Mine.";
  page.root.find("card-area").dispatchEvent(new Event("input"));
  page.root.find("card-edit").click();
  page.root.find("card-area").dispatchEvent(new CustomEvent("onpage:edited", { bubbles: true }));
  await settled();
  assert.equal(await page.records.count(), 0);
  button(history.find("history-deleted"), "Undo").click();
  await settled();
  assert.deepEqual((await heads(page.records)).map(({ text }) => text), ["One."]);
  button(history, "Delete all").click();
  assert.equal(await page.records.count(), 1, "it asks");
  button(history, "Yes, delete").click();
  await settled();
  assert.equal(await page.records.count(), 0);
  page.task.destroy();
});

test("what is written again is kept under its own id", () => {
  const post = finished("One.");
  const entry = entryOf(post);
  const again = postOf(entry);
  assert.deepEqual(entryOf(again), entry);
  assert.deepEqual([again.text, again.current, again.ended, again.source], ["One.", "One.", "model", "The library opens."]);
});

test("records that are no posts are left out, and what they lack is not invented", () => {
  for (const head of [null, undefined, 7, "text", {}, { text: 7 }, []]) {
    assert.equal(keptOf({ id: "a", at: 1, head }), null);
    assert.equal(postOf({ id: "a", at: 1, head, body: null }), null);
  }
  const kept = keptOf({ id: "a", at: 1, head: { text: "One.", current: 7, tone: [], seed: "7", ended: "well" } });
  assert.deepEqual(kept, { id: "a", at: 1, text: "One.", current: "One.", tone: "", length: "", lora: "", model: "", seed: 0, ended: "lost" });
});

test("the history as JSON has all that is known", () => {
  const post = finished("One.", ASKED, { at: Date.UTC(2026, 4, 22, 19) });
  post.edits.change("Mine.");
  const { format, posts } = JSON.parse(asJson([entryOf(post), { id: "x", at: 1, head: null, body: null }]));
  assert.equal(format, "onpage-posts/1");
  assert.deepEqual(posts, [
    { date: "2026-05-22T19:00:00.000Z", post: "Mine.", written: "One.", source: "The library opens.", ...ASKED, ended: "model" },
  ]);
});

test("the history as Markdown: whatever a post says stays its text", () => {
  const post = finished("# One\n- two *three*\n\n1. four <b> [link](x) #Tag", ASKED, { source: "" });
  const said = { title: "Posts", written: "Written", source: "About", heading: () => "Today" };
  assert.equal(
    asMarkdown([entryOf(post)], said),
    "# Posts\n\n## Today\n\n> \\# One  \n> \\- two \\*three\\*\n> \n> 1\\. four \\<b\\> \\[link\\](x) \\#Tag\n",
  );
});

test("undo and redo go through typing and one-tap changes alike", () => {
  const edits = new Edits("One");
  edits.type("One ", 0);
  edits.type("One t", 500);
  edits.type("One tw", 900);
  edits.type("One two", 2500);
  edits.change("ONE TWO");
  edits.type("ONE TW", 2600);
  edits.type("ONE T", 2700);
  const texts = [];
  while (edits.canUndo) {
    edits.undo();
    texts.push(edits.text);
  }
  assert.deepEqual(texts, ["ONE TWO", "One two", "One tw", "One"]);
  edits.undo();
  while (edits.canRedo) edits.redo();
  assert.equal(edits.text, "ONE T");
  edits.undo();
  edits.change("Other");
  assert.equal(edits.canRedo, false);
  edits.change("Other");
  edits.undo();
  assert.equal(edits.text, "ONE TWO", "no change is no step");
});

test("typing after an undo, and without end, is a step of its own and bounded", () => {
  const edits = new Edits("", ["before"]);
  edits.undo();
  assert.equal(edits.text, "before");
  for (let step = 0; step < 1000; step += 1) edits.change(String(step));
  assert.equal(edits.states.length, 201);
  assert.equal(edits.text, "999");
});
