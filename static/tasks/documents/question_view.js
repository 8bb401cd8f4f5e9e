// @ts-check
/**
 * Where a person asks: the question, Search and Stop, and whether the model is to answer.
 *
 * @typedef {{type: string, ask: undefined, stop: undefined, answers: boolean}} QuestionEvents
 */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, directionOf, focusBeside, h, text, uniqueId, viewEvents } from "../../ui/dom.js";

const said = texts.documents.question;

/** @type {import('../../ui/dom.js').ViewEvents<QuestionEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent */
export function mountQuestion(parent) {
  const area = h("textarea", { class: "documents-question", rows: "1", "aria-label": said.label, placeholder: said.placeholder, ...NOT_SENT_AWAY });
  const search = h("button", { type: "submit", class: "button button-primary" }, said.search);
  const stop = h("button", { type: "button", class: "button", hidden: true }, said.stop);
  const id = uniqueId("answers");
  const answers = h("input", { type: "checkbox", id });
  const option = h("p", { class: "documents-option" }, answers, h("label", { for: id }, said.answers));
  const unable = h("p", { class: "documents-unable", hidden: true });
  const form = h("form", { class: "documents-asking", "aria-label": said.form }, area, h("div", { class: "documents-ask" }, search, stop), option, unable);
  parent.append(form);

  const ask = () => events.emit(form, "ask");
  area.addEventListener("input", () => events.emit(form, "type", area.value));
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!event.repeat) ask();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  stop.addEventListener("click", () => events.emit(form, "stop"));
  answers.addEventListener("change", () => events.emit(form, "answers", answers.checked));

  return {
    root: form,
    focus: () => area.focus(),
    /**
     * @param {import('./documents.js').Documents} documents
     * @param {import('../../engine/session_state.js').SessionState} session
     */
    update({ state, able }, { now, setup }) {
      if (area.value !== state.question) area.value = state.question;
      area.dir = directionOf(state.question);
      search.setAttribute("aria-disabled", String(!state.question.trim()));
      const busy = state.writing || state.awaited;
      const stopping = state.writing && now.phase === "writing" && now.stopping;
      text(stop, stopping ? said.stopping : said.stop);
      if (!busy && focusBeside(stop) === stop) area.focus(); // what is hidden has no focus
      stop.hidden = !busy;
      answers.checked = state.answers;
      const broken = now.phase === "problem" || (setup === null && now.phase !== "starting");
      option.hidden = broken || (!able && now.phase !== "starting" && now.phase !== "loading");
      unable.hidden = !option.hidden;
      text(unable, broken ? said.unable.none : said.unable.demo);
    },
    destroy: () => form.remove(),
  };
}
