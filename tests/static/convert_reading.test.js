// What a checkpoint folder holds is not trusted, and may be gone: a refusal says so, and nothing is read that is too large.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, checkpointsIn, foldersOf, jsonOf } from "../../static/convert/folder.js";
import { Refusal, shown } from "../../static/convert/refusal.js";
import { makeRoom } from "../../static/convert/room.js";
import { SentencePieceModel } from "../../static/convert/sentencepiece_model.js";

/** A file that was moved after it was chosen, as browsers say it. */
const gone = (/** @type {string} */ name, size = 8) => {
  const file = new File([], name);
  Object.defineProperty(file, "size", { value: size });
  file.slice = () => file;
  file.arrayBuffer = file.text = () => Promise.reject(new DOMException("The requested file could not be read", "NotReadableError"));
  return file;
};

/** @param {string} code @param {string} detail */
const refusal = (code, detail) => (/** @type {unknown} */ error) => error instanceof Refusal && error.code === code && error.detail === detail;

test("a file that was moved or changed after it was chosen is told from a damaged one, by its name", async () => {
  const [{ files, name }] = foldersOf([{ name: "config.json", path: "a/config.json", file: gone("config.json") }]);
  await assert.rejects(jsonOf({ files, name }, "config.json"), refusal("unreadable", "config.json"));
  await assert.rejects(bytesOf(gone("x"), 0, 8), refusal("unreadable", "x"));
  await assert.rejects(bytesOf(new File(["12345"], "x"), 2, 8), refusal("damaged", "x"));
  assert.equal((await bytesOf(new File(["12345"], "x"), 2, 4)).byteLength, 2);
});

/** @param {string[]} paths */
const placed = (...paths) => paths.map((path) => ({ name: path.split("/").at(-1) ?? "", path, file: new File([], path) }));

test("files of two folders are never one's, and those with the fewest folders above them come first", () => {
  const names = (/** @type {string[]} */ ...paths) => foldersOf(placed(...paths)).map(({ name, files }) => [name, ...files.keys()]);
  assert.deepEqual(names("b/sub/config.json", "b/config.json", "b/model.safetensors"), [["b", "config.json", "model.safetensors"], ["sub", "config.json"]]);
  assert.deepEqual(names("config.json", "/model.safetensors"), [["model", "config.json", "model.safetensors"]]);
  assert.deepEqual(names(), []);
});

/** More than a call takes as arguments, which would be a RangeError. */
const VERY_MANY = 150_000;

test("a folder of very many files is one", () => {
  const file = new File([], "");
  const [{ files }, ...others] = foldersOf(Array.from({ length: VERY_MANY }, (_, i) => ({ name: `${i}`, path: `a/${i}`, file })));
  assert.deepEqual([files.size, others], [VERY_MANY, []]);
});

test("very many pieces that are added are written", () => {
  const model = new SentencePieceModel(Uint8Array.of(10, 0, 10, 0, 10, 0));
  model.add(new Map(Array.from({ length: VERY_MANY }, (_, i) => [3 + i, `<${i}>`])), VERY_MANY + 3);
  assert.equal(new SentencePieceModel(Uint8Array.from(model.bytes())).pieces.length, VERY_MANY + 3);
});

test("a tokenizer.model that is too large is not read", async () => {
  await assert.rejects(SentencePieceModel.of(gone("tokenizer.model", 2 ** 40)), refusal("tokenizer", `tokenizer.model: ${2 ** 40} bytes`));
});

test("a tokenizer.model of a million pieces and one is refused", () => {
  const pieces = Uint8Array.from({ length: 2 * ((1 << 20) + 1) }, (_, i) => (i % 2 ? 0 : 10));
  assert.throws(() => new SentencePieceModel(pieces), refusal("tokenizer", "tokenizer.model: protobuf"));
});

test("what somebody else wrote is shown short, at any depth", () => {
  assert.equal(shown("x".repeat(500)).length, 120);
  assert.equal(shown(JSON.parse("[".repeat(100_000) + "]".repeat(100_000))), "…");
  assert.equal(new Refusal("incomplete", "x".repeat(1_000_000)).detail.length, 400);
});

test("models go for a new one only where that can be made, and no more of them than it needs", async () => {
  const stored = [1, 2, 3].map((used) => ({ sha256: `${used}`, size: 10, kept: 10, used }));
  const made = async (/** @type {number} */ size, /** @type {boolean} */ isSound) => {
    /** @type {string[]} */
    const did = [];
    const check = async () => {
      did.push("check");
      if (!isSound) throw new Refusal("not-finite", "x");
    };
    const enough = await makeRoom(size, stored, 5, async (sha256) => did.push(sha256), check).catch(({ code }) => code);
    return [enough, ...did];
  };
  assert.deepEqual(await made(5, false), [true]);
  assert.deepEqual(await made(20, true), [true, "check", "1", "2"]);
  assert.deepEqual(await made(20, false), ["not-finite", "check"]);
  assert.deepEqual(await made(36, true), [false]);
});

const chosen = (/** @type {string[]} */ ...paths) => checkpointsIn(placed(...paths))[0] ?? null;
const ADAPTER = ["adapter_config.json", "adapter_model.safetensors"];
const BASE = ["config.json", "model.safetensors"];
const at = (/** @type {string} */ folder, /** @type {string[]} */ names) => names.map((name) => `${folder}/${name}`);

test("an adapter beside its base, within it, in its folder or beside a GGUF file is found", () => {
  for (const [paths, name, adapter] of /** @type {[string[], string, string][]} */ ([
    [[...at("a", ADAPTER), ...at("b", BASE)], "b", "a"],
    [[...at("all/a", ADAPTER), ...at("all/b", BASE)], "b", "a"],
    [[...at("b", BASE), ...at("b/a", ADAPTER), ...at("b/a/checkpoint-5", ADAPTER)], "b", "a"],
    [at("b", [...BASE, ...ADAPTER]), "b", "b"],
    [["b.gguf", ...at("a", ADAPTER)], "b.gguf", "a"],
    [["all/b.gguf", ...at("all/a", ADAPTER)], "b.gguf", "a"],
    [at("b", ["b.gguf", ...ADAPTER]), "b.gguf", "b"],
    [at("b", ["b-00001-of-00002.gguf", "b-00002-of-00002.gguf", ...ADAPTER]), "b-00001-of-00002.gguf", "b"],
    [[...at("all/c", ["b.gguf"]), ...at("all/a", ADAPTER)], "b.gguf", "a"],
  ])) {
    const found = chosen(...paths);
    assert.deepEqual([found?.name, found?.adapter?.name], [name, adapter], paths.join());
    assert.ok(found?.adapter?.files.has("adapter_model.safetensors"));
  }
});

test("of several adapters all are found, that with the fewest folders above it first", () => {
  const found = chosen(...at("out/b/checkpoint-5", ADAPTER), ...at("out/b", BASE), ...at("out/a", ADAPTER));
  assert.deepEqual(found?.adapters.map(({ name }) => name), ["a", "checkpoint-5"]);
  assert.equal(found?.adapter, found?.adapters[0]);
});

test("a checkpoint is found beside folders of other things, and of several at one depth all are", () => {
  assert.equal(chosen("docs/a.pdf", ...at("b", BASE))?.name, "b");
  assert.equal(chosen(...at("a", ["config.json", ...ADAPTER]), ...at("b", BASE))?.name, "b", "an adapter's weights are none of a checkpoint");
  const names = (/** @type {string[]} */ ...paths) => checkpointsIn(placed(...paths)).map(({ name }) => name);
  assert.deepEqual(names(...at("all/a", BASE), ...at("all/b", BASE), ...at("all/b/old", BASE)), ["a", "b"]);
  assert.deepEqual(names(...at("all/a", BASE), "all/c/m.gguf"), ["a", "m.gguf"]);
  assert.deepEqual(names(...at("all", BASE), ...at("all/b", BASE)), ["all"]);
});

test("an adapter alone is no checkpoint, and a checkpoint alone has none", () => {
  assert.equal(chosen(...at("a", ADAPTER)), null);
  assert.equal(chosen(...at("b", BASE))?.adapter, undefined);
});
