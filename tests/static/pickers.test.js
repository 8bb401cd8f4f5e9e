// The pickers name what would be loaded, and which engine runs it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, optionsOf } from "../../static/engine/choice.js";
import { texts } from "../../static/text/en.js";
import { FakeElement, install } from "./support/dom.js";
import { model } from "./support/engines.js";

const withSizes = (id, [gpu, cpu]) => {
  const made = model(id);
  const [first, second] = made.files;
  return { ...made, size: gpu, quantization: "int4", files: [{ ...first, size: gpu, quantization: "int4" }, { ...second, size: cpu, quantization: "int8" }] };
};

test("the picker gives size and quantization of the file that is loaded here", async () => {
  install();
  class FakeOption extends FakeElement {
    constructor(text, value) {
      super("option");
      this.textContent = text;
      this.value = value;
    }
  }
  globalThis.Option = FakeOption;
  Object.assign(document, { createElementNS: (_, tag) => new FakeElement(tag) });
  Object.defineProperty(FakeElement.prototype, "options", { get() { return this.children; }, configurable: true });
  const { mountHeader } = await import("../../static/app/header.js");
  const { mountEnginePicker } = await import("../../static/app/engine_picker.js");
  const [root, engineRoot] = [new FakeElement("header"), new FakeElement("div")];
  const views = [mountHeader(root), mountEnginePicker(engineRoot)];
  const header = { update: (state) => views.forEach((view) => view.update(state)) };
  const models = [withSizes("first", [5_200_000, 6_500_000]), withSizes("second", [7_000_000, 8_000_000])];
  const state = (gpu, engineId) => ({
    now: { phase: "ready", after: "load" },
    models,
    gpu,
    setup: { model: models[0], engineId, choice: choose(models[0], gpu, engineId), lora: null, settings: models[0].sampling },
  });
  const [[picker], [engines]] = [root, engineRoot].map((each) => each.querySelectorAll("select"));
  header.update(state("no-webgpu", ""));
  assert.deepEqual(picker.children.map(({ textContent }) => textContent), ["first · int8 · 6.5 MB", "second · int8 · 8.0 MB"]);
  assert.deepEqual(engines.children.map(({ disabled }) => Boolean(disabled)), [false, true, true, false]);
  header.update(state("gpu", ""));
  assert.deepEqual(picker.children.map(({ textContent }) => textContent), ["first · int4 · 5.2 MB", "second · int4 · 7.0 MB"]);
  header.update(state("gpu", "litert-lm-cpu"));
  assert.deepEqual(picker.children.map(({ textContent }) => textContent), ["first · int8 · 6.5 MB", "second · int8 · 8.0 MB"]);
});

test("a real GPU first, then the processor, then software that plays a GPU; what a person has chosen before all", () => {
  const both = model("first");
  const chosen = (gpu, wanted = "") => choose(both, gpu, wanted).entry.id;
  assert.equal(chosen("gpu"), "mediapipe");
  for (const gpu of ["software", "no-webgpu", "no-adapter", "insecure-origin"]) assert.equal(chosen(gpu), "litert-lm-cpu");
  assert.equal(chosen("software", "mediapipe"), "mediapipe");
  assert.equal(chosen("no-webgpu", "mediapipe"), "litert-lm-cpu", "it cannot be had");
  assert.deepEqual(optionsOf(both, "no-webgpu").map(({ problem }) => problem), ["no-webgpu", "no-file", ""]);
});

test("why it runs where it runs", () => {
  const both = model("first");
  const reason = (gpu, wanted = "") => texts.engine.reason(choose(both, gpu, wanted));
  assert.equal(reason("gpu"), "Runs on your GPU.");
  assert.equal(reason("gpu", "litert-lm-cpu"), "Runs on the processor, as you chose.");
  assert.equal(reason("software"), "Runs on the processor: this browser found no graphics card.");
  assert.equal(reason("software", "mediapipe"), "Runs slowly, on a GPU emulated in software: this browser found no graphics card.");
  const onGpu = { ...both, files: both.files.slice(0, 1) };
  assert.match(texts.engine.reason(choose(onGpu, "software", "")), /and the model has no file for the processor\.$/);
});
