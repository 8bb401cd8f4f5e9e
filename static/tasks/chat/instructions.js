// @ts-check
/**
 * What the model is told before all questions of a conversation, and the instructions that are saved for others.
 *
 * @typedef {{system: string, 'save-preset': {name: string, text: string}, 'remove-preset': string}} InstructionsEvents
 */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, directionOf, h, text, uniqueId, viewEvents } from "../../ui/dom.js";

/** @typedef {{id: string, name: string, text: string, own: boolean}} Preset `own`: saved by the person */

const said = texts.chat.instructions;
/** Characters of a name. */
const MAX_NAME = 60;

/** @type {import('../../ui/dom.js').ViewEvents<InstructionsEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent */
export function mountInstructions(parent) {
  const [areaId, presetId, nameId, ownId] = ["instructions", "preset", "name", "own"].map(uniqueId);
  const summary = h("summary", {}, said.title);
  const area = h("textarea", {
    id: areaId,
    class: "chat-system",
    rows: "3",
    ...NOT_SENT_AWAY,
    placeholder: said.placeholder,
  });
  const select = h("select", { id: presetId });
  const name = h("input", { id: nameId, maxlength: String(MAX_NAME), ...NOT_SENT_AWAY, placeholder: said.namePlaceholder });
  const save = h("button", { type: "submit", class: "button button-quiet" }, said.save);
  const remove = h("button", { type: "button", class: "button button-quiet", hidden: true }, said.remove);
  const change = h("button", { type: "button", class: "button button-quiet" }, said.change);
  const ofModel = h("span", { id: ownId });
  const own = h("p", { class: "chat-own-system", hidden: true }, ofModel, change);
  const form = h("form", { class: "chat-presets" }, h("label", { for: nameId }, said.name), name, save, remove);
  const root = h(
    "details",
    { class: "chat-instructions" },
    summary,
    h(
      "div",
      { class: "chat-instructions-body" },
      h("p", { class: "chat-preset" }, h("label", { for: presetId }, said.preset), select),
      h("label", { class: "chat-system-label", for: areaId }, said.label),
      area,
      own,
      form,
    ),
  );
  parent.append(root);
  /** @type {Preset[]} */
  let shown = [];
  /** What the model is told where the person says nothing. */
  let usual = "";

  area.addEventListener("input", () => events.emit(root, "system", area.value));
  select.addEventListener("change", () => {
    const preset = shown.find(({ id }) => id === select.value);
    if (preset || select.value === "") events.emit(root, "system", preset?.text ?? "");
  });
  change.addEventListener("click", () => {
    events.emit(root, "system", usual);
    area.focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!area.value.trim()) return area.focus();
    if (!name.value.trim()) return name.focus();
    events.emit(root, "save-preset", { name: name.value.trim(), text: area.value.trim() });
    return (name.value = "");
  });
  remove.addEventListener("click", () => {
    events.emit(root, "remove-preset", select.value);
    select.focus();
  });

  return {
    root,
    /** @param {string} system @param {Preset[]} presets @param {boolean} busy @param {string} ownOfModel told where there is no `system` */
    update(system, presets, busy, ownOfModel) {
      if (area.value !== system) area.value = system;
      area.dir = directionOf(system);
      area.readOnly = busy;
      const chosen = presets.find((each) => each.text === system.trim());
      const title = ownOfModel ? said.ofModel(ownOfModel) : said.title;
      text(summary, system.trim() ? said.summary(chosen?.name ?? system.trim()) : title);
      text(ofModel, said.told(ownOfModel));
      own.hidden = ownOfModel === "" || system.trim() !== "";
      change.disabled = busy;
      if (presets !== shown || ownOfModel !== usual) {
        shown = presets;
        usual = ownOfModel;
        select.replaceChildren(new Option(usual ? said.usual : said.none, ""), ...presets.map((each) => new Option(each.name, each.id)), new Option(said.own, "own"));
      }
      select.value = chosen?.id ?? (system.trim() ? "own" : "");
      const last = select.options[select.options.length - 1];
      last.hidden = last.disabled = select.value !== "own";
      select.disabled = busy;
      remove.hidden = !chosen?.own;
    },
    destroy: () => root.remove(),
  };
}
