// @ts-check
/**
 * The passages that were found, each with the words of the question marked; it opens in its document. Before anything was asked, an
 * example of it.
 *
 * @typedef {{'open-hit': number, answer: undefined, sample: undefined, mean: undefined}} FoundEvents the place of a passage, from 0; `mean`: search
 *   by meaning too
 * @typedef {{name: string, text: string, question: string, headings: string[], before: string, marked: string, between: string, last: string,
 *   after: string}} Sample
 */

import { texts } from "../../text/texts.js";
import { h, text, viewEvents } from "../../ui/dom.js";
import { sentenceOf } from "./meaning_view.js";

const { found: said, empty } = texts.documents;

/** @type {import('../../ui/dom.js').ViewEvents<FoundEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent @param {HTMLElement} loading @param {Sample} sample */
export function mountFound(parent, loading, sample) {
  const title = h("h2", { class: "documents-title", tabindex: "-1" }, said.title);
  const count = h("p", { class: "documents-by", role: "status" });
  const note = h("p", { class: "documents-note", hidden: true });
  const answer = h("button", { type: "button", class: "button", hidden: true }, said.ask);
  const meaningNote = h("p", { class: "documents-note", hidden: true });
  const mean = h("button", { type: "button", class: "button", hidden: true });
  const actions = h("div", { class: "documents-actions" }, mean, answer);
  const list = h("ol", { class: "documents-hits" });
  const results = h("section", { class: "documents-results", hidden: true }, h("div", { class: "documents-head" }, title, count), note, meaningNote, actions, list);
  const tryIt = h("button", { type: "button", class: "button" }, empty.tryIt);
  const sentence = h("p", { class: "documents-sentence" });
  const example = h(
    "figure",
    { class: "documents-example" },
    h("figcaption", {}, empty.example),
    h("p", { class: "documents-asked", lang: "en", dir: "auto" }, sample.question),
    h("p", { class: "documents-by" }, `${empty.found} ${texts.documents.place({ ...sample, page: 0 })}`),
    h("p", { lang: "en", dir: "auto" }, sample.before, h("mark", {}, sample.marked), sample.between, h("mark", {}, sample.last), sample.after),
    tryIt,
  );
  const emptyBox = h("div", { class: "documents-empty" }, h("h2", { class: "documents-title" }, empty.title), sentence, example);
  const root = h("div", { class: "documents-found" }, loading, emptyBox, results);
  parent.append(root);
  /** @type {import('./searcher.js').Hit[]} */
  let shown = [];
  tryIt.addEventListener("click", () => events.emit(root, "sample"));
  answer.addEventListener("click", () => events.emit(root, "answer"));
  mean.addEventListener("click", () => {
    title.focus(); // the button goes away
    events.emit(root, "mean");
  });

  /** @param {import('./searcher.js').Hit} hit @param {number} index @param {string} name */
  function item(hit, index, name) {
    const where = texts.documents.place({ ...hit, name });
    const open = h("button", { type: "button", class: "documents-hit-open", "aria-label": said.openAt(where) }, h("span", { dir: "auto" }, where));
    open.addEventListener("click", () => events.emit(root, "open-hit", index));
    return h("li", { class: "documents-hit" }, open, h("p", { class: "documents-hit-text", dir: "auto" }, ...markedText(hit)));
  }

  return {
    root,
    focus: () => title.focus(),
    /**
     * @param {import('./documents.js').Documents} documents
     * @param {import('./library.js').Entry[]} entries
     * @param {import('./meaning_view.js').Known} meaning what else could find, where words found little
     */
    update({ state, able, ready }, entries, meaning) {
      const { asked, answer: given, opened, answers, awaited, writing } = state;
      root.hidden = opened !== null;
      emptyBox.hidden = asked !== null || given !== null;
      example.hidden = entries.length > 0;
      text(sentence, entries.length ? empty.ready : empty.sentence);
      results.hidden = asked === null;
      if (!asked) return;
      text(count, asked.hits.length ? said.count(asked.hits.length, asked.passages, asked.meant !== "") : "");
      const weak = asked.hits.length > 0 && !asked.good;
      const weakly = said.weak[asked.meant || "words"];
      const sentenceNow = !asked.hits.length ? (entries.length ? said.nothing[asked.meant ? "meanings" : "words"] : said.none) : weak ? (able && answers ? weakly.unasked : weakly.alone) : "";
      note.hidden = !sentenceNow;
      text(note, sentenceNow);
      const { phase } = meaning.now;
      meaningNote.hidden = asked.good || asked.meant !== "" || !entries.length || phase === "none" || phase === "ready";
      text(meaningNote, sentenceOf(meaning));
      mean.hidden = meaningNote.hidden || (phase !== "offered" && phase !== "failed");
      text(mean, phase === "failed" ? texts.documents.meaning.again : texts.documents.meaning.start);
      answer.hidden = !able || !asked.hits.length || awaited || writing || given !== null;
      actions.hidden = mean.hidden && answer.hidden;
      answer.disabled = !ready;
      text(answer, weak ? said.anyway : said.ask);
      if (asked.hits === shown) return;
      shown = asked.hits;
      list.replaceChildren(...shown.map((hit, index) => item(hit, index, entries.find(({ id }) => id === hit.id)?.name ?? "")));
    },
    destroy: () => root.remove(),
  };
}

/** @param {import('./searcher.js').Hit} hit */
function markedText({ text: whole, words }) {
  /** @type {(string | HTMLElement)[]} */
  const parts = [];
  let at = 0;
  for (const [start, end] of words) {
    parts.push(whole.slice(at, start), h("mark", {}, whole.slice(start, end)));
    at = end;
  }
  return [...parts, whole.slice(at)];
}
