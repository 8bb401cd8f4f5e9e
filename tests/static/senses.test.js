// What a person does with pictures and sound, without a page: who can, load, refuse, ask, Stop, keep, show again.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MemoryShelf } from "../../static/records/memory.js";
import { Records } from "../../static/records/records.js";
import { abilityOf } from "../../static/tasks/senses/able.js";
import { answerOf, asJson, asMarkdown, entryOf } from "../../static/tasks/senses/answer.js";
import { Senses } from "../../static/tasks/senses/senses.js";
import { model, settled } from "./support/engines.js";
import { FIGURES, READY, WRITING, fakeSession } from "./support/post.js";

const templates = JSON.parse(readFileSync(new URL("../../static/tasks/senses/templates.json", import.meta.url)));
const BOTH = ["image", "audio"];
const MEDIAPIPE = { id: "mediapipe", takesMedia: true };
const NONE = { images: 0, audio: false };
const ALL = { images: 4, audio: true };
const picture = (name = "a.png") => ({ part: { type: "image", image: { width: 6, height: 4 } }, name });
const sound = (name = "a.wav", seconds = 2) => ({ part: { type: "audio", samples: new Float32Array(seconds * 16_000), sampleRate: 16_000 }, name, cut: false, wav: new Blob() });

/** A model whose first file takes these; MediaPipe runs it. */
function taking(id, modalities, size = 1000) {
  const made = model(id, { size });
  return { ...made, files: [{ ...made.files[0], modalities }, made.files[1]] };
}

function stateOf(running, { senses = NONE, models = [], entry = MEDIAPIPE, gpu = "gpu" } = {}) {
  return { models: [...(running ? [running] : []), ...models], gpu, setup: running && { model: running, choice: { entry, file: running.files[0] }, senses } };
}

// Who can

test("before anything runs, only that there is no model at all is known", () => {
  assert.deepEqual(abilityOf(stateOf(null, { models: [taking("a", BOTH)] }), ["image"]), { kind: "unknown" });
  assert.deepEqual(abilityOf(stateOf(null), ["image"]), { kind: "none" });
});

test("what is loaded is able, as far as it is loaded", () => {
  const loaded = stateOf(taking("a", BOTH, 7), { senses: { images: 4, audio: false } });
  assert.deepEqual(abilityOf(loaded, ["image"]), { kind: "able" });
  assert.deepEqual(abilityOf(loaded, ["audio"]), { kind: "load", size: 7, senses: ALL }, "what there is stays");
  assert.deepEqual(abilityOf(loaded, BOTH), { kind: "load", size: 7, senses: ALL });
});

test("only what is asked for is loaded", () => {
  const running = stateOf(taking("a", BOTH, 7));
  assert.deepEqual(abilityOf(running, ["image"]), { kind: "load", size: 7, senses: { images: 4, audio: false } });
  assert.deepEqual(abilityOf(running, ["audio"]), { kind: "load", size: 7, senses: { images: 0, audio: true } });
});

test("another model is offered where this one cannot, and not one that cannot run here", () => {
  const sees = taking("sees", ["image"], 9);
  const running = model("reads");
  const offered = abilityOf(stateOf(running, { models: [sees] }), ["image"]);
  assert.deepEqual([offered.kind, offered.model?.id, offered.engineId, offered.size, offered.senses], ["switch", "sees", "mediapipe", 9, { images: 4, audio: false }]);
  assert.equal(abilityOf(stateOf(running, { models: [sees] }), BOTH).kind, "none", "it does not hear");
  assert.equal(abilityOf(stateOf(running, { models: [sees], gpu: "no-webgpu" }), ["image"]).kind, "none");
  const onCpu = abilityOf(stateOf(taking("a", BOTH), { entry: { id: "litert-lm-cpu" } }), ["audio"]);
  assert.deepEqual([onCpu.kind, onCpu.model?.id, onCpu.engineId], ["switch", "a", "mediapipe"], "the same model in an engine that takes it");
});

// Answers as records and files

const ANSWER = { id: "1", at: 0, template: "ask", question: "What?\nWhere?", media: ["image"], names: ["a.png"], text: " A door. ", model: "Gemma", ended: "model", thumbnail: Uint8Array.of(1, 2) };

test("an answer comes back from its record", () => assert.deepEqual(answerOf(entryOf(ANSWER)), ANSWER));

test("what another page may have written is no answer, or only what can be read of it", () => {
  const read = (head) => answerOf({ id: "1", at: 0, head });
  for (const head of [null, undefined, "x", {}, { text: 1, template: "ask" }, { text: "x" }]) assert.equal(read(head), null, JSON.stringify(head));
  const poor = { id: "1", at: 0, template: "ask", text: "x", question: "", media: [], names: [], model: "", ended: "lost", thumbnail: null };
  assert.deepEqual(read({ template: "ask", text: "x" }), poor);
  assert.deepEqual(read({ template: "ask", text: "x", question: 1, media: ["film", 3, "audio"], names: [null, "a"], model: {}, ended: "won", thumbnail: [1] }), { ...poor, media: ["audio"], names: ["a"] });
  assert.equal(read({ template: "ask", text: "x", thumbnail: new Uint8Array(100_001) })?.thumbnail, null);
  assert.equal(read({ template: "ask", text: "x", thumbnail: new Uint8Array(100_000) })?.thumbnail?.length, 100_000);
});

test("the file of answers has no picture, and leaves out what is none", () => {
  const { answers, format } = JSON.parse(asJson([entryOf(ANSWER), { id: "2", at: 0, head: {}, body: null }]));
  const { id, at, thumbnail, ...rest } = ANSWER;
  assert.deepEqual([format, answers], ["onpage-senses/1", [{ date: "1970-01-01T00:00:00.000Z", ...rest }]]);
});

test("as Markdown, each line of the question is a quotation", () => {
  assert.equal(asMarkdown(ANSWER, () => "About"), "## About\n\n- a.png\n\n> What?\n> Where?\n\nA door.\n");
  assert.equal(asMarkdown({ ...ANSWER, question: "", names: [] }, () => "About"), "## About\n\nA door.\n");
});

// What a person does

function made({ running = taking("a", BOTH, 7), senses = ALL, models = [], thumbnailOf = async () => Uint8Array.of(9) } = {}) {
  const session = fakeSession();
  const listed = stateOf(running, { senses, models });
  session.state = { ...session.state, ...listed, setup: { ...session.state.setup, ...listed.setup, settings: { maxTokens: 2048, seed: 1 } } };
  session.switched = [];
  session.switch = async (...given) => session.switched.push(given);
  const records = new Records(new MemoryShelf());
  const heard = [];
  const task = new Senses({ session, records: records.of("senses"), templates, language: "de", thumbnailOf, onText: (piece) => heard.push(piece), now: () => 7 });
  const phase = (now) => (session.state = { ...session.state, now });
  const close = async () => (task.close(), await records.close());
  const kept = () => records.of("senses").list({ count: 9 });
  return { task, session, heard, phase, close, kept };
}

/** Runs, says these pieces, and ends so. */
async function run({ task, session, phase }, pieces, outcome = { kind: "written", figures: FIGURES }) {
  const running = task.run();
  phase(WRITING);
  const call = session.asked.at(-1);
  for (const piece of pieces) call.onText(piece);
  phase(READY);
  call.end(outcome);
  await running;
  return call;
}

test("a picture is described in the page's language: it goes in first, then what to do", async () => {
  const way = made();
  way.task.addPicture(picture());
  way.task.setSound(sound());
  const { messages, room, tokens } = await run(way, ["A ", "door."]);
  const [{ role, parts }] = messages;
  assert.deepEqual([messages.length, role, parts.map(({ type }) => type)], [1, "user", ["image", "text"]]);
  assert.match(parts[1].text, /^Describe this picture: .* Answer in German\.$/);
  assert.deepEqual([room, tokens], [2048 - 512, 512]);
  const { answer, writing, figures } = way.task.state;
  assert.deepEqual([answer.text, answer.ended, answer.media, answer.names, writing, figures], ["A door.", "model", ["image"], ["a.png"], false, FIGURES]);
  assert.deepEqual(way.heard, ["A ", "door."]);
  const [head] = await way.kept();
  assert.deepEqual(answerOf(head), { ...answer, thumbnail: Uint8Array.of(9), model: "a", at: 7, template: "describe", question: "" });
  await way.close();
});

test("an answer about a sound bears the sound's name, and no picture, whatever else is attached", async () => {
  const way = made();
  way.task.addPicture(picture("door.png"));
  way.task.setSound(sound("talk.wav"));
  way.task.choose("transcribe");
  const { messages } = await run(way, ["Hello."]);
  assert.deepEqual(messages[0].parts.map(({ type }) => type), ["audio", "text"]);
  const { media, names, thumbnail } = way.task.state.answer;
  assert.deepEqual([media, names, thumbnail], [["audio"], ["talk.wav"], null]);
  way.task.choose("ask");
  way.task.ask("Which?");
  await run(way, ["Both."]);
  assert.deepEqual([way.task.state.answer.media, way.task.state.answer.names], [BOTH, ["door.png", "talk.wav"]]);
  await way.close();
});

test("a question goes in as it was typed, in one form of its letters", async () => {
  const way = made();
  way.task.addPicture(picture());
  way.task.choose("ask");
  way.task.ask("  {language} $& cafe\u0301?  ");
  const { messages } = await run(way, ["Yes."]);
  assert.equal(messages[0].parts.at(-1).text, "{language} $& café?");
  assert.equal(way.task.state.answer.question, "{language} $& cafe\u0301?");
  await way.close();
});

test("what is missing is said, and nothing is asked before", async () => {
  const way = made();
  const { task, session } = way;
  assert.deepEqual([task.missing, task.ready], ["image", false]);
  task.choose("ask");
  assert.equal(task.missing, "either");
  task.setSound(sound());
  task.ask(" \n");
  assert.deepEqual([task.missing, task.ready], ["question", false]);
  await task.run();
  task.choose("transcribe");
  assert.deepEqual([task.missing, task.ready], [null, true]);
  task.remove(task.state.sound);
  assert.deepEqual([task.missing, task.state.sound], ["audio", null]);
  task.addPicture(picture());
  assert.equal(task.missing, "audio", "a picture is nothing to write down");
  await task.run();
  assert.equal(session.asked.length, 0);
  await way.close();
});

test("nothing is loaded unless somebody asks, then what is needed, and it can be put away", async () => {
  const way = made({ senses: NONE });
  const { task, session } = way;
  task.addPicture(picture());
  await task.run();
  assert.deepEqual([task.ability.kind, task.ready, session.asked.length, session.switched.length], ["load", false, 0, 0]);
  await task.load();
  assert.deepEqual(session.switched, [["senses", { senses: { images: 4, audio: false } }]]);
  await task.unload();
  assert.deepEqual(session.switched[1], ["senses", { senses: NONE }]);
  await way.close();
});

test("a model that can takes the place of one that cannot; where there is none, nothing is loaded", async () => {
  const way = made({ running: model("reads"), senses: NONE, models: [taking("sees", BOTH)] });
  way.task.setSound(sound());
  way.task.choose("transcribe");
  await way.task.load();
  assert.deepEqual(way.session.switched, [["model", { modelId: "sees", engineId: "mediapipe", senses: { images: 0, audio: true } }]]);
  await way.close();
  const none = made({ running: model("reads"), senses: NONE });
  none.task.addPicture(picture());
  await none.task.load();
  assert.deepEqual([none.task.ability, none.session.switched], [{ kind: "none" }, []]);
  await none.close();
});

test("a model that only sees can be asked about pictures, also before there is one", async () => {
  const way = made({ running: taking("sees", ["image"]), senses: { images: 4, audio: false } });
  way.task.choose("ask");
  assert.equal(way.task.ability.kind, "able");
  way.task.setSound(sound());
  assert.equal(way.task.ability.kind, "none");
  await way.close();
});

test("four pictures are room for, a fifth is refused and the four stay", async () => {
  const way = made();
  for (const name of "abcd") way.task.addPicture(picture(name));
  assert.throws(() => way.task.addPicture(picture("e")), { name: "MediaError", code: "too-many" });
  assert.deepEqual(way.task.state.pictures.map(({ name }) => name), ["a", "b", "c", "d"]);
  way.task.remove(way.task.state.pictures[1]);
  way.task.addPicture(picture("e"));
  assert.deepEqual(way.task.state.pictures.map(({ name }) => name), ["a", "c", "d", "e"]);
  await way.close();
});

test("a file brings a template that takes it, where the chosen one does not", async () => {
  const way = made();
  way.task.fit("image");
  assert.equal(way.task.state.template.id, "describe");
  way.task.fit("audio");
  assert.equal(way.task.state.template.id, "ask");
  way.task.choose("transcribe");
  way.task.fit("image");
  assert.equal(way.task.state.template.id, "describe");
  way.task.choose("no such");
  assert.equal(way.task.state.template.id, "describe");
  await way.close();
});

test("Stop ends an answer, which is kept as far as it came", async () => {
  const way = made();
  way.task.addPicture(picture());
  way.task.stop();
  assert.equal(way.session.stops, 0, "nothing is being written");
  const running = way.task.run();
  assert.deepEqual([way.task.state.writing, way.task.ready], [true, false]);
  way.phase(WRITING);
  way.session.asked[0].onText("A do");
  way.task.choose("ask");
  await way.task.run();
  assert.deepEqual([way.task.state.template.id, way.session.asked.length], ["describe", 1], "one thing at a time");
  way.task.stop();
  assert.equal(way.session.stops, 1);
  way.phase(READY);
  way.session.asked[0].end({ kind: "written", figures: { ...FIGURES, ended: "stopped" } });
  await running;
  assert.deepEqual([way.task.state.answer.text, way.task.state.answer.ended], ["A do", "stopped"]);
  assert.equal(answerOf((await way.kept())[0]).ended, "stopped");
  await way.close();
});

test("what was written before an engine was lost stays, on the screen and in the history", async () => {
  const way = made();
  way.task.addPicture(picture());
  await run(way, ["A do"], null);
  assert.deepEqual([way.task.state.answer?.text, way.task.state.answer?.ended, way.task.state.writing], ["A do", "lost", false]);
  assert.equal((await way.kept()).length, 1);
  await run(way, [], null);
  assert.deepEqual([way.task.state.answer, (await way.kept()).length], [null, 1], "of nothing nothing is kept");
  await way.close();
});

test("what does not fit, and what the engine does not take, is no answer", async () => {
  const way = made();
  way.task.addPicture(picture());
  await run(way, [], { kind: "too-long", tokens: 3000, room: 1536 });
  assert.deepEqual([way.task.state.answer, way.task.state.tooLong, way.task.state.writing], [null, true, false]);
  way.task.remove(way.task.state.pictures[0]);
  assert.equal(way.task.state.tooLong, false, "something has changed");
  way.task.addPicture(picture());
  await run(way, [], { kind: "unable", modality: "image" });
  assert.deepEqual([way.task.state.answer, way.task.state.tooLong, (await way.kept()).length], [null, false, 0]);
  await way.close();
});

test("a model that says nothing has answered, and nothing is kept", async () => {
  const way = made();
  way.task.addPicture(picture());
  await run(way, [" \n"]);
  assert.deepEqual([way.task.state.answer?.ended, (await way.kept()).length], ["model", 0]);
  await way.close();
});

test("an answer is kept without its picture where that cannot be drawn", async () => {
  const way = made({ thumbnailOf: () => Promise.reject(new Error("no canvas")) });
  way.task.addPicture(picture());
  await run(way, ["A door."]);
  assert.equal(answerOf((await way.kept())[0]).thumbnail, null);
  await way.close();
});

test("tokens are the engine's, or about so many, and never those of something else", async () => {
  const way = made();
  const { task, session } = way;
  await task.count();
  assert.equal(task.state.counted, null);
  task.addPicture(picture());
  await task.count();
  assert.deepEqual(task.state.counted, { tokens: 7, room: 1536 });
  session.count = async () => null;
  await task.count();
  assert.deepEqual(task.state.counted, { tokens: 260, room: 1536 });
  let tell;
  session.count = () => new Promise((resolve) => (tell = resolve));
  const counting = task.count();
  task.addPicture(picture());
  tell(5);
  await counting;
  assert.equal(task.state.counted, null, "there is one more by now");
  await way.close();
});

test("again is another seed", async () => {
  const way = made();
  await way.task.again();
  assert.equal(way.session.reseeds, 0, "there is nothing to ask about");
  way.task.addPicture(picture());
  await way.task.again();
  assert.deepEqual([way.session.reseeds, way.session.asked.length], [1, 0], "the engine could not be had with another");
  const { setup } = way.session.state;
  way.session.reseed = async () => (way.session.state = { ...way.session.state, setup: { ...setup, settings: { ...setup.settings, seed: 2 } } });
  const running = way.task.again();
  await settled();
  assert.equal(way.session.asked.length, 1);
  way.session.asked[0].end({ kind: "written", figures: FIGURES });
  await running;
  await way.close();
});

test("an earlier answer is shown, but not in the place of one that grows", async () => {
  const way = made();
  way.task.addPicture(picture());
  await run(way, ["First."]);
  const { id } = way.task.state.answer;
  const running = way.task.run();
  await way.task.show(id);
  assert.notEqual(way.task.state.answer.id, id);
  way.session.asked[1].onText("Second.");
  way.session.asked[1].end({ kind: "written", figures: FIGURES });
  await running;
  await way.task.show(id);
  assert.deepEqual([way.task.state.answer.text, way.task.state.figures], ["First.", null]);
  await way.task.show("no such");
  assert.equal(way.task.state.answer.text, "First.");
  await way.close();
});

test("who leaves stops the answer, and hears of nothing more", async () => {
  const way = made();
  way.task.addPicture(picture());
  const running = way.task.run();
  let changes = 0;
  way.task.onChange = () => (changes += 1);
  way.task.close();
  way.session.asked[0].onText("A do");
  way.session.asked[0].end({ kind: "written", figures: { ...FIGURES, ended: "stopped" } });
  await running;
  assert.deepEqual([way.session.stops, way.heard, changes], [1, [], 0]);
  assert.equal(answerOf((await way.kept())[0]).text, "A do", "what there is, is kept");
  await way.close();
});
