// The first task, mounted in a document and a session that do what a test says.

import * as post from "../../../static/tasks/post/index.js";
import { MemoryShelf } from "../../../static/records/memory.js";
import { Records } from "../../../static/records/records.js";
import { FakeElement, install } from "./dom.js";
import { model, settled } from "./engines.js";

export const FIGURES = { promptTokens: 9, tokens: 5, firstTokens: 1, timeToFirst: 1, prefillRate: 1, decodeRate: 1, reused: 0, ended: "model", engineFigures: null };
export const READY = { phase: "ready", after: "load" };
export const WRITING = { phase: "writing", stopping: false };

/** A session that does what a test says. */
export function fakeSession() {
  const [listed] = [model("first")];
  const settings = { ...listed.sampling };
  const choice = { entry: {}, file: listed.files[1], chosen: false, gpu: "no-webgpu" };
  const session = {
    state: { now: READY, setup: { model: listed, engineId: "", choice, lora: null, settings } },
    asked: [],
    stops: 0,
    reseeds: 0,
    count: async () => 7,
    stop: () => (session.stops += 1),
    reseed: async () => {
      session.reseeds += 1;
    },
    generate(messages, options) {
      const call = { messages, ...options };
      session.asked.push(call);
      return new Promise((resolve) => (call.end = resolve));
    },
  };
  return session;
}

delete globalThis.BroadcastChannel; // which would keep the tests' process

export async function mounted(options, recalled = { text: "The library opens." }, kept = new Records(new MemoryShelf())) {
  const records = kept.of("post");
  const screen = install(options);
  const session = fakeSession();
  const remembered = [];
  const [loading, figures] = [new FakeElement("div"), new FakeElement("div")];
  const task = await post.mount(screen.root, { session, loading, figures, recalled, remember: (value) => remembered.push(value), records, collection: (name) => kept.of(`post/${name}`) });
  const phase = (now) => {
    session.state = { ...session.state, now };
    task.update(session.state);
  };
  phase(READY);
  const card = screen.root.find("card");
  const form = screen.root.find("composer");
  return { ...screen, session, task, phase, card, form, remembered, records, kept, body: screen.root.find("card-text") };
}

export const submit = (form) => form.dispatchEvent(Object.assign(new Event("submit"), { preventDefault: () => {} }));

/** Writes a whole post. */
export async function write({ form, session, phase }, pieces, figures = FIGURES) {
  submit(form);
  phase(WRITING);
  const call = session.asked.at(-1);
  for (const piece of pieces) call.onText(piece);
  session.state = { ...session.state, now: READY };
  call.end({ kind: "written", figures });
  await settled();
  phase(READY);
}

/** The button of this name, somewhere in an element. */
export const button = (element, name) => element.all(({ tag, textContent }) => tag === "button" && textContent === name)[0];
