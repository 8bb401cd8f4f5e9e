// @ts-check
/**
 * The top line: the model picker (only when there is a choice), what runs it and why, and the quiet line of facts at the
 * bottom.
 */

import { isSlow, optionsOf } from "../engine/choice.js";
import { parameters, size } from "../text/format.js";
import { currentLora, currentModel } from "./state.js";
import { element, emit, text } from "../ui/dom.js";

export function mountHeader() {
  const box = element(".header-model");
  const select = /** @type {HTMLSelectElement} */ (element("#model"));
  const facts = element("#model-facts");
  const engineBox = element(".header-engine");
  const engines = /** @type {HTMLSelectElement} */ (element("#engine"));
  const reason = element("#engine-reason");
  let shown = "";
  /** The model that the engines are listed for. @type {import('./state.js').Model | null} */
  let listed = null;

  select.addEventListener("change", () => emit("model", select.value));
  engines.addEventListener("change", () => emit("engine", engines.value));

  return (/** @type {import('./state.js').State} */ state) => {
    box.hidden = state.models.length < 2;
    if (select.options.length !== state.models.length) {
      select.replaceChildren(...state.models.map((model) => new Option(label(model), model.id)));
    }
    if (shown !== state.modelId) {
      // only then: the list may be open while a model loads
      shown = state.modelId;
      select.value = shown;
    }
    select.disabled = state.now.phase === "writing"; // not while loading: who waits for the wrong model may take another

    const model = currentModel(state);
    const { choice } = state;
    engineBox.hidden = !model;
    if (model && model !== listed) {
      listed = model;
      engines.replaceChildren(new Option("Automatic", ""), ...optionsOf(model, state.gpu).map(option));
    }
    const chosen = choice && choice.entry.id === state.engineId ? state.engineId : "";
    if (engines.value !== chosen) engines.value = chosen;
    engines.disabled = state.now.phase === "writing";
    text(engines.options[0] ?? engines, choice && !chosen ? `Automatic: ${engineName(choice.entry)}` : "Automatic");
    reason.classList.toggle("warning", choice !== null && isSlow(choice, state.gpu));
    text(reason, choice?.reason ?? "");
    text(
      facts,
      model
        ? [
            model.name,
            size(choice?.file.size ?? model.size),
            model.quantization,
            model.parameters && `${parameters(model.parameters)} parameters`,
            currentLora(state) && `with ${currentLora(state)?.name}`,
            choice && `in ${choice.entry.name}`,
            choice?.entry.backend === "CPU" && "on the processor",
            state.adapter?.description && `on ${state.adapter.description}`,
          ]
            .filter(Boolean)
            .join(" · ")
        : "",
    );
  };
}

/** @param {import('../engine/choice.js').Option} each */
function option({ entry, problem }) {
  const made = new Option(problem ? `${engineName(entry)} (${problem})` : engineName(entry), entry.id);
  made.disabled = problem !== "";
  return made;
}

/** @param {import('../engine/registry.js').EngineEntry} entry */
function engineName({ name, backend }) {
  return `${name} on ${backend === "CPU" ? "the processor" : backend}`;
}

/** What tells one model from another. @param {import('./state.js').Model} model */
function label({ name, quantization, size: bytes }) {
  return [name, quantization, size(bytes)].filter(Boolean).join(" · ");
}
