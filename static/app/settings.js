// @ts-check
/**
 * The settings that a model runs with, of which most apply at once, and some by a load; and the LoRA adapter, for a model that has
 * any, which is put on and taken off at once.
 *
 * @typedef {{settings: SamplingSettings, lora: string}} SettingsEvents `lora`: its id, "" for none
 */

import { MAX_SEED } from "../engine/index.js";
import { texts } from "../text/texts.js";
import { h, text, uniqueId, viewEvents } from "../ui/dom.js";

/**
 * @typedef {import('../engine/protocol.js').SamplingSettings} SamplingSettings
 * @typedef {import('../engine/session_state.js').SessionState} SessionState
 * @typedef {import('../engine/session_state.js').Setup} Setup
 */

const LIMITS = /** @type {const} */ ({
  temperature: { min: "0.1", max: "2", step: "0.1" },
  topK: { min: "1", max: "1000", step: "1" },
  seed: { min: "0", max: String(MAX_SEED), step: "1" },
  maxTokens: { min: "64", step: "1" },
});
const PRECISIONS = /** @type {const} */ (["auto", "float16", "float32"]);
const NAMES = /** @type {(keyof typeof LIMITS)[]} */ (Object.keys(LIMITS));

/** @type {import('../ui/dom.js').ViewEvents<SettingsEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} root */
export function mountSettings(root) {
  const loraId = uniqueId("lora");
  const loras = h("select", { id: loraId, class: "settings-lora", "aria-describedby": `${loraId}-help` });
  const loraHelp = h("span", { class: "field-help", id: `${loraId}-help` });
  const loraField = h("p", { class: "field", hidden: true }, h("label", { for: loraId }, texts.settings.lora), loras, loraHelp);
  const precisionId = uniqueId("precision");
  const choices = PRECISIONS.map((value) => new Option(texts.settings.precisions[value], value));
  const precision = h("select", { id: precisionId, class: "settings-precision", "aria-describedby": `${precisionId}-help` }, ...choices);
  const precisionHelp = h("span", { class: "field-help", id: `${precisionId}-help` });
  const precisionField = h("p", { class: "field" }, h("label", { for: precisionId }, texts.settings.precision), precision, precisionHelp);
  const fields = NAMES.map((name) => ({ name, ...field(name) }));
  const apply = h("button", { type: "submit", class: "button settings-apply" }, texts.settings.apply);
  const defaults = h("button", { type: "button", class: "button button-quiet" }, texts.settings.defaults);
  const actions = h("p", { class: "settings-actions" }, apply, defaults, h("span", { class: "settings-note" }, texts.settings.note));
  const form = h("form", { class: "settings-form" }, loraField, ...fields.map(({ row }) => row), precisionField, actions);
  root.append(h("h2", { class: "details-title" }, texts.settings.title), form);

  /** The model that the adapters are listed for. @type {import('../engine/model_list.js').Model | null} */
  let listed = null;
  /** @type {SessionState | null} */
  let state = null;
  /** What the fields were last filled from. @type {SamplingSettings | null} */
  let filled = null;

  const read = () => {
    const numbers = Object.fromEntries(fields.map(({ name, input }) => [name, input.valueAsNumber]));
    return /** @type {SamplingSettings} */ ({ ...numbers, precision: precision.value });
  };
  const fill = (/** @type {SamplingSettings} */ settings) => {
    for (const { name, input } of fields) input.value = String(settings[name]);
    precision.value = settings.precision ?? "auto";
  };
  const refresh = () => {
    const loaded = state?.now.phase === "ready" ? state.setup?.settings : null;
    const asked = read();
    const same = loaded && NAMES.every((name) => asked[name] === loaded[name]) && asked.precision === (loaded.precision ?? "auto");
    apply.disabled = !loaded || same === true;
  };

  loras.addEventListener("change", () => events.emit(root, "lora", loras.value));
  form.addEventListener("input", refresh);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!apply.disabled) events.emit(root, "settings", read());
  });
  defaults.addEventListener("click", () => {
    if (state?.setup) fill(state.setup.model.sampling);
    refresh();
  });

  return {
    /** @param {SessionState} next */
    update(next) {
      state = next;
      const { setup, now } = next;
      if (!setup) return;
      const { model, choice, lora } = setup;
      const context = choice?.file.context ?? model.context;
      const maxTokens = fields.at(-1);
      if (maxTokens) maxTokens.input.max = String(context);
      if (maxTokens) text(maxTokens.help, texts.settings.context(context));
      loraField.hidden = !model.adapters.length;
      if (model !== listed) {
        listed = model;
        loras.replaceChildren(new Option(texts.settings.noLora, ""), ...model.adapters.map(({ id, name }) => new Option(name, id)));
      }
      const able = choice?.entry.takesAdapters ?? false;
      loras.disabled = now.phase === "writing" || !able; // not while loading, which would take the focus from who has just chosen
      if (loras.value !== (lora?.id ?? "")) loras.value = lora?.id ?? "";
      text(loraHelp, texts.settings.loraHelp(lora, able));
      precisionField.hidden = !choice?.entry.takesPrecision;
      text(precisionHelp, texts.settings.precisionHelp(choice?.file.precision ?? "float32"));
      if (now.phase === "ready" && setup.settings !== filled) {
        filled = setup.settings;
        fill(filled);
      }
      refresh();
    },
    destroy: () => root.replaceChildren(),
  };
}

/** @param {keyof typeof LIMITS} name */
function field(name) {
  const id = uniqueId(name);
  const { label, help: helpText } = texts.settings.fields[name];
  const attributes = { id, name, type: "number", required: true, "aria-describedby": `${id}-help`, ...LIMITS[name] };
  const input = h("input", attributes);
  const help = h("span", { class: "field-help", id: `${id}-help` }, helpText);
  return { input, help, row: h("p", { class: "field" }, h("label", { for: id }, label), input, help) };
}
