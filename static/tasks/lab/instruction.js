// @ts-check
/**
 * What the model is told, folded away: edited, reset, saved under a name; and the person's own templates as a file.
 *
 * @typedef {{instruction: string, reset: undefined, 'page-sampling': boolean, save: string, remove: undefined, export: undefined, import: File}}
 *   InstructionEvents `save`: under this name
 */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, directionOf, h, text, uniqueId, viewEvents } from "../../ui/dom.js";
import { MAX_NAME } from "./template.js";

const said = texts.lab.instruction;

/** @type {import('../../ui/dom.js').ViewEvents<InstructionEvents>} */
export const events = viewEvents();

export function makeInstruction() {
  const [areaId, helpId, nameId] = ["instruction", "help", "name"].map(uniqueId);
  const edited = h("span", { class: "lab-folded" });
  const area = h("textarea", { id: areaId, rows: "5", class: "lab-instruction-text", "aria-describedby": helpId, ...NOT_SENT_AWAY });
  const unused = h("p", { class: "field-help lab-unused", role: "status" });
  const pageSampling = h("input", { type: "checkbox" });
  const samplingText = h("span", {});
  const sampling = h("label", { class: "lab-check" }, pageSampling, samplingText);
  const samplingNote = h("p", { class: "field-help" });
  const reset = quiet(said.reset);
  const name = h("input", { id: nameId, type: "text", maxlength: String(MAX_NAME), placeholder: said.namePlaceholder, ...NOT_SENT_AWAY });
  const save = quiet(said.save);
  const remove = quiet(said.remove);
  const exporting = quiet(said.export);
  const file = h("input", { type: "file", class: "lab-file", accept: ".json,application/json" });
  const note = h("p", { class: "field-help lab-note", role: "status" });
  const root = h(
    "details",
    { class: "lab-fold lab-instruction" },
    h("summary", {}, said.title, edited),
    h(
      "div",
      { class: "lab-fold-body" },
      h("p", { class: "field" }, h("label", { for: areaId }, said.label), area, h("span", { class: "field-help", id: helpId }, said.help)),
      unused,
      sampling,
      samplingNote,
      h("p", { class: "lab-row lab-save" }, h("label", { for: nameId }, said.name), name, save, reset),
      h("p", { class: "lab-row" }, exporting, h("label", { class: "button button-quiet button-file" }, said.import, file), remove),
      note,
    ),
  );
  let asked = false;
  let shown = "";

  area.addEventListener("input", () => events.emit(root, "instruction", area.value));
  pageSampling.addEventListener("change", () => events.emit(root, "page-sampling", pageSampling.checked));
  reset.addEventListener("click", () => {
    area.focus(); // the button goes away
    events.emit(root, "reset");
  });
  const saveNamed = () => {
    if (!name.value.trim()) return name.focus();
    events.emit(root, "save", name.value.trim());
    return (name.value = "");
  };
  save.addEventListener("click", saveNamed);
  name.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault(); // it does not run the template
    event.stopPropagation();
    saveNamed();
  });
  exporting.addEventListener("click", () => events.emit(root, "export"));
  file.addEventListener("change", () => {
    const [picked] = file.files ?? [];
    file.value = "";
    if (picked) events.emit(root, "import", picked);
  });
  remove.addEventListener("click", () => {
    if (asked) {
      area.focus();
      events.emit(root, "remove");
    }
    asked = !asked;
    text(remove, asked ? said.removeReally : said.remove);
  });
  remove.addEventListener("blur", () => {
    asked = false;
    text(remove, said.remove);
  });

  return {
    root,
    /** @param {import('./lab.js').Lab} lab @param {boolean} takesSampling whether the engine takes the template's @param {string} noted */
    update(lab, takesSampling, noted) {
      const { template, draft, templates } = lab.state;
      const { instruction } = draft;
      if (template.id !== shown && !template.fields.length) root.open = true; // it is what is to be written
      shown = template.id;
      const changed = instruction !== template.instruction;
      text(edited, changed ? said.edited : "");
      if (area.value !== instruction) area.value = instruction;
      area.dir = directionOf(instruction);
      const idle = template.fields.filter(({ id, kind }) => kind !== "schema" && !instruction.includes(`{${id}}`)).map(({ id }) => texts.lab.fieldOf(id));
      text(unused, idle.length ? said.unused(idle) : "");
      sampling.hidden = !template.sampling || !takesSampling;
      if (template.sampling) text(samplingText, said.sampling(template.sampling));
      text(samplingNote, template.sampling && !takesSampling ? said.samplingFixed : "");
      pageSampling.checked = draft.pageSampling;
      reset.hidden = !changed;
      remove.hidden = !template.name;
      exporting.hidden = !templates.some((each) => each.name);
      text(note, noted);
    },
  };
}

/** @param {string} name */
function quiet(name) {
  return h("button", { type: "button", class: "button button-quiet" }, name);
}
