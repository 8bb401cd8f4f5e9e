// @ts-check
/**
 * The top line: the name, the promise, and the picker of models where there is a choice.
 *
 * @typedef {{model: string}} HeaderEvents the id of the model that was chosen
 */

import { choose } from "../engine/index.js";
import { format, texts } from "../text/texts.js";
import { h, text, uniqueId, viewEvents } from "../ui/dom.js";

/**
 * @typedef {import('../engine/session_state.js').SessionState} SessionState
 * @typedef {import('../engine/model_list.js').Model} Model
 */

const LOCK =
  "M8 1a3.5 3.5 0 0 0-3.5 3.5V7H4a1.5 1.5 0 0 0-1.5 1.5v5A1.5 1.5 0 0 0 4 15h8a1.5 1.5 0 0 0 1.5-1.5v-5A1.5 1.5 0 0 0 12 7h-.5V4.5A3.5 3.5 0 0 0 8 1Zm2 6H6V4.5a2 2 0 1 1 4 0Z";

/** @type {import('../ui/dom.js').ViewEvents<HeaderEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} root */
export function mountHeader(root) {
  const id = uniqueId("model");
  const models = h("select", { id });
  const box = h("div", { class: "header-model", hidden: true }, h("label", { for: id }, texts.header.model), models);
  root.append(h("h1", { class: "header-name" }, "onpage"), h("p", { class: "header-promise" }, lock(), texts.header.promise), box);
  let shown = "";

  models.addEventListener("change", () => events.emit(root, "model", models.value));

  return {
    /** @param {SessionState} state */
    update({ now, models: offered, gpu, setup }) {
      box.hidden = offered.length < 2;
      models.disabled = now.phase === "writing"; // not while loading: who waits for the wrong model may take another
      if (!setup) return;
      if (models.options.length !== offered.length) models.replaceChildren(...offered.map(({ id: each }) => new Option("", each)));
      offered.forEach((each, index) => text(models.options[index], label(each, gpu, setup.engineId)));
      if (shown !== setup.model.id) {
        // only then: the list may be open while a model loads
        shown = setup.model.id;
        models.value = shown;
      }
    },
    destroy: () => root.replaceChildren(),
  };
}

function lock() {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.setAttribute("aria-hidden", "true");
  path.setAttribute("d", LOCK);
  icon.append(path);
  return icon;
}

/**
 * What tells one model from another; size and quantization are those of the file which would be loaded here.
 * @param {Model} model
 * @param {import('../engine/choice.js').Gpu} gpu
 * @param {string} engineId
 */
function label(model, gpu, engineId) {
  const { quantization, size } = loaded(model, gpu, engineId);
  return texts.line([model.name, quantization, format.size(size)]);
}

/** @param {Model} model @param {import('../engine/choice.js').Gpu} gpu @param {string} engineId */
function loaded(model, gpu, engineId) {
  try {
    return choose(model, gpu, engineId).file;
  } catch {
    return model; // no engine here runs it
  }
}
