// @ts-check
/** What a person chooses: a model, engines, lengths. */

import { format } from "../text/en.js";
import { create, element, text, viewEvents } from "../ui/dom.js";
import { LENGTHS, choices } from "./plan.js";

/**
 * @typedef {import('./plan.js').Size} Size
 * @typedef {import('./plan.js').Choice} Choice
 * @typedef {import('../engine/model_list.js').Model} Model
 * @typedef {{model: Model, chosen: Choice[], size: Size}} Wish
 */

/** Of the form. @type {import('../ui/dom.js').ViewEvents<{start: Wish, stop: undefined, download: undefined, baseline: File}>} */
export const events = viewEvents();

/**
 * @param {Model[]} models
 * @param {import('../engine/registry.js').EngineEntry[]} engines
 * @param {import('../engine/protocol.js').GpuAdapter | null} adapter
 * @param {Size} defaults
 */
export function mountForm(models, engines, adapter, defaults) {
  const gpu = adapter !== null;
  const form = /** @type {HTMLFormElement} */ (element("#plan"));
  const fields = /** @type {HTMLFieldSetElement} */ (element("#fields"));
  const picker = /** @type {HTMLSelectElement} */ (element("#model"));
  const engineBox = element("#engines");
  const lengthBox = element("#lengths");
  const start = /** @type {HTMLButtonElement} */ (element("#start"));
  const stop = element("#stop");
  const download = element("#download");
  const baseline = /** @type {HTMLInputElement} */ (element("#baseline"));
  const said = element("#said");
  const number = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const checked = (/** @type {HTMLElement} */ box) => [...box.querySelectorAll("input")].filter((input) => input.checked).map(({ value }) => value);
  const model = () => models[picker.selectedIndex] ?? models[0];

  picker.append(...models.map((each) => new Option([each.name, each.quantization].filter(Boolean).join(" · ")))); // each engine takes a file of its own
  for (const name of /** @type {const} */ (["decode", "runs", "context"])) number(name).value = String(defaults[name]);
  boxes(lengthBox, "prefill", LENGTHS.map((length) => ({ value: String(length), label: format.integer(length), checked: defaults.prefill.includes(length) })));

  const offer = () => {
    const offered = choices(model(), engines, gpu);
    const fast = adapter?.software ? offered.find(({ entry }) => entry.backend === "CPU") : null;
    const best = fast ?? offered[0];
    boxes(
      engineBox,
      "engine",
      offered.map(({ entry: { id, name, backend } }) => ({ value: id, label: `${name}, ${backend}`, checked: id === best.entry.id })),
    );
    number("context").max = String(model().context);
    if (number("context").valueAsNumber > model().context) number("context").value = String(model().context);
    engineBox.hidden = !offered.length;
    start.disabled = !offered.length;
    say(offered.length ? "" : "No engine can run this model in this browser.");
  };
  /** @param {string} sentence */
  const say = (sentence) => {
    said.hidden = !sentence;
    text(said, sentence);
  };

  picker.addEventListener("change", offer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const ids = checked(engineBox);
    const prefill = checked(lengthBox).map(Number);
    if (!ids.length || !prefill.length) return say(ids.length ? "Choose at least one number of prompt tokens." : "Choose at least one engine.");
    const [decode, runs, context] = ["decode", "runs", "context"].map((name) => number(name).valueAsNumber);
    if (Math.min(...prefill) + decode > context) return say(`Nothing fits: the shortest prompt and its answer take ${Math.min(...prefill) + decode} tokens.`);
    say("");
    const chosen = choices(model(), engines, gpu).filter(({ entry }) => ids.includes(entry.id));
    return events.emit(form, "start", /** @type {Wish} */ ({ model: model(), chosen, size: { prefill, decode, context, runs } }));
  });
  stop.addEventListener("click", () => events.emit(form, "stop"));
  download.addEventListener("click", () => events.emit(form, "download"));
  baseline.addEventListener("change", () => {
    const file = baseline.files?.[0];
    baseline.value = ""; // the same file may be chosen again
    if (file) events.emit(form, "baseline", file);
  });
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.toggleAttribute("data-dragging", true);
  });
  for (const end of ["dragleave", "drop"]) document.addEventListener(end, () => document.body.removeAttribute("data-dragging"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) events.emit(form, "baseline", file);
  });
  offer();

  return {
    root: form,
    say,
    /** @param {{running: boolean, stopping: boolean, records: number}} state */
    update({ running, stopping, records }) {
      const focused = document.activeElement === start || document.activeElement === stop;
      fields.disabled = running;
      start.hidden = running;
      stop.hidden = !running;
      stop.setAttribute("aria-disabled", String(stopping)); // not disabled, which would lose the focus
      text(stop, stopping ? "Stopping…" : "Stop");
      download.hidden = running || !records;
      text(start, records ? "Measure again" : "Start");
      if (focused) (running ? stop : start).focus();
    },
  };
}

/**
 * @param {HTMLElement} group
 * @param {string} name
 * @param {{value: string, label: string, checked: boolean}[]} boxes
 */
function boxes(group, name, boxes) {
  for (const old of group.querySelectorAll("label")) old.remove();
  for (const { value, label, checked } of boxes) {
    const box = create("label", "", { class: "choice-option" });
    const input = /** @type {HTMLInputElement} */ (create("input", "", { type: "checkbox", name, value }));
    input.checked = checked;
    box.append(input, create("span", label, { class: "choice-label" }));
    group.append(box);
  }
}
