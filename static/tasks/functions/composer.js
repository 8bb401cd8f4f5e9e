// @ts-check
/**
 * Where a person asks: the question, Ask and Stop, what is going on, and a new conversation. Before anything was asked, an example of it
 * and questions to begin with.
 *
 * @typedef {{type: string, ask: undefined, stop: undefined, fresh: undefined}} ComposerEvents
 */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, directionOf, focusBeside, h, text, viewEvents } from "../../ui/dom.js";

const { composer: said } = texts.functions;

/** @type {import('../../ui/dom.js').ViewEvents<ComposerEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent */
export function mountComposer(parent) {
  const status = h("p", { class: "functions-status", role: "status" });
  const area = h("textarea", { class: "functions-draft", rows: "2", "aria-label": said.label, placeholder: said.placeholder, ...NOT_SENT_AWAY });
  const ask = h("button", { type: "submit", class: "button button-primary" }, said.ask);
  const stop = h("button", { type: "button", class: "button", hidden: true }, said.stop);
  const fresh = h("button", { type: "button", class: "button button-quiet", hidden: true }, said.fresh);
  const form = h("form", { class: "functions-composer", "aria-label": said.form }, status, area, h("div", { class: "functions-actions" }, ask, stop, fresh));
  parent.append(form);

  const send = () => events.emit(form, "ask");
  area.addEventListener("input", () => events.emit(form, "type", area.value));
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!event.repeat) send();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  stop.addEventListener("click", () => events.emit(form, "stop"));
  fresh.addEventListener("click", () => {
    area.focus(); // the button goes away
    events.emit(form, "fresh");
  });

  return {
    root: form,
    focus: () => area.focus(),
    /** @param {import('./functions.js').Functions} functions */
    update(functions) {
      const { draft, busy, conversation, forgotten } = functions.state;
      if (area.value !== draft) area.value = draft;
      area.dir = directionOf(draft);
      ask.setAttribute("aria-disabled", String(!draft.trim() || !functions.ready));
      ask.hidden = busy !== "";
      if (!busy && focusBeside(stop) === stop) area.focus(); // what is hidden has no focus
      stop.hidden = busy === "";
      text(stop, functions.stopping ? said.stopping : said.stop);
      fresh.hidden = !conversation.exchanges.length;
      const sentence = busy === "waiting" ? said.waiting : busy ? said.checking : texts.line([forgotten > 0 && said.forgotten(forgotten), functions.format && !functions.offered.length && said.none]);
      text(status, sentence);
    },
    destroy: () => form.remove(),
  };
}
