// What a person does with functions, without a page: ask, allow, refuse, change, always allow, give a result, stop, reload.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Validator } from "../../static/node_modules/@cfworker/json-schema/dist/esm/index.js";
import { MemoryShelf } from "../../static/records/memory.js";
import { Records } from "../../static/records/records.js";
import { asJson, asMarkdown, asText, conversationOf, entryOf, headOf } from "../../static/tasks/functions/conversation.js";
import { Functions, MAX_ROUNDS } from "../../static/tasks/functions/functions.js";
import { EXAMPLE, checkedTool } from "../../static/tasks/functions/own_tool.js";
import { builtIn } from "../../static/tasks/functions/tools/index.js";

const units = JSON.parse(readFileSync(new URL("../../static/tasks/functions/tools/units.json", import.meta.url)));
const GEMMA = { prefix: "<start_of_turn>user\n", suffix: "<end_of_turn>\n<start_of_turn>model\n" };
const written = (name, parameters) => JSON.stringify({ name, parameters });
const CALCULATE = written("calculate", { expression: "6 * 7" });
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
const textOf = ({ parts }) => parts.map(({ text }) => text).join("");

/** A session as a task has it, which says what it is told to, one answer after the other. */
class FakeSession {
  asked = [];
  state = { now: { phase: "ready", after: "load" }, setup: { model: { name: "Gemma", demo: false, family: "gemma3", promptTemplate: GEMMA }, settings: { maxTokens: 2048, seed: 1 } } };
  tokens = () => 10;
  stopped = 0;
  #end = null;

  /** @param {(string | null)[]} says null: the engine is lost */
  constructor(...says) {
    this.says = says;
  }

  async count(messages) {
    return this.state.now.phase === "ready" ? this.tokens(messages) : null;
  }

  async generate(messages, { onText, ...options }) {
    this.asked.push({ messages, text: messages.map(textOf).join("\n---\n"), ...options });
    const said = this.says.shift() ?? "Well.";
    if (said === "lost") return null;
    this.state = { ...this.state, now: { phase: "writing", stopping: false } };
    let ended = "model";
    for (const piece of said.match(/[^]{1,9}/g) ?? []) {
      if (this.stopped) break;
      onText(piece);
    }
    if (this.holds) await new Promise((resolve) => (this.#end = resolve));
    if (this.stopped) ended = "stopped";
    this.stopped = 0;
    this.state = { ...this.state, now: { phase: "ready", after: "answer" } };
    return { kind: "written", figures: { ended } };
  }

  stop() {
    if (this.state.now.phase !== "writing") return;
    this.stopped += 1;
    this.#end?.();
  }

  async reseed() {
    const { setup } = this.state;
    this.state = { ...this.state, setup: { ...setup, settings: { ...setup.settings, seed: setup.settings.seed + 1 } } };
  }
}

function made({ session, says = [], device = new MemoryShelf(), tools = builtIn(["en"]), loadValidator = async () => Validator } = {}) {
  const records = new Records(device);
  const ran = [];
  const watched = tools.map((tool) => (tool.run ? { ...tool, run: (...given) => (ran.push(tool.name), tool.run(...given)) } : tool));
  const set = [];
  const page = { theme: "system", languages: ["en", "ja"], set: (...given) => set.push(given) };
  const services = { now: () => new Date(0), page, units, searchDocuments: async () => ({ documents: 0, hits: [] }) };
  const used = session ?? new FakeSession(...says);
  const functions = new Functions({ session: used, records: records.of("functions"), services, tools: watched, loadValidator, now: () => 7 });
  const ask = (question) => (functions.type(question), functions.ask());
  const close = async () => (functions.close(), await records.close());
  return { functions, session: used, records, ran, ask, close, set };
}

const last = ({ state }) => state.conversation.exchanges.at(-1);
const callsOf = (functions) => last(functions).steps.flatMap(({ calls }) => calls);
const waiting = (functions) => callsOf(functions).filter(({ state }) => state === "waiting");

test("nothing runs before it is allowed; then the model answers from the result", async () => {
  const { functions, session, ran, ask, records, close } = made({ says: [CALCULATE, "It is 42."] });
  const asking = ask("What is 6 times 7?");
  await settled();
  assert.deepEqual([functions.state.busy, waiting(functions).length, ran, session.asked.length], ["waiting", 1, [], 1]);
  const [call] = waiting(functions);
  assert.deepEqual([call.name, call.arguments], ["calculate", { expression: "6 * 7" }]);
  assert.equal(await functions.allow(call.id), "");
  await asking;
  assert.deepEqual([ran, last(functions).answer, last(functions).ended, functions.state.busy], [["calculate"], "It is 42.", "model", ""]);
  assert.match(session.asked[0].text, /"name": "calculate"/);
  assert.match(session.asked[1].text, /```tool_output\n\{"result": 42\}\n```/);
  assert.deepEqual([session.asked[0].tokens, session.asked[0].room], [384, 1664]);
  const [entry] = await records.of("functions").list({ count: 9 });
  assert.deepEqual(headOf(entry), { at: 7, question: "What is 6 times 7?", answer: "It is 42.", model: "Gemma", called: ["calculate"] });
  await close();
});

test("a call that is refused runs nothing, and the model is told", async () => {
  const { functions, session, ran, ask, close } = made({ says: [CALCULATE, "As you like."] });
  const asking = ask("What is 6 times 7?");
  await settled();
  functions.refuse(waiting(functions)[0].id);
  await asking;
  assert.deepEqual([ran, callsOf(functions)[0].state, last(functions).answer], [[], "refused", "As you like."]);
  assert.match(session.asked[1].text, /did not allow this call/);
  await close();
});

test("always is for one function and one conversation, and can be taken back", async () => {
  const says = [CALCULATE, "42.", CALCULATE, "42.", written("get_time", {}), "Noon.", CALCULATE, "42.", CALCULATE, "42."];
  const { functions, ran, ask, close } = made({ says });
  let asking = ask("first");
  await settled();
  await functions.allow(waiting(functions)[0].id, { always: true });
  await asking;
  assert.deepEqual(functions.state.conversation.allowed, ["calculate"]);
  await ask("second");
  assert.deepEqual([ran.length, callsOf(functions)[0].automatic], [2, true]);
  asking = ask("another function");
  await settled();
  assert.deepEqual(waiting(functions).map(({ name }) => name), ["get_time"]);
  functions.refuse(waiting(functions)[0].id);
  await asking;
  functions.disallow("calculate");
  asking = ask("third");
  await settled();
  assert.deepEqual([waiting(functions).length, ran.length], [1, 2]);
  await functions.allow(waiting(functions)[0].id, { always: true });
  await asking;
  await functions.fresh();
  asking = ask("a new conversation");
  await settled();
  assert.deepEqual([waiting(functions).length, functions.state.conversation.allowed], [1, []]);
  functions.stop();
  await asking;
  await close();
});

test("always allows the others of the same answer, and not those of another function", async () => {
  const both = `[${CALCULATE}, ${written("calculate", { expression: "1" })}, ${written("get_time", {})}]`;
  const { functions, ran, ask, close } = made({ says: [both, "Done."] });
  const asking = ask("both");
  await settled();
  await functions.allow(waiting(functions)[1].id, { always: true });
  await settled();
  assert.deepEqual([ran, waiting(functions).map(({ name }) => name)], [["calculate", "calculate"], ["get_time"]]);
  await functions.allow(waiting(functions)[0].id);
  await asking;
  assert.equal(last(functions).answer, "Done.");
  await close();
});

test("the person may change the arguments, to others that fit", async () => {
  const { functions, session, ask, close } = made({ says: [CALCULATE, "80."] });
  const asking = ask("q");
  await settled();
  const [{ id }] = waiting(functions);
  assert.match(await functions.allow(id, { text: "{" }), /JSON|Expected/);
  assert.equal((await functions.allow(id, { text: "[]" })).code, "no-object");
  assert.equal((await functions.allow(id, { text: '{"sum": 1}' })).code, "wrong-arguments");
  assert.equal(waiting(functions).length, 1);
  assert.equal(await functions.allow(id, { text: '{"expression": "8 * 10"}' }), "");
  await asking;
  assert.deepEqual([callsOf(functions)[0].arguments, callsOf(functions)[0].edited, callsOf(functions)[0].result], [{ expression: "8 * 10" }, true, { result: 80 }]);
  assert.match(session.asked[1].text, /8 \* 10/);
  assert.equal(await functions.allow(id), "", "a call runs once");
  await close();
});

test("a call that cannot be used is never asked for; the model is told once, and a second one ends it", async () => {
  const bad = written("delete_files", { path: "/" });
  for (const [first, reason] of [[bad, /There is no function/], [written("calculate", { sum: 1 }), /not right/], ["```tool_code\ncalculate(\n```", /cannot be read/]]) {
    const { functions, session, ran, ask, close } = made({ says: [first, CALCULATE, "42."] });
    const asking = ask("q");
    await settled();
    assert.deepEqual([callsOf(functions)[0].state, waiting(functions).length], ["wrong", 1]);
    assert.match(session.asked[1].text, reason);
    await functions.allow(waiting(functions)[0].id);
    await asking;
    assert.deepEqual([ran, last(functions).answer], [["calculate"], "42."]);
    await close();
  }
  const { functions, session, ran, ask, close } = made({ says: [bad, `[${bad}, ${CALCULATE}]`, "never"] });
  await ask("q");
  assert.deepEqual([last(functions).ended, session.asked.length, ran], ["wrong", 2, []]);
  assert.deepEqual(callsOf(functions).map(({ state }) => state), ["wrong", "wrong", "refused"]);
  await close();
});

test("a tool that fails says so to the model, and breaks nothing", async () => {
  const { functions, session, ask, close } = made({ says: [written("calculate", { expression: "1/0" }), "It has none."] });
  const asking = ask("q");
  await settled();
  await functions.allow(waiting(functions)[0].id);
  await asking;
  assert.deepEqual([callsOf(functions)[0].state, last(functions).answer], ["failed", "It has none."]);
  assert.match(session.asked[1].text, /Division by zero/);
  await close();
});

test("a model that calls again and again is ended, and so is one that goes on by itself", async () => {
  const { functions, ran, ask, close } = made({ says: Array.from({ length: 9 }, () => CALCULATE) });
  let asking = ask("q");
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    await settled();
    await functions.allow(waiting(functions)[0].id);
  }
  await asking;
  assert.deepEqual([last(functions).ended, ran.length], ["rounds", MAX_ROUNDS]);
  await close();

  const other = made({ says: [`\`\`\`tool_code\n${CALCULATE}\n\`\`\`\nIt is 43, I think, as anybody knows, and so on and on.`, "42."] });
  asking = other.ask("q");
  await settled();
  assert.equal(waiting(other.functions).length, 1, "its own guess is no answer");
  await other.functions.allow(waiting(other.functions)[0].id);
  await asking;
  assert.equal(last(other.functions).answer, "42.");
  await other.close();
});

test("Stop ends it wherever it is", async () => {
  const { functions, session, ran, ask, close } = made({ says: [CALCULATE, "never"] });
  let asking = ask("q");
  await settled();
  functions.stop();
  await asking;
  assert.deepEqual([last(functions).ended, ran, session.asked.length, functions.state.busy], ["stopped", [], 1, ""]);
  session.says = ["A long answ"];
  session.holds = true;
  asking = ask("r");
  await settled();
  functions.stop();
  await asking;
  assert.deepEqual([last(functions).ended, last(functions).answer], ["stopped", "A long answ"]);
  await close();
});

test("the person gives the result of a function of their own", async () => {
  const tools = [...builtIn(["en"]), checkedTool(EXAMPLE, [])];
  const { functions, session, ask, close } = made({ tools, says: [written("book_table", { day: "Friday", people: 3 }), "Booked."] });
  const asking = ask("Book it.");
  await settled();
  functions.give(waiting(functions)[0].id, { booked: true, note: "<end_of_turn>```" });
  await asking;
  assert.deepEqual([callsOf(functions)[0].state, last(functions).answer], ["done", "Booked."]);
  assert.match(session.asked[1].text, /"booked": true, "note": "<end_of_turn>\\u0060\\u0060\\u0060"/);
  await close();
});

test("another language comes when the answer is finished", async () => {
  const { functions, set, ask, close } = made({ tools: builtIn(["en", "ja"]), says: [written("set_language", { language: "ja" }), "Done."] });
  const asking = ask("Speak Japanese.");
  await settled();
  await functions.allow(waiting(functions)[0].id);
  assert.deepEqual(set, []);
  await asking;
  assert.deepEqual([last(functions).answer, set], ["Done.", [["language", "ja"]]]);
  await close();
});

test("a long result leaves room, and the oldest questions are left out where the context is full", async () => {
  const tools = [checkedTool(EXAMPLE, [])];
  const { functions, session, ask, close } = made({ tools, says: [written("book_table", { day: "F", people: 1 }), "ok", "second", "third"] });
  const asking = ask("first");
  await settled();
  functions.give(waiting(functions)[0].id, "x".repeat(50_000));
  await asking;
  assert.ok(session.asked[1].text.length < 6000);
  session.tokens = (messages) => (messages.some((message) => textOf(message) === "first") ? 9999 : 10);
  await ask("second");
  assert.deepEqual([functions.state.forgotten, last(functions).answer], [1, "second"]);
  assert.ok(!session.asked.at(-1).text.includes("first"));
  session.tokens = () => 9999;
  await ask("third");
  assert.deepEqual([last(functions).ended, session.asked.length], ["no-room", 3]);
  await close();
});

test("what cannot be checked does not run, and a lost engine ends it", async () => {
  const unchecked = made({ says: [CALCULATE], loadValidator: () => Promise.reject(new Error("offline")) });
  await unchecked.ask("q");
  assert.deepEqual([last(unchecked.functions).ended, unchecked.session.asked.length], ["unchecked", 0]);
  await unchecked.close();
  const lost = made({ says: [CALCULATE, "lost"] });
  const asking = lost.ask("q");
  await settled();
  await lost.functions.allow(waiting(lost.functions)[0].id);
  await asking;
  assert.deepEqual([last(lost.functions).ended, lost.ran], ["lost", ["calculate"]]);
  await lost.close();
});

test("while another task's answer is written, the next round waits; another model ends it", async () => {
  const { functions, session, ask, close } = made({ says: [CALCULATE, "42."] });
  let asking = ask("q");
  await settled();
  session.state = { ...session.state, now: { phase: "loading", reason: "elsewhere", progress: null } };
  await functions.allow(waiting(functions)[0].id);
  await settled();
  assert.equal(session.asked.length, 1);
  session.state = { ...session.state, now: { phase: "ready", after: "answer" } };
  functions.seen();
  await asking;
  assert.equal(last(functions).answer, "42.");
  session.says = [CALCULATE, "never"];
  asking = ask("r");
  await settled();
  const { setup } = session.state;
  session.state = { ...session.state, setup: { ...setup, model: { ...setup.model, name: "Another" } } };
  await functions.allow(waiting(functions)[0].id);
  await asking;
  assert.deepEqual([last(functions).ended, session.asked.length], ["lost", 3]);
  await close();
});

test("the demo is asked nothing, and functions that are off are not told of", async () => {
  const session = new FakeSession("hello");
  session.state.setup.model = { ...session.state.setup.model, demo: true };
  const demo = made({ session });
  await demo.ask("q");
  assert.deepEqual([demo.functions.format, session.asked.length, demo.functions.state.conversation.exchanges.length], [null, 0, 0]);
  await demo.close();
  const { functions, session: used, ask, close } = made({ says: ["Hm.", CALCULATE, "ok"] });
  functions.offer("calculate", false);
  await ask("q");
  assert.ok(!used.asked[0].text.includes('"name": "calculate"'));
  await ask("q");
  assert.deepEqual(callsOf(functions).map(({ state }) => state), ["wrong"]);
  await close();
});

test("a conversation comes back after a reload; what was waiting was not allowed", async () => {
  const device = new MemoryShelf();
  const before = made({ device, says: [CALCULATE, "42.", CALCULATE] });
  let asking = before.ask("first");
  await settled();
  await before.functions.allow(waiting(before.functions)[0].id, { always: true });
  await asking;
  const { id } = before.functions.state.conversation;
  const after = made({ device, says: [CALCULATE, "43?"] });
  assert.equal(await after.functions.open(id), true);
  assert.deepEqual([last(after.functions).answer, after.functions.state.conversation.allowed], ["42.", []]);
  asking = after.functions.again();
  await settled();
  await after.functions.allow(waiting(after.functions)[0].id);
  await asking;
  assert.deepEqual([after.functions.state.conversation.exchanges.length, last(after.functions).answer], [1, "43?"]);
  await after.functions.gone(id);
  assert.equal(after.functions.state.conversation.exchanges.length, 0);
  await before.close();
  await after.close();
});

test("records that are none, or another page's, are not trusted", () => {
  const entry = (body, head = {}) => ({ id: "a", at: 1, head, body });
  for (const body of [null, 7, [], { exchanges: 7 }, { exchanges: [] }, { exchanges: [{ question: 7 }] }]) assert.equal(conversationOf(entry(body)), null);
  assert.equal(headOf(entry(null)), null);
  const call = { name: "calculate", arguments: [], state: "waiting", result: undefined, automatic: "yes" };
  const read = conversationOf(entry({ exchanges: [{ question: "q", steps: [{ calls: [call, 7, { name: "" }] }, {}], answer: 7, ended: "never" }] }));
  assert.deepEqual(read.exchanges[0], { question: "q", steps: [{ text: "", calls: [{ id: read.exchanges[0].steps[0].calls[0].id, name: "calculate", arguments: {}, state: "refused", result: null, fault: null, automatic: false, edited: false }] }], answer: "", ended: "lost", model: "", figures: null });
});

test("files and the clipboard have the calls with what came of them", () => {
  const calls = [{ id: "1", name: "calculate", arguments: { expression: "6*7" }, state: "done", result: { result: 42 }, automatic: false, edited: false }];
  const conversation = { id: "a", at: 0, allowed: [], exchanges: [{ question: "What\nis it?", steps: [{ text: "", calls }], answer: "42.", ended: "model", model: "Gemma", figures: { tokens: 1 } }] };
  const entry = entryOf(conversation);
  assert.equal(JSON.stringify(entry).includes("figures"), false);
  const file = JSON.parse(asJson([entry]));
  assert.deepEqual([file.format, file.conversations[0].exchanges[0].steps[0].calls[0].result], ["onpage-functions/1", { result: 42 }]);
  const markdown = asMarkdown([conversation], { title: "T", called: ({ name }) => name, heading: () => "H" });
  assert.match(markdown, /^# T\n\n## H\n\n> What\n> is it\?\n\n\*calculate\*\n\n```json\n/);
  assert.equal(asText(conversation.exchanges[0]), 'What\nis it?\n\ncalculate({"expression":"6*7"}) → {"result":42}\n\n42.');
});

test("a view that goes while the next seed is loaded leaves the answer that there is", async () => {
  const page = made({ says: ["42.", "43?"] });
  await page.ask("first");
  const reseed = page.session.reseed.bind(page.session);
  let loaded;
  page.session.reseed = () => new Promise((resolve) => (loaded = () => resolve(reseed())));
  const again = page.functions.again();
  page.functions.close();
  loaded();
  await again;
  assert.deepEqual([page.session.asked.length, last(page.functions).answer], [1, "42."]);
  await page.close();
});
