// @ts-check
/**
 * Where a person says what to make: the template, its fields, Run and Stop.
 *
 * @typedef {{template: string, value: {id: string, value: string}, example: undefined, undo: undefined, run: undefined, stop: undefined}} FormEvents
 */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, directionOf, focusBeside, h, modifier, text, uniqueId, viewEvents } from "../../ui/dom.js";
import { mountNotice } from "../../ui/notice.js";
import { readData } from "./data_text.js";
import { languageGroups } from "../parts/language_groups.js";
import { fieldsOf } from "./template.js";

/** @typedef {import('./template.js').Field} Field */

const said = texts.lab;
/** Rows of a box, by the kind of field. */
const ROWS = { text: "5", data: "6", schema: "8", line: "1" };

/** @type {import('../../ui/dom.js').ViewEvents<FormEvents>} */
export const events = viewEvents();

/**
 * @param {HTMLElement} parent
 * @param {{common: string[], all: string[]}} languages
 * @param {...HTMLElement} folded what is folded away below Run
 */
export function mountForm(parent, languages, ...folded) {
  const [group, missingId] = [uniqueId("templates"), uniqueId("missing")];
  const list = h("fieldset", { class: "lab-templates" });
  const sentence = h("p", { class: "lab-sentence" });
  const example = h("button", { type: "button", class: "lab-example" }, said.example);
  const undo = h("button", { type: "button", class: "lab-example", hidden: true }, said.undo);
  const fields = h("div", { class: "lab-fields" });
  const notice = h("div", {});
  const run = h("button", { type: "submit", class: "button button-primary lab-run", "aria-describedby": missingId }, said.run);
  const stop = h("button", { type: "button", class: "button lab-stop", hidden: true }, said.stop);
  const hint = h("span", { class: "lab-hint" }, h("kbd", {}, modifier()), " ", h("kbd", {}, "Enter"));
  const missing = h("p", { class: "lab-missing", id: missingId });
  const root = h(
    "form",
    { class: "lab-form", novalidate: true, "aria-label": said.form },
    list,
    h("div", { class: "lab-about" }, sentence, h("span", {}, example, undo)),
    fields,
    notice,
    h("div", { class: "lab-actions" }, run, stop, hint),
    missing,
    ...folded,
  );
  const problem = mountNotice(notice);
  parent.append(root);
  /** What the list and the fields were made for. */
  let [listed, made] = ["", ""];
  /** @type {ReturnType<typeof makeField>[]} */
  let shown = [];

  list.addEventListener("change", ({ target }) => target instanceof HTMLInputElement && events.emit(root, "template", target.value));
  example.addEventListener("click", () => events.emit(root, "example"));
  undo.addEventListener("click", () => {
    example.focus(); // the button goes away
    events.emit(root, "undo");
  });
  stop.addEventListener("click", () => events.emit(root, "stop"));
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    events.emit(root, "run");
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
    event.preventDefault();
    events.emit(root, "run");
  });

  /** @param {import('./template.js').Template[]} templates */
  function showList(templates) {
    const key = JSON.stringify(templates.map(({ id, name }) => [id, name]));
    if (key === listed) return;
    listed = key;
    list.replaceChildren(
      h("legend", {}, said.templates),
      ...templates.map((template) =>
        h(
          "label",
          { class: "choice-option" },
          h("input", { type: "radio", name: group, value: template.id }),
          h("span", { class: "choice-label" }, said.nameOf(template)),
        ),
      ),
    );
  }

  /** @param {import('./template.js').Template} template @param {string} instruction */
  function showFields(template, instruction) {
    const wanted = fieldsOf(template, instruction);
    const key = JSON.stringify([template.id, wanted]);
    if (key === made) return;
    made = key;
    shown = wanted.map((field) => makeField(field, languages, (value) => events.emit(root, "value", { id: field.id, value })));
    fields.replaceChildren(...shown.map(({ row }) => row));
  }

  return {
    root,
    focus: () => (shown[0]?.input ?? run).focus(),

    /** @param {import('./lab.js').Lab} lab @param {import('../../engine/session_state.js').SessionState} session @param {boolean} canUndo */
    update(lab, { now }, canUndo) {
      const { templates, template, draft, busy, tooLong, badSchema } = lab.state;
      showList(templates);
      for (const input of list.querySelectorAll("input")) {
        input.checked = input.value === template.id;
        input.disabled = busy;
      }
      text(sentence, said.shipped[template.id]?.sentence ?? said.ownSentence);
      showFields(template, draft.instruction);
      for (const field of shown) field.update(draft.values[field.id] ?? "");
      undo.hidden = !canUndo;
      example.hidden = !Object.keys(template.example.values).length;
      problem.update(
        badSchema
          ? { title: said.notices.schemaTitle, sentence: said.notices.schema[badSchema.problem](badSchema.detail) }
          : tooLong && said.notices.tooLong(tooLong.tokens, tooLong.room),
      );
      const lacking = lab.missing.map(({ id }) => said.fieldOf(id));
      const writing = now.phase === "writing" || busy;
      const stopping = lab.stopping || (now.phase === "writing" && now.stopping);
      // Neither is ever `disabled`, which would take the focus from who has just pressed it.
      run.setAttribute("aria-disabled", String(!lab.ready || lacking.length > 0));
      text(missing, lacking.length && !writing ? said.missing(lacking) : "");
      stop.setAttribute("aria-disabled", String(stopping));
      text(stop, stopping ? said.stopping : said.stop);
      if (!writing && focusBeside(stop) === stop) run.focus(); // what is hidden has no focus
      stop.hidden = !writing;
    },
    destroy: () => root.remove(),
  };
}

/**
 * @param {Field} field
 * @param {{common: string[], all: string[]}} languages
 * @param {(value: string) => void} changed
 */
function makeField(field, languages, changed) {
  const { id, kind, options = [], min, max } = field;
  const [inputId, helpId] = [uniqueId("field"), uniqueId("help")];
  const help = h("span", { class: "field-help", id: helpId });
  const input =
    kind === "choice"
      ? h("select", { id: inputId }, ...options.map((option) => h("option", { value: option }, said.optionOf(option))))
      : kind === "language"
        ? h("select", { id: inputId }, ...languageGroups(languages))
        : kind === "number"
          ? h("input", { id: inputId, type: "number", min: String(min), max: String(max), ...NOT_SENT_AWAY })
          : kind === "line"
            ? h("input", { id: inputId, type: "text", ...NOT_SENT_AWAY })
            : h("textarea", { id: inputId, rows: ROWS[kind], ...NOT_SENT_AWAY, ...(kind !== "text" && { class: "lab-code", dir: "ltr" }), ...(kind === "data" && { "aria-describedby": helpId }) });
  input.addEventListener("input", () => changed(input.value));
  const short = kind === "choice" || kind === "language" || kind === "number";
  const row = h("p", { class: short ? "field lab-field lab-short" : "field lab-field" }, h("label", { for: inputId }, texts.lab.fieldOf(id)), input, kind === "data" && help);
  return {
    id,
    row,
    input,
    /** @param {string} value */
    update(value) {
      if (input.value !== value) input.value = value;
      if (kind === "data") text(help, value.trim() ? texts.lab.data(readData(value)) : "");
      if (kind === "text" || kind === "line") input.dir = directionOf(value);
    },
  };
}
