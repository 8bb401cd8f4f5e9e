// Camera and microphone: open when asked, closed at once when done or left, and each refusal in its own sentence.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Live } from "../../static/tasks/senses/live.js";
import { texts } from "../../static/text/texts.js";
import { settled } from "./support/engines.js";

const { problems } = texts.senses;

/** The device: streams that were given, what recorders do, and how it refuses. */
let device;
beforeEach(() => {
  device = { streams: [], asked: [], refusal: null, hold: null, recorders: [], timers: [] };
  const mediaDevices = {
    async getUserMedia(wanted) {
      device.asked.push(wanted);
      await device.hold;
      if (device.refusal) throw device.refusal;
      const track = { live: true, stop: () => (track.live = false) };
      device.streams.push(track);
      return { getTracks: () => [track] };
    },
  };
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices }, configurable: true });
  globalThis.window = { setInterval: (act, milliseconds) => device.timers.push({ act, milliseconds }) };
  globalThis.clearInterval = (id) => delete device.timers[id - 1];
  globalThis.MediaRecorder = class {
    state = "inactive";
    mimeType = "audio/webm";

    constructor() {
      if (device.cannotRecord) throw new DOMException("", "NotSupportedError");
      device.recorders.push(this);
    }

    start() {
      this.state = "recording";
    }

    stop() {
      this.state = "inactive";
      queueMicrotask(() => (this.ondataavailable({ data: new Blob(["heard"]) }), this.onstop()));
    }
  };
});

/** Lets time go by. */
function wait(seconds) {
  for (let at = 0; at < seconds; at += 1) for (const { act, milliseconds } of Object.values(device.timers)) if (milliseconds === 1000) act();
}

function made() {
  const recorded = [];
  let changes = 0;
  const live = new Live(() => (changes += 1), (blob) => recorded.push(blob));
  return { live, recorded, changes: () => changes };
}

for (const [name, code, sentence] of [
  ["NotAllowedError", "denied", /does not let this page use it/],
  ["SecurityError", "denied", /does not let/],
  ["NotFoundError", "no-device", /has none, or none is connected/],
  ["OverconstrainedError", "no-device", /has none/],
  ["NotReadableError", "busy", /Another program is using it/],
  ["AbortError", "busy", /Another program/],
  ["TypeError", "busy", /Another program/],
]) {
  test(`${name} of the browser: ${code}`, async () => {
    device.refusal = Object.assign(new Error("why"), { name });
    const { live, changes } = made();
    for (const each of ["camera", "microphone"]) await assert.rejects(live.open(each), { name: "MediaError", code, detail: "why" });
    assert.deepEqual([live.device, live.stream, changes()], [null, null, 0]);
    assert.match(problems[code], sentence);
  });
}

test("an address that is not secure has no devices", async () => {
  Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  await assert.rejects(made().live.open("camera"), { name: "MediaError", code: "insecure" });
  assert.match(problems.insecure, /localhost and https/);
});

test("the camera asks for no sound, the microphone for no picture", async () => {
  const { live } = made();
  await live.open("camera");
  await live.open("microphone");
  assert.deepEqual(device.asked, [{ video: { facingMode: "environment" } }, { audio: { channelCount: 1 } }]);
  assert.deepEqual(device.streams.map((track) => track.live), [false, true], "one at a time");
  live.close();
  assert.equal(device.streams[1].live, false);
});

test("who leaves while the browser asks gets no camera", async () => {
  let allow;
  device.hold = new Promise((resolve) => (allow = resolve));
  const { live, changes } = made();
  const opening = live.open("camera");
  live.close();
  allow();
  await opening;
  assert.deepEqual([live.device, live.stream, device.streams[0].live, changes()], [null, null, false, 0]);
});

test("a recording is given away when it is ended, once", async () => {
  const { live, recorded } = made();
  await live.open("microphone");
  live.close();
  live.close();
  await settled();
  assert.deepEqual([recorded.length, await recorded[0].text(), recorded[0].type], [1, "heard", "audio/webm"]);
  assert.deepEqual([live.device, device.streams[0].live], [null, false]);
});

test("a recording ends by itself after thirty seconds, and its seconds are told", async () => {
  const { live, recorded, changes } = made();
  await live.open("microphone");
  wait(29);
  assert.deepEqual([live.seconds, live.device, changes()], [29, "microphone", 30]);
  wait(1);
  assert.deepEqual([live.device, device.streams[0].live], [null, false]);
  await settled();
  assert.equal(recorded.length, 1);
  wait(60);
  assert.equal(live.seconds, 30, "nobody counts on");
  await live.open("microphone");
  assert.equal(live.seconds, 0);
  live.close();
});

test("the camera records nothing", async () => {
  const { live, recorded } = made();
  await live.open("camera");
  live.close();
  await settled();
  assert.deepEqual([device.recorders.length, recorded], [0, []]);
});

test("a browser that cannot record does not go on to listen", async () => {
  device.cannotRecord = true;
  const { live } = made();
  await assert.rejects(live.open("microphone"), { name: "MediaError", code: "busy" });
  assert.deepEqual([live.device, device.streams[0].live], [null, false]);
});
