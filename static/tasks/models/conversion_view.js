// @ts-check
/** What a person is asked before a checkpoint is converted: into how many bits, and with which adapter. And the command that makes the same file. */

import { texts } from "../../text/texts.js";
import { h, text, uniqueId } from "../../ui/dom.js";
import { convertCommand } from "./convert_command.js";

/**
 * @typedef {import('../../convert/convert.js').Bits} Bits
 * @typedef {import('../../convert/folder.js').Checkpoint} Checkpoint
 */

/** @type {Bits[]} */
const CHOICES = ["8", "q4_0"];
/** A GGUF file that says so goes over as it is. */
const IN_FOUR_BITS = /\bq4_0\b.*\.gguf$/i;

export function makeConversion() {
  const said = texts.models.conversion;
  const group = uniqueId("bits");
  const inputs = CHOICES.map((value) => h("input", { type: "radio", name: group, value, checked: value === "8" }));
  const bits = () => /** @type {Bits} */ (inputs.find(({ checked }) => checked)?.value ?? "8");
  const asked = h("legend", {});
  const command = h("pre", { class: "models-command" });
  const room = h("p", { class: "models-unfit", role: "status" });
  const decline = h("button", { type: "button", class: "button models-decline" }, said.decline);
  const choices = inputs.map((input) => h("label", { class: "models-choice" }, input, h("span", {}, said.bits[/** @type {Bits} */ (input.value)])));
  const adapters = h("select", { id: uniqueId("adapter") });
  const merging = h("p", { class: "models-merging", hidden: true }, h("label", { for: adapters.id }, said.adapter), " ", adapters);
  const actions = h("div", { class: "models-actions" }, h("button", { class: "button models-convert" }, said.convert), decline);
  const root = h("form", { class: "models-conversion", hidden: true }, h("fieldset", {}, asked, ...choices), merging, h("p", { class: "models-quiet" }, said.same), command, room, actions);
  /** @type {Pick<Checkpoint, 'name' | 'adapter' | 'adapters'>} */
  let shown = { name: "", adapters: [] };
  /** @type {(bits: Bits) => string[]} */
  let evictedBy = () => [];
  const show = () => {
    text(command, convertCommand(shown, bits()));
    const evicted = evictedBy(bits());
    room.hidden = !evicted.length;
    text(room, evicted.length ? texts.models.evicts(evicted) : "");
  };
  root.addEventListener("change", show);

  return {
    root,
    decline,
    bits,
    /** That is to be merged; undefined where none is. */
    adapter: () => shown.adapters[adapters.selectedIndex - 1],
    /** @param {Checkpoint | null} checkpoint @param {(bits: Bits) => string[]} evicted names of what goes for it */
    update(checkpoint, evicted) {
      root.hidden = checkpoint === null;
      if (!checkpoint) return;
      if (checkpoint.name !== shown.name) for (const input of inputs) input.checked = input.value === (IN_FOUR_BITS.test(checkpoint.name) ? "q4_0" : "8");
      if (checkpoint.adapters !== shown.adapters) adapters.replaceChildren(...[said.noAdapter, ...labelsOf(checkpoint.adapters)].map((label) => h("option", {}, label)));
      shown = checkpoint;
      adapters.selectedIndex = shown.adapters.findIndex((each) => each === shown.adapter) + 1;
      merging.hidden = !shown.adapters.length;
      evictedBy = evicted;
      text(asked, checkpoint.adapter ? said.askedMerged(checkpoint.name, checkpoint.adapter.name) : said.asked(checkpoint.name));
      show();
    },
  };
}

/** Names of adapters; of two of one name with what is above them. @param {Checkpoint['adapters']} adapters */
function labelsOf(adapters) {
  return adapters.map(({ name, path }) => (adapters.filter((each) => each.name === name).length > 1 ? path.join("/") || name : name));
}
