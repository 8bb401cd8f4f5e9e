// The task in a document: files that are pasted, dropped and chosen, right and wrong ones; the camera's picture; what is said of it.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { MemoryShelf } from "../../static/records/memory.js";
import { Records } from "../../static/records/records.js";
import * as senses from "../../static/tasks/senses/index.js";
import { texts } from "../../static/text/texts.js";
import { FakeElement, install } from "./support/dom.js";
import { READY, button, fakeSession } from "./support/post.js";

const { problems } = texts.senses;
const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 6, 0, 0, 0, 4]);
const png = (name) => new File([PNG], name, { type: "image/png" });
const TEXT = new File(["Dear Sir,"], "letter.txt", { type: "text/plain" });
const FOLDER = Object.assign(new File([], "folder"), { arrayBuffer: () => Promise.reject(new DOMException("", "NotFoundError")) });

/** Files are read by the system, not at once. */
async function settled() {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

let ended = () => {};
afterEach(() => ended());

async function mounted() {
  const { root } = install();
  const pastes = new EventTarget();
  globalThis.addEventListener = (name, act) => pastes.addEventListener(name, act);
  globalThis.createImageBitmap = async () => ({ width: 6, height: 4, close: () => {} });
  const tracks = [];
  navigator.mediaDevices = {
    async getUserMedia() {
      if (navigator.refusal) throw navigator.refusal;
      const track = { live: true, stop: () => (track.live = false) };
      tracks.push(track);
      return { getTracks: () => [track] };
    },
  };
  const records = new Records(new MemoryShelf());
  const [loading, figures] = [new FakeElement("div"), new FakeElement("div")];
  const session = fakeSession();
  session.state = { ...session.state, models: [], gpu: "gpu", now: READY, setup: { ...session.state.setup, senses: { images: 4, audio: true } } };
  const task = await senses.mount(root, { session, loading, figures, recalled: null, remember: () => {}, records: records.of("senses"), collection: (name) => records.of(`senses/${name}`) });
  const [video] = root.querySelectorAll("video");
  Object.assign(video, { play: async () => {}, videoWidth: 0 });
  task.update(session.state);
  const data = (files, types = files.length ? ["Files"] : ["text/plain"]) => ({ files, types });
  const happen = async (target, name, more) => {
    const event = Object.assign(new Event(name, { cancelable: true }), more);
    if (more.aimed) Object.defineProperty(event, "target", { value: more.aimed });
    target.dispatchEvent(event);
    await settled();
    return event.defaultPrevented;
  };
  ended = () => (root.find("senses-form") && task.destroy(), records.close());
  return {
    root,
    task,
    video,
    tracks,
    drop: (...files) => happen(root, "drop", { dataTransfer: data(files) }),
    drag: (...files) => happen(root, "dragover", { dataTransfer: data(files) }),
    paste: (...files) => happen(pastes, "paste", { clipboardData: data(files) }),
    /** What a table gives. */
    pasteCells: (target) => happen(pastes, "paste", { clipboardData: data([png("cells.png")], ["text/plain", "Files"]), ...(target && { aimed: target }) }),
    press: async (name) => (button(root, name).click(), await settled()),
    attached: () => root.find("senses-attached").all(({ tag }) => tag === "canvas").map((canvas) => canvas.getAttribute("aria-label")),
    said: () => (root.find("senses-trouble").hidden ? "" : root.find("senses-trouble").textContent),
    choose: async (id) => (root.find("senses-form").dispatchEvent(new CustomEvent("onpage:template", { detail: id })), await settled()),
    takes: () => [texts.senses.camera, texts.senses.microphone].filter((name) => !button(root, name).hidden),
  };
}

test("a picture that is dropped or pasted is attached, and holds what a reload would lose", async () => {
  const { drop, paste, attached, said, task } = await mounted();
  assert.equal(task.holdsText(), false);
  assert.equal(await drop(png("a.png")), true);
  assert.equal(await paste(png("b.png"), png("c.png")), true);
  assert.deepEqual([attached(), said(), task.holdsText()], [["a.png", "b.png", "c.png"], "", true]);
});

test("a wrong file is refused in a sentence, and keeps no other out", async () => {
  const { drop, attached, said } = await mounted();
  await drop(TEXT);
  assert.deepEqual([attached(), said()], [[], problems["unknown-kind"]]);
  await drop(png("a.png"), TEXT, png("b.png"));
  assert.deepEqual([attached(), said()], [["a.png", "b.png"], problems["unknown-kind"]]);
  await drop(png("c.png"));
  assert.deepEqual([attached().length, said()], [3, ""], "what is right is no trouble");
  await drop(png("d.png"), png("e.png"));
  assert.deepEqual([attached().length, said()], [4, problems["too-many"]]);
});

test("a folder is said to be unreadable", async () => {
  const { drop, said } = await mounted();
  await drop(FOLDER);
  assert.equal(said(), problems.damaged);
});

test("a text that is dropped or pasted goes where it was meant to go", async () => {
  const { drop, drag, paste } = await mounted();
  assert.deepEqual([await drag(), await drop(), await paste()], [false, false, false]);
  assert.equal(await drag(png("a.png")), true);
});

test("cells of a table are a text for the question, and a picture elsewhere", async () => {
  const { root, pasteCells, attached } = await mounted();
  const [question] = root.querySelectorAll("textarea");
  assert.deepEqual([await pasteCells(question), attached()], [false, []]);
  assert.deepEqual([await pasteCells(null), attached()], [true, ["cells.png"]]);
});

test("nothing is taken that is pasted while another task is shown", async () => {
  const { root, paste, attached } = await mounted();
  root.hidden = true;
  assert.equal(await paste(png("a.png")), false);
  assert.deepEqual(attached(), []);
});

for (const [name, code] of Object.entries({ NotAllowedError: "denied", NotFoundError: "no-device", NotReadableError: "busy" })) {
  test(`a camera that cannot be had is explained: ${code}`, async () => {
    const { press, said } = await mounted();
    navigator.refusal = Object.assign(new Error(), { name });
    await press(texts.senses.camera);
    assert.equal(said(), problems[code]);
    navigator.refusal = null;
    await press(texts.senses.camera);
    assert.equal(said(), "", "it is open now");
  });
}

test("an address that is not secure is explained", async () => {
  const { press, said } = await mounted();
  delete navigator.mediaDevices;
  await press(texts.senses.camera);
  assert.equal(said(), problems.insecure);
});

test("the camera's picture is attached, and the camera goes off", async () => {
  const { press, video, tracks, attached } = await mounted();
  await press(texts.senses.camera);
  assert.equal(tracks[0].live, true);
  video.videoWidth = 6;
  await press(texts.senses.take);
  assert.deepEqual([attached(), tracks[0].live], [[texts.senses.camera], false]);
});

test("who ends the camera before it showed anything is not photographed when it opens again", async () => {
  const { press, video, tracks, attached } = await mounted();
  await press(texts.senses.camera);
  await press(texts.senses.take);
  await press(texts.senses.end);
  await press(texts.senses.camera);
  video.dispatchEvent(new Event("loadeddata"));
  await settled();
  assert.deepEqual([attached(), tracks.map(({ live }) => live)], [[], [false, true]]);
});

for (const [when, act] of Object.entries({
  "another task is shown": ({ root, task }) => ((root.hidden = true), task.update()),
  "the tab is hidden": () => ((document.hidden = true), document.dispatchEvent(new Event("visibilitychange"))),
  "Escape is pressed": ({ task }) => task.stop(),
  "another template is chosen": ({ choose }) => choose("transcribe"),
  "the task goes": ({ task }) => task.destroy(),
})) {
  test(`the camera goes off when ${when}`, async () => {
    const way = await mounted();
    await way.press(texts.senses.camera);
    assert.equal(way.tracks[0].live, true);
    await act(way);
    assert.equal(way.tracks[0].live, false);
  });
}

test("a picture that is dropped where only sound is taken brings a template that takes it", async () => {
  const { choose, drop, takes, attached } = await mounted();
  await choose("transcribe");
  assert.deepEqual(takes(), [texts.senses.microphone]);
  await drop(png("a.png"));
  assert.deepEqual([takes(), attached()], [[texts.senses.camera], ["a.png"]]);
});
