// @ts-check
/**
 * What runs the model and why, and the choice of another engine.
 *
 * @typedef {{engine: string}} EnginePickerEvents the id of the engine that was chosen; "" for the one that suits best
 */

import { optionsOf } from "../engine/index.js";
import { texts } from "../text/texts.js";
import { h, text, uniqueId, viewEvents } from "../ui/dom.js";

/**
 * @typedef {import('../engine/session_state.js').SessionState} SessionState
 * @typedef {import('../engine/model_list.js').Model} Model
 */

/** @type {import('../ui/dom.js').ViewEvents<EnginePickerEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} root */
export function mountEnginePicker(root) {
  const [id, reasonId] = [uniqueId("engine"), uniqueId("reason")];
  const engines = h("select", { id, "aria-describedby": reasonId });
  const reason = h("p", { class: "engine-reason field-help", id: reasonId, role: "note" });
  root.append(h("label", { for: id }, texts.engine.label), engines, reason);
  /** The model that the engines are listed for. @type {Model | null} */
  let listed = null;

  engines.addEventListener("change", () => events.emit(root, "engine", engines.value));

  return {
    /** @param {SessionState} state */
    update({ now, gpu, setup }) {
      root.hidden = !setup;
      engines.disabled = now.phase === "writing"; // not while loading: who waits for the wrong engine may take another
      if (!setup) return;
      const { model, choice } = setup;
      if (model !== listed) {
        listed = model;
        engines.replaceChildren(new Option(texts.engine.automatic, ""), ...optionsOf(model, gpu).map(option));
      }
      const chosen = choice?.chosen ? choice.entry.id : "";
      if (engines.value !== chosen) engines.value = chosen;
      const automatic = choice && !chosen ? texts.engine.automatically(texts.engine.on(choice.entry)) : texts.engine.automatic;
      text(engines.options[0], automatic);
      text(reason, choice ? texts.engine.reason(choice) : "");
    },
    destroy: () => root.replaceChildren(),
  };
}

/** @param {import('../engine/choice.js').Option} each */
function option({ entry, problem }) {
  const name = texts.engine.on(entry);
  const made = new Option(problem ? `${name} (${texts.engine.cannot[problem]})` : name, entry.id);
  made.disabled = problem !== "";
  return made;
}
