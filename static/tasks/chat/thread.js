// @ts-check
/**
 * The turns on the path, the one that is written last; before there are any, what can be asked. It follows what is written while its end
 * is in sight.
 *
 * @typedef {import('./turn_view.js').TurnEvents & {sample: string}} ThreadEvents
 */

import { texts } from "../../text/texts.js";
import { focusBeside, h, text, viewEvents } from "../../ui/dom.js";
import { memoryOf, siblingsOf } from "./tree.js";
import { isFocusable, makeTurn } from "./turn_view.js";

/** Pixels from the end within which it counts as in sight. */
const NEAR_END = 64;

/** @type {import('../../ui/dom.js').ViewEvents<ThreadEvents>} */
export const events = viewEvents();

/**
 * @param {HTMLElement} parent
 * @param {HTMLElement} loading
 * @param {{demo: string[], general: string[]}} samples
 * @param {() => import('../parts/markdown.js').Render | null} render
 */
export function mountThread(parent, loading, samples, render) {
  const { empty } = texts.chat;
  const title = h("h2", { class: "chat-empty-title" });
  const sentence = h("p", { class: "chat-empty-sentence" });
  const questions = h("div", { class: "chat-samples" });
  const emptyBox = h("div", { class: "chat-empty" }, title, sentence, questions);
  const forgotten = h("p", { class: "chat-forgotten" });
  const turns = h("div", { class: "chat-turns", role: "log", "aria-label": texts.chat.log });
  const root = h("div", { class: "chat-thread", tabindex: "0", role: "region", "aria-label": texts.chat.thread }, emptyBox, turns, loading);
  parent.append(root);
  /** By their turns' ids. @type {Map<string, ReturnType<typeof makeTurn>>} */
  const views = new Map();
  /** The ids of the turns that are shown. @type {string[]} */
  let order = [];
  let sampled = "";

  const atEnd = () => root.scrollHeight - root.scrollTop - root.clientHeight < NEAR_END;
  const toEnd = () => root.scrollTo({ top: root.scrollHeight });

  /** @param {boolean} demo */
  function showSamples(demo) {
    const kind = demo ? "demo" : "general";
    if (sampled === kind) return;
    sampled = kind;
    questions.replaceChildren(
      ...samples[kind].map((sample) => {
        const button = h("button", { type: "button", class: "chat-sample" }, h("span", { lang: "en", dir: "auto" }, sample));
        button.addEventListener("click", () => events.emit(root, "sample", sample));
        return button;
      }),
    );
  }

  /** Where the focus is among the turns; null where it is not. */
  function focusAmong() {
    const activeElement = focusBeside(root);
    const place = order.findIndex((id) => views.get(id)?.root.contains(activeElement));
    return place < 0 ? null : { id: order[place], place, button: buttonsOf(order[place]).findIndex((each) => each === activeElement) };
  }

  /** Gives the focus of a turn that went to the one in its place, at the same button if that can be pressed. @param {{place: number, button: number}} before */
  function refocus({ place, button }) {
    const id = order[Math.min(place, order.length - 1)];
    const same = buttonsOf(id)[button];
    (same && isFocusable(same) ? same : views.get(id)?.root)?.focus();
  }

  /** @param {string} id */
  function buttonsOf(id) {
    return [...(views.get(id)?.root.querySelectorAll("button") ?? [])];
  }

  return {
    root,

    /** One more piece of the answer that is written. @param {string} id @param {string} piece */
    append(id, piece) {
      const follow = atEnd();
      views.get(id)?.append(piece);
      if (follow) toEnd();
    },

    /**
     * @param {import('./chat.js').Chat} chat
     * @param {{ready: boolean, demo: boolean, name: string, loads: boolean}} model
     */
    update(chat, { ready, demo, name, loads }) {
      const { conversation, writing, summarizing } = chat.state;
      const path = chat.path;
      const shown = writing && !summarizing ? [...path, writing.turn] : path;
      const follow = atEnd();
      const focused = focusAmong();
      emptyBox.hidden = shown.length > 0 || loads;
      text(title, empty.title(demo ? "" : name));
      text(sentence, demo ? empty.demo : empty.sentence);
      showSamples(demo);
      const present = new Set(shown.map(({ id }) => id));
      for (const [id, view] of views) {
        if (present.has(id)) continue;
        view.destroy();
        views.delete(id);
      }
      const from = memoryOf(path)?.from;
      let grown = false;
      let place = turns.firstElementChild;
      for (const [index, turn] of shown.entries()) {
        let view = views.get(turn.id);
        if (!view) {
          view = makeTurn(turn, events, render);
          views.set(turn.id, view);
          grown = true;
        }
        if (place === forgotten) place = place.nextElementSibling;
        if (place === view.root) place = place.nextElementSibling;
        else turns.insertBefore(view.root, place);
        const isWritten = turn.id === writing?.turn.id;
        const beside = siblingsOf(conversation, turn);
        view.update({ turn, beside, last: index === shown.length - 1, busy: !ready, writing: isWritten });
        if (turn.id === from && index && forgotten.nextElementSibling !== view.root) turns.insertBefore(forgotten, view.root);
      }
      order = shown.map(({ id }) => id);
      if (!from || from === shown.at(0)?.id) forgotten.remove();
      text(forgotten, memoryOf(path)?.summary ? texts.chat.summarized : texts.chat.forgotten);
      forgotten.title = memoryOf(path)?.summary ?? "";
      root.toggleAttribute("data-empty", !shown.length);
      const replaced = focused && !views.has(focused.id) && order.length > 0 ? focused : null;
      if (replaced) refocus(replaced);
      if (replaced && !writing) return; // where one was is what is read now
      if (grown || follow) toEnd();
    },

    redraw() {
      for (const view of views.values()) view.redraw();
    },

    destroy() {
      for (const view of views.values()) view.destroy();
      root.remove();
    },
  };
}
