// The documents' view, mounted in a document that is none: what goes on when it goes, and what it lends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryShelf } from "../../static/records/memory.js";
import { Records } from "../../static/records/records.js";
import { readMarkdown } from "../../static/tasks/documents/readers/markdown.js";
import { Searcher } from "../../static/tasks/documents/searcher.js";
import { marked } from "./support/documents.js";
import { events as meaningEvents, mountMeaning } from "../../static/tasks/documents/meaning_view.js";
import { FakeElement, install } from "./support/dom.js";

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

/** A worker in this thread, which indexes when a test says so. */
class SlowWorker extends EventTarget {
  static waiting = [];
  static ended = 0;
  #searcher = new Searcher();

  postMessage(request) {
    if (request.type === "hold") return this.#searcher.hold(request.key, request.document);
    if (request.type === "drop") return this.#searcher.drop(request.key);
    const answer = () => {
      const { question, count, vector, floor, source } = request;
      const result = request.type === "search" ? this.#searcher.search(question, count, vector, floor) : this.#searcher.index(readMarkdown(source.text, marked.lexer));
      this.dispatchEvent(Object.assign(new Event("message"), { data: { id: request.id, result } }));
    };
    if (request.type === "index") SlowWorker.waiting.push(answer);
    else queueMicrotask(answer);
    return undefined;
  }

  terminate() {
    SlowWorker.ended += 1;
  }
}

test("files that are being added when the view goes are added in the next one, which lends its search", async () => {
  const screen = install();
  document.baseURI = "http://page.example/";
  Object.assign(globalThis, { Worker: SlowWorker, HTMLElement: FakeElement, matchMedia: () => Object.assign(new EventTarget(), { matches: true }) });
  delete globalThis.BroadcastChannel; // which would keep the tests' process
  const [documents, { events }] = await Promise.all([import("../../static/tasks/documents/index.js"), import("../../static/tasks/documents/shelf.js")]);
  const kept = new Records(new MemoryShelf());
  const session = { state: { now: { phase: "ready", after: "load" }, setup: { model: { name: "demo", demo: true }, settings: { maxTokens: 512, seed: 1 } } }, stop: () => {} };
  const mount = (handedOver) =>
    documents.mount(screen.root, {
      session,
      vendor: { marked: "marked/", "pdfjs-dist": "pdf/" },
      loading: new FakeElement("div"),
      figures: new FakeElement("div"),
      recalled: {},
      remember: () => {},
      records: kept.of("documents"),
      collection: (name) => kept.of(`documents/${name}`),
      embedders: Promise.resolve([]),
      handedOver,
    });
  const file = (name, text) => ({ name, file: new Blob([text]) });

  const before = await mount(undefined);
  events.emit(screen.root.find("documents-shelf"), "files", [file("a.md", "# A\n\nTwo guests may come."), file("b.md", "# B\n\nBoats are washed.")]);
  await settled();
  assert.equal(SlowWorker.waiting.length, 1, "the first is being indexed");
  const handedOver = before.handOver();
  before.destroy();
  assert.deepEqual([screen.root.children.length, SlowWorker.ended], [0, 0]);

  const after = await mount(handedOver);
  for (let count = 0; count < 2; count += 1) {
    SlowWorker.waiting.shift()();
    await settled();
  }
  assert.match(screen.root.find("documents-list").textContent, /b\.md.*a\.md/);
  assert.deepEqual(await after.searchDocuments("guests", 3), { documents: 2, hits: [{ place: "a.md · A", text: "Two guests may come." }] });
  after.destroy();
  assert.equal(SlowWorker.ended, 1, "nothing is handed over");
  await kept.close();
});

test("sizes of vectors are offered where the model has several, with what a passage takes", () => {
  const { root } = install();
  const view = mountMeaning(root);
  const model = (sizes) => ({ name: "Gemma", size: 10, embedding: { sizes, dimensions: sizes.at(-1) } });
  const [place] = root.all(({ className }) => className === "documents-size");
  const [select] = root.all(({ tag }) => tag === "select");
  view.update({ now: { phase: "ready" }, model: model([384]), size: 384 });
  assert.ok(place.hidden);
  view.update({ now: { phase: "ready" }, model: model([128, 768]), size: 768 });
  assert.ok(!place.hidden && place.textContent.includes("Fewer take less memory"));
  assert.deepEqual([select.all(({ tag }) => tag === "option").map(({ textContent }) => textContent), select.value], [["128 (512 kB for 1,000 passages)", "768 (3.1 MB for 1,000 passages)"], "768"]);
  const chosen = [];
  meaningEvents.listen(view.root, "size", (size) => chosen.push(size));
  select.value = "128";
  select.dispatchEvent(new Event("change"));
  assert.deepEqual(chosen, [128]);
});
