// @ts-check
/**
 * One model of the list: what it is, whether it fits, what is here of it, and what can be done with it.
 *
 * @typedef {{keep: string, remove: string, share: string, use: string}} RowEvents the key of the row
 */

import { engineOf } from "../../engine/index.js";
import { format, texts } from "../../text/texts.js";
import { h, text, viewEvents } from "../../ui/dom.js";

/** @typedef {import('./rows.js').Row} Row */

/** @type {import('../../ui/dom.js').ViewEvents<RowEvents>} */
export const events = viewEvents();

/** @param {Row} first */
export function makeRow(first) {
  const said = texts.models;
  const { key, name } = first;
  const facts = h("p", { class: "models-facts" });
  const state = h("p", { class: "models-state" });
  const fit = h("p", { class: "models-fit" });
  const speed = h("p", { class: "models-quiet" });
  const licence = h("p", { class: "models-quiet" });
  const command = h("pre", { class: "models-command", hidden: true });
  const button = (/** @type {string} */ kind, /** @type {string} */ label, /** @type {() => void} */ act) => {
    const made = h("button", { type: "button", class: `button models-${kind}`, "aria-label": said.of(label, name) }, label);
    made.addEventListener("click", () => made.getAttribute("aria-disabled") !== "true" && act());
    return made;
  };
  const use = button("use", said.use, () => events.emit(root, "use", key));
  const keep = button("keep", said.download, () => events.emit(root, "keep", key));
  const share = button("share", said.share, () => events.emit(root, "share", key));
  let asked = false;
  let have = 0;
  const remove = button("remove", said.remove, () => {
    if (asked) events.emit(root, "remove", key);
    ask(!asked);
  });
  remove.addEventListener("blur", () => ask(false));
  const root = h("li", { class: "models-item" }, h("h3", { class: "models-name", dir: "auto" }, name), facts, state, fit, speed, licence, command, h("div", { class: "models-actions" }, use, keep, remove, share));

  /** A second press deletes. @param {boolean} asking */
  function ask(asking) {
    asked = asking;
    label(remove, asking ? said.removeReally(have) : said.remove);
  }

  /** @param {HTMLElement} of @param {string} value */
  function label(of, value) {
    text(of, value);
    of.setAttribute("aria-label", said.of(value, name));
  }

  return {
    root,
    /**
     * @param {Row} row
     * @param {{busy: boolean, idle: boolean, shares: boolean, used: string}} page whether something is on its way, whether another model can be taken,
     *   whether models can be shared, the sha256 of the one in use
     */
    update(row, { busy, idle, shares, used }) {
      have = row.have;
      const isUsed = row.sha256 !== "" && row.sha256 === used;
      text(facts, factsOf(row));
      state.hidden = row.from === "published";
      text(state, texts.line([row.isWhole || row.size === null ? said.whole(row.have) : row.isShared ? said.elsewhere : row.have ? said.part(row.have, row.size) : said.absent, row.lent > 0 && row.size !== null && said.lent(row.size - row.have - row.lent), row.from === "imported" && said.imported, row.from === "unknown" && said.unknown]));
      const sentences = row.unfit.map((each) => said.unfit(row)[each]);
      fit.classList.toggle("models-unfit", sentences.length > 0);
      fit.hidden = row.from === "unknown";
      text(fit, [...(sentences.length ? sentences : [said.fits]), ...(row.evicted.length ? [said.evicts(row.evicted)] : [])].join(" "));
      const { listed } = row;
      const speeds = texts.line([row.speed && said.measured(row.speed), listed?.speed && said.quoted(listed.speed)]);
      speed.hidden = !speeds;
      text(speed, speeds);
      showLicence(row);
      command.hidden = row.from !== "published";
      text(command, listed ? `onpage fetch ${listed.id}` : "");
      use.hidden = !row.model;
      label(use, isUsed ? said.inUse : said.use);
      use.setAttribute("aria-disabled", String(isUsed || !idle || row.unfit.includes("no-webgpu")));
      keep.hidden = !row.file || (row.from === "imported" && !row.isWhole);
      label(keep, row.isWhole || row.isShared ? said.check : row.have ? said.resume : said.download);
      keep.setAttribute("aria-disabled", String(busy || row.unfit.includes("no-room")));
      remove.hidden = !row.have;
      remove.setAttribute("aria-disabled", String(busy));
      share.hidden = !shares || !row.isWhole;
    },
  };

  /** @param {Row} row */
  function showLicence({ from, licence: terms, listed }) {
    licence.hidden = terms === null;
    if (!terms || licence.dataset.name === terms.name) return; // a link that is drawn anew loses the focus
    licence.dataset.name = terms.name;
    const link = terms.page?.startsWith("https://") ? h("a", { href: terms.page, rel: "noreferrer" }, terms.name) : terms.name;
    const gated = from === "published" && listed?.family.licence.gated ? ` · ${said.gated}` : "";
    licence.replaceChildren(`${said.licence}: `, link, gated);
  }
}

/** What it is, in a line. @param {Row} row */
export function factsOf({ kind, model, file, listed, size, engine }) {
  const said = texts.models;
  const bytes = size === null ? (listed ? said.noSize : null) : listed?.size_is_approximate && !file ? said.about(size) : format.size(size);
  const entry = engineOf(engine);
  const parameters = model?.parameters ?? listed?.family.parameters ?? null;
  const context = file?.context ?? listed?.family.context ?? null;
  const kinds = listed?.family.modalities.map((each) => said.kinds[each] ?? each);
  return texts.line([
    bytes,
    file ? file.quantization : listed?.quantization,
    parameters !== null && texts.footer.parameters(parameters),
    entry && texts.engine.on(entry),
    context !== null && said.context(context),
    !!file?.onDemand && said.onDemand(file.onDemand),
    kind === "embedding" ? said.compares : kinds && said.takes(format.list(kinds)),
  ]);
}
