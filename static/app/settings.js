// @ts-check
/**
 * The sampling settings, which are the engine's, given to it with a model, so applying them loads the model again; and the
 * adapter, for a model that has any, which is put on and taken off at once.
 */

import { integer, size } from "../text/format.js";
import { currentLora, currentModel } from "./state.js";
import { element, emit, text } from "../ui/dom.js";

const NAMES = /** @type {const} */ (["temperature", "topK", "seed", "maxTokens"]);

export function mountSettings() {
  const form = /** @type {HTMLFormElement} */ (element(".settings-form"));
  const apply = /** @type {HTMLButtonElement} */ (element("#apply"));
  const defaults = element("#defaults");
  const help = element("#maxTokens-help");
  const adapterField = element("#adapter-field");
  const adapters = /** @type {HTMLSelectElement} */ (element("#adapter"));
  const adapterHelp = element("#adapter-help");
  /** @type {import('./state.js').Model | null} whose adapters are listed */
  let listed = null;
  /** @type {import('./state.js').State} */
  let state;
  /** @type {import('../engine/protocol.js').SamplingSettings | null} what the fields were last filled from */
  let filled = null;

  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const read = () => {
    const [temperature, topK, seed, maxTokens] = NAMES.map((name) => field(name).valueAsNumber);
    return { temperature, topK, seed, maxTokens };
  };
  const refresh = () => {
    const changed = state.loaded !== null && NAMES.some((name) => read()[name] !== state.loaded?.[name]);
    apply.disabled = state.now.phase !== "ready" || !changed;
  };

  adapters.addEventListener("change", () => emit("adapter", adapters.value));
  form.addEventListener("input", refresh);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!apply.disabled) emit("settings", read());
  });
  defaults.addEventListener("click", () => {
    const sampling = currentModel(state)?.sampling;
    for (const name of NAMES) field(name).value = String(sampling?.[name] ?? "");
    refresh();
  });

  return (/** @type {import('./state.js').State} */ next) => {
    state = next;
    const model = currentModel(state);
    if (model) {
      const context = state.choice?.file.context ?? model.context;
      field("maxTokens").max = String(context);
      text(help, `Prompt and post together; this model was made for up to ${integer(context)}.`);
    }
    adapterField.hidden = !model?.adapters.length;
    const able = state.choice?.entry.takesAdapters ?? false;
    if (model && model !== listed) {
      listed = model;
      const options = model.adapters.map(({ id, name }) => new Option(name, id));
      adapters.replaceChildren(new Option("None: the model as it is", ""), ...options);
    }
    adapters.disabled = state.now.phase === "writing" || !able; // not while loading, which would take the focus from who has just chosen
    if (adapters.value !== state.loraId) adapters.value = state.loraId;
    const lora = currentLora(state);
    const what = lora ? `LoRA, rank ${lora.rank}, ${size(lora.size)}` : "LoRA: another way of writing for the same model";
    text(adapterHelp, able ? `${what}. Put on and taken off at once.` : "Adapters need MediaPipe: choose it above as the engine.");
    if (state.loaded && state.loaded !== filled) {
      filled = state.loaded;
      for (const name of NAMES) field(name).value = String(filled[name]);
    }
    refresh();
  };
}
