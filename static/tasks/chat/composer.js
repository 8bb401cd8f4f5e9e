// @ts-check
/**
 * Where a person writes: the question, Send and Stop, how many tokens are left, and the choice where they are not enough.
 *
 * @typedef {{draft: string, send: undefined, stop: undefined, 'leave-out': undefined, summarize: undefined, anew: undefined, dismiss: undefined}} ComposerEvents
 */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, directionOf, focusBeside, h, text, uniqueId, viewEvents } from "../../ui/dom.js";

const said = texts.chat.composer;
/** Share of the context from which on it is scarce. */
const SCARCE = 0.75;

/** @type {import('../../ui/dom.js').ViewEvents<ComposerEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent */
export function mountComposer(parent) {
  const [textId, countId] = ["question", "left"].map(uniqueId);
  const area = h("textarea", {
    id: textId,
    class: "chat-question",
    rows: "2",
    ...NOT_SENT_AWAY,
    placeholder: said.placeholder,
    "aria-label": said.label,
    "aria-describedby": countId,
  });
  const send = h("button", { type: "submit", class: "button button-primary" }, said.send);
  const stop = h("button", { type: "button", class: "button", hidden: true }, said.stop);
  const meter = h("meter", { class: "chat-meter", "aria-label": said.meter });
  const left = h("span", { class: "chat-left", id: countId });
  const count = h("p", { class: "chat-count", hidden: true }, meter, left);
  const fullTitle = h("p", { class: "notice-title" });
  const fullSentence = h("p", { class: "notice-sentence" });
  const leaveOut = choice(said.full.leaveOut, "leave-out");
  const summarize = choice(said.full.summarize, "summarize");
  const anew = choice(said.full.anew, "anew");
  const dismiss = choice(said.full.dismiss, "dismiss");
  const full = h(
    "div",
    { class: "notice chat-full", role: "alert", hidden: true },
    fullTitle,
    fullSentence,
    h("div", { class: "chat-choices" }, leaveOut, summarize, anew, dismiss),
  );
  const form = h(
    "form",
    { class: "chat-composer", "aria-label": said.form },
    full,
    area,
    h("div", { class: "chat-send" }, send, stop, count),
  );
  parent.append(form);

  /** @param {string} label @param {'leave-out' | 'summarize' | 'anew' | 'dismiss'} event */
  function choice(label, event) {
    const made = h("button", { type: "button", class: "button" }, label);
    made.addEventListener("click", () => {
      area.focus(); // the button is about to go away
      events.emit(form, event);
    });
    return made;
  }

  area.addEventListener("input", () => events.emit(form, "draft", area.value));
  area.addEventListener("keydown", (event) => {
    const sends = event.ctrlKey || event.metaKey || !(event.shiftKey || matchMedia("(hover: none)").matches);
    if (event.key !== "Enter" || event.isComposing || !sends) return;
    event.preventDefault();
    if (!event.repeat) events.emit(form, "send");
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    events.emit(form, "send");
  });
  stop.addEventListener("click", () => events.emit(form, "stop"));

  return {
    root: form,
    focus: () => area.focus(),

    /** @param {import('./chat.js').Chat} chat @param {import('../../engine/session_state.js').SessionState} session */
    update(chat, { now, setup }) {
      const { draft, writing, count: known, full: found, summarizing } = chat.state;
      if (area.value !== draft) area.value = draft;
      area.dir = directionOf(draft);
      // Neither is ever `disabled`, which would take the focus from who has just pressed it.
      send.setAttribute("aria-disabled", String(!chat.ready || !draft.trim()));
      const stopping = now.phase === "writing" && now.stopping;
      stop.setAttribute("aria-disabled", String(stopping));
      text(stop, stopping ? said.stopping : said.stop);
      if (!writing && focusBeside(stop) === stop) area.focus(); // what is hidden has no focus
      stop.hidden = !writing;
      const most = setup?.settings.maxTokens ?? 0;
      count.hidden = !known;
      if (known) {
        const over = known.tokens > known.room;
        meter.max = most;
        meter.high = most * SCARCE;
        meter.value = Math.min(known.tokens, most);
        text(left, said.left(Math.max(0, most - known.tokens)));
        count.toggleAttribute("data-over", over);
      }
      full.hidden = !found && !summarizing;
      if (!found) return;
      text(fullTitle, summarizing ? said.full.summarizing : found.alone ? said.full.tooLong : said.full.title);
      text(fullSentence, found.alone ? said.full.alone(found.tokens, found.room) : said.full.sentence);
      leaveOut.hidden = summarize.hidden = anew.hidden = found.alone || summarizing;
      dismiss.hidden = summarizing;
    },
    destroy: () => form.remove(),
  };
}
