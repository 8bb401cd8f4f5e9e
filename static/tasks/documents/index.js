// @ts-check
/** The fourth task: questions to one's own documents. This is what connects the documents (documents.js), the library, the views and the page. */

import { texts } from "../../text/texts.js";
import { focusBeside, h, together } from "../../ui/dom.js";
import { json } from "../data.js";
import { events as historyEvents, mountHistory } from "../parts/history_view.js";
import { markdownSoon } from "../parts/markdown.js";
import { events as answerEvents, mountAnswer } from "./answer_view.js";
import { answerOf, asJson, asMarkdown } from "./answers.js";
import { Documents } from "./documents.js";
import { mountFigures } from "./figures.js";
import { events as foundEvents, mountFound } from "./found_view.js";
import { Holdings } from "./holdings.js";
import { lookupOf } from "./lookup.js";
import { events as meaningEvents, mountMeaning } from "./meaning_view.js";
import { events as questionEvents, mountQuestion } from "./question_view.js";
import { events as readerEvents, mountReader } from "./reader_view.js";
import { events as shelfEvents, mountShelf } from "./shelf.js";

/**
 * @typedef {import('../task.js').TaskContext} TaskContext
 * @typedef {import('../task.js').MountedTask} MountedTask
 */

const { history: said, answer: words } = texts.documents;

/** Answers as the history shows them. @returns {import('../parts/history_view.js').Kind} */
const historyKind = () => ({
  itemOf(head) {
    const answer = answerOf({ ...head, body: null });
    return answer && { text: `${answer.question}\n\n${answer.text}`, about: said.about(answer) };
  },
  asJson,
  asMarkdown(entries) {
    const parts = entries.flatMap((entry) => answerOf(entry) ?? []).map((answer) => asMarkdown(answer, { sources: words.sources, place: texts.documents.place }));
    return `# ${said.file}\n\n${parts.join("\n")}`;
  },
  file: "onpage-answers",
  said,
  copying: { ...words, copy: said.copy },
});

const here = (/** @type {string} */ file) => new URL(file, import.meta.url);

export const styles = ["documents.css", "reading.css", "../parts/markdown.css", "../parts/caret.css", "../parts/history.css"].map(here);

/**
 * @param {HTMLElement} element
 * @param {TaskContext} context
 * @returns {Promise<MountedTask>}
 */
export async function mount(element, { session, vendor, loading, figures: figuresRoot, recalled, remember, records, collection, embedders, handedOver }) {
  /** @type {import('./found_view.js').Sample} */
  const sample = await json(here("sample.json"));
  const root = h("section", { class: "documents", "aria-label": texts.documents.region });
  const main = h("div", { class: "documents-main" });
  const held = handedOver instanceof Holdings ? handedOver : new Holdings({ collection, vendor });
  const { library, meaning } = held;
  /** All changes made together are shown once. */
  const changed = together(() => {
    const { question: typed, answers, answer: given } = tasks.state;
    remember({ question: typed, answers, shown: given?.id ?? "" });
    show();
  });
  held.onChange = changed;
  const tasks = new Documents({ session, records, find: (asked, count) => held.find(asked, count), library, onChange: changed, onText: (piece) => answer.append(piece) });

  const shelf = mountShelf(root);
  const meaningView = mountMeaning(shelf.body);
  root.append(main);
  const question = mountQuestion(main);
  const answer = mountAnswer(main, markdownSoon(vendor, () => answer.redraw()));
  const found = mountFound(main, loading, sample);
  const reader = mountReader(main);
  const history = mountHistory(main, records, historyKind());
  const figures = mountFigures(figuresRoot);
  const ended = new AbortController();
  const { signal } = ended;
  /** Whether the next view takes the documents over, with what is being added and read of them. */
  let goesOn = false;
  /** What has the focus when one comes back from a document. @type {Element | null} */
  let cameFrom = null;
  element.append(root);

  function show() {
    if (signal.aborted) return;
    shelf.update(library, texts.documents.meaning.short(meaning.now));
    meaningView.update(meaning);
    question.update(tasks, session.state);
    answer.update(tasks);
    found.update(tasks, library.entries, meaning);
    reader.update(tasks.state);
    figures.update(tasks.state);
  }

  /** @param {string} id @param {{start: number, end: number}} passage */
  async function openAt(id, passage) {
    cameFrom = focusBeside(root);
    return tasks.open(id, passage);
  }

  async function trySample() {
    const { name, text, question: asked } = sample;
    await library.add([{ file: new Blob([text]), name }]);
    if (signal.aborted) return;
    tasks.type(asked);
    await tasks.ask();
    found.focus();
  }

  /** Meanings, and once they are there the question again to which words found little, unless the person has gone on to another. */
  async function meanToo() {
    const { asked } = tasks.state;
    await meaning.start();
    if (signal.aborted) return;
    const { asked: now, question: typed } = tasks.state;
    if (meaning.now.phase === "ready" && asked && asked === now && !asked.good && asked.question === typed.trim()) await tasks.ask();
  }

  shelfEvents.listen(shelf.root, "files", (files) => library.add(files), signal);
  shelfEvents.listen(shelf.root, "cancel", () => library.cancel(), signal);
  shelfEvents.listen(shelf.root, "open-document", (id) => ((cameFrom = focusBeside(root)), tasks.open(id)), signal);
  shelfEvents.listen(shelf.root, "remove-document", (id) => (tasks.gone(id), library.remove(id)), signal);
  meaningEvents.listen(meaningView.root, "start", meanToo, signal);
  meaningEvents.listen(meaningView.root, "remove", () => meaning.remove(), signal);
  meaningEvents.listen(meaningView.root, "size", (size) => meaning.resize(size), signal);
  questionEvents.listen(question.root, "type", (typed) => tasks.type(typed), signal);
  questionEvents.listen(question.root, "ask", () => tasks.ask(), signal);
  questionEvents.listen(question.root, "stop", () => tasks.stop(), signal);
  questionEvents.listen(question.root, "answers", (answers) => tasks.setAnswers(answers), signal);
  foundEvents.listen(found.root, "sample", trySample, signal);
  foundEvents.listen(found.root, "mean", meanToo, signal);
  foundEvents.listen(found.root, "answer", () => tasks.answer(), signal);
  foundEvents.listen(found.root, "open-hit", (place) => openAt(tasks.state.asked?.hits[place].id ?? "", tasks.state.asked?.hits[place] ?? { start: 0, end: 0 }), signal);
  answerEvents.listen(answer.root, "again", () => tasks.again(), signal);
  answerEvents.listen(
    answer.root,
    "open-source",
    async (place) => {
      const source = tasks.state.answer?.sources[place];
      if (source && !(await openAt(source.id, source))) answer.showText(place);
    },
    signal,
  );
  readerEvents.listen(reader.root, "shut", () => (tasks.shut(), queueMicrotask(() => cameFrom instanceof HTMLElement && cameFrom.focus())), signal);
  historyEvents.listen(history.root, "open", async (id) => (await tasks.show(id), answer.focus()), signal);

  const { question: typed, answers, shown } = /** @type {Record<string, unknown>} */ (recalled ?? {});
  if (typeof answers === "boolean") tasks.setAnswers(answers);
  if (typeof shown === "string" && shown) await tasks.show(shown);
  if (typeof typed === "string") tasks.type(typed);
  if (held !== handedOver) void held.begin(embedders);
  show();

  return {
    update() {
      void tasks.goOn();
      show();
    },
    holdsText: () => true, // searching takes no model
    stop: () => tasks.stop(),
    focus: () => question.focus(),
    searchDocuments: async (asked, most) => lookupOf(library, library.entries.length ? await held.find(asked, most) : { hits: [] }),
    handOver() {
      goesOn = true;
      return held;
    },
    destroy() {
      ended.abort();
      tasks.close();
      held.onChange = () => {};
      if (!goesOn) held.close();
      for (const view of [meaningView, shelf, question, answer, found, reader, history, figures]) view.destroy();
      root.remove();
    },
  };
}
