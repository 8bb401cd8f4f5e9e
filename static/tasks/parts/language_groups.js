// @ts-check
/** The options of a picker of languages: the common ones, then all others, by their names in the page's language. */

import { texts } from "../../text/texts.js";
import { h } from "../../ui/dom.js";
import { named } from "./languages.js";

/** @param {{common: string[], all: string[]}} languages codes, as in languages.json */
export function languageGroups({ common, all }) {
  const rest = all.filter((code) => !common.includes(code));
  return [[texts.lab.common, common], [texts.lab.all, rest]].map(([label, codes]) =>
    h("optgroup", { label: String(label) }, ...named(/** @type {string[]} */ (codes), texts.language).map(({ code, name }) => h("option", { value: code }, name))),
  );
}
