// @ts-check
/**
 * The conversation: each question, the calls for it, the answer. Only what has changed is made anew, and a piece of an answer is appended,
 * so a screen reader hears it once.
 *
 * @typedef {{again: undefined, save: undefined}} ThreadEvents
 */

import { texts } from "../../text/texts.js";
import { focusBeside, h, text, viewEvents } from "../../ui/dom.js";
import { copyOnClick } from "../../ui/files.js";
import { makeWritten } from "../parts/markdown_view.js";
import { makeCall } from "./call_view.js";
import { asText } from "./conversation.js";

/** @typedef {import('./conversation.js').Exchange} Exchange @typedef {import('./tools/index.js').Tool} Tool */

const { exchange: said } = texts.functions;
/** Endings after which the model might still have called a function. */
const BROKEN_OFF = new Set(["stopped", "lost"]);

/** @type {import('../../ui/dom.js').ViewEvents<ThreadEvents>} */
export const events = viewEvents();

/**
 * @param {HTMLElement} parent
 * @param {() => import('../parts/markdown.js').Render | null} render
 */
export function mountThread(parent, render) {
  const root = h("div", { class: "functions-thread" });
  parent.append(root);
  /** @type {ReturnType<typeof makeExchange>[]} */
  let views = [];
  let shown = "";

  return {
    root,
    focus: () => views.at(-1)?.focus(),

    /** @param {string} piece */
    append(piece) {
      views.at(-1)?.append(piece);
    },

    /** Once the libraries are there. */
    redraw() {
      for (const view of views) view.redraw();
    },

    /** @param {import('./functions.js').Functions} functions */
    update(functions) {
      const { conversation, tools, busy } = functions.state;
      const { exchanges, id } = conversation;
      root.hidden = !exchanges.length;
      if (id !== shown || exchanges.length < views.length) {
        for (const view of views) view.destroy();
        views = [];
        shown = id;
      }
      exchanges.forEach((exchange, index) => {
        const view = views[index] ?? makeExchange(root, render);
        views[index] = view;
        const last = index === exchanges.length - 1;
        view.update(exchange, { tools, writing: last && busy === "writing" && exchange.ended === null, last: last && !busy, ready: functions.ready });
      });
    },

    destroy() {
      for (const view of views) view.destroy();
      root.remove();
    },
  };
}

/**
 * @param {HTMLElement} parent
 * @param {() => import('../parts/markdown.js').Render | null} render
 */
function makeExchange(parent, render) {
  const question = h("p", { class: "functions-question", dir: "auto" });
  const by = h("p", { class: "functions-note" });
  const steps = h("div", { class: "functions-steps" });
  const answer = h("div", { class: "functions-answer written grows", role: "log", "aria-label": said.log, tabindex: "-1", dir: "auto" });
  const note = h("p", { class: "functions-note", hidden: true });
  const copy = button(said.copy);
  const save = button(said.save);
  const again = button(said.again);
  const actions = h("div", { class: "functions-actions", hidden: true }, copy, save, again);
  const root = h("article", { class: "functions-exchange" }, h("h2", { class: "functions-you" }, said.you), question, steps, by, answer, note, actions);
  parent.append(root);
  /** @type {Exchange | null} */
  let shown = null;
  /** What the views of the calls show, by their ids. @type {Map<string, {state: string, element: HTMLElement}>} */
  let calls = new Map();
  let wasWriting = false;
  const written = makeWritten(answer, render);
  /** What the model wrote beside its calls, by the step's place. @type {Map<number, {text: string, element: HTMLElement, redraw: () => void}>} */
  const beside = new Map();
  const endCopying = copyOnClick(copy, { value: () => (shown ? asText(shown) : ""), body: answer, said });
  save.addEventListener("click", () => events.emit(root, "save"));
  again.addEventListener("click", () => {
    answer.focus(); // the button is about to go away
    events.emit(root, "again");
  });

  /** @param {Exchange} exchange @param {Tool[]} tools */
  function showSteps(exchange, tools) {
    /** @type {typeof calls} */
    const next = new Map();
    const parts = exchange.steps.flatMap(({ text, calls: made }, step) => [
      ...(text ? [besideAt(step, text)] : []),
      ...made.map((call) => {
        const state = JSON.stringify(call);
        const known = calls.get(call.id);
        const element = known?.state === state ? known.element : makeCall(call, tools.find(({ name }) => name === call.name) ?? null);
        next.set(call.id, { state, element });
        return element;
      }),
    ]);
    const within = steps.contains(focusBeside(steps));
    const same = parts.length === steps.children.length && parts.every((part, index) => part === steps.children[index]);
    calls = next;
    if (same) return;
    steps.replaceChildren(...parts);
    if (within) answer.focus(); // what had the focus is gone
  }

  /** @param {number} step @param {string} text */
  function besideAt(step, text) {
    const known = beside.get(step);
    if (known?.text === text) return known.element;
    const element = h("div", { class: "functions-beside written", dir: "auto" });
    const { show, redraw } = makeWritten(element, render);
    show(text);
    beside.set(step, { text, element, redraw });
    return element;
  }

  return {
    focus: () => answer.focus(),
    append: written.append,

    redraw() {
      written.redraw();
      for (const each of beside.values()) each.redraw();
    },

    /** @param {Exchange} exchange @param {{tools: Tool[], writing: boolean, last: boolean, ready: boolean}} how */
    update(exchange, { tools, writing, last, ready }) {
      const changed = exchange !== shown || writing !== wasWriting;
      const begins = writing && exchange.steps !== shown?.steps;
      shown = exchange;
      wasWriting = writing;
      again.hidden = !last;
      again.disabled = !ready;
      if (!changed) return;
      text(question, exchange.question);
      showSteps(exchange, tools);
      text(by, exchange.ended && exchange.answer ? said.by(exchange.model) : "");
      root.toggleAttribute("data-writing", writing);
      answer.setAttribute("aria-busy", String(writing));
      if (begins) written.show(""); // what was written last became calls
      if (!writing) written.show(exchange.answer);
      const ended = exchange.ended !== null;
      const called = exchange.steps.length > 0;
      const sentence = exchange.ended ? texts.line([said.endings[exchange.ended], !exchange.answer ? exchange.ended === "model" && said.nothing : !called && !BROKEN_OFF.has(exchange.ended) && said.uncalled]) : "";
      note.hidden = !sentence;
      text(note, sentence);
      actions.hidden = !ended || (!exchange.answer && !called);
    },

    destroy() {
      endCopying();
      root.remove();
    },
  };
}

/** @param {string} label */
function button(label) {
  return h("button", { type: "button", class: "button button-quiet" }, label);
}
