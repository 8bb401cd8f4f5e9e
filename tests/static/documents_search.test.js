// The search of documents: words, BM25 over segments, fusion, and what is kept of an index.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bm25, isSegment, segmentOf } from "../../static/tasks/documents/bm25.js";
import { fused } from "../../static/tasks/documents/fusion.js";
import { Searcher } from "../../static/tasks/documents/searcher.js";
import { isFormOf, termsOf, visitTerms } from "../../static/tasks/documents/words.js";

for (const [text, terms] of [
  ["The Café's opening HOURS", ["cafe", "opening", "hours"]],
  ["1,912 florins and E4", ["1912", "florins", "e4"]],
  ["Straße ﬁn", ["strasse", "fin"]],
  ["don’t", ["dont"]],
  ["", []],
]) {
  test(`terms of ${JSON.stringify(text)}`, () => assert.deepEqual(termsOf(text), terms));
}

test("Chinese and Japanese have words, and pairs of their characters", () => {
  assert.ok(termsOf("入館料はいくらですか").some((term) => "入館料".includes(term) && term.length >= 2));
  assert.ok(termsOf("绿茶要用八十度的水").includes("绿茶"));
  assert.ok(!termsOf("展示の").includes("の"));
});

test("a term's place is that of its word, also in long texts", () => {
  const text = `${"filler ".repeat(9000)}needle`;
  visitTerms(text, (term, start, end) => term === "needle" && assert.equal(text.slice(start, end), "needle"));
  assert.equal(termsOf(text).length, 9001);
  assert.equal(termsOf("x".repeat(50_000)).length >= 1, true);
});

test("forms of English words find each other, others do not", () => {
  for (const [found, asked] of [["closed", "closing"], ["treasury", "treasurer"], ["baked", "bakes"], ["hedges", "hedge"]]) assert.ok(isFormOf(found, asked), `${found} ${asked}`);
  for (const [found, asked] of [["carpenter", "car"], ["e40", "e4"], ["10", "1"], ["船着場", "船"]]) assert.ok(!isFormOf(found, asked), `${found} ${asked}`);
});

test("BM25 gives what its formula gives", () => {
  const index = new Bm25({ k1: 1.2, b: 0.75, otherForm: 0.5 });
  index.add("a", segmentOf([["tide", "tide", "boat"], ["boat"]]));
  index.add("b", segmentOf([["gull", "boat", "boat", "boat"]]));
  const [first, ...others] = index.search(["tide"], 5);
  const idf = Math.log(1 + (3 - 1 + 0.5) / (1 + 0.5));
  const expected = (idf * 2 * 2.2) / (2 + 1.2 * (1 - 0.75 + (0.75 * 3) / (8 / 3)));
  assert.deepEqual([first.id, first.passage, others.length], ["a", 0, 0]);
  assert.ok(Math.abs(first.score - expected) < 1e-12);
  assert.equal(first.coverage, 1);
  assert.ok(index.search(["tide", "nowhere"], 1)[0].coverage < 0.5);
  assert.deepEqual(index.search([], 5), []);
});

test("documents that were added and removed leave nothing behind", () => {
  const passages = [["wind", "sail"], ["sail"], ["mast", "wind", "wind"]];
  const once = new Bm25();
  once.add("a", segmentOf(passages));
  const often = new Bm25();
  often.add("b", segmentOf([["sail", "other"]]));
  often.add("a", segmentOf([["old"]]));
  often.add("a", segmentOf(passages));
  often.remove("b");
  often.remove("never there");
  assert.deepEqual(often.search(["sail", "wind"], 9), once.search(["sail", "wind"], 9));
});

test("a segment survives the storage; what is damaged, or of another page, is not taken", () => {
  const segment = segmentOf([["a", "b"], ["b"]]);
  assert.ok(isSegment(structuredClone(segment), 2));
  for (const change of [{ version: 0 }, { ends: new Uint32Array([9, 1]) }, { passages: new Uint32Array([0, 7, 1]) }, { terms: "ab" }, { lengths: [1, 2] }, { counts: new Uint32Array(1) }]) {
    assert.ok(!isSegment({ ...segment, ...change }, 2), JSON.stringify(change));
  }
  for (const value of [null, undefined, 3, {}]) assert.ok(!isSegment(value, 2));
  assert.ok(!isSegment(segment, 3));
});

test("orders of several searches are fused by their ranks", () => {
  const place = (passage, more = {}) => ({ id: "d", passage, ...more });
  const words = [place(1, { coverage: 1 }), place(2), place(3)];
  const meanings = [place(3), place(1)];
  assert.deepEqual(fused([words], 2), words.slice(0, 2));
  assert.deepEqual(fused([words, meanings], 9).map(({ passage }) => passage), [1, 3, 2]);
  assert.equal(fused([words, meanings], 1)[0].coverage, 1);
  assert.deepEqual(fused([[], []], 3), []);
});

test("what is found says where it stands, and which of its words were asked for", () => {
  const searcher = new Searcher();
  const indexed = searcher.index([
    { kind: "heading", text: "Hours", level: 1, page: 2 },
    { kind: "paragraph", text: "The kiosk closes at nine. Boats leave later.", page: 2 },
  ]);
  searcher.hold("one", indexed);
  searcher.hold("two", { text: "Nothing here.", passages: [{ start: 0, end: 13, headings: [], page: 0 }], segment: { version: 0 } });
  const { hits, passages } = searcher.search("When is closing time of the boat kiosk?", 5);
  assert.equal(passages, 2);
  assert.equal(hits.length, 1);
  const [{ id, start, end, text, headings, page, words }] = hits;
  assert.deepEqual([id, indexed.text.slice(start, end), headings, page], ["one", text, ["Hours"], 2]);
  assert.deepEqual(words.map(([from, to]) => text.slice(from, to)), ["kiosk", "closes", "Boats"]);
  assert.equal(searcher.search("nothing", 5).hits.length, 1, "an old segment is made anew");
  searcher.drop("one");
  assert.deepEqual(searcher.search("kiosk", 5).hits, []);
});
