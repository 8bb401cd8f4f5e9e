// @ts-check
/**
 * Two answers to the same input, each with a model, an adapter and sampling of its own; folded away.
 *
 * @typedef {{compare: boolean, side: {index: 0 | 1, change: Partial<import('./sides.js').Side>}}} SidesEvents
 */

import { MAX_SEED } from "../../engine/index.js";
import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, focusBeside, h, text, uniqueId, viewEvents } from "../../ui/dom.js";

/** @typedef {import('./sides.js').Side} Side */

const said = texts.lab.sides;

/** @type {import('../../ui/dom.js').ViewEvents<SidesEvents>} */
export const events = viewEvents();

export function makeSides() {
  const active = h("span", { class: "lab-folded" });
  const compare = h("input", { type: "checkbox", class: "lab-compare" });
  const sides = [0, 1].map((index) => makeSide(/** @type {0 | 1} */ (index)));
  const both = h("div", { class: "lab-sides", hidden: true }, ...sides.map(({ box }) => box));
  const root = h(
    "details",
    { class: "lab-fold lab-comparison" },
    h("summary", {}, said.title, active),
    h("div", { class: "lab-fold-body" }, h("label", { class: "lab-check" }, compare, said.compare), both, h("p", { class: "field-help" }, said.help)),
  );
  compare.addEventListener("change", () => events.emit(root, "compare", compare.checked));

  /** @param {0 | 1} index */
  function makeSide(index) {
    const [modelId, loraId, temperatureId, seedId] = ["model", "adapter", "temperature", "seed"].map(uniqueId);
    const model = h("select", { id: modelId });
    const lora = h("select", { id: loraId });
    const loraField = h("p", { class: "field" }, h("label", { for: loraId }, said.adapter), lora);
    const temperature = h("input", { id: temperatureId, type: "number", min: "0.1", max: "2", step: "0.1", required: true, ...NOT_SENT_AWAY });
    const seed = h("input", { id: seedId, type: "number", min: "0", max: String(MAX_SEED), step: "1", required: true, ...NOT_SENT_AWAY });
    const box = h(
      "fieldset",
      { class: "lab-one-side" },
      h("legend", {}, said.side(said.names[index])),
      h("p", { class: "field" }, h("label", { for: modelId }, said.model), model),
      loraField,
      h("p", { class: "field lab-short" }, h("label", { for: temperatureId }, said.temperature), temperature),
      h("p", { class: "field lab-short" }, h("label", { for: seedId }, said.seed), seed),
    );
    const change = (/** @type {Partial<Side>} */ changed) => events.emit(root, "side", { index, change: changed });
    model.addEventListener("change", () => change({ modelId: model.value, loraId: "" }));
    lora.addEventListener("change", () => change({ loraId: lora.value }));
    for (const [input, name] of /** @type {const} */ ([[temperature, "temperature"], [seed, "seed"]])) {
      input.addEventListener("change", () => input.checkValidity() && change({ [name]: input.valueAsNumber }));
    }
    return {
      box,
      /** @param {Side} side @param {import('../../engine/model_list.js').Model[]} models */
      update(side, models) {
        fill(model, models.map(({ id, name }) => [id, name]));
        model.value = side.modelId;
        const { adapters = [] } = models.find(({ id }) => id === side.modelId) ?? {};
        loraField.hidden = !adapters.length;
        fill(lora, [["", said.noAdapter], ...adapters.map(({ id, name }) => /** @type {[string, string]} */ ([id, name]))]);
        lora.value = side.loraId;
        if (focusBeside(temperature) !== temperature) temperature.value = String(side.temperature);
        if (focusBeside(seed) !== seed) seed.value = String(side.seed);
      },
    };
  }

  return {
    root,
    /** @param {import('./lab.js').Lab} lab @param {import('../../engine/session_state.js').SessionState} session */
    update(lab, { models }) {
      const { sides: chosen, busy } = lab.state;
      compare.checked = chosen !== null;
      compare.disabled = busy || !models.length;
      both.hidden = !chosen;
      text(active, chosen ? said.on : "");
      for (const [index, { box, update }] of sides.entries()) {
        box.disabled = busy;
        if (chosen) update(chosen[index], models);
      }
    },
  };
}

/** Anew only where they differ: the list may be open. @param {HTMLSelectElement} select @param {[string, string][]} options */
function fill(select, options) {
  if (JSON.stringify([...select.options].map(({ value, text: name }) => [value, name])) === JSON.stringify(options)) return;
  select.replaceChildren(...options.map(([value, name]) => new Option(name, value)));
}
