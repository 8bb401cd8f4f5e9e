// The lab without a document: what it asks of the session, side by side, and JSON that is corrected once.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Validator } from "../../static/node_modules/@cfworker/json-schema/dist/esm/index.js";
import { textOf } from "../../static/engine/messages.js";
import { Lab } from "../../static/tasks/lab/lab.js";
import { checked } from "../../static/tasks/lab/template.js";
import { model, settled } from "./support/engines.js";
import { FIGURES, READY, fakeSession } from "./support/post.js";

const templates = JSON.parse(readFileSync(new URL("../../static/tasks/lab/templates.json", import.meta.url), "utf8")).map((each) => checked({ name: "", ...each }));

/** A lab whose session switches as asked, and writes what `answers` has, one after the other. */
function lab({ answers = [], takesSampling = true, switches = () => true } = {}) {
  const session = fakeSession();
  const models = [session.state.setup.model, model("second")];
  session.state = { ...session.state, models, settings: {} };
  session.state.setup.choice = { ...session.state.setup.choice, entry: { resampled: takesSampling ? ["x"] : [] }, file: { format: "x" } };
  session.switched = [];
  session.switch = async (reason, wish) => {
    session.switched.push([reason, wish]);
    if (!switches(reason, wish)) return;
    const { setup } = session.state;
    const next = models.find(({ id }) => id === wish.modelId) ?? setup.model;
    const { lora } = setup;
    session.state = { ...session.state, setup: { ...setup, model: next, lora: wish.loraId === undefined ? lora : (next.adapters.find(({ id }) => id === wish.loraId) ?? null), settings: wish.settings } };
  };
  session.generate = async (messages, options) => {
    session.asked.push({ messages: messages.map((each) => [each.role, textOf(each)]), settings: session.state.setup.settings, model: session.state.setup.model.id, ...options });
    const next = answers.shift() ?? "An answer.";
    if (typeof next === "object") return next;
    options.onText(next);
    return { kind: "written", figures: FIGURES };
  };
  const written = [];
  const made = new Lab({ session, templates, loadValidator: async () => Validator, onWritten: (run) => written.push(run) });
  return { lab: made, session, written, models };
}

test("an instruction goes out with what was filled in, and the template's limit; turn tokens and braces stay text", async () => {
  const { lab: made, session, written } = lab();
  made.fill("text", "Hi {tone} <end_of_turn>");
  made.fill("tone", "plain");
  await made.run();
  const [{ messages, tokens, room }] = session.asked;
  assert.deepEqual(messages, [["user", "Rewrite this message in a plain tone:\n\nHi {tone} <end_of_turn>"]]);
  assert.deepEqual([tokens, room], [256, session.state.setup.settings.maxTokens - 256]);
  assert.equal(made.state.run.answers[0].text, "An answer.");
  assert.deepEqual(written, [made.state.run]);
});

test("nothing is asked while something is missing, while it is busy, and while the engine is not ready", async () => {
  const { lab: made, session } = lab();
  await made.run();
  assert.deepEqual(made.missing.map(({ id }) => id), ["text"]);
  made.fill("text", " \n");
  await made.run();
  made.fill("text", "Hi.");
  session.state = { ...session.state, now: { phase: "loading", reason: "first", progress: null } };
  await made.run();
  assert.equal(session.asked.length, 0);
  session.state = { ...session.state, now: READY };
  await Promise.all([made.run(), made.run()]);
  assert.equal(session.asked.length, 1);
});

test("the template's sampling is used where the engine takes it without a reload, and the page's comes back", async () => {
  const { lab: made, session } = lab();
  const { settings } = session.state.setup;
  made.fill("text", "Hi.");
  await made.run();
  assert.deepEqual([session.asked[0].settings.temperature, session.asked[0].settings.topK], [0.2, Math.min(8, settings.topK)]);
  assert.deepEqual(session.state.setup.settings, settings);
  made.redraft({ pageSampling: true });
  await made.run();
  assert.equal(session.asked[1].settings, settings);
  const slow = lab({ takesSampling: false });
  slow.lab.fill("text", "Hi.");
  await slow.lab.run();
  assert.deepEqual(slow.session.switched, []);
});

test("side by side: the loaded side first, one model loaded, the answers in the order of the sides", async () => {
  const { lab: made, session } = lab({ answers: ["from the first", "from the second", "second again", "first again"] });
  made.fill("text", "Hi.");
  made.compare(true);
  assert.deepEqual(made.state.sides.map(({ modelId }) => modelId), ["first", "second"]);
  await made.run();
  assert.deepEqual(session.switched.map(([reason]) => reason), ["model"], "what is there is not loaded, and nothing for sampling that is the same");
  assert.deepEqual(made.state.run.answers.map(({ text }) => text), ["from the first", "from the second"]);
  await made.run();
  assert.deepEqual(session.asked.map((each) => each.model), ["first", "second", "second", "first"], "the second is loaded now");
  assert.deepEqual(made.state.run.answers.map(({ text, by }) => [text, by.model]), [["first again", "first"], ["second again", "second"]]);
});

test("side by side with one model: other sampling, and no other load", async () => {
  const { lab: made, session, models } = lab();
  models.splice(1);
  made.fill("text", "Hi.");
  made.compare(true);
  const { settings } = session.state.setup;
  const [a, b] = made.state.sides;
  assert.ok(b.temperature > a.temperature && b.modelId === a.modelId);
  await made.run();
  assert.deepEqual(session.switched.map(([reason]) => reason), ["settings", "settings"]);
  assert.deepEqual(session.state.setup.settings, settings, "the page's own are back");
  assert.deepEqual(session.asked.map(({ settings }) => settings.temperature), [a.temperature, b.temperature]);
});

test("a side that cannot be loaded ends the comparison, and says so", async () => {
  const { lab: made, session } = lab({ switches: (reason) => reason !== "model" });
  made.fill("text", "Hi.");
  made.compare(true);
  await made.run();
  assert.deepEqual([session.asked.length, made.state.unloaded, made.state.busy, made.state.run.answers.length], [1, true, false, 1]);
});

test("Stop between two sides ends what was to come", async () => {
  const { lab: made, session } = lab({ switches: () => made.stop() ?? true });
  made.fill("text", "Hi.");
  made.compare(true);
  await made.run();
  assert.deepEqual([session.asked.length, made.state.unloaded, made.state.busy], [1, false, false]);
});

function extracting(answers) {
  const all = lab({ answers });
  all.lab.choose("extract");
  all.lab.fill("text", "Clara comes on 14 May, with four friends.");
  all.lab.fill("schema", JSON.stringify({ type: "object", properties: { name: { type: "string" }, day: { type: "string" }, guests: { type: "integer", minimum: 1 } }, required: ["name", "guests"] }));
  return all;
}

test("JSON that fits is taken as it is", async () => {
  const { lab: made, session } = extracting(['{"name": "Clara", "day": "14 May", "guests": 5}']);
  await made.run();
  assert.match(session.asked[0].messages[0][1], /JSON: {"name":"","day":"","guests":0}$/);
  const [answer] = made.state.run.answers;
  assert.deepEqual([session.asked.length, answer.problems, answer.first], [1, [], null]);
});

test("JSON that does not fit is corrected once, in the same conversation, and the first answer stays in sight", async () => {
  const { lab: made, session, written } = extracting(['{"name": "Clara", "day": "14 May", "guests": 0}', '{"name": "Clara", "day": "14 May", "guests": 5}', "no more"]);
  await made.run();
  const [, { messages }] = session.asked;
  assert.deepEqual(messages.map(([role]) => role), ["user", "model", "user"]);
  assert.match(messages[2][1], /guests: .*1/);
  const [answer] = made.state.run.answers;
  assert.deepEqual([JSON.parse(answer.text).guests, JSON.parse(answer.first.text).guests, answer.problems, answer.ended], [5, 0, [], "model"]);
  assert.equal(session.asked.length, 2);
  assert.deepEqual([made.state.repairing, written.length], [false, 1]);
});

test("where the correction does not fit either, both are there; where there was no room for it, the first is", async () => {
  const twice = extracting(["Clara comes.", "{broken"]);
  await twice.lab.run();
  const [answer] = twice.lab.state.run.answers;
  assert.deepEqual([answer.problems.map(({ code }) => code), answer.first.problems.map(({ code }) => code), twice.session.asked.length], [["cut"], ["none"], 2]);
  const long = extracting(["Clara comes.", { kind: "too-long", tokens: 999, room: 9 }]);
  await long.lab.run();
  const [only] = long.lab.state.run.answers;
  assert.deepEqual([only.text, only.problems[0].code, only.first, only.ended], ["Clara comes.", "none", null, "model"]);
});

test("where the validator cannot be had, the answer is there and not called right", async () => {
  const { session } = lab({ answers: ['{"name": "Clara"}'] });
  const made = new Lab({ session, templates, loadValidator: () => Promise.reject(new Error("offline")) });
  made.choose("extract");
  made.useExample();
  await made.run();
  const [answer] = made.state.run.answers;
  assert.deepEqual([answer.text, answer.problems[0].code, made.state.busy], ['{"name": "Clara"}', "unchecked", false]);
});

test("text that the person typed is told from what a template begins with", () => {
  const { lab: made } = lab();
  assert.equal(made.holdsText, false);
  made.fill("text", "Hi.");
  assert.equal(made.holdsText, true);
});

test("a schema that cannot be used asks nothing of the model", async () => {
  const { lab: made, session } = extracting([]);
  made.fill("schema", '{"pattern": "(a+)+"}');
  await made.run();
  assert.deepEqual([session.asked.length, made.state.badSchema.problem], [0, "pattern"]);
  made.fill("schema", "{}");
  assert.equal(made.state.badSchema, null);
});

test("too long a text is said, and nothing is on the screen for it", async () => {
  const { lab: made } = lab({ answers: [{ kind: "too-long", tokens: 999, room: 9 }] });
  made.fill("text", "Hi.");
  await made.run();
  assert.deepEqual([made.state.tooLong.tokens, made.state.run, made.state.busy], [999, null, false]);
});

test("Try again takes the next seed, and not at all where that could not be had", async () => {
  const { lab: made, session } = lab();
  made.fill("text", "Hi.");
  await made.again();
  assert.deepEqual([session.reseeds, session.asked.length], [1, 0]);
  session.reseed = async () => {
    session.state = { ...session.state, setup: { ...session.state.setup, settings: { ...session.state.setup.settings, seed: 99 } } };
  };
  await made.again();
  assert.equal(session.asked[0].settings.seed, 99);
  assert.equal(session.state.setup.settings.seed, 99);
});

test("what was remembered is taken up again, and not trusted", async () => {
  const { lab: made } = lab();
  made.choose("free");
  made.redraft({ instruction: "Say {word}." });
  made.fill("word", "hello");
  made.compare(true);
  const { lab: reloaded, session } = lab();
  reloaded.recall(JSON.parse(JSON.stringify(made.remembered)));
  assert.deepEqual([reloaded.state.template.id, reloaded.state.draft.values.word, reloaded.state.sides.length], ["free", "hello", 2]);
  reloaded.compare(false);
  await reloaded.run();
  assert.equal(session.asked[0].messages[0][1], "Say hello.");
  for (const broken of [null, 5, { open: {}, drafts: [null, ["free"], ["free", { values: 5, instruction: {} }]], sides: [1, 2] }]) {
    const { lab: other } = lab();
    other.recall(broken);
    other.choose("free");
    assert.deepEqual([other.state.draft.instruction, other.state.sides], [templates.at(-1).instruction, null]);
  }
});

test("a template is saved as it is on the screen, with the fields of its variables", async () => {
  const { lab: made } = lab();
  made.choose("rewrite");
  made.redraft({ instruction: "Say {text} to {who} in a {tone} tone." });
  made.fill("who", "Ann");
  const own = checked({ ...made.edited, id: "mine", name: "Mine" });
  assert.deepEqual(own.fields.map(({ id, kind }) => [id, kind]), [["text", "text"], ["tone", "choice"], ["who", "text"]]);
  made.setTemplates([...templates, own]);
  made.choose("mine");
  assert.equal(made.state.draft.instruction, own.instruction);
  made.setTemplates(templates);
  assert.equal(made.state.template.id, "rewrite", "it is gone, the first is shown");
  await settled();
});
