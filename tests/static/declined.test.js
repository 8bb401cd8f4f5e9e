// Where the demo model, or any, cannot write about a text the page says so instead, and goes on if it is told to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryShelf } from "../../static/records/memory.js";
import { Records } from "../../static/records/records.js";
import { events as composerEvents } from "../../static/tasks/post/composer.js";
import { mountDeclined } from "../../static/tasks/post/declined.js";
import * as post from "../../static/tasks/post/index.js";
import { FakeElement, install } from "./support/dom.js";
import { model } from "./support/engines.js";

delete globalThis.BroadcastChannel; // which would keep the tests' process

const GERMAN = "Die Bibliothek öffnet am Samstag nach acht Monaten wieder. Der Lesesaal hat jetzt 120 Plätze und einen Aufzug.";
const READY = { phase: "ready", after: "load" };

function mounted() {
  install();
  const root = new FakeElement("form");
  const written = [];
  const declined = mountDeclined(root, () => written.push(true), (text) => text === GERMAN);
  const session = (demo, now = READY) => ({ now, setup: { model: { ...model("first"), demo } } });
  const [box, anyway] = root.children;
  return { declined, session, written, box, anyway };
}

test("only the demo model declines another language, and only when it could write", () => {
  const { declined, session, box, anyway } = mounted();
  assert.equal(declined.lets(session(false), GERMAN), true);
  assert.equal(declined.lets(session(undefined), GERMAN), true);
  assert.equal(declined.lets(session(true, { phase: "loading" }), GERMAN), true);
  assert.equal(declined.lets(session(true), "The library opens on Saturday."), true);
  assert.ok(box.hidden && anyway.hidden);
  assert.equal(declined.lets(session(true), GERMAN), false);
  assert.ok(!box.hidden && !anyway.hidden);
  assert.match(box.textContent, /knows English only.*A real Gemma does better/);
  declined.clear();
  assert.ok(box.hidden && anyway.hidden);
});

test("about nothing every model declines", () => {
  const { declined, session, written, box, anyway } = mounted();
  for (const nothing of ["sdfkjh wrtpsdf kjhgf qwrtp", "🎉🎉🎉🎂🎂"]) {
    assert.equal(declined.lets(session(false), nothing), false);
    assert.match(box.textContent, /nothing here to write a post about.*would make something up/);
    assert.doesNotMatch(box.textContent, /real Gemma/);
  }
  for (const text of ["Pancakes", "- milk\n- eggs", "total = sum(p)\nprint(total)", "những những tương lượng", "kırık kırık"]) assert.equal(declined.lets(session(false), text), true, text);
  declined.lets(session(false), "🎉🎉");
  anyway.dispatchEvent(new Event("click"));
  assert.equal(written.length, 1);
});

test("it goes on all the same where it is told to", () => {
  const { declined, session, written, box, anyway } = mounted();
  declined.lets(session(true), "!!!! ????");
  assert.equal(written.length, 0);
  anyway.dispatchEvent(new Event("click"));
  assert.equal(written.length, 1);
  assert.ok(box.hidden && anyway.hidden);
});

test("in the task: nothing is asked of the engine until a person insists, and typing takes the notice away", async () => {
  const { root } = install();
  const [loading, figures] = [new FakeElement("div"), new FakeElement("div")];
  const listed = { ...model("first"), demo: true };
  const setup = { model: listed, engineId: "", choice: { entry: {}, file: listed.files[1], chosen: false, gpu: "no-webgpu" }, lora: null, settings: { ...listed.sampling } };
  const asked = [];
  const session = {
    state: { now: READY, setup },
    count: async () => 7,
    generate: (messages) => new Promise(() => asked.push(messages)),
  };
  const kept = new Records(new MemoryShelf());
  const records = { records: kept.of("post"), collection: (name) => kept.of(`post/${name}`) };
  const task = await post.mount(root, { session, loading, figures, recalled: { text: GERMAN }, remember: () => {}, ...records });
  task.update(session.state);
  const form = root.find("composer");
  const submit = () => form.dispatchEvent(Object.assign(new Event("submit"), { preventDefault: () => {} }));
  const anyway = root.find("declined-anyway");
  submit();
  assert.equal(asked.length, 0);
  assert.ok(!anyway.hidden);
  const names = form.all(({ className }) => /composer-write|declined-anyway|^options$/.test(className)).map(({ className }) => className.split(" ").at(-1));
  assert.deepEqual(names, ["composer-write", "declined-anyway", "options"], "it stands next to Write");
  composerEvents.emit(form, "draft", { text: `${GERMAN} Ja.` });
  assert.ok(anyway.hidden);
  submit();
  anyway.dispatchEvent(new Event("click"));
  assert.equal(asked.length, 1);
  task.destroy();
});
