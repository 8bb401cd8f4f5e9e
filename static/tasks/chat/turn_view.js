// @ts-check
/** One turn: who said it, what, and what can be done with it. */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, focusBeside, h, text } from "../../ui/dom.js";
import { copyOnClick } from "../../ui/files.js";
import { makeWritten } from "../parts/markdown_view.js";
import { firstRoundOf, wentRoundAgain } from "./tree.js";

/**
 * @typedef {import('./tree.js').Turn} Turn
 * @typedef {import('../parts/markdown.js').Render} Render
 * @typedef {{turn: Turn, beside: Turn[], last: boolean, busy: boolean, writing: boolean}} ShownTurn `beside`: it and its siblings;
 *   `last` on the path; `busy`: nothing can be asked now
 * @typedef {{edit: {id: string, text: string}, answer: string, 'go-on': string, choose: string, 'remove-turn': string}} TurnEvents
 */

const said = texts.chat.turn;

/**
 * @param {Turn} turn
 * @param {Pick<import('../../ui/dom.js').ViewEvents<any>, 'emit'>} events those of TurnEvents go up by it
 * @param {() => Render | null} render null until the libraries are there
 */
export function makeTurn(turn, events, render) {
  const { id, role } = turn;
  const name = h("h2", { class: "turn-name" }, role === "user" ? said.you : turn.by || said.model);
  const body = h("div", { class: "turn-text written grows", dir: "auto" });
  const rest = h("div", { class: "turn-rest written", dir: "auto" });
  const rounds = h("details", { class: "turn-rounds", hidden: true }, h("summary", {}, said.rounds), rest);
  const note = h("p", { class: "turn-note", hidden: true });
  const before = button("‹", () => choose(-1), said.before);
  const after = button("›", () => choose(1), said.after);
  const place = h("span", { class: "turn-place" });
  const siblings = h("span", { class: "turn-siblings", hidden: true }, before, place, after);
  const copy = button(said.copy);
  const endCopying = copyOnClick(copy, { value: () => first, body, said });
  const edit = button(said.edit, () => openEditor());
  const again = button(said.again, () => events.emit(root, "answer", role === "user" ? id : turn.parent));
  const goOn = button(said.goOn, () => events.emit(root, "go-on", id));
  const remove = button(said.remove, () => events.emit(root, "remove-turn", id));
  const actions = h("div", { class: "turn-actions" }, goOn, copy, role === "user" ? edit : null, again, remove, siblings); // the siblings last: else Copy came under who presses Try again
  const root = h("article", { class: `turn turn-${role}`, tabindex: "-1" }, name, body, role === "model" ? rounds : null, note, actions);
  let shown = { ...turn, text: "" };
  /** What is shown of it without more ado. */
  let first = "";
  /** @type {Turn[]} */
  let beside = [];
  const drawn = () => (role === "model" ? render() : null);
  const [written, repeated] = [makeWritten(body, drawn), makeWritten(rest, drawn)];

  /** @param {number} step */
  function choose(step) {
    const next = beside[beside.findIndex((each) => each.id === id) + step];
    if (next) events.emit(root, "choose", next.id);
  }

  function openEditor() {
    const area = h("textarea", { class: "turn-editor", "aria-label": said.editLabel, rows: "3", ...NOT_SENT_AWAY });
    area.value = shown.text;
    const save = button(said.save, () => events.emit(root, "edit", { id, text: area.value }));
    const cancel = button(said.cancel, close);
    const form = h("div", { class: "turn-edit" }, area, h("div", { class: "turn-actions" }, save, cancel));
    save.classList.add("button-primary");
    area.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) events.emit(root, "edit", { id, text: area.value });
    });
    function close() {
      form.remove();
      body.hidden = actions.hidden = false;
      edit.focus();
    }
    body.hidden = actions.hidden = true;
    body.after(form);
    area.focus();
  }

  return {
    root,

    append: written.append,

    /** @param {ShownTurn} next */
    update(next) {
      const { turn: now, writing, busy, last } = next;
      beside = next.beside;
      if (now.text !== shown.text || now.state !== shown.state) first = firstRoundOf(now);
      if (writing) written.goOnFrom(now.text);
      else written.show(first);
      repeated.show(now.text.slice(first.length).trim());
      rounds.hidden = writing || first === now.text;
      shown = now;
      root.toggleAttribute("data-writing", writing);
      root.toggleAttribute("data-broken", !writing && role === "model" && now.state !== "whole");
      root.setAttribute("aria-busy", String(writing));
      const at = beside.findIndex((each) => each.id === id);
      siblings.hidden = beside.length < 2;
      text(place, said.place(at + 1, beside.length));
      before.disabled = busy || at <= 0;
      after.disabled = busy || at === beside.length - 1;
      actions.hidden = writing || root.querySelector(".turn-edit") !== null;
      again.hidden = role === "user" && !last;
      text(again, role === "user" ? said.answer : said.again);
      const circled = wentRoundAgain(now, beside);
      goOn.hidden = !last || role === "user" || now.state === "whole" || circled;
      copy.hidden = !now.text;
      for (const each of [edit, again, goOn, remove]) each.disabled = busy;
      const why = role === "model" && !writing ? (now.text || now.state !== "whole" ? (circled ? said.roundAgain : said.states[now.state]) : said.nothing) : "";
      note.hidden = !why;
      text(note, why);
      const activeElement = focusBeside(root);
      if (activeElement && root.contains(activeElement) && !isFocusable(activeElement)) root.focus({ preventScroll: true });
    },

    redraw() {
      written.redraw();
      repeated.redraw();
    },

    destroy() {
      endCopying();
      root.remove();
    },
  };
}

/** What is hidden or disabled has no focus. @param {Element} element */
export function isFocusable(element) {
  return !element.matches("[disabled]") && element.closest("[hidden]") === null;
}

/** @param {string} label @param {() => unknown} [act] @param {string} [name] where the label is a sign */
function button(label, act = () => {}, name) {
  const made = h("button", { type: "button", class: "button turn-button", ...(name && { "aria-label": name }) }, label);
  made.addEventListener("click", () => void act());
  return made;
}
