// The page checks what the model wrote: it writes again where something is wrong, keeps the best, and says what is left.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Judge } from "../../static/tasks/post/judge.js";
import { Post } from "../../static/tasks/post/state.js";
import { settled } from "./support/engines.js";
import { FIGURES, READY, WRITING, button, mounted, submit } from "./support/post.js";

const read = (name) => JSON.parse(readFileSync(new URL(`../../static/tasks/post/${name}.json`, import.meta.url), "utf8"));
const TEXT = "The Northfield Choir sings in the old tram depot on Friday, 22 May. Tickets cost 12 euros.";
const GOOD = "The Northfield Choir sings on 22 May. #Choir";
const NO_DATE = "The Northfield Choir sings. #Choir";
const WRONG_DATE = "The Northfield Choir sings on 23 May. #Choir";
const OTHER_DATE = "The Northfield Choir sings on 24 May. #Choir";
const heads = async (records) => (await records.list({ count: 99 })).map(({ head }) => head);

/** A page whose engine takes draws. */
async function drawing({ demo = false, settings = {}, takesSampling = true, recalled = { text: TEXT } } = {}) {
  const page = await mounted({}, recalled);
  const { setup } = page.session.state;
  const choice = { ...setup.choice, entry: { resampled: takesSampling ? ["x"] : [] }, file: { format: "x" } };
  page.session.state.setup = { ...setup, choice, model: { ...setup.model, demo }, settings: { ...setup.settings, temperature: 0.3, topK: 8, seed: 7, ...settings } };
  page.phase(READY);
  submit(page.form);
  const shown = (name) => (page.root.find(name).hidden ? "" : page.root.find(name).textContent);
  const findings = () => (page.root.find("check").hidden ? [] : page.root.find("check").all(({ tag, parent }) => tag === "li").map(({ textContent }) => textContent));
  return { ...page, shown, findings };
}

/** How the session is told that its answer begins; "" as the model likes. */
const beginningOf = ({ messages }) => (messages.at(-1).role === "model" ? messages.at(-1).parts[0].text : "");

/** What the session is asked next is answered with this, or with what of it follows the beginning that it is given. */
async function answer(page, text, ended = "model") {
  await settled();
  page.phase(WRITING);
  const call = page.session.asked.at(-1);
  const beginning = beginningOf(call);
  if (text) call.onText(text.startsWith(beginning) ? text.slice(beginning.length) : text);
  page.session.state = { ...page.session.state, now: READY };
  call.end({ kind: "written", figures: { ...FIGURES, ended } });
  page.phase(READY);
  await settled();
}

test("a post without a fault is written once, and the page says quietly what it looked at", async () => {
  const page = await drawing();
  await answer(page, GOOD);
  assert.equal(page.session.asked.length, 1);
  assert.equal(page.session.asked[0].draw, null, "the first is drawn by the settings");
  assert.equal(page.shown("check-fine"), "Numbers, dates and names match your text.");
  assert.deepEqual(page.findings(), []);
  assert.ok(page.form.find("composer-stop").hidden && !page.root.find("card-actions").hidden);
});

test("one with a fault is written again, with another seed and begun with the name; why is said, and the best is kept", async () => {
  const page = await drawing({ demo: true });
  await answer(page, NO_DATE);
  assert.match(page.shown("check-drawing"), /^Writing another one, because this one leaves out the date or number\. Stop/);
  assert.ok(!page.form.find("composer-stop").hidden && page.root.find("card-actions").hidden);
  await answer(page, GOOD);
  assert.equal(page.session.asked.length, 2);
  assert.deepEqual(page.session.asked[1].draw, { seed: 1_000_010, temperature: 0.3 });
  assert.equal(beginningOf(page.session.asked[0]), "");
  assert.equal(beginningOf(page.session.asked[1]), "The Northfield Choir");
  assert.equal(page.session.asked[1].room - page.session.asked[0].room, 9, "what it begins with is three words of the post");
  assert.equal(page.body.textContent, GOOD);
  assert.equal(page.shown("check-drawing"), "");
  assert.equal(page.shown("check-fine"), "Numbers, dates and names match your text. · The best of 2.");
  assert.deepEqual((await heads(page.records)).map(({ text, seed }) => [text, seed]), [[GOOD, 1_000_010]], "the history has the one that was kept");
});

test("a beginning never takes more than the engine has room for, and one that does not fit is not told of", async () => {
  const page = await drawing({ demo: true });
  await answer(page, NO_DATE);
  const { maxTokens } = page.session.state.setup.settings;
  assert.ok(page.session.asked[1].room < maxTokens);
  page.phase(WRITING);
  page.session.state = { ...page.session.state, now: READY };
  page.session.asked[1].end({ kind: "too-long", tokens: maxTokens, room: page.session.asked[1].room });
  await settled();
  page.phase(READY);
  assert.equal(page.session.asked.length, 2);
  assert.equal(page.body.textContent, NO_DATE);
  assert.ok(!page.form.textContent.includes("too long"));
});

test("a heading in capitals is no beginning", async () => {
  const page = await drawing({ demo: true, recalled: { text: "Grand Opening Of Northfield Market Hall On Saturday Morning Market Square. It is on 22 May." } });
  await answer(page, "The hall opens. #Market");
  assert.equal(beginningOf(page.session.asked[1]), "");
});

test("after three the best stays, with what a person should look at; the others can be seen and chosen", async () => {
  const page = await drawing();
  for (const text of [WRONG_DATE, NO_DATE, OTHER_DATE]) await answer(page, text);
  assert.equal(page.session.asked.length, 3);
  assert.deepEqual(page.session.asked.map(beginningOf), ["", "", "The Northfield Choir"], "a model that mostly tells the name by itself is given a guess last");
  assert.deepEqual(page.session.asked.map(({ draw }) => draw?.temperature), [undefined, 0.7, 0.3]);
  assert.equal(page.body.textContent, NO_DATE);
  assert.deepEqual(page.findings(), ["Leaves out “22 May”."]);
  button(page.card, "All 3 variants").click();
  const [first] = page.card.all(({ tag }) => tag === "article");
  assert.match(first.textContent, /Check “23 may”: your text does not say so\./);
  assert.equal(page.card.all(({ className }) => className === "variant-best").map(({ textContent }) => textContent).join("|"), "| · has the least to look at|");
  button(first, "Choose").click();
  await settled();
  assert.equal(page.body.textContent, WRONG_DATE);
  assert.deepEqual((await heads(page.records)).map(({ text }) => text).sort(), [WRONG_DATE, NO_DATE], "what is chosen is kept");
});

test("the demo model is begun at once, and as it likes again where there is no other name", async () => {
  const page = await drawing({ demo: true });
  for (const text of [WRONG_DATE, NO_DATE, OTHER_DATE]) await answer(page, text);
  assert.deepEqual(page.session.asked.map(beginningOf), ["", "The Northfield Choir", ""]);
  assert.equal(page.session.asked[2].draw.temperature, 0.7, "and warmer");
});

test("what is wrong is said of the text as it is now", async () => {
  const page = await drawing({ takesSampling: false });
  for (const text of [NO_DATE, NO_DATE]) await answer(page, text);
  assert.deepEqual(page.findings(), ["Leaves out “22 May”."]);
  button(page.card, "Add the date").click();
  assert.deepEqual(page.findings(), []);
  assert.equal(page.shown("check-fine"), "Numbers, dates and names match your text. · The best of 2.");
});

test("Stop ends the looking for a better one: the best that is whole stays", async () => {
  const page = await drawing({ demo: true });
  await answer(page, NO_DATE);
  page.phase(WRITING);
  page.session.asked.at(-1).onText("si");
  assert.equal(page.body.textContent, "The Northfield Choir si", "the engine may leave out the space");
  page.form.find("composer-stop").click();
  await answer(page, "", "stopped");
  assert.equal(page.session.asked.length, 2);
  assert.equal(page.body.textContent, NO_DATE);
  assert.deepEqual((await heads(page.records)).map(({ text }) => text), [NO_DATE]);
  assert.ok(page.form.find("composer-stop").hidden);
});

test("the better of two is shown, put right, and Undo takes that back", async () => {
  const page = await drawing();
  await answer(page, "Come along! The Northfield Choir sings in the old tram depot. #Choir");
  await answer(page, "The Northfield Choir and the. On Friday, 22 May there are tickets. #Choir");
  assert.equal(page.session.asked.length, 2, "nothing is left to look for");
  assert.equal(page.body.textContent, "On Friday, 22 May there are tickets. #NorthfieldChoir", "the name is told by the hashtag that is made of it");
  assert.deepEqual((await heads(page.records)).map(({ current }) => current), [page.body.textContent], "the history has what is shown");
  page.root.find("card-undo").click();
  assert.equal(page.body.textContent, "The Northfield Choir and the. On Friday, 22 May there are tickets. #Choir");
});

test("where one says again what another said, the likeliest post comes in its place, once", async () => {
  const page = await drawing({ demo: true });
  for (const text of [WRONG_DATE, NO_DATE, WRONG_DATE, GOOD]) await answer(page, text);
  assert.deepEqual(page.session.asked.map(({ draw }) => draw?.temperature), [undefined, 0.3, 0.7, 0.05]);
  assert.equal(beginningOf(page.session.asked[3]), "");
  assert.equal(page.body.textContent, GOOD);
  const faulty = await drawing({ demo: true });
  for (const text of [NO_DATE, NO_DATE, NO_DATE, NO_DATE]) await answer(faulty, text);
  assert.equal(faulty.session.asked.length, 4);
});

test("one that is only too long is not begun with the name", async () => {
  const page = await drawing({ demo: true, recalled: { text: "The Northfield Choir sings on 22 May in the depot at 7 pm." } });
  await answer(page, "The Northfield Choir sings on 22 May with alto bass tenor soprano harp lute drum horn flute oboe viola cello organ bells gongs lyre fiddle zither. #Choir");
  assert.match(page.shown("check-drawing"), /is too long/);
  assert.equal(beginningOf(page.session.asked[1]), "");
  assert.equal(page.session.asked[1].draw.temperature, 0.7);
});

test("what ran away is written again, and taken only where there is nothing else", async () => {
  const page = await drawing();
  await answer(page, "The Northfield Choir sings and sings and sings and", "limit");
  assert.match(page.shown("check-drawing"), /^Writing another one, because this one breaks off/);
  await answer(page, GOOD);
  assert.equal(page.session.asked.length, 2);
  assert.equal(page.body.textContent, GOOD);
  const other = await drawing();
  for (const text of ["The Northfield Choir sings and", "The Northfield Choir hums and", "The Northfield Choir and"]) await answer(other, text, "limit");
  assert.equal(other.session.asked.length, 3);
  assert.equal(other.body.textContent, "The Northfield Choir sings and");
});

test("the likeliest post is always the same, so another is begun with a name, or there is none", async () => {
  for (const how of [{ settings: { topK: 1 } }, { settings: { temperature: 0 } }, { takesSampling: false }]) {
    const page = await drawing(how);
    await answer(page, NO_DATE);
    await answer(page, GOOD);
    assert.deepEqual(page.session.asked.map(beginningOf), ["", "The Northfield Choir"]);
    assert.equal(page.session.asked[1].draw, null, "by the settings");
    assert.equal(page.body.textContent, GOOD);
    const faulty = await drawing(how);
    for (const text of [WRONG_DATE, NO_DATE]) await answer(faulty, text);
    assert.equal(faulty.session.asked.length, 2, "there is no other name");
    assert.equal(faulty.body.textContent, NO_DATE);
    const nameless = await drawing({ ...how, recalled: { text: "The market opens on 22 May." } });
    await answer(nameless, "It opens. #Market");
    assert.equal(nameless.session.asked.length, 1);
  }
});

test("a text in another language is written about once, and nothing is said of it", async () => {
  const page = await drawing({ recalled: { text: "Die Bibliothek ist ab dem 3. Mai wieder für alle da, und das ist gut so." } });
  await answer(page, "Die Bibliothek ist ab Mai wieder da.");
  assert.equal(page.session.asked.length, 1);
  assert.ok(page.root.find("check").hidden);
});

test("what is too much or wrong is left out before another is written, and Undo brings it back", async () => {
  const page = await drawing();
  const long = `The Northfield Choir sings on 22 May. They sing of rivers and of ships and of the sea. There are many songs that nobody here has heard before. #Choir`;
  await answer(page, long);
  assert.equal(page.session.asked.length, 1);
  assert.equal(page.body.textContent, "The Northfield Choir sings on 22 May. They sing of rivers and of ships and of the sea. #Choir");
  assert.match(page.shown("check-fine"), /wrong or too long has been left out/);
  page.root.find("card-undo").click();
  assert.equal(page.body.textContent, long);
  assert.deepEqual(page.findings(), ["4 words more than you asked for."]);
  const other = await drawing();
  await answer(other, "The Northfield Choir sings on 22 May. Entry costs €9. #Choir #Football");
  assert.equal(other.session.asked.length, 1);
  assert.equal(other.body.textContent, "The Northfield Choir sings on 22 May. #Choir");
});

test("what the demo model could not write is put away, until a person wants to see it", async () => {
  const page = await drawing({ demo: true });
  for (const text of [WRONG_DATE, NO_DATE, OTHER_DATE]) await answer(page, text);
  assert.ok(page.body.hidden && page.root.find("counts").hidden && page.root.find("card-copy").hidden);
  assert.ok(page.card.all(({ className }) => className.includes("card-follow-up")).every(({ hidden }) => hidden));
  assert.match(page.root.find("check").textContent, /The demo model could not write a post about this text.*onpage gemma/);
  button(page.card, "Show what it wrote").click();
  assert.ok(!page.body.hidden && !page.root.find("card-copy").hidden);
  assert.equal(page.body.textContent, NO_DATE);
  assert.deepEqual(page.findings(), ["Leaves out “22 May”."]);
});

test("what a person has made of a post of the demo model's is never put away", async () => {
  const page = await drawing({ demo: true });
  await answer(page, GOOD);
  button(page.card, "Edit").click();
  const area = page.root.find("card-area");
  area.value = "Come along!";
  area.dispatchEvent(new Event("input"));
  button(page.card, "Done").click();
  assert.ok(!page.body.hidden && page.root.find("check").all(({ className }) => className.includes("check-reveal"))[0].hidden);
  assert.equal(page.body.textContent, "Come along!");
  assert.ok(page.findings().length > 0);
  page.task.destroy();
  const after = await mounted({}, { text: TEXT, ...page.remembered.at(-1) }, page.kept);
  await settled();
  const { setup } = after.session.state;
  after.session.state.setup = { ...setup, model: { ...setup.model, demo: true } };
  after.phase(READY);
  assert.ok(!after.body.hidden && after.body.textContent === "Come along!", "nor after a reload");
  after.task.destroy();
});

test("a person's own hashtags and link are no fault of the post", () => {
  const judge = new Judge(read("check"), read("social_post"));
  const post = new Post({ tone: "friendly", length: "short", seed: 1, lora: "" }, { source: TEXT });
  post.add(GOOD);
  post.end({ ...FIGURES, ended: "model" });
  post.edits?.change("The Northfield Choir sings on 22 May. https://a.org/2031 #Choir #Mine #Ours");
  const voice = { hashtags: ["#Choir", "#Mine", "#Ours"], link: "https://a.org/2031" };
  assert.deepEqual(judge.findings(post, voice), []);
  post.edits?.change("The Northfield Choir sings on 22 May. https://b.org/7 #Choir #Mine");
  assert.deepEqual(judge.findings(post, voice), [], "nor is a link that was typed");
  assert.deepEqual(judge.findings(post).map(({ rule }) => rule), ["tags"]);
});

test("nothing is said of half a word while it is typed, only when the person is done", async () => {
  const page = await drawing({ takesSampling: false });
  await answer(page, GOOD);
  button(page.card, "Edit").click();
  const area = page.root.find("card-area");
  area.value = GOOD.replace("22", "23");
  area.dispatchEvent(new Event("input"));
  assert.deepEqual(page.findings(), []);
  button(page.card, "Done").click();
  assert.deepEqual(page.findings(), ["Check “23 may”: your text does not say so.", "Leaves out “22 May”."]);
});
