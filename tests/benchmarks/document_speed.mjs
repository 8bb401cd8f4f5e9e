// How long 200 pages take to be split and indexed, and a question to be searched; prints figures, and judges nothing.
//
//   node tests/benchmarks/document_speed.mjs [PAGES]

import { readMarkdown } from "../../static/tasks/documents/readers/markdown.js";
import { Searcher } from "../../static/tasks/documents/searcher.js";
import { marked } from "../static/support/documents.js";

const PAGES = Number(process.argv[2] ?? 200);
const WORDS_OF_A_PAGE = 500;
const SYLLABLES = "ba ke li mo nu ra se ti vo zu pen tar lim gos wen dar".split(" ");

let seed = 1;
const random = (below) => {
  seed = (seed * 48271) % 2147483647;
  return seed % below;
};
/** Few words are frequent, as in a language. */
const vocabulary = Array.from({ length: 12_000 }, () => Array.from({ length: 1 + random(3) }, () => SYLLABLES[random(SYLLABLES.length)]).join(""));
const word = () => vocabulary[Math.floor(vocabulary.length ** ((1 + random(1e6)) / 1e6)) - 1];
const page = (number) => {
  const sentences = Array.from({ length: WORDS_OF_A_PAGE / 12 }, () => `${Array.from({ length: 12 }, word).join(" ")}.`);
  return `## Section ${number}\n\n${sentences.slice(0, 20).join(" ")}\n\n${sentences.slice(20).join(" ")}\n`;
};

const text = Array.from({ length: PAGES }, (_, number) => page(number + 1)).join("\n");
const searcher = new Searcher();
const timed = (name, act) => {
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  const result = act();
  const used = process.cpuUsage(cpu);
  console.log(`${name}: ${((used.user + used.system) / 1000).toFixed(0)} ms of processor time, ${(performance.now() - wall).toFixed(0)} ms`);
  return result;
};

console.log(`${PAGES} pages, ${text.length} characters`);
const blocks = timed("read Markdown", () => readMarkdown(text, marked.lexer));
const indexed = timed("split and index", () => searcher.index(blocks));
console.log(`${indexed.passages.length} passages, ${indexed.segment.terms.length} terms`);
timed("hold", () => searcher.hold("one", indexed));
timed("100 questions", () => {
  for (let count = 0; count < 100; count += 1) searcher.search(Array.from({ length: 8 }, word).join(" "), 6);
});
