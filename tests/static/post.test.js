// The first task: what it asks of the session, what is on the screen meanwhile, and what a piece of text costs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Post } from "../../static/tasks/post/state.js";
import { TextCounter } from "../../static/text/counting.js";
import { work } from "./support/dom.js";
import { settled } from "./support/engines.js";
import { FIGURES, READY, WRITING, button, mounted, submit, write } from "./support/post.js";

test("the post before stays until the first word of the next one", async () => {
  const page = await mounted();
  await write(page, ["One ", "post."]);
  submit(page.form);
  page.phase(WRITING);
  assert.equal(page.body.textContent, "One post.");
  assert.ok(!page.body.hidden && "data-reading" in page.card.attributes);
  page.session.asked.at(-1).onText("Another");
  assert.equal(page.body.textContent, "Another");
  assert.ok(!("data-reading" in page.card.attributes));
});

test("an answer that was stopped before its first word leaves the post before", async () => {
  const page = await mounted();
  await write(page, ["One post."]);
  await write(page, [], { ...FIGURES, ended: "stopped" });
  assert.equal(page.body.textContent, "One post.");
  assert.ok(!page.body.hidden && !page.root.find("card-actions").hidden);
});

test("Write stays where it is while it writes, and does nothing", async () => {
  const page = await mounted();
  submit(page.form);
  page.phase(WRITING);
  const [button, stop] = ["composer-write", "composer-stop"].map((name) => page.root.find(name));
  assert.ok(!button.hidden && !stop.hidden);
  assert.equal(button.getAttribute("aria-disabled"), "true");
  submit(page.form);
  assert.equal(page.session.asked.length, 1);
});

test("a model that has lost its way is stopped by its words, or by its tokens where it has none", async () => {
  const page = await mounted();
  submit(page.form);
  page.phase(WRITING);
  const call = page.session.asked[0];
  assert.equal(call.tokens, 225, "the engine ends it there");
  for (let word = 0; word < 75; word += 1) call.onText("word ");
  assert.equal(page.session.stops, 0);
  call.onText("word ");
  call.onText("word ");
  assert.equal(page.session.stops, 1);
  call.end({ kind: "written", figures: { ...FIGURES, ended: "stopped" } });
  await settled();
  page.phase(READY);
  assert.match(page.card.textContent, /lost its way/);
  await write(page, ["ro", "lele".repeat(99)], { ...FIGURES, ended: "limit" });
  assert.match(page.card.textContent, /lost its way/);
});

test("a post that ended because the context was full says so", async () => {
  const page = await mounted();
  await write(page, ["One"], { ...FIGURES, ended: "context" });
  assert.match(page.card.textContent, /context is full/);
});

test("too long a text is refused beside the text, not above the post of another", async () => {
  const page = await mounted();
  await write(page, ["One post."]);
  submit(page.form);
  page.session.asked.at(-1).end({ kind: "too-long", tokens: 600, room: 437 });
  await settled();
  page.phase(READY);
  const notice = page.form.find("composer-notice");
  assert.ok(!notice.hidden);
  assert.match(notice.textContent, /takes 600 tokens/);
  assert.equal(page.card.all(({ attributes }) => attributes.role === "alert" && !("hidden" in attributes)).length, 0);
  assert.doesNotMatch(notice.textContent, /raise the maximum/, "it is the model's own");
  page.session.state.setup = { ...page.session.state.setup, settings: { ...page.session.state.setup.settings, maxTokens: 256 } };
  page.phase(READY);
  assert.match(notice.textContent, /raise the maximum/);
});

test("Try again writes with the next seed, and not at all where that could not be had", async () => {
  const page = await mounted();
  await write(page, ["One"]);
  const again = button(page.card, "Try again");
  again.click();
  await settled();
  assert.deepEqual([page.session.reseeds, page.session.asked.length], [1, 1]);
  page.session.reseed = async () => {
    page.session.state.setup = { ...page.session.state.setup, settings: { ...page.session.state.setup.settings, seed: 2 } };
  };
  again.click();
  await settled();
  assert.equal(page.session.asked.length, 2);
});

test("texts of any language are laid out as they are written", async () => {
  for (const [text, dir] of [["The library", "ltr"], ["  12. تفتح المكتبة", "rtl"], ["«הספרייה» opens", "rtl"], ["", ""], ["図書館", "ltr"]]) {
    const page = await mounted({}, { text });
    assert.equal(page.root.find("composer-text").dir, dir, text);
    assert.equal(page.root.find("card-text").getAttribute("dir"), "auto");
  }
});

test("Copy works where the browser gives no clipboard, or else selects the text and says so", async () => {
  for (const [copies, said] of [[true, "Copied"], [false, "Selected: press Ctrl C"]]) {
    const page = await mounted({ copies });
    await write(page, ["One post."]);
    const copy = page.root.find("card-copy");
    copy.click();
    await settled();
    assert.equal(copy.textContent, said);
    assert.deepEqual([page.selected, page.asked], [[page.body], ["copy"]]);
    page.task.destroy();
  }
  const written = [];
  const page = await mounted({ clipboard: { writeText: async (text) => written.push(text) } });
  await write(page, ["One ", "post."]);
  page.root.find("card-copy").click();
  await settled();
  assert.deepEqual(written, ["One post."]);
  page.task.destroy();
});

test("what was remembered is not trusted", async () => {
  for (const recalled of [null, {}, { text: 7, tone: "rude", length: [] }, "text"]) {
    const page = await mounted({}, recalled);
    assert.equal(page.task.holdsText(), false);
    submit(page.form);
    assert.equal(page.session.asked.length, 0);
  }
});

test("a task takes everything of its own away", async () => {
  const page = await mounted();
  page.task.destroy();
  assert.equal(page.root.children.length, 0);
});

test("every tone and length has a name on the screen", async () => {
  const { texts } = await import("../../static/text/en.js");
  const definition = JSON.parse(readFileSync(new URL("../../static/tasks/post/social_post.json", import.meta.url)));
  for (const { id } of definition.tones) assert.ok(texts.post.tones[id], id);
  for (const { id } of definition.lengths) assert.ok(texts.post.lengths[id], id);
});

test("a piece of text costs the same at any length", async () => {
  const page = await mounted();
  submit(page.form);
  page.phase(WRITING);
  const { onText } = page.session.asked[0];
  const segment = Intl.Segmenter.prototype.segment;
  let segmented = 0;
  Intl.Segmenter.prototype.segment = function counted(text) {
    segmented += text.length;
    return segment.call(this, text);
  };
  const costs = [];
  try {
    for (let piece = 0; piece < 4000; piece += 1) {
      segmented = 0;
      work.characters = 0;
      onText("piece ");
      costs.push(segmented + work.characters);
    }
  } finally {
    Intl.Segmenter.prototype.segment = segment;
  }
  const most = (/** @type {number[]} */ some) => Math.max(...some);
  assert.ok(most(costs.slice(-100)) <= most(costs.slice(100, 200)) * 1.5, `${most(costs.slice(100, 200))}, then ${most(costs.slice(-100))}`);
  assert.equal(page.body.textContent.length, 24_000);
});

test("counts kept piece by piece are those of the whole text", () => {
  const text = "On Friday, 22 May the choir sings. 🎉👩‍👩‍👧 Don't miss it! 12.50 euros";
  const asked = { tone: "", length: "", seed: 1, lora: "" };
  const [whole, grown] = [new TextCounter(), new Post(asked)];
  whole.add(text);
  for (const piece of text.match(/.{1,4}/gsu) ?? []) grown.add(piece);
  assert.deepEqual([grown.text, grown.words, grown.characters], [text, whole.words, whole.characters]);
});

test("a post is asked for in the language of its text, or in the one that the person has chosen; the demo in none", async () => {
  const GERMAN = "Die Bibliothek öffnet am Montag, und für die Kinder gibt es ein Fest mit Musik und Kuchen.";
  const lastLine = ({ session }) => session.asked.at(-1).messages[0].parts[0].text.split("\n", 1)[0];
  for (const [text, language, demo, said] of [
    ["The library opens.", "", false, /one to three hashtags\.$/],
    ["The library opens.", "en", false, /one to three hashtags\.$/],
    ["The library opens.", "de", false, /hashtags\. Write the post in German\.$/],
    [GERMAN, "", false, /hashtags\. Write the post in the language of the text\.$/],
    [GERMAN, "en", false, /hashtags\. Write the post in English\.$/],
    ["The library opens.", "de", true, /one to three hashtags\.$/],
  ]) {
    const page = await mounted(undefined, { text, language });
    page.session.state.setup.model.demo = demo;
    page.phase(READY);
    const [, picker] = page.root.all(({ tag }) => tag === "select");
    assert.deepEqual([picker.value, Boolean(picker.disabled)], [demo ? "" : language, demo]);
    const why = page.root.all((each) => each.getAttribute("id") === picker.getAttribute("aria-describedby"))[0];
    assert.deepEqual([why.textContent, why.hidden], [demo ? "The demo model writes English only. A real Gemma writes in others." : "", !demo]);
    await write(page, ["One ", "post."]);
    assert.match(lastLine(page), said);
    const [{ head }] = await page.records.list({ count: 1 });
    assert.equal(head.language, !demo && language ? language : undefined);
    page.task.destroy();
  }
});
