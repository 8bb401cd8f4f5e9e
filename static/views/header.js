// @ts-check
/** The top line: the model picker (only when there is a choice), and the quiet line of facts at the bottom. */

import { parameters, size } from "../format.js";
import { currentLora, currentModel } from "../store.js";
import { element, emit, text } from "./dom.js";

export function mountHeader() {
  const box = element(".header-model");
  const select = /** @type {HTMLSelectElement} */ (element("#model"));
  const facts = element("#model-facts");
  const warning = element("#warning");
  let shown = "";

  select.addEventListener("change", () => emit("model", select.value));

  return (/** @type {import('../store.js').State} */ state) => {
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
    text(
      facts,
      model
        ? [
            model.name,
            size(model.size),
            model.quantization,
            model.parameters && `${parameters(model.parameters)} parameters`,
            currentLora(state) && `with ${currentLora(state)?.name}`,
            state.adapter?.description && `on ${state.adapter.description}`,
          ]
            .filter(Boolean)
            .join(" · ")
        : "",
    );
    const software = state.adapter?.software ?? false;
    warning.hidden = !software;
    text(
      warning,
      software
        ? "This browser found no GPU, so the model runs on the processor: everything works, slowly."
        : "",
    );
  };
}

/** What tells one model from another. @param {import('../store.js').Model} model */
function label({ name, quantization, size: bytes }) {
  return [name, quantization, size(bytes)].filter(Boolean).join(" · ");
}
