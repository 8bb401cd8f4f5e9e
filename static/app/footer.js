// @ts-check
/**
 * The foot of the page: facts about what runs, what the browser keeps of the models, with a way to be rid of it, how the page looks, and the
 * language.
 *
 * @typedef {{'remove-kept': undefined, theme: string, language: string}} FooterEvents `language`: the code of the one that was chosen
 */

import { importedModels } from "../engine/index.js";
import { format, texts } from "../text/texts.js";
import { h, text, uniqueId, viewEvents } from "../ui/dom.js";
import { THEMES } from "./theme.js";

/** @type {import('../ui/dom.js').ViewEvents<FooterEvents>} */
export const events = viewEvents();

/**
 * @param {HTMLElement} root
 * @param {import('../text/languages.js').Language[]} languages
 * @param {string} spoken the code of the one that this page speaks
 */
export function mountFooter(root, languages, spoken) {
  const facts = h("p", { class: "model-facts" });
  const sentence = h("span", { class: "kept-sentence", "aria-live": "polite" });
  const remove = h("button", { type: "button", class: "button button-quiet kept-remove" }, texts.footer.remove);
  const all = h("a", { class: "kept-all", href: "#/models" }, texts.models.all);
  const kept = h("p", { class: "kept", hidden: true }, sentence, " ", all, " ", remove);
  const licence = h("p", { class: "model-licence", hidden: true });
  /** What the browser keeps when that was last looked at, and what of it the person has imported. */
  let seen = /** @type {import('../engine/storage.js').StoredEntry[]} */ ([]);
  let imported = /** @type {import('../engine/model_list.js').Model[]} */ ([]);
  root.append(facts, licence, kept);

  root.append(h("p", {}, h("a", { href: "static/vendor/NOTICES.txt" }, texts.footer.notices)));
  const open = h("p", { class: "opens-offline", hidden: true });
  root.append(open);
  const themeId = uniqueId("theme");
  const theme = h("select", { id: themeId }, ...THEMES.map((each) => h("option", { value: each }, texts.footer.themes[each])));
  root.append(h("p", { class: "footer-theme" }, h("label", { for: themeId }, texts.footer.theme), " ", theme));
  theme.addEventListener("change", () => events.emit(root, "theme", theme.value));
  const languageId = uniqueId("language");
  const options = languages.map(({ code, name, dir }) => h("option", { value: code, lang: code, dir, selected: code === spoken }, name));
  const picker = h("select", { id: languageId }, ...options);
  root.append(h("p", { class: "language" }, h("label", { for: languageId }, texts.footer.language), " ", picker));
  remove.addEventListener("click", () => events.emit(root, "remove-kept"));
  picker.addEventListener("change", () => events.emit(root, "language", picker.value));

  return {
    /**
     * @param {import('../engine/session_state.js').SessionState} state
     * @param {{offline: boolean, keeper: import('./offline.js').Offline, theme: import('./theme.js').Theme}} page whether the server is gone,
     *   what this browser keeps of the page, and how it looks
     */
    update({ setup, gpuAdapter, kept: models, now }, { offline, keeper, theme: look }) {
      theme.value = look;
      text(facts, setup ? factsOf(setup, gpuAdapter) : "");
      showLicence(licence, setup?.model.licence ?? null);
      const bytes = models.reduce((sum, model) => sum + model.size, 0);
      if (bytes) kept.hidden = false; // for good: who has removed them is told so, and keeps the focus
      if (models !== seen) imported = importedModels().filter(({ sha256 }) => models.some((each) => each.sha256 === sha256 && each.size));
      seen = models;
      text(sentence, imported.length ? `${texts.footer.kept(bytes)} ${texts.footer.imported(imported.map(({ name }) => name))}` : texts.footer.kept(bytes));
      const said = offline ? texts.footer.offline : texts.footer.keeper[keeper];
      open.hidden = !said;
      text(open, said);
      const removable = models.some(({ sha256, size }) => size && !imported.some((model) => model.sha256 === sha256));
      remove.setAttribute("aria-disabled", String(!removable || now.phase === "loading"));
      picker.disabled = now.phase === "writing"; // the answer would be lost
    },
    focusLanguage: () => picker.focus(),
    /** @param {string} code */
    showLanguage: (code) => void (picker.value = code),
    destroy: () => root.replaceChildren(),
  };
}

/**
 * The model's terms, with a way to read them where one is known: for Gemma they ask for it.
 * @param {HTMLElement} element
 * @param {import('../engine/model_list.js').Model['licence']} licence
 */
function showLicence(element, licence) {
  element.hidden = licence === null;
  if (!licence || element.dataset.name === licence.name) return; // a link that is drawn anew loses the focus
  element.dataset.name = licence.name;
  const name = licence.page?.startsWith("https://") ? h("a", { href: licence.page, rel: "noreferrer" }, licence.name) : licence.name;
  element.replaceChildren(texts.footer.licence, " ", name);
}

/**
 * @param {import('../engine/session_state.js').Setup} setup
 * @param {import('../engine/protocol.js').GpuAdapter | null} gpuAdapter
 */
function factsOf({ model, choice, lora }, gpuAdapter) {
  const { footer, line } = texts;
  return line([
    model.name,
    format.size((choice?.file ?? model).size),
    (choice?.file ?? model).quantization,
    model.parameters !== null && footer.parameters(model.parameters),
    lora && footer.withLora(lora.name),
    choice && footer.inEngine(choice.entry.name),
    choice?.entry.backend === "CPU" && footer.onProcessor,
    gpuAdapter?.description && footer.onGpu(gpuAdapter.description),
  ]);
}
