// Ways on from a text and a post: three to choose from, a network's preset, one-tap changes, a voice of one's own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { events as historyEvents } from "../../static/tasks/parts/history_view.js";
import { FIGURES, READY, WRITING, button, mounted, submit, write } from "./support/post.js";
import { settled } from "./support/engines.js";

const THREE = { text: "The choir sings on Friday, 22 May.", three: true };
const heads = async (records) => (await records.list({ count: 99 })).map(({ head }) => head);

/** What the session is asked next is answered with these pieces. */
async function answer(page, pieces, ended = "model") {
  await settled();
  page.phase(WRITING);
  const call = page.session.asked.at(-1);
  for (const piece of pieces) call.onText(piece);
  page.session.state = { ...page.session.state, now: READY };
  call.end({ kind: "written", figures: { ...FIGURES, ended } });
  await settled();
  page.phase(READY);
}

/** A session whose seeds go up. */
async function three(recalled = THREE) {
  const page = await mounted({}, recalled);
  page.session.reseed = async () => {
    page.session.reseeds += 1;
    const { settings } = page.session.state.setup;
    page.session.state.setup = { ...page.session.state.setup, settings: { ...settings, seed: settings.seed + 1 } };
  };
  submit(page.form);
  const texts = () => page.card.all(({ className }) => className === "variant-text").map(({ textContent }) => textContent);
  return { ...page, texts };
}

test("three posts are written with three seeds, each into its own place, and one is chosen", async () => {
  const page = await three();
  await answer(page, ["One ", "post."]);
  assert.deepEqual(page.texts(), ["One post."]);
  assert.ok(!page.form.find("composer-stop").hidden, "more are to come");
  submit(page.form);
  await answer(page, ["Two."]);
  await answer(page, ["One ", "post."]);
  assert.deepEqual(page.texts(), ["One post.", "Two.", "One post."]);
  assert.match(page.card.textContent, /The same as variant 1/);
  assert.deepEqual([page.session.asked.length, page.session.reseeds], [3, 2]);
  const kept = await heads(page.records);
  assert.equal(new Set(kept.map(({ seed }) => seed)).size, 3);
  assert.ok(page.form.find("composer-stop").hidden);
  button(page.card.all(({ tag }) => tag === "article")[1], "Choose").click();
  assert.equal(page.body.textContent, "Two.");
  assert.ok(!page.body.hidden && page.root.find("variants").hidden);
  button(page.card, "All 3 variants").click();
  assert.ok(page.body.hidden && !page.root.find("variants").hidden);
  page.task.destroy();
});

test("Stop ends the one that is written and those after it; what there is stays", async () => {
  const page = await three();
  await answer(page, ["One."]);
  await settled();
  page.phase(WRITING);
  page.session.asked.at(-1).onText("Two");
  page.form.find("composer-stop").click();
  assert.equal(page.session.stops, 1);
  await answer(page, [], "stopped");
  assert.equal(page.session.asked.length, 2);
  assert.deepEqual(page.texts(), ["One.", "Two"]);
  assert.deepEqual((await heads(page.records)).map(({ text, ended }) => [text, ended]).sort(), [["One.", "model"], ["Two", "stopped"]]);
  page.task.destroy();
});

test("Stop while the next seed is loaded ends it, too; of one post there is nothing to choose", async () => {
  const page = await three();
  let loaded = () => {};
  page.session.reseed = () => new Promise((resolve) => (loaded = resolve));
  await answer(page, ["One."]);
  page.phase({ phase: "loading", reason: "seed", progress: null });
  page.form.find("composer-stop").click();
  page.phase(READY);
  loaded();
  await settled();
  assert.equal(page.session.asked.length, 1);
  assert.equal(page.body.textContent, "One.");
  assert.ok(!page.body.hidden && page.root.find("variants").hidden);
  page.task.destroy();
});

test("what is chosen after Stop, while the next seed is still loaded, stays on the screen", async () => {
  const page = await three();
  let loaded = () => {};
  await answer(page, ["One."]);
  page.session.reseed = () => new Promise((resolve) => (loaded = resolve));
  await answer(page, ["Two."]);
  page.phase({ phase: "loading", reason: "seed", progress: null });
  historyEvents.emit(page.root.find("history"), "open", (await page.records.list({ count: 1 }))[0].id);
  await settled();
  assert.ok(page.body.hidden, "the next one would come over it");
  page.form.find("composer-stop").click();
  button(page.card.all(({ tag }) => tag === "article")[1], "Choose").click();
  page.phase(READY);
  loaded();
  await settled();
  assert.equal(page.body.textContent, "Two.");
  assert.ok(!page.body.hidden && page.root.find("variants").hidden);
  page.task.destroy();
});

test("the three before stay until the first word of the next", async () => {
  const page = await three();
  for (const text of ["One.", "Two.", "Three."]) await answer(page, [text]);
  submit(page.form);
  await settled();
  page.phase(WRITING);
  assert.deepEqual(page.texts(), ["One.", "Two.", "Three."]);
  page.session.asked.at(-1).onText("Four");
  assert.deepEqual(page.texts(), ["Four"]);
  page.task.destroy();
});

test("one tap changes the post, and Undo takes it back; what has nothing to do is not offered", async () => {
  const page = await mounted({}, { text: THREE.text });
  await write(page, ["The choir 🎉 sings. Come along. ", "#Choir"]);
  const names = () => page.card.all(({ className, hidden }) => className.includes("card-follow-up") && !hidden).map(({ textContent }) => textContent);
  assert.deepEqual(names(), ["Shorter", "Add the date", "No emoji"]);
  const steps = [["Shorter", "The choir 🎉 sings. #Choir"], ["No emoji", "The choir sings. #Choir"], ["Add the date", "The choir sings. Friday, 22 May. #Choir"]];
  for (const [name, text] of steps) {
    button(page.card, name).click();
    assert.equal(page.body.textContent, text);
  }
  assert.deepEqual(names(), ["Shorter"]);
  for (let step = 0; step < 3; step += 1) page.root.find("card-undo").click();
  assert.equal(page.body.textContent, "The choir 🎉 sings. Come along. #Choir");
  page.root.find("card-redo").click();
  assert.equal(page.body.textContent, "The choir 🎉 sings. #Choir");
  const written = [];
  Object.defineProperty(globalThis, "navigator", { value: { userAgent: "", clipboard: { writeText: async (text) => written.push(text) } }, configurable: true });
  page.root.find("card-copy").click();
  await settled();
  assert.deepEqual(written, ["The choir 🎉 sings. #Choir"]);
  page.task.destroy();
  await settled();
  assert.deepEqual((await heads(page.records)).map(({ current }) => current), ["The choir 🎉 sings. #Choir"]);
});

test("a network sets length and tone, its limit is the one that is shown, and the prompt knows nothing of it", async () => {
  const page = await mounted({}, { text: "The library opens." });
  await write(page, ["図書館".repeat(50)]);
  const tightest = page.root.find("counts-tightest");
  assert.equal(tightest.textContent, "20 characters too many for X");
  const [select] = page.form.all(({ tag }) => tag === "select");
  select.value = "linkedin";
  select.dispatchEvent(new Event("change"));
  assert.equal(tightest.textContent, "fits LinkedIn, 2,850 left");
  const { tone, length, platform } = page.remembered.at(-1);
  assert.deepEqual([tone, length, platform], ["professional", "standard", "linkedin"]);
  submit(page.form);
  const [{ parts }] = page.session.asked.at(-1).messages;
  assert.match(parts[0].text, /^Write a professional social media post of at most 50 words about/);
  page.task.destroy();
});

test("a voice is kept, comes after what the model wrote, and can be undone", async () => {
  const page = await mounted({}, { text: "The library opens its books.", platform: "x" });
  const inputs = page.form.all(({ attributes }) => attributes.type === "text" || attributes.type === "url");
  inputs[0].value = "library, Books";
  inputs[0].dispatchEvent(new Event("change"));
  inputs[1].value = "https://a.org";
  inputs[1].dispatchEvent(new Event("change"));
  await write(page, ["We open. ", "#books"]);
  assert.equal(page.body.textContent, "We open. https://a.org #books #library");
  const [{ text, current }] = await heads(page.records);
  assert.deepEqual([text, current], ["We open. #books", "We open. https://a.org #books #library"]);
  page.root.find("card-undo").click();
  assert.equal(page.body.textContent, "We open. #books");
  await write(page, ["Cut"], { ...FIGURES, ended: "stopped" });
  assert.equal(page.body.textContent, "Cut", "what was stopped is left as it is");
  await write(page, [`${"a".repeat(270)}.`]);
  assert.match(page.card.textContent, /There was no room for https:\/\/a.org #Books/);
  page.task.destroy();
  const after = await mounted({}, { text: "The library opens." }, page.kept);
  await settled();
  await write(after, ["Again."]);
  assert.equal(after.body.textContent, "Again. https://a.org #library #Books");
  after.task.destroy();
});
