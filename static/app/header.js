// @ts-check
/**
 * The top line: the name, the promise, the picker of models (only when there is a choice), what runs the model and why.
 *
 * @typedef {{model: string, engine: string}} HeaderEvents ids of what was chosen; "" for the engine that suits best
 */

import { choose, isSlow, optionsOf } from "../engine/index.js";
import { format, texts } from "../text/en.js";
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
  const [modelId, engineId, reasonId] = ["model", "engine", "reason"].map(uniqueId);
  const models = h("select", { id: modelId });
  const engines = h("select", { id: engineId, "aria-describedby": reasonId });
  const modelBox = h("div", { class: "header-model", hidden: true }, h("label", { for: modelId }, texts.header.model), models);
  const engineBox = h("div", { class: "header-engine", hidden: true }, h("label", { for: engineId }, texts.header.engine), engines);
  const reason = h("p", { class: "header-reason", id: reasonId, role: "note" });
  root.append(
    h("h1", { class: "header-name" }, "onpage"),
    h("p", { class: "header-promise" }, lock(), texts.header.promise),
    modelBox,
    engineBox,
    reason,
  );
  let shown = "";
  /** The model that the engines are listed for. @type {Model | null} */
  let listed = null;

  models.addEventListener("change", () => events.emit(root, "model", models.value));
  engines.addEventListener("change", () => events.emit(root, "engine", engines.value));

  return {
    /** @param {SessionState} state */
    update({ now, models: offered, gpu, setup }) {
      modelBox.hidden = offered.length < 2;
      engineBox.hidden = !setup;
      // Not while loading: who waits for the wrong model may take another.
      models.disabled = engines.disabled = now.phase === "writing";
      if (!setup) return;
      const { model, engineId: wanted, choice } = setup;
      if (models.options.length !== offered.length) models.replaceChildren(...offered.map(({ id }) => new Option("", id)));
      offered.forEach((each, index) => text(models.options[index], label(each, gpu, wanted)));
      if (shown !== model.id) {
        // only then: the list may be open while a model loads
        shown = model.id;
        models.value = shown;
      }
      if (model !== listed) {
        listed = model;
        engines.replaceChildren(new Option(texts.header.automatic, ""), ...optionsOf(model, gpu).map(option));
      }
      const chosen = choice?.chosen ? choice.entry.id : "";
      if (engines.value !== chosen) engines.value = chosen;
      const automatic = choice && !chosen ? texts.header.automatically(texts.header.engineOn(choice.entry)) : texts.header.automatic;
      text(engines.options[0], automatic);
      reason.classList.toggle("warning", choice !== null && isSlow(choice));
      text(reason, choice ? texts.header.reason(choice) : "");
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

/** @param {import('../engine/choice.js').Option} each */
function option({ entry, problem }) {
  const name = texts.header.engineOn(entry);
  const made = new Option(problem ? `${name} (${texts.header.cannot[problem]})` : name, entry.id);
  made.disabled = problem !== "";
  return made;
}

/**
 * What tells one model from another; the size is that of the file which would be loaded here.
 * @param {Model} model
 * @param {import('../engine/choice.js').Gpu} gpu
 * @param {string} engineId
 */
function label(model, gpu, engineId) {
  return texts.line([model.name, model.quantization, format.size(sizeOf(model, gpu, engineId))]);
}

/** @param {Model} model @param {import('../engine/choice.js').Gpu} gpu @param {string} engineId */
function sizeOf(model, gpu, engineId) {
  try {
    return choose(model, gpu, engineId).file.size;
  } catch {
    return model.size; // no engine here runs it
  }
}
