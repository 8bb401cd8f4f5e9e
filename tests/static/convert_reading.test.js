// What a checkpoint folder holds is not trusted, and may be gone: a refusal says so, and nothing is read that is too large.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, folderOf, jsonOf } from "../../static/convert/folder.js";
import { Refusal, shown } from "../../static/convert/refusal.js";
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

test("a file that was moved or cut after it was chosen is damaged, by its name", async () => {
  const { files, name } = folderOf([{ name: "config.json", path: "a/config.json", file: gone("config.json") }]);
  await assert.rejects(jsonOf({ files, name }, "config.json"), refusal("damaged", "config.json"));
  await assert.rejects(bytesOf(gone("x"), 0, 8), refusal("damaged", "x"));
  await assert.rejects(bytesOf(new File(["12345"], "x"), 2, 8), refusal("damaged", "x"));
  assert.equal((await bytesOf(new File(["12345"], "x"), 2, 4)).byteLength, 2);
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
