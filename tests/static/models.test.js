// The models' page without a document: which models are listed, what fits, and what a person does.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { message } from "../../static/convert/protobuf.js";
import { REFUSALS } from "../../static/convert/refusal.js";
import { forgetImported, importedModels, rememberImported } from "../../static/engine/device_memory.js";
import { OnpageError } from "../../static/engine/errors.js";
import { ModelShelf } from "../../static/tasks/models/model_shelf.js";
import { factsOf, makeRow } from "../../static/tasks/models/row_view.js";
import { fitOf, rowsOf } from "../../static/tasks/models/rows.js";
import { texts } from "../../static/text/en.js";
import { install } from "./support/dom.js";
import { model, settled } from "./support/engines.js";
import { fakeSession } from "./support/post.js";
import { headWith } from "./support/web_files.js";

const hash = (digit) => digit.repeat(64);
const DEMO = new URL("../../webapp/demo_model/", import.meta.url);
const demo = (name) => new Uint8Array(readFileSync(new URL(name, DEMO)));
const GPU = { gpu: "gpu", memory: null, room: Infinity };
const listed = (id, more = {}) => ({
  id,
  family: { name: id, kind: "text", parameters: 1e9, context: 8192, modalities: ["text"], licence: { name: "Apache-2.0", page: "https://x.example", gated: false }, template: { prefix: "<", suffix: ">" }, sampling: { temperature: 1, top_k: 64 } },
  file: `${id}.task`,
  quantization: "int4",
  engine: "mediapipe",
  size: 1000,
  size_is_approximate: false,
  speed: null,
  page: "https://x.example",
  ...more,
});
const memory = () => {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
};

// The list

test("each file is a row, what is published and here is one, and what nobody lists any more can be seen", () => {
  const [one] = [model("one")];
  const [, graph] = one.files;
  graph.url = "models/x/gemma.task";
  const stored = [{ sha256: graph.sha256, size: 400, kept: 1 }, { sha256: "gone", size: 7, kept: 0 }];
  const rows = rowsOf({ models: [one], imported: [], stored, catalog: [listed("gemma"), listed("other")], speeds: {}, device: GPU });
  assert.deepEqual(rows.map(({ key, from, have, isWhole }) => [key, from, have, isWhole]), [
    ["one-mediapipe", "served", 0, false],
    ["one-litert-lm-cpu", "served", 400, false],
    ["gone", "unknown", 7, false],
    ["other", "published", 0, false],
  ]);
  assert.equal(rows[1].listed.id, "gemma");
});

test("a model says how much of it stays out of the GPU's memory", () => {
  const one = model("one");
  one.files[0].onDemand = 75_500_000;
  const [row, graph] = rowsOf({ models: [one], imported: [], stored: [], catalog: [], speeds: {}, device: GPU });
  assert.match(factsOf(row), /75\.5.MB of it stay out of GPU memory/);
  assert.doesNotMatch(factsOf(graph), /GPU memory/);
});

test("a model that compares texts is listed, and cannot be written with", () => {
  const one = model("one");
  const [row] = rowsOf({ models: [], embedders: [one], imported: [], stored: [], catalog: [], speeds: {}, device: GPU });
  assert.deepEqual([row.name, row.from, row.model, row.file], ["one", "served", null, one.files[0]]);
});

test("the catalog's model that compares texts is the one that a server offers, and says so before and after", () => {
  const entry = listed("minilm-l6", { file: null, engine: null });
  entry.family = { ...entry.family, name: "all-MiniLM-L6-v2", kind: "embedding", template: null };
  const one = { ...model("all-MiniLM-L6-v2"), kind: "embedding", licence: null };
  one.files = [{ ...one.files[0], engines: [] }];
  const rows = (embedders) => rowsOf({ models: [], embedders, imported: [], stored: [], catalog: [entry], speeds: {}, device: { ...GPU, gpu: "no-webgpu" } });
  for (const [embedders, from] of [[[], "published"], [[one], "served"]]) {
    const [row, ...others] = rows(embedders);
    assert.deepEqual([row.from, row.kind, row.engine, row.licence.name, row.listed, row.unfit, others], [from, "embedding", "", "Apache-2.0", entry, [], []]);
  }
  assert.equal(rowsOf({ models: [{ ...model("x"), name: "all-MiniLM-L6-v2" }], imported: [], stored: [], catalog: [entry], speeds: {}, device: GPU })[0].listed, null, "another of its name that writes");
});

test("a device says why a model does not fit, and what would go for it", () => {
  const graph = { size: 1000, engine: "litert-lm-cpu", sha256: "x", isWhole: false };
  const none = { gpu: "no-webgpu", memory: 1000, room: 0 };
  assert.deepEqual(fitOf({ ...graph, size: 700 }, none, [{ sha256: "y", size: 800, kept: 1 }]), { unfit: [], evicted: [{ sha256: "y", size: 800, kept: 1 }], most: 800 });
  assert.deepEqual(fitOf({ ...graph, engine: "mediapipe" }, none, []).unfit, ["no-webgpu", "memory", "no-room"]);
  assert.deepEqual(fitOf({ ...graph, engine: "mediapipe" }, { ...GPU, gpu: "software" }, []).unfit, ["software"]);
  assert.deepEqual(fitOf({ ...graph, isWhole: true }, none, []).unfit, ["memory"]);
  assert.deepEqual(fitOf({ ...graph, size: 2 ** 40 }, { ...none, memory: 8 * 2 ** 30, room: 2 ** 41 }, []).unfit, [], "8 GB may be any number above");
});

test("what another model lends is not counted as download, unless that has to go for it", () => {
  const [one] = [model("one")];
  const stored = [{ sha256: "lender", size: 900, kept: 1 }, { sha256: "one-mediapipe", size: 100, kept: 2 }];
  const rows = (room) => rowsOf({ models: [one], imported: [], stored, catalog: [], speeds: {}, device: { ...GPU, room }, lent: new Map([["one-mediapipe", { bytes: 700, from: "lender" }]]) });
  assert.deepEqual(rows(2000).map(({ key, lent }) => [key, lent]), [["one-mediapipe", 700], ["one-litert-lm-cpu", 0], ["lender", 0]]);
  const [row] = rows(500);
  assert.deepEqual([row.evicted, row.lent], [["lender"], 0]);
  const view = (/** @type {any} */ shown) => {
    install();
    const made = makeRow(shown);
    made.update(shown, { busy: false, idle: true, shares: false, used: "" });
    return made.root.textContent;
  };
  assert.match(view(rows(2000)[0]), /0 kB of 1 kB are in this browser · 0 kB to download: another model here has the rest/);
  assert.doesNotMatch(view(row), /to download/);
});

test("who lends is asked for once, of what the server offers and is not here, and again when something else is stored", async () => {
  const stored = [{ sha256: "first-litert-lm-cpu", size: 1000, kept: 1 }];
  const page = shelf({ stored, lends: { "first-mediapipe": { bytes: 600, from: "first-litert-lm-cpu" } } });
  await page.made.look();
  await settled();
  assert.equal(page.made.rows.find(({ key }) => key === "first-mediapipe").lent, 600);
  await page.made.look();
  await settled();
  assert.deepEqual(page.asked, [["first-mediapipe", 0]]);
  stored.push({ sha256: "first-mediapipe", size: 200, kept: 2 });
  await page.made.look();
  await settled();
  assert.deepEqual(page.asked.at(-1), ["first-mediapipe", 200]);
  const nothing = shelf();
  await nothing.made.look();
  await settled();
  assert.deepEqual(nothing.asked, [], "where nothing is stored, nobody is asked");
});

// What a person does

function shelf({ keep = async () => ({ sha256: "first-mediapipe", kept: true }), take = keep, stored = [], persists = true, shares = [], quota = 1e9, lends = {}, pause = () => {}, convert = async () => null, cancel = () => {} } = {}) {
  const session = fakeSession();
  session.state = { ...session.state, gpu: "gpu", models: [session.state.setup.model] };
  session.offer = (more) => (session.state = { ...session.state, models: [...session.state.models, ...more] });
  session.withdraw = (sha256) => (session.state = { ...session.state, models: session.state.models.filter((each) => each.sha256 !== sha256) });
  session.look = async () => {};
  const kept = memory();
  const bound = {
    importedModels: () => importedModels(kept),
    rememberImported: (each) => rememberImported(each, kept),
    forgetImported: (each) => forgetImported(each, kept),
    speeds: () => ({}),
  };
  const [gone, asked] = [[], []];
  const here = {
    stored: async () => stored.filter(({ sha256 }) => !gone.includes(sha256)),
    remove: async (sha256) => (gone.push(sha256), true),
    share: async () => true,
    isShared: async (sha256) => shares.includes(sha256),
    lent: async ({ sha256 }, have) => (asked.push([sha256, have]), lends[sha256] ?? null),
    storage: async () => ({ usage: 0, quota, lasting: false }),
    persist: async () => persists,
    catalog: async () => [listed("known", { file: "known-web.task" })],
    memory: bound,
    deviceMemory: null,
  };
  const made = new ModelShelf(session, { keep, take, pause }, { convert, cancel }, here, () => {});
  return { made, session, bound, gone, asked };
}

const outcomes = ({ made }) => made.said.map(({ outcome, refusal, reason }) => refusal ?? reason ?? outcome);

test("a model is brought, paused, checked, or said to be damaged", async () => {
  const whole = [{ sha256: "first-mediapipe", size: 1000, kept: 1 }];
  for (const [keep, stored, outcome] of [
    [async () => ({ kept: true }), [], "kept"],
    [async () => null, [], "paused"],
    [async () => ({ kept: false }), [], "no-room"],
    [async () => ({ kept: true, isShared: true }), [], "elsewhere"],
    [async () => ({ kept: true }), whole, "checked"],
    [async () => Promise.reject(new OnpageError("model-corrupt")), whole, "damaged"],
    [async () => Promise.reject(new OnpageError("server-unreachable")), [], "failed"],
  ]) {
    const page = shelf({ keep, stored });
    await page.made.look();
    await page.made.keep(page.made.rows[0]);
    assert.deepEqual([outcomes(page), page.made.active], [[outcome], null]);
  }
});

test("what finds no room is told how much it needs, how much there is, and what to do", async () => {
  const stored = [{ sha256: hash("e"), size: 2e9, kept: 1 }];
  const said = async (quota, act) => {
    const page = shelf({ quota, stored, keep: async () => ({ kept: false }), convert: async () => ({ noRoom: 4.7e9 }) });
    await page.made.look();
    await act(page.made);
    return texts.models.said(page.made.said[0]).replaceAll("\u00a0", " ");
  };
  const large = Object.defineProperty(new File([demo("onpage-demo.litertlm")], "mine.litertlm"), "size", { value: 3.2e9 });
  const [imported, converted] = [async (made) => (await made.take([large]), made.agree()), async (made) => (await made.take(checkpoint()), made.convert("8"))];
  assert.match(await said(1e9, imported), /^This browser has no room for mine.litertlm: it needs 3\.20 GB, and with all other models deleted there would be 3\.00 GB\. Free space/);
  assert.match(await said(1e9, converted), /^This browser has no room for model: it needs 4\.70 GB, and with all other models deleted there would be 3\.00 GB\. Free space/);
  assert.match(await said(9e9, converted), /needs 4\.70 GB, though it says that there can be 11\.00 GB: the disk is full, or a tab is using other models\. Free space/);
  assert.match(await said(0, converted), /gives the page no storage here.*Open the page at localhost/);
  const { made } = shelf({ quota: 500, stored: [{ ...stored[0], size: 100 }] });
  await made.look();
  install();
  const view = makeRow(made.rows[0]);
  view.update(made.rows[0], { busy: false, idle: true, shares: false, used: "" });
  assert.deepEqual([made.rows[0].unfit, made.rows[0].most], [["no-room"], 600]);
  assert.match(view.root.textContent, /no room to keep it: it needs 1.kB, and with all other models deleted there would be 1.kB/);
});

test("what another origin shares needs no room, and is checked there", async () => {
  const doing = [];
  for (const [shares, unfit] of [[[], ["no-room"]], [["first-mediapipe"], []]]) {
    const page = shelf({ shares, quota: 10, keep: async () => (doing.push(page.made.active.doing), { kept: true, isShared: true }) });
    await page.made.look();
    const [row] = page.made.rows;
    assert.deepEqual([row.unfit, row.isShared, row.have, row.evicted], [unfit, shares.length > 0, 0, []]);
    await page.made.keep(row);
    assert.deepEqual([outcomes(page), page.made.rows[0].unfit], [["elsewhere"], []]);
  }
  assert.deepEqual(doing, ["keep", "check"]);
});

test("one thing at a time", async () => {
  let end;
  const page = shelf({ keep: () => new Promise((resolve) => (end = resolve)) });
  await page.made.look();
  const [first, second] = page.made.rows;
  const going = page.made.keep(first);
  await page.made.keep(second);
  assert.equal(page.made.active.key, first.key);
  end(null);
  await going;
});

test("a file is imported with its own turns, is there after a reload, and is forgotten when it is deleted", async () => {
  const sha256 = hash("c");
  const stored = [];
  const page = shelf({ take: async () => (stored.push({ sha256, size: 5_363_072, kept: 1 }), { sha256, kept: true }), stored });
  await page.made.look();
  await page.made.take([new File([demo("onpage-demo.litertlm")], "mine.litertlm")]);
  assert.deepEqual(outcomes(page), ["imported"]);
  const [imported] = page.bound.importedModels();
  assert.deepEqual([imported.name, imported.files[0].engines, imported.promptTemplate.prefix], ["mine", ["litert-lm-cpu"], "<start_of_turn>user\n"]);
  assert.ok(page.session.state.models.some((each) => each.sha256 === sha256));
  const row = page.made.rows.find(({ key }) => key === sha256);
  assert.equal(row.from, "imported");
  await page.made.remove(row);
  assert.deepEqual([page.gone, page.bound.importedModels()], [[sha256], []]);
});

test("a file that says no turns is said to be asked as a Gemma, or without any", async () => {
  for (const [pieces, prefix, said] of [["<|turn>", "<|turn>user\n", /Press Use to run it\. It does not say how its turns are written, so it is asked as a Gemma is\.$/], ["x", "", /so it gets your text alone\.$/]]) {
    const page = shelf({ take: async () => ({ sha256: hash("c"), kept: true }) });
    await page.made.look();
    await page.made.take([new File([headWith(message([[2, 512]]), undefined, new TextEncoder().encode(pieces))], "mine-web.task")]);
    assert.equal(page.bound.importedModels()[0].promptTemplate.prefix, prefix);
    assert.match(texts.models.said(page.made.said[0]), said);
  }
});

test("of a folder the model files are taken, a checkpoint is told what to do, and each refusal has its sentence", async () => {
  const page = shelf();
  const file = (name, content = "GGUF".padEnd(100)) => new File([content], name);
  await page.made.take([file("config.json"), file("a.task"), file("b.litertlm", "x".repeat(100))]);
  assert.deepEqual(outcomes(page), ["gguf", "unknown"]);
  await page.made.take([file("readme.md"), file("model.safetensors")]);
  assert.deepEqual([outcomes(page), page.made.said[0].name], [["nothing"], "safetensors"]);
  await page.made.take([file("one.gguf"), file("another.gguf"), file("readme.md")]);
  assert.deepEqual(outcomes(page), ["gguf", "gguf"], "which of them, a person must say");
  await page.made.take([file("gguf.bin")]);
  assert.deepEqual(outcomes(page), ["gguf"]);
});

// A checkpoint

const checkpoint = (...names) => ["config.json", "model.safetensors", ...names].map((name) => new File(["x"], name));
const MADE = { sha256: hash("d"), size: 5_000_000, precision: "float32", context: 32_768, parameters: 1000, prompt: { prefix: "<", suffix: ">" }, temperature: null, topK: 64 };

test("a checkpoint is offered with its files, not those that lie deeper, and may be declined", async () => {
  const page = shelf();
  const files = checkpoint("pytorch_model.bin", "deeper.json");
  await page.made.take(files, ({ name }) => (name === "deeper.json" ? `gemma/onnx/${name}` : `gemma/${name}`));
  assert.deepEqual([page.made.checkpoint.name, [...page.made.checkpoint.files.keys()], outcomes(page)], ["gemma", ["config.json", "model.safetensors", "pytorch_model.bin"], []]);
  page.made.decline();
  assert.equal(page.made.checkpoint, null);
  await page.made.take(checkpoint());
  assert.equal(page.made.checkpoint.name, "model", "chosen one by one, they have no folder");
});

test("a GGUF file is a checkpoint by its name, alone, in its folder or in all of its parts", async () => {
  const offered = async (...names) => {
    const page = shelf();
    await page.made.take(names.map((name) => new File(["x"], name.split("/").at(-1))), (file) => names.find((name) => name.endsWith(file.name)));
    return page.made.checkpoint?.name ?? null;
  };
  assert.equal(await offered("m.GGUF"), "m.GGUF");
  assert.equal(await offered("g/readme.md", "g/config.json", "g/m.gguf"), "m.gguf");
  assert.equal(await offered("m-00002-of-00002.gguf", "m-00001-of-00002.gguf"), "m-00001-of-00002.gguf");
  assert.equal(await offered("m-00001-of-00002.gguf", "n.gguf"), null);
  assert.equal(await offered("g/config.json", "g/model.safetensors", "g/m.gguf"), "g");
});

test("of several adapters a person chooses one, or none; of several checkpoints, and with an adapter alone, they are told what to bring", async () => {
  const asked = [];
  const page = shelf({ convert: async ({ adapter }) => (asked.push(adapter?.name), null) });
  const take = (...paths) => {
    const of = new Map(paths.map((path) => [new File(["x"], path.split("/").at(-1)), path]));
    return page.made.take([...of.keys()], (file) => of.get(file));
  };
  const [base, adapter] = [["config.json", "model.safetensors"], ["adapter_config.json", "adapter_model.safetensors"]];
  const at = (folder, names) => names.map((name) => `${folder}/${name}`);
  const all = [...at("g", base), ...at("a", adapter), ...at("b", adapter)];
  for (const choose of [() => {}, ({ adapters }) => page.made.merge(adapters[1]), () => page.made.merge(undefined)]) {
    await take(...all);
    choose(page.made.checkpoint);
    await page.made.convert("8");
  }
  assert.deepEqual(asked, ["a", "b", undefined]);
  await take(...at("g", base), ...at("h", base));
  assert.deepEqual([page.made.checkpoint, texts.models.said(page.made.said[0])], [null, "There are several checkpoints here (g and h). Import the folder or the file of one of them."]);
  await take(...at("a", adapter));
  assert.match(texts.models.said(page.made.said[0]), /^This is a LoRA adapter without its model\. Import/);
});

test("it is converted, is there after a reload, and is used as it was taught", async () => {
  const asked = [];
  const stored = [];
  const convert = async (folder, bits, onProgress) => {
    asked.push([folder.name, bits, page.made.active.doing]);
    onProgress({ step: "reading", loaded: 1, total: 2 });
    stored.push({ sha256: MADE.sha256, size: MADE.size, kept: 1 });
    return { made: MADE };
  };
  const page = shelf({ convert, stored });
  await page.made.look();
  await page.made.take(checkpoint(), ({ name }) => `my-gemma/${name}`);
  await page.made.convert("q4_0");
  assert.deepEqual([asked, outcomes(page), page.made.active, page.made.checkpoint], [[["my-gemma", "q4_0", "convert"]], ["converted"], null, null]);
  const [brought] = page.bound.importedModels();
  const [file] = brought.files;
  assert.deepEqual([brought.name, file.format, file.engines, file.precision, brought.context, brought.promptTemplate, brought.sampling.topK], ["my-gemma", "web", ["mediapipe"], "float32", 2048, MADE.prompt, 64]);
  assert.equal(page.made.rows.find(({ key }) => key === MADE.sha256).isWhole, true);
});

test("what does not become a model is said, by its reason", async () => {
  for (const [answer, outcome] of [
    [null, "cancelled"],
    [{ refused: "family", detail: "gemma2" }, "family"],
    [{ noRoom: 1e9 }, "no-room"],
  ]) {
    const page = shelf({ convert: async () => answer });
    await page.made.take(checkpoint());
    await page.made.convert("8");
    assert.deepEqual([outcomes(page), page.bound.importedModels()], [[outcome], []]);
  }
  assert.match(texts.models.said({ outcome: "unconverted", name: "mine", reason: "family", detail: "gemma2" }), /another kind \(gemma2\)/);
  for (const reason of REFUSALS) assert.match(texts.models.said({ outcome: "unconverted", name: "mine", reason, detail: "" }), /^mine /);
});

test("a conversion that the browser fails at is said in words for a person", async () => {
  const page = shelf({ convert: () => Promise.reject(new RangeError("Array buffer allocation failed")) });
  await page.made.take(checkpoint());
  await page.made.convert("8");
  assert.deepEqual(page.made.said, [{ outcome: "unconverted", name: "model", reason: "unexpected" }]);
});

test("a conversion is cancelled by whoever leaves the view", async () => {
  let end;
  const page = shelf({ convert: () => new Promise((resolve) => (end = resolve)), cancel: () => end?.(null) });
  await page.made.take(checkpoint());
  const going = page.made.convert("8");
  page.made.pause();
  await going;
  assert.deepEqual(outcomes(page), ["cancelled"]);
});

test("what was asked of the browser is said as it answered", async () => {
  for (const persists of [true, false]) {
    const page = shelf({ persists });
    await page.made.persist();
    assert.deepEqual(outcomes(page), [persists ? "lasting" : "not-lasting"]);
  }
});

const web = (name) => new File([demo("onpage-demo-web.task")], name);

test("a pause ends an import of several files, also where the view is left", async () => {
  const taken = [];
  const ends = [];
  const page = shelf({ take: (file) => (taken.push(file.name), new Promise((resolve) => ends.push(resolve))), pause: () => ends.at(-1)?.(null) });
  await page.made.look();
  const going = page.made.take([web("a.task"), web("b.task"), web("c.task")]);
  while (!ends.length) await new Promise((resolve) => setTimeout(resolve));
  page.made.pause();
  await going;
  assert.deepEqual([taken, outcomes(page)], [["a.task"], ["paused"]]);
});

test("while one file of several is looked at, nothing else begins", async () => {
  const page = shelf();
  await page.made.look();
  const going = page.made.take([web("a.task"), web("b.task")]);
  assert.equal(page.made.active?.doing, "import");
  await page.made.keep(page.made.rows[0]);
  assert.deepEqual(outcomes(page), []);
  await going;
});

test("a file that cannot be read is said, and the next one is taken", async () => {
  const page = shelf();
  await page.made.look();
  const gone = Object.assign(web("gone.task"), { slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("it has gone", "NotReadableError")) }) });
  await page.made.take([gone, web("b.task")]);
  assert.deepEqual(page.made.said.map(({ outcome, name }) => [outcome, name]), [["failed", "gone.task"], ["known", "b.task"]]);
  assert.equal(page.made.active, null);
});

test("an import that was deleted, or made room for another, is no longer offered for use or download", async () => {
  const sha256 = hash("c");
  const stored = [];
  const page = shelf({ take: async () => (stored.push({ sha256, size: 5_363_072, kept: 1 }), { sha256, kept: true }), stored });
  await page.made.look();
  await page.made.take([new File([demo("onpage-demo.litertlm")], "mine.litertlm")]);
  await page.made.remove(page.made.rows.find(({ key }) => key === sha256));
  assert.deepEqual(page.made.rows.filter(({ key }) => key === sha256), []);
  assert.equal(page.session.state.models.some((each) => each.sha256 === sha256), false);
  const [one] = [model("one")];
  const brought = { ...one, sha256: one.files[0].sha256, files: [one.files[0]] };
  const [row] = rowsOf({ models: [brought], imported: [brought], stored: [], catalog: [], speeds: {}, device: GPU });
  assert.deepEqual([row.from, row.model], ["imported", null]);
});

test("who is told of a damaged import is told to import it again: no server has it", () => {
  assert.match(texts.models.said({ outcome: "damaged", name: "mine" }), /Download it again, or import its file again/);
});

const KEPT = [{ sha256: hash("e"), size: 900, kept: 1 }, { sha256: hash("f"), size: 10, kept: 2 }];

test("an import for which others would go waits for the person's word, who is told which; so is a checkpoint", async () => {
  const taken = [];
  const stored = KEPT.map((each) => ({ ...each, size: each.size * 1e6 }));
  const take = async (file) => (taken.push(file.name), stored.splice(0, 1), { sha256: hash("c"), kept: true });
  const page = shelf({ take, stored, quota: 0 });
  await page.made.look();
  const names = [hash("e").slice(0, 8)];
  await page.made.take([web("a.task")]);
  assert.deepEqual([page.made.waiting.names, taken, page.made.active], [names, [], null]);
  page.made.decline();
  await page.made.agree();
  assert.deepEqual([page.made.waiting, taken], [null, []]);
  await page.made.take([web("a.task")]);
  await page.made.agree();
  assert.deepEqual([taken, page.made.said.map(({ outcome, names: gone }) => [outcome, gone])], [["a.task"], [["imported", undefined], ["made-room", names]]]);
  const folder = [new File(["{}"], "config.json"), Object.defineProperty(new File(["x"], "model.safetensors"), "size", { value: 18e6 })];
  await page.made.take(folder);
  assert.deepEqual([page.made.waiting, page.made.evictedByConverting("8")], [null, [hash("f").slice(0, 8)]]);
  await page.made.take([Object.defineProperty(new File(["x"], "m-Q4_0.gguf"), "size", { value: 5.3e6 })]);
  assert.deepEqual(page.made.evictedByConverting("8"), [hash("f").slice(0, 8)], "in 8 bits it is larger");
});

test("what goes while a model is downloaded is said, also where the list did not foresee it", async () => {
  const stored = [...KEPT];
  const page = shelf({ stored, keep: async () => (stored.shift(), { kept: true }) });
  await page.made.look();
  await page.made.keep(page.made.rows[0]);
  assert.deepEqual(page.made.said.map(({ outcome, names }) => [outcome, names]), [["kept", undefined], ["made-room", [hash("e").slice(0, 8)]]]);
  assert.equal(texts.models.said(page.made.said[1]), "Deleted to make room: eeeeeeee.");
  await page.made.remove(page.made.rows.find(({ sha256 }) => sha256 === hash("f")));
  assert.deepEqual(outcomes(page), ["deleted"], "what the person deletes made no room");
});
