// What a person does with documents, without a page: add, search, answer with sources, stop, remove, reload.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Records } from "../../static/records/records.js";
import { MemoryShelf } from "../../static/records/memory.js";
import { answerOf, asMarkdown, asText, entryOf } from "../../static/tasks/documents/answers.js";
import { DocumentError } from "../../static/tasks/documents/document.js";
import { Documents } from "../../static/tasks/documents/documents.js";
import { Library, bodyOf } from "../../static/tasks/documents/library.js";
import { readMarkdown } from "../../static/tasks/documents/readers/markdown.js";
import { Search } from "../../static/tasks/documents/search.js";
import { Searcher } from "../../static/tasks/documents/searcher.js";
import { marked } from "./support/documents.js";

const RULES = "# Rules\n\n## Guests\n\nEach member may bring two guests, who pay 5 crowns.\n\n## Boats\n\nThe Swift has one seat.\n";
const given = (name, text = RULES) => ({ name, file: new Blob([text]) });
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

/** A worker in this thread. What hangs never answers. */
class FakeWorker extends EventTarget {
  static made = [];
  #searcher = new Searcher();
  ended = false;

  constructor() {
    super();
    FakeWorker.made.push(this);
  }

  postMessage(request) {
    const { type, id, key } = structuredClone(request);
    if (type === "hold") return this.#searcher.hold(key, structuredClone(request.document));
    if (type === "drop") return this.#searcher.drop(key);
    if (request.source?.text === "hangs") return undefined;
    const reply = () => {
      try {
        return { id, result: type === "search" ? this.#searcher.search(request.question, request.count) : this.#searcher.index(readMarkdown(request.source.text, marked.lexer)) };
      } catch ({ code, detail }) {
        return { id, code, detail };
      }
    };
    queueMicrotask(() => this.ended || this.dispatchEvent(Object.assign(new Event("message"), { data: structuredClone(reply()) })));
    return undefined;
  }

  terminate() {
    this.ended = true;
  }
}

/** A session as a task has it, which says what it is told to. */
class FakeSession {
  asked = [];
  state = { now: { phase: "ready", after: "load" }, setup: { model: { name: "Gemma", demo: false }, settings: { maxTokens: 1024, seed: 1 } } };
  says = ["Two guests", " [1", "]."];
  /** @type {((outcome: unknown) => void) | null} */
  end = null;

  async count(messages) {
    return Math.ceil(messages[0].parts[0].text.length / 4);
  }

  async generate(messages, { onText, ...options }) {
    this.asked.push({ text: messages[0].parts[0].text, ...options });
    this.state = { ...this.state, now: { phase: "writing", stopping: false } };
    for (const piece of this.says) onText(piece);
    const ended = this.holds ? await new Promise((resolve) => (this.end = resolve)) : "model";
    this.state = { ...this.state, now: { phase: "ready", after: "answer" } };
    return ended && { kind: "written", figures: { ended } };
  }

  stop() {
    this.end?.("stopped");
  }

  async reseed() {
    const { setup } = this.state;
    this.state = { ...this.state, setup: { ...setup, settings: { ...setup.settings, seed: setup.settings.seed + 1 } } };
  }
}

function made({ device = new MemoryShelf(), session = new FakeSession(), read, find } = {}) {
  const records = new Records(device);
  const files = records.of("documents/files");
  const library = new Library({
    records: files,
    search: new Proxy({}, { get: (_, name) => search[name].bind(search) }),
    read: read ?? (async (file) => ({ kind: "markdown", source: { kind: "markdown", text: await file.text() } })),
    onChange: () => {},
  });
  const search = new Search({ marked: "", restarted: () => void library.again(), makeWorker: () => new FakeWorker() });
  const pieces = [];
  const documents = new Documents({ session, records: records.of("documents"), find: find ?? ((question, count) => search.search(question, count)), library, onText: (piece) => pieces.push(piece), now: () => 7 });
  const ask = (question) => (documents.type(question), documents.ask());
  const close = async () => (library.close(), documents.close(), search.close(), await records.close());
  return { library, documents, search, session, records, pieces, ask, close };
}

test("a question is searched for, and answered from what was found", async () => {
  const { library, documents, session, records, pieces, ask, close } = made();
  const id = await library.add([given("rules.md")]);
  assert.deepEqual(library.entries.map(({ name, kind, passages }) => [name, kind, passages]), [["rules.md", "markdown", 2]]);
  await ask("How many guests can a member bring?");
  const { asked, answer, writing } = documents.state;
  assert.equal(asked.hits[0].headings.at(-1), "Guests");
  assert.equal(session.asked.length, 1);
  assert.deepEqual([session.asked[0].tokens, session.asked[0].room], [256, 768]);
  assert.ok(session.asked[0].text.includes("> Each member may bring two guests"));
  assert.deepEqual([answer.text, answer.ended, answer.sources[0].id, answer.sources[0].name, writing], ["Two guests [1].", "model", id, "rules.md", false]);
  assert.deepEqual(pieces, session.says);
  await documents.open(id, answer.sources[0]);
  const { document, passage } = documents.state.opened;
  assert.equal(document.text.slice(passage.start, passage.end), answer.sources[0].text);
  assert.deepEqual((await records.of("documents").list({ count: 9 })).length, 1);
  await close();
});

test("a document that is added again is not kept twice, but another one of its name is", async () => {
  const { library, ask, documents, close } = made();
  const id = await library.add([given("rules.md")]);
  assert.equal(await library.add([given("rules.md")]), id);
  await ask("How many guests can a member bring?");
  assert.deepEqual([library.entries.length, documents.state.asked.hits.length, library.adding, library.refused], [1, 1, null, []]);
  assert.notEqual(await library.add([given("rules.md", RULES.replace("two", "six"))]), id);
  assert.notEqual(await library.add([given("copy.md")]), id);
  assert.equal(library.entries.length, 3);
  await close();
});

test("what has the words of a question and is far from its meaning is shown, and no model is asked", async () => {
  for (const [meant, asks] of [["far", 0], ["near", 1]]) {
    const page = made({ find: async (question, count) => ({ ...(await page.search.search(question, count)), meant }) });
    const { library, documents, session, ask, close } = page;
    await library.add([given("rules.md")]);
    await ask("How many guests can a member bring?");
    assert.deepEqual([documents.state.asked.hits.length > 0, documents.state.asked.good, session.asked.length], [true, asks === 1, asks]);
    await close();
  }
});

test("the demo and a page without a model search, and ask nothing of a model", async () => {
  for (const setup of [null, { model: { name: "demo", demo: true }, settings: { maxTokens: 512, seed: 1 } }]) {
    const session = new FakeSession();
    session.state = { now: { phase: setup ? "ready" : "problem" }, setup };
    const { library, documents, ask, close } = made({ session });
    await library.add([given("rules.md")]);
    await ask("guests");
    await documents.answer();
    assert.deepEqual([documents.state.asked.hits.length, session.asked.length, documents.state.awaited], [1, 0, false]);
    await close();
  }
});

test("where nothing scores well the model is asked only when the person wants it", async () => {
  const { library, documents, session, ask, close } = made();
  await library.add([given("rules.md")]);
  await ask("Which seat has the best engine for winter racing?");
  assert.deepEqual([documents.state.asked.good, session.asked.length], [false, 0]);
  await documents.answer();
  assert.equal(session.asked.length, 1);
  await ask("zebra");
  assert.deepEqual([documents.state.asked.hits, session.asked.length], [[], 1]);
  documents.setAnswers(false);
  await ask("guests");
  assert.equal(session.asked.length, 1);
  await close();
});

test("a question that is asked while the model loads is answered when it is ready", async () => {
  const session = new FakeSession();
  session.state = { ...session.state, now: { phase: "loading" } };
  const { library, documents, ask, close } = made({ session });
  await library.add([given("rules.md")]);
  await ask("guests");
  assert.deepEqual([documents.state.awaited, session.asked.length], [true, 0]);
  session.state = { ...session.state, now: { phase: "ready" } };
  await documents.goOn();
  assert.deepEqual([documents.state.awaited, session.asked.length], [false, 1]);
  await close();
});

test("Stop keeps what was written; another question ends the one before; another try has another seed", async () => {
  const { library, documents, session, records, ask, close } = made();
  await library.add([given("rules.md")]);
  session.holds = true;
  const first = ask("guests");
  await settled();
  assert.ok(documents.state.writing);
  documents.stop();
  await first;
  assert.deepEqual([documents.state.answer.ended, documents.state.answer.text], ["stopped", "Two guests [1]."]);
  const second = ask("guests crowns");
  await settled();
  session.holds = false;
  await ask("Swift seat");
  await second;
  assert.deepEqual([documents.state.answer.question, documents.state.writing], ["Swift seat", false]);
  await documents.again();
  assert.equal(session.state.setup.settings.seed, 2);
  assert.equal(session.asked.length, 4);
  assert.equal((await records.of("documents").list({ count: 9 })).length, 4);
  await close();
});

test("a reload has the documents and the answers; one that is removed is found no more", async () => {
  const device = new MemoryShelf();
  const before = made({ device });
  const id = await before.library.add([given("rules.md"), given("other.md", "# Otters\n\nOtters eat fish.")]);
  await before.ask("guests");
  const answer = before.documents.state.answer.id;
  await before.close();
  const after = made({ device });
  await after.library.refresh();
  await after.ask("otters");
  assert.equal(after.documents.state.asked.hits[0].id, id);
  await after.documents.show(answer);
  assert.deepEqual([after.documents.state.answer.question, after.documents.state.asked], ["guests", null]);
  await after.ask("otters");
  after.documents.gone(id);
  await after.library.remove(id);
  await settled();
  assert.deepEqual(after.documents.state.asked.hits, []);
  await after.ask("otters");
  assert.deepEqual([after.documents.state.asked.hits, after.library.entries.length], [[], 1]);
  await after.close();
});

test("what cannot be taken is said by name, and the others are taken", async () => {
  const { library, close } = made();
  const taken = await library.add([given("empty.md", " \n"), given("rules.md")]);
  assert.deepEqual(library.refused, [{ name: "empty.md", code: "empty", detail: "" }]);
  assert.deepEqual([library.entries.map(({ id }) => id), library.adding], [[taken], null]);
  await library.add([given("more.md")]);
  assert.deepEqual(library.refused, []);
  await close();
  const broken = made({ read: async () => { throw new TypeError("not ours"); } });
  assert.equal(await broken.library.add([given("x.md")]), "");
  assert.equal(broken.library.refused[0].code, "damaged");
  await broken.close();
});

test("reading that hangs can be cancelled, and the search goes on with what was there", async () => {
  const { library, documents, ask, close } = made();
  await library.add([given("rules.md")]);
  const made_ = FakeWorker.made.length;
  const adding = library.add([given("bad.md", "hangs"), given("never.md")]);
  await settled();
  assert.equal(library.adding.name, "bad.md");
  library.cancel();
  assert.equal(await adding, "");
  await settled();
  assert.deepEqual([library.entries.length, library.adding, library.refused], [1, null, []]);
  assert.equal(FakeWorker.made.length, made_ + 1);
  await ask("guests");
  assert.equal(documents.state.asked.hits.length, 1);
  await close();
});

test("what is kept is checked: nothing in it reaches beyond its text", () => {
  const fine = { text: "abc", blocks: [{ kind: "paragraph", level: 0, page: 0, start: 0, end: 3 }], passages: [{ start: 0, end: 3, headings: [], page: 0 }], segment: null };
  assert.ok(bodyOf(fine));
  for (const change of [{ text: 3 }, { blocks: null }, { blocks: [{ start: 0, end: 9 }] }, { passages: [{ start: -1, end: 2, headings: [] }] }, { passages: [{ start: 0, end: 2, headings: [4] }] }, { passages: [null] }]) {
    assert.equal(bodyOf({ ...fine, ...change }), null, JSON.stringify(change));
  }
  assert.equal(bodyOf(undefined), null);
});

test("an answer as a record and as files", () => {
  const source = { id: "d", name: "rules.md", headings: ["Rules", "Guests"], page: 2, start: 3, end: 9, text: "Two\nguests" };
  const answer = { id: "a", at: 7, question: "How\nmany?", text: "Two [1].\n", sources: [source], model: "Gemma", ended: "model" };
  assert.deepEqual(answerOf(structuredClone(entryOf(answer))), answer);
  assert.equal(answerOf({ id: "x", at: 1, head: { text: 3 }, body: null }), null);
  const odd = answerOf({ id: "x", at: 1, head: { question: "q", text: "t", ended: "odd" }, body: { sources: [null, { ...source, start: -4 }] } });
  assert.deepEqual([odd.ended, odd.sources.length, odd.sources[0].start], ["lost", 1, 0]);
  const place = ({ name, page }) => `${name}, page ${page}`;
  assert.equal(asText(answer, place), "Two [1].\n\n[1] rules.md, page 2");
  assert.equal(asMarkdown(answer, { sources: "Sources", place }), "## How many?\n\nTwo [1].\n\n### Sources\n\n1. rules.md, page 2\n\n   > Two\n   > guests\n");
});

test("a worker's failure is an error of ours", async () => {
  const { search, close } = made();
  await assert.rejects(search.index({ kind: "markdown", text: "" }, new AbortController().signal), (error) => error instanceof DocumentError && error.code === "empty");
  await close();
});
