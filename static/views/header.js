// @ts-check
/** The top line: the model picker (only when there is a choice), and the quiet line of facts at the bottom. */

import { parameters, size } from "../format.js";
import { currentModel } from "../store.js";
import { element, emit, text } from "./dom.js";

export function mountHeader() {
  const box = element(".header-model");
  const select = /** @type {HTMLSelectElement} */ (element("#model"));
  const facts = element("#model-facts");
  const warning = element("#warning");

  select.addEventListener("change", () => emit("model", select.value));

  return (/** @type {import('../store.js').State} */ state) => {
    box.hidden = state.models.length < 2;
    if (select.options.length !== state.models.length) {
      select.replaceChildren(...state.models.map(({ id, name }) => new Option(name, id)));
    }
    select.value = state.modelId;
    select.disabled = state.now.phase === "writing" || state.now.phase === "loading";

    const model = currentModel(state);
    text(
      facts,
      model
        ? [
            model.name,
            size(model.size),
            model.quantization,
            `${parameters(model.parameters)} parameters`,
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
