// Of the sixty questions about the tests' documents: what the page's search finds by words, by meaning, and by both.
//
//   node tests/benchmarks/document_recall.mjs > texts.json      what a model is to make vectors of: {passages, questions}
//   node tests/benchmarks/document_recall.mjs vectors.json      the counts; the vectors in the same form, a list of numbers for each text
//
// real/test_documents.py does both with the real all-MiniLM-L6-v2.

import { readFileSync } from "node:fs";
import { textOf } from "../../static/tasks/documents/meaning.js";
import { Searcher } from "../../static/tasks/documents/searcher.js";
import { FOLDER, readBlocks } from "../static/support/documents.js";

const { questions } = JSON.parse(readFileSync(new URL("questions.json", FOLDER)));
const searcher = new Searcher();
const documents = {};
for (const name of new Set(questions.map(({ document }) => document))) {
  documents[name] = searcher.index(await readBlocks(name));
  searcher.hold(name, documents[name]);
}
const places = Object.entries(documents).flatMap(([id, { text, passages }]) => passages.map((passage) => ({ id, text: textOf(text, passage) })));

if (process.argv.length < 3) {
  console.log(JSON.stringify({ passages: places.map(({ text }) => text), questions: questions.map(({ question }) => question) }));
} else {
  const vectors = JSON.parse(readFileSync(process.argv[2]));
  for (const id of Object.keys(documents)) {
    const own = vectors.passages.filter((_, index) => places[index].id === id);
    searcher.holdVectors(id, Float32Array.from(own.flat()), own[0].length);
  }
  const counted = (search) => {
    const found = questions.map(({ question }, index) => search(question, Float32Array.from(vectors.questions[index])).hits);
    const within = questions.filter(({ document, section }, index) => found[index].some(({ id, headings }) => id === document && headings.at(-1) === section));
    const first = questions.filter(({ answer }, index) => found[index][0]?.text.includes(answer));
    return { questions: questions.length, "recall@3": within.length, first: first.length };
  };
  const counts = {
    words: counted((question) => searcher.search(question, 3)),
    meanings: counted((_, vector) => searcher.search("", 3, vector)),
    both: counted((question, vector) => searcher.search(question, 3, vector)),
  };
  console.log(JSON.stringify(counts, null, 2));
}
