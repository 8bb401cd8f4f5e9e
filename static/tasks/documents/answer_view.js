// @ts-check
/**
 * The answer, in which each source that it names is a button, and the list of sources. It grows piece by piece.
 *
 * @typedef {{'open-source': number, again: undefined}} AnswerEvents the place of a source, from 0
 */

import { texts } from "../../text/texts.js";
import { h, text, viewEvents } from "../../ui/dom.js";
import { copyOnClick, download } from "../../ui/files.js";
import { makeWritten } from "../parts/markdown_view.js";
import { asMarkdown, asText } from "./answers.js";
import { Citations, citedIn } from "./citations.js";

const { answer: said } = texts.documents;
const place = (/** @type {import('./answers.js').Source} */ source) => texts.documents.place(source);

/** @type {import('../../ui/dom.js').ViewEvents<AnswerEvents>} */
export const events = viewEvents();

/**
 * @param {HTMLElement} parent
 * @param {() => import('../parts/markdown.js').Render | null} render
 */
export function mountAnswer(parent, render) {
  const title = h("h2", { class: "documents-title", tabindex: "-1" }, said.title);
  const by = h("p", { class: "documents-by" });
  const question = h("p", { class: "documents-asked", dir: "auto" });
  const body = h("div", { class: "documents-answer written grows", role: "log", "aria-label": said.log, dir: "auto" });
  const note = h("p", { class: "documents-note", hidden: true });
  const copy = button(said.copy);
  const save = button(said.save);
  const again = button(said.again);
  const actions = h("div", { class: "documents-actions", hidden: true }, copy, save, again);
  const list = h("ol", { class: "documents-sources" });
  const sources = h("div", {}, h("h3", { class: "documents-subtitle" }, said.sources), list);
  const root = h("article", { class: "documents-card", hidden: true }, h("div", { class: "documents-head" }, title, by), question, body, note, actions, sources);
  parent.append(root);
  /** @type {import('./answers.js').Answer | null} */
  let shown = null;
  const written = makeWritten(body, render, () => {
    const citations = new Citations(shown?.sources.length ?? 0);
    return { add: (piece) => citations.add(piece).map(drawn), end: () => citations.end().map(drawn) };
  });
  const endCopying = copyOnClick(copy, { value: () => (shown ? asText(shown, place) : ""), body, said });
  save.addEventListener("click", () => shown && download(`${fileName(shown.question)}.md`, "text/markdown", asMarkdown(shown, { sources: said.sources, place })));
  again.addEventListener("click", () => events.emit(root, "again"));

  /** @param {import('./citations.js').Part} part */
  function drawn(part) {
    if ("text" in part) return part.text;
    const made = h("button", { type: "button", class: "documents-cite", "aria-label": said.source(part.source) }, `${part.source}`);
    made.addEventListener("click", () => events.emit(root, "open-source", part.source - 1));
    return made;
  }

  /** @param {import('./answers.js').Source} source @param {number} index */
  function item(source, index) {
    const made = h("button", { type: "button", class: "documents-source" }, h("span", { class: "documents-number" }, `${index + 1}`), h("span", { dir: "auto" }, place(source)));
    made.addEventListener("click", () => events.emit(root, "open-source", index));
    return h("li", {}, made);
  }

  return {
    root,
    focus: () => title.focus(),

    /** What a source says, where its document has gone. @param {number} index */
    showText(index) {
      const place = list.children[index];
      if (!shown || !place || place.querySelector("blockquote")) return;
      place.append(h("p", { class: "documents-note" }, said.gone), h("blockquote", { class: "documents-quote", dir: "auto" }, shown.sources[index].text));
    },

    redraw: written.redraw,

    /** One more piece of it. @param {string} piece */
    append(piece) {
      if (shown && root.hasAttribute("data-writing")) written.append(piece);
    },

    /** @param {import('./documents.js').Documents} documents */
    update({ state, ready }) {
      const { answer, writing, asked, noRoom, awaited, opened } = state;
      root.hidden = opened !== null || (!answer && !awaited && !noRoom);
      root.toggleAttribute("data-writing", writing);
      body.setAttribute("aria-busy", String(writing));
      const begins = answer !== null && answer.id !== shown?.id;
      if (!answer || begins || (answer !== shown && !writing)) list.replaceChildren(...(answer?.sources ?? []).map(item));
      shown = answer;
      if (!answer || begins) written.show("");
      if (answer && begins && writing) written.append(answer.text);
      if (answer && !writing) written.show(answer.text);
      text(by, answer?.model ? said.by(answer.model) : "");
      question.hidden = !answer || asked !== null;
      text(question, answer?.question ?? "");
      const says = noteOf(state);
      note.hidden = !says;
      text(note, says);
      actions.hidden = writing || !answer?.text.trim();
      again.hidden = !asked;
      again.disabled = !ready;
      sources.hidden = !answer?.sources.length;
    },

    destroy() {
      endCopying();
      root.remove();
    },
  };
}

/** @param {import('./documents.js').State} state */
function noteOf({ answer, writing, awaited, noRoom }) {
  if (noRoom) return said.noRoom;
  if (awaited) return said.awaited;
  if (!answer || writing) return "";
  if (!answer.text.trim()) return said.nothing;
  return texts.line([said.endings[answer.ended], citedIn(answer.text, answer.sources.length).length ? said.invented : said.uncited]);
}

/** @param {string} question */
function fileName(question) {
  return question.replace(/[^\p{L}\p{N} .-]/gu, "").trim().slice(0, 40) || "answer";
}

/** @param {string} label */
function button(label) {
  return h("button", { type: "button", class: "button button-quiet" }, label);
}
