// What a person does in the chat: asked, stopped, gone on, branched, edited, too long, reloaded, in two tabs. Nothing is lost.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { promptOf } from "../../static/engine/messages.js";
import { beginningThatFits, promptRoom } from "../../static/tasks/chat/room.js";
import { firstRoundOf, messagesOf, pathOf, siblingsOf, turn, turnOf, wentRoundAgain } from "../../static/tasks/chat/tree.js";
import { answerTo, ask, closeTabs, device, tab, tokensOf } from "./support/chats.js";
import { settled } from "./support/engines.js";

afterEach(closeTabs);

const TURNS = { prefix: "<user>\n", suffix: "</s>\n<model>\n" };
const texts = (turns) => turns.map(({ text }) => text);
const last = ({ chat }) => chat.path.at(-1);

/** Begins a question and lets so many words of its answer come. */
async function begin(page, text, words) {
  page.engine.slow = true;
  page.chat.setDraft(text);
  const asked = page.chat.send();
  await settled();
  for (let word = 0; word < words; word += 1) await page.engine.step();
  return { asked };
}

/** A seed with which the answer to a first question has at least so many words. */
function seedFor(question, words) {
  for (let seed = 1; ; seed += 1) {
    if (answerTo(promptOf(messagesOf("", [turn({ id: "q", parent: "", role: "user", text: question, at: 0 })]), TURNS), seed).answer.split(" ").length > words) return seed;
  }
}

test("a question, its answer, and a second question that the model hears with the first", async () => {
  const page = await tab({ turns: TURNS, seed: seedFor("Hello?", 3) });
  await ask(page, " Hello? ");
  assert.equal(page.chat.state.draft, "");
  await ask(page, "And now?");
  const [, first] = texts(page.chat.path);
  assert.equal(page.pieces.slice(0, first.split(" ").length - 1).join(""), first);
  assert.deepEqual(page.engine.prompts, ["<user>\nHello?</s>\n<model>\n", `<user>\nHello?</s>\n<model>\n${first}</s>\n<user>\nAnd now?</s>\n<model>\n`]);
  assert.deepEqual(page.chat.path.map(({ state, by }) => [state, by]), [["whole", ""], ["whole", "first"], ["whole", ""], ["whole", "first"]]);
  assert.ok(page.chat.state.figures[last(page).id].promptTokens > 0);
});

test("an answer is stopped and goes on to what it would have been", async () => {
  const seed = seedFor("Hello?", 5);
  const page = await tab({ turns: TURNS, seed });
  const { asked } = await begin(page, "Hello?", 2);
  assert.ok(page.chat.state.writing);
  page.chat.stop();
  await asked;
  const stopped = last(page);
  assert.equal(stopped.state, "stopped");
  page.engine.slow = false;
  await page.chat.goOn(stopped.id);
  const { answer } = answerTo("<user>\nHello?</s>\n<model>\n", seed);
  assert.deepEqual([last(page).text, last(page).state, last(page).id], [answer, "whole", stopped.id]);
  assert.ok(stopped.text && answer.startsWith(stopped.text) && answer !== stopped.text);
});

test("an answer that goes round in a circle is ended by the page, which says so", async () => {
  const page = await tab({ turns: TURNS });
  const round = "But I'll tell you, daddy, I'm just a little kid who plants a tree. ";
  page.engine.says = `Plants eat light. ${round.repeat(100)}`;
  await ask(page, "How do plants eat?");
  const { text, state } = last(page);
  assert.equal(state, "limit");
  assert.ok(text.startsWith("Plants eat light. ") && text.length < 6 * round.length, String(text.length));
  page.engine.says = null;
  await ask(page, "Again?");
  assert.equal(page.chat.path.length, 4);
});

test("an answer in circles goes on from its first round, with another seed and beside it, and is ended soon where it goes round again", async () => {
  const page = await tab({ turns: TURNS });
  const round = "But I'll tell you, daddy, I'm just a little kid who plants a tree. ";
  page.engine.says = `Plants eat light. ${round.repeat(100)}`;
  await ask(page, "How do plants eat?");
  const before = last(page);
  const first = `Plants eat light. ${round.trim()}`;
  assert.equal(firstRoundOf(before), first);
  const seeds = [];
  page.engine.onPrompt = (_, seed) => seeds.push(seed);

  page.engine.says = round.repeat(100);
  await page.chat.goOn(before.id);
  const again = last(page);
  assert.equal(page.engine.prompts.at(-1), `<user>\nHow do plants eat?</s>\n<model>\n${first}`);
  assert.notEqual(seeds.at(-1), 1);
  assert.notEqual(again.id, before.id);
  assert.deepEqual([again.state, firstRoundOf(again)], ["limit", first]);
  assert.ok(again.text.length < first.length + 5 * round.length, "one round is enough, as far as a text of so few words shows it");
  const beside = siblingsOf(page.chat.state.conversation, again);
  assert.deepEqual(beside.map((each) => [each.text, wentRoundAgain(each, beside)]), [[before.text, true], [again.text, true]]);

  page.engine.says = "And then it sleeps. ";
  await page.chat.goOn(again.id);
  assert.equal(last(page).text, `${first}And then it sleeps. `);
  assert.equal(siblingsOf(page.chat.state.conversation, last(page)).length, 3);
});

test("stopped before its first word, a question stays, and can be answered", async () => {
  const page = await tab({ turns: TURNS, seed: seedFor("Hello?", 3) });
  const { asked } = await begin(page, "Hello?", 0);
  page.chat.stop();
  await asked;
  assert.deepEqual(page.chat.path.map(({ role, text }) => [role, text]), [["user", "Hello?"]]);
  page.engine.slow = false;
  await page.chat.answer(last(page).id);
  assert.equal(last(page).state, "whole");
});

test("what is said after a question without an answer is asked with it", async () => {
  const page = await tab({ turns: TURNS, seed: seedFor("Hello?", 3) });
  const { asked } = await begin(page, "Hello?", 0);
  page.chat.stop();
  await asked;
  page.engine.slow = false;
  await ask(page, "Are you there?");
  assert.deepEqual(texts(page.chat.path)[0], "Hello?\n\nAre you there?");
  assert.equal(siblingsOf(page.chat.state.conversation, page.chat.path[0])[0].text, "Hello?");
});

test("an answer written anew stands beside the one before, with the next seed", async () => {
  const page = await tab({ turns: TURNS });
  await ask(page, "Hello?");
  const [question, first] = page.chat.path;
  await page.chat.answer(question.id);
  const beside = siblingsOf(page.chat.state.conversation, first);
  assert.deepEqual(texts(beside), [1, 2].map((seed) => answerTo("<user>\nHello?</s>\n<model>\n", seed).answer));
  assert.equal(last(page).id, beside[1].id);
  page.chat.choose(first.id);
  assert.equal(last(page).id, first.id);
});

test("an edited question stands beside the first, and its branch knows nothing of the other", async () => {
  const page = await tab({ turns: TURNS });
  await ask(page, "One?");
  await ask(page, "Two?");
  const before = texts(page.chat.path);
  await page.chat.edit(page.chat.path[2].id, "Three?");
  assert.equal(page.engine.prompts.at(-1), promptOf(messagesOf("", page.chat.path.slice(0, 3)), TURNS));
  assert.ok(!page.engine.prompts.at(-1).includes("Two?"));
  page.chat.choose(siblingsOf(page.chat.state.conversation, page.chat.path[2])[0].id);
  assert.deepEqual(texts(page.chat.path), before);
  await page.chat.edit(page.chat.path[0].id, "   ");
  assert.equal(page.chat.state.conversation.turns.length, 6, "nothing is no question");
});

test("a crash leaves what was written, which goes on with the engine that was started again", async () => {
  const seed = seedFor("Hello?", 5);
  const page = await tab({ turns: TURNS, seed });
  const { asked } = await begin(page, "Hello?", 2);
  page.engine.crash();
  await asked;
  await settled();
  const half = last(page);
  assert.equal(half.state, "stopped");
  await page.chat.goOn(half.id);
  assert.equal(last(page).text, answerTo("<user>\nHello?</s>\n<model>\n", seed).answer);
});

test("a reload in the middle of an answer loses at most its last second", async () => {
  let now = 1000;
  const shelf = device();
  const seed = seedFor("Hello?", 8);
  const page = await tab({ turns: TURNS, shelf, seed, now: () => now });
  await begin(page, "Hello?", 3);
  now += 1001;
  await page.engine.step();
  await settled();
  const written = page.chat.state.writing.text;
  await page.engine.step(); // within the second
  await page.chat.close();
  const again = await tab({ turns: TURNS, shelf, seed, recalled: { open: page.chat.state.conversation.id, draft: "next" } });
  assert.deepEqual([last(again).text, last(again).state, again.chat.state.draft], [written, "stopped", "next"]);
  await again.chat.goOn(last(again).id);
  assert.equal(last(again).text, answerTo("<user>\nHello?</s>\n<model>\n", seed).answer);
});

/** What a tab remembers of its chat, as the storage of the tab gives it back. @param {import("../../static/tasks/chat/chat.js").Chat} chat */
function rememberedOf({ state: { conversation, draft }, unkept }) {
  return JSON.parse(JSON.stringify({ open: conversation.id, draft, unkept }));
}

test("a reload before the first word keeps the question", async () => {
  const shelf = device();
  const page = await tab({ turns: TURNS, shelf, seed: seedFor("Hello?", 3) });
  await begin(page, "Hello?", 0);
  const recalled = rememberedOf(page.chat);
  await page.chat.close();
  const again = await tab({ turns: TURNS, shelf, recalled });
  assert.deepEqual([texts(again.chat.path), again.chat.unkept], [["Hello?"], null]);
  assert.equal(again.chat.state.list.length, 1);
});

test("a reload before something is saved has it, beside what another tab made of it meanwhile", async () => {
  const shelf = device();
  const page = await tab({ turns: TURNS, shelf });
  await ask(page, "Hello?");
  assert.equal(page.chat.unkept, null);
  const { update } = shelf;
  let answers = () => {};
  shelf.update = () => new Promise((resolve) => (answers = () => resolve(0))); // not before the page has gone
  void page.chat.edit(page.chat.path[0].id, "Goodbye?");
  await settled();
  const [question, answer] = texts(page.chat.path);
  assert.equal(question, "Goodbye?");
  const recalled = rememberedOf(page.chat);
  shelf.update = update;
  const other = await tab({ turns: TURNS, shelf, recalled: { open: page.chat.state.conversation.id } });
  assert.equal(other.chat.path[0].text, "Hello?");
  await ask(other, "And now?");
  const again = await tab({ turns: TURNS, shelf, recalled });
  const said = texts(again.chat.state.conversation.turns);
  assert.deepEqual(["Hello?", "Goodbye?", answer, "And now?"].filter((text) => !said.includes(text)), []);
  assert.equal(again.chat.unkept, null);
  answers();
});

test("what a tab remembers of its conversation is not trusted", async () => {
  for (const unkept of ["x", 7, {}, { id: "a", turns: [{ text: 5 }] }]) {
    const { chat } = await tab({ recalled: { unkept } });
    assert.deepEqual([chat.state.list, chat.path], [[], []]);
  }
});

/** A tab whose context is full at the next question. */
async function full(options = {}) {
  const page = await tab({ turns: TURNS, maxTokens: 160, ...options });
  for (let at = 1; !page.chat.state.full; at += 1) {
    assert.ok(at < 50);
    await ask(page, `Question ${at}, which has some words of its own?`);
  }
  return page;
}

test("a context that is full is a choice, and nothing is changed before it is made", async () => {
  const page = await full();
  const { draft, conversation, full: found } = page.chat.state;
  assert.match(draft, /^Question/);
  assert.ok(!texts(conversation.turns).includes(draft) && found.tokens > found.room && !found.alone);
  page.chat.dismiss();
  assert.deepEqual([page.chat.state.full, page.chat.state.draft], [null, draft]);
  await page.chat.send();
  assert.equal(page.chat.state.full.tokens, found.tokens);
  assert.equal(page.session.state.now.phase, "ready");
});

test("the oldest are left out: the newest that fit are told, with room for more", async () => {
  const page = await full();
  const question = page.chat.state.draft;
  await page.chat.leaveOut();
  assert.equal(page.chat.path.at(-2).text, question);
  const prompt = page.engine.prompts.at(-1);
  assert.ok(prompt.endsWith(`${question}</s>\n<model>\n`) && !prompt.includes("Question 1,"));
  assert.ok(tokensOf(prompt) <= promptRoom(160) * 0.6 || prompt.split("<user>").length === 2);
  await ask(page, "A further one?");
  assert.ok(page.engine.prompts.at(-1).includes(question), "it goes on from there");
});

test("a summary takes the place of what was before", async () => {
  const page = await full();
  const question = page.chat.state.draft;
  await page.chat.summarize("Sum up.");
  const [asked, answered] = page.engine.prompts.slice(-2);
  const summary = page.chat.path.at(-2).memory.summary;
  assert.ok(asked.endsWith("<user>\nSum up.</s>\n<model>\n") && summary && answerTo(asked, 1).answer.startsWith(summary));
  assert.equal(answered, `<user>\nSo far: ${summary}\n\n${question}</s>\n<model>\n`);
  assert.ok(!texts(page.chat.state.conversation.turns).includes("Sum up."), "it is no turn of the conversation");
});

test("a summary that is stopped changes nothing: the choice is still there", async () => {
  const page = await full();
  const before = page.chat.state.conversation;
  page.engine.slow = true;
  const summarizing = page.chat.summarize("Sum up.");
  await settled();
  await settled();
  assert.ok(page.chat.state.summarizing);
  page.chat.stop();
  await summarizing;
  assert.deepEqual([page.chat.state.conversation, page.chat.state.summarizing], [before, false]);
  assert.ok(page.chat.state.full);
});

test("the same question in a new conversation, with the same instructions", async () => {
  const page = await tab({ turns: TURNS, maxTokens: 160, recalled: { system: "Be brief." } });
  while (!page.chat.state.full) await ask(page, "A question, which has some words of its own?");
  const old = page.chat.state.conversation.id;
  const { draft } = page.chat.state;
  await page.chat.anew();
  assert.notEqual(page.chat.state.conversation.id, old);
  assert.equal(page.engine.prompts.at(-1), `<user>\nBe brief.\n\n${draft}</s>\n<model>\n`);
  assert.deepEqual(page.chat.state.list.length, 2);
});

test("a question that is too long by itself says so", async () => {
  const page = await tab({ turns: TURNS, maxTokens: 160 });
  await ask(page, "long ".repeat(200));
  assert.ok(page.chat.state.full.alone);
  await page.chat.leaveOut();
  assert.ok(page.chat.state.full.alone && page.engine.prompts.length === 0);
});

test("what is left out is found with few counts", async () => {
  const path = [];
  for (let at = 0; at < 201; at += 1) path.push(turn({ id: `${at}`, parent: at ? `${at - 1}` : "", role: at % 2 ? "model" : "user", text: "x".repeat(40), at }));
  let counts = 0;
  const count = async (messages) => {
    counts += 1;
    return tokensOf(promptOf(messages, TURNS));
  };
  const start = await beginningThatFits("", path, 500, count);
  assert.ok(counts <= 8, `${counts}`);
  const sent = path.slice(path.indexOf(start));
  assert.ok(tokensOf(promptOf(messagesOf("", sent), TURNS)) <= 300);
  assert.ok(tokensOf(promptOf(messagesOf("", path.slice(path.indexOf(start) - 2)), TURNS)) > 300);
});

test("another tab's turns come into the conversation that is open, and a deletion is not undone by a turn before it", async () => {
  const shelf = device();
  const [mine] = [await tab({ turns: TURNS, shelf })];
  await ask(mine, "Mine?");
  const theirs = await tab({ turns: TURNS, shelf, recalled: { open: mine.chat.state.conversation.id } });
  await ask(theirs, "Theirs?");
  await ask(mine, "Mine again?");
  await settled();
  const kept = (await shelf.get("chat", mine.chat.state.conversation.id)).body;
  assert.deepEqual(kept.turns.filter(({ role }) => role === "user").map(({ text }) => text).sort(), ["Mine again?", "Mine?", "Theirs?"]);
  assert.equal(mine.chat.path.at(-2).text, "Mine again?");
});

test("conversations are listed, opened, removed; a new one keeps the instructions", async () => {
  let now = 0;
  const page = await tab({ turns: TURNS, now: () => (now += 1) });
  page.chat.setSystem("Be brief.");
  await ask(page, "First?");
  const first = page.chat.state.conversation.id;
  await page.chat.fresh();
  assert.deepEqual([page.chat.path, page.chat.state.conversation.system], [[], "Be brief."]);
  await ask(page, "Second?");
  assert.deepEqual(page.chat.state.list.map(({ head }) => head.title), ["Second?", "First?"]);
  await page.chat.open(first);
  assert.equal(page.chat.path[0].text, "First?");
  await page.chat.remove(first);
  assert.deepEqual([page.chat.path, page.chat.state.list.length], [[], 1]);
});

test("opening another conversation ends the answer that is written, and keeps it", async () => {
  const seed = seedFor("Hello?", 5);
  const page = await tab({ turns: TURNS, seed });
  const { asked } = await begin(page, "Hello?", 2);
  const { id } = page.chat.state.conversation;
  await page.chat.fresh();
  await asked;
  assert.deepEqual(page.chat.path, []);
  await page.chat.open(id);
  assert.equal(last(page).state, "stopped");
});

test("where nothing can be kept the chat works, and says why it will not stay", async () => {
  const shelf = device();
  for (const name of ["put", "update", "get", "list"]) shelf[name] = async () => Promise.reject(new DOMException("no", "SecurityError"));
  const page = await tab({ turns: TURNS, shelf });
  await ask(page, "Hello?");
  await ask(page, "Again?");
  assert.deepEqual([page.chat.trouble, page.chat.path.length, page.chat.state.list.length], ["refused", 4, 1]);
});

test("tokens that would be sent are counted with the draft", async () => {
  const page = await tab({ turns: TURNS });
  await ask(page, "Hello?");
  page.chat.state = { ...page.chat.state, draft: "And?" };
  page.chat.countSoon(0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const prompt = promptOf(messagesOf("", [...page.chat.path, turn({ id: "x", parent: "y", role: "user", text: "And?", at: 0 })]), TURNS);
  assert.deepEqual(page.chat.state.count, { tokens: tokensOf(prompt), room: promptRoom(400) });
});

test("a turn is removed with what follows it, also on the device", async () => {
  const page = await tab({ turns: TURNS });
  await ask(page, "One?");
  await ask(page, "Two?");
  page.chat.removeTurn(page.chat.path[2].id);
  assert.equal(page.chat.path.length, 2);
  const again = await tab({ turns: TURNS, shelf: page.shelf, recalled: { open: page.chat.state.conversation.id } });
  await settled();
  await page.chat.close();
  await again.chat.open(page.chat.state.conversation.id);
  assert.equal(pathOf(again.chat.state.conversation).length, 2);
  assert.equal(turnOf(again.chat.state.conversation, page.chat.path[0].id).text, "One?");
});

test("a conversation that takes long to be read gives way to what was asked after it", async () => {
  const shelf = device();
  const page = await tab({ turns: TURNS, shelf, seed: seedFor("Hello?", 5) });
  await ask(page, "First?");
  const first = page.chat.state.conversation.id;
  await page.chat.fresh();
  const get = shelf.get.bind(shelf);
  let read = () => {};
  shelf.get = async (task, id) => {
    if (id === first) await new Promise((resolve) => (read = resolve));
    return get(task, id);
  };
  const opening = page.chat.open(first);
  await settled();
  const { asked } = await begin(page, "Hello?", 2);
  read();
  await opening;
  assert.notEqual(page.chat.state.conversation.id, first, "an answer is being written in this one");
  page.engine.slow = false;
  await page.engine.step();
  await asked;
  assert.deepEqual([page.chat.path[0].text, last(page).state], ["Hello?", "whole"]);
});

test("the conversation that is open already is not stopped by opening it", async () => {
  const page = await tab({ turns: TURNS, seed: seedFor("Hello?", 5) });
  const { asked } = await begin(page, "Hello?", 2);
  await page.chat.open(page.chat.state.conversation.id);
  assert.ok(page.chat.state.writing);
  page.engine.slow = false;
  await page.engine.step();
  await asked;
  assert.equal(last(page).state, "whole");
});

test("a new conversation that is wanted while a summary ends is not the one that the answer goes to", async () => {
  const page = await full();
  const old = page.chat.state.conversation.id;
  const { stop } = page.session;
  page.session.stop = () => (page.session.stop = stop.bind(page.session)); // too late: the summary is whole
  page.engine.slow = true;
  const summarizing = page.chat.summarize("Sum up.");
  await settled();
  const leaving = page.chat.fresh();
  page.engine.slow = false;
  await page.engine.step();
  await Promise.all([summarizing, leaving]);
  assert.deepEqual([page.chat.path, page.chat.state.writing], [[], null]);
  assert.notEqual(page.chat.state.conversation.id, old);
});

test("what is typed while a question is found too long stays beside it", async () => {
  const page = await tab({ turns: TURNS, maxTokens: 160 });
  page.chat.setDraft("long ".repeat(200).trim());
  const asked = page.chat.send();
  page.chat.setDraft("And more");
  await asked;
  assert.ok(page.chat.state.full);
  assert.match(page.chat.state.draft, /^long .* long\n\nAnd more$/);
});
