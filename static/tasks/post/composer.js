// @ts-check
/**
 * Where a person says what to write: the text (or an example), tone, length, Write and Stop. Stop comes beside Write, which stays where
 * it is: a second click on Write is on Write.
 *
 * @typedef {{draft: Partial<import('./prompt.js').Draft>, write: undefined, stop: undefined}} ComposerEvents
 */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, directionOf, focusBeside, h, modifier, text, uniqueId, viewEvents } from "../../ui/dom.js";
import { mountNotice } from "../../ui/notice.js";

/**
 * @typedef {import('../../engine/session_state.js').SessionState} SessionState
 * @typedef {import('./state.js').PostState} PostState
 * @typedef {import('./prompt.js').PostDefinition} PostDefinition
 * @typedef {{title: string, text: string, post?: string}} Example `post`: what the demo model makes of it, greedy, friendly and short
 */

/** Share of the room from which on it is shown; before, nobody needs to know of tokens. */
const NEAR = 0.75;

/** @type {import('../../ui/dom.js').ViewEvents<ComposerEvents>} */
export const events = viewEvents();

/**
 * @param {HTMLElement} parent
 * @param {PostDefinition} definition
 * @param {Example[]} examples
 * @param {...HTMLElement} below what comes below Write
 */
export function mountComposer(parent, definition, examples, ...below) {
  const [textId, countId, examplesId] = ["text", "count", "examples"].map(uniqueId);
  const area = h("textarea", {
    id: textId,
    class: "composer-text",
    rows: "6",
    ...NOT_SENT_AWAY,
    placeholder: texts.post.placeholder,
    "aria-describedby": countId,
  });
  const undo = h("button", { type: "button", class: "example example-undo", hidden: true }, texts.post.undo);
  /** What an example took the place of, and the example. @type {{before: string, after: string} | null} */
  let replaced = null;
  const count = h("p", { class: "composer-count", id: countId });
  const notice = h("div", { class: "composer-notice" });
  const write = h("button", { type: "submit", class: "button button-primary composer-write" }, texts.post.write);
  const stop = h("button", { type: "button", class: "button composer-stop", hidden: true }, texts.post.stop);
  const hint = h("span", { class: "composer-hint" }, h("kbd", {}, modifier()), " ", h("kbd", {}, "Enter"));
  const tones = choice(texts.post.tone, "tone", definition.tones.map(({ id }) => ({ id, label: texts.post.tones[id] ?? id, note: "" })));
  const lengths = choice(
    texts.post.length,
    "length",
    definition.lengths.map(({ id, words }) => ({ id, label: texts.post.lengths[id] ?? id, note: texts.post.words(words) })),
  );
  const form = h(
    "form",
    { class: "composer", "aria-label": texts.post.form },
    h("div", { class: "composer-head" }, h("label", { class: "composer-label", for: textId }, texts.post.text), undo),
    h(
      "div",
      { class: "composer-examples", role: "group", "aria-labelledby": examplesId },
      h("span", { class: "composer-examples-label", id: examplesId }, texts.post.examples),
      ...examples.map(example),
    ),
    area,
    count,
    notice,
    h("div", { class: "composer-choices" }, tones, lengths),
    h("div", { class: "composer-actions" }, write, stop, hint),
    ...below,
  );
  const refused = mountNotice(notice);
  parent.append(form);

  /** @param {Example} each */
  function example(each) {
    const button = h("button", { type: "button", class: "example" }, texts.post.exampleNames[each.title] ?? each.title);
    button.addEventListener("click", () => take(each.text));
    return button;
  }

  /** Puts a text in place of what is there, which Undo brings back. @param {string} value */
  function take(value) {
    const before = replaced?.after === area.value ? replaced.before : area.value; // the person's own, past the example before
    fill(value);
    replaced = { before, after: value };
    events.emit(form, "draft", { text: area.value });
  }

  /** Puts a text into the box as if it were typed, so that the browser's own undo knows of it. @param {string} value */
  function fill(value) {
    area.focus();
    area.select();
    if (!document.execCommand("insertText", false, value)) area.value = value;
  }

  undo.addEventListener("click", () => {
    const before = replaced?.before ?? "";
    replaced = null;
    if (before) fill(before);
    else area.value = "";
    events.emit(form, "draft", { text: area.value });
    area.focus();
  });

  area.addEventListener("input", () => events.emit(form, "draft", { text: area.value }));
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat) events.emit(form, "write");
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    events.emit(form, "write");
  });
  stop.addEventListener("click", () => events.emit(form, "stop"));
  form.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement && target.type === "radio") events.emit(form, "draft", { [target.dataset.name ?? ""]: target.value });
  });

  return {
    root: form,
    take,
    focus: () => area.focus(),
    /** @param {SessionState} session @param {PostState} state */
    update({ now, setup }, { draft, count: known, tooLong, busy }) {
      check(tones, draft.tone);
      check(lengths, draft.length);
      if (area.value !== draft.text) area.value = draft.text;
      area.dir = directionOf(draft.text);
      undo.hidden = replaced === null || draft.text !== replaced.after;
      const over = known !== null && known.tokens > known.room;
      text(count, known ? texts.post.count(known.tokens, known.room) : "");
      count.toggleAttribute("data-near", known !== null && known.tokens > known.room * NEAR);
      count.toggleAttribute("data-over", over);
      area.toggleAttribute("aria-invalid", over);
      refused.update(tooLong && known ? refusal(known, setup) : null);

      const writing = now.phase === "writing" || busy;
      const stopping = now.phase === "writing" && now.stopping;
      // Neither is ever `disabled`, which would take the focus from who has just pressed it.
      write.setAttribute("aria-disabled", String(now.phase !== "ready" || busy || !draft.text.trim()));
      stop.setAttribute("aria-disabled", String(stopping));
      text(stop, stopping ? texts.post.stopping : texts.post.stop);
      if (!writing && focusBeside(stop) === stop) write.focus(); // what is hidden has no focus
      stop.hidden = !writing;
    },
    destroy: () => form.remove(),
  };
}

/**
 * @param {import('./state.js').Count} count
 * @param {import('../../engine/session_state.js').Setup | null} setup
 */
function refusal({ tokens, room }, setup) {
  const { notices } = texts.post;
  const raisable = setup?.choice ? setup.settings.maxTokens < setup.choice.file.context : false;
  if (!room) return raisable ? notices.noRoom : notices.noRoomInModel;
  return notices.tooLong(tokens, room, raisable);
}

/**
 * @param {string} legend
 * @param {string} name
 * @param {{id: string, label: string, note: string}[]} options
 */
function choice(legend, name, options) {
  const group = uniqueId(name);
  return h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, legend),
    ...options.map(({ id, label, note }) =>
      h(
        "label",
        { class: "choice-option" },
        h("input", { type: "radio", name: group, value: id, "data-name": name }),
        h("span", { class: "choice-label" }, label, note && h("small", {}, note)),
      ),
    ),
  );
}

/**
 * @param {HTMLElement} group
 * @param {string} value
 */
function check(group, value) {
  for (const input of group.querySelectorAll("input")) input.checked = input.value === value;
}
