// @ts-check
/**
 * What is folded away below Write: the network that a post is for, its language, how many to write, and a person's own hashtags and link.
 *
 * @typedef {{draft: Partial<import('./prompt.js').Draft>, voice: {hashtags: string, link: string}}} OptionsEvents `draft` as the composer's
 */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, focusBeside, h, text, uniqueId, viewEvents } from "../../ui/dom.js";
import { languageGroups } from "../parts/language_groups.js";
import { named } from "../parts/languages.js";

/**
 * @typedef {import('./platforms.js').Platform} Platform
 * @typedef {import('./state.js').PostState} PostState
 * @typedef {import('./voice.js').Voice} Voice
 */

const { options: said } = texts.post;

/** @type {import('../../ui/dom.js').ViewEvents<OptionsEvents>} */
export const events = viewEvents();

/** @param {Platform[]} platforms @param {{common: string[], all: string[]}} languages codes, as in languages.json */
export function makeOptions(platforms, languages) {
  const [platformId, languageId, onlyEnglishId, hashtagsId, linkId, helpId] = ["platform", "language", "only-english", "hashtags", "link", "help"].map(uniqueId);
  const active = h("span", { class: "options-active" });
  const platform = h(
    "select",
    { id: platformId },
    h("option", { value: "" }, said.anyPlatform),
    ...platforms.map(({ id, name, limit }) => h("option", { value: id }, said.platform(name, limit))),
  );
  const language = h("select", { id: languageId, "aria-describedby": onlyEnglishId }, h("option", { value: "" }, said.ownLanguage), ...languageGroups(languages));
  const onlyEnglish = h("p", { id: onlyEnglishId, class: "field-help", hidden: true });
  const three = h("input", { type: "checkbox", class: "options-three" });
  const hashtags = h("input", { type: "text", id: hashtagsId, placeholder: "#Choir #Northfield", "aria-describedby": helpId, ...NOT_SENT_AWAY });
  const link = h("input", { type: "url", id: linkId, placeholder: "https://", "aria-describedby": helpId, ...NOT_SENT_AWAY });
  const root = h(
    "details",
    { class: "options" },
    h("summary", {}, said.title, active),
    h(
      "div",
      { class: "options-body" },
      h("p", { class: "field" }, h("label", { for: platformId }, said.network), platform),
      h("p", { class: "field" }, h("label", { for: languageId }, said.language), language),
      onlyEnglish,
      h("label", { class: "options-check" }, three, said.three),
      h("p", { class: "field" }, h("label", { for: hashtagsId }, said.hashtags), hashtags),
      h("p", { class: "field" }, h("label", { for: linkId }, said.link), link),
      h("p", { class: "field-help options-help", id: helpId }, said.help),
    ),
  );

  platform.addEventListener("change", () => {
    const found = platforms.find(({ id }) => id === platform.value);
    const { tone, length } = found ?? {};
    events.emit(root, "draft", { platform: platform.value, ...(tone && { tone }), ...(length && { length }) });
  });
  language.addEventListener("change", () => events.emit(root, "draft", { language: language.value }));
  three.addEventListener("change", () => events.emit(root, "draft", { three: three.checked }));
  for (const input of [hashtags, link]) {
    input.addEventListener("change", () => events.emit(root, "voice", { hashtags: hashtags.value, link: link.value }));
  }

  return {
    root,
    /** @param {PostState} state @param {boolean} demo whether the model at hand is the demo, which knows one language */
    update({ draft, voice }, demo) {
      platform.value = draft.platform;
      language.value = demo ? "" : draft.language;
      language.disabled = demo;
      text(onlyEnglish, demo ? said.onlyEnglish : ""); // what is hidden describes the picker, too
      onlyEnglish.hidden = !demo;
      three.checked = draft.three;
      for (const [input, value] of /** @type {const} */ ([[hashtags, voice.hashtags.join(" ")], [link, voice.link]])) {
        if (focusBeside(input) !== input) input.value = value;
      }
      const name = platforms.find(({ id }) => id === draft.platform)?.name;
      text(active, texts.line([name, !demo && draft.language && named([draft.language], texts.language)[0].name, draft.three && said.threeShort, voice.hashtags.join(" "), voice.link && said.linkShort]));
    },
  };
}
