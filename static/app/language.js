// @ts-check
/**
 * The language of the page: what the address asks for, else what was chosen on this device, else what the browser is set to. It is the first
 * script of the page, so that the document has its language and direction, and the words are on their way, before anything is drawn.
 */

import { CHECK, LANGUAGES, bestFor, languageOf } from "../text/languages.js";

const KEY = "onpage-language";

/** The language that is spoken now. */
export let language = bestFor([asked(), kept(), ...navigator.languages]);
settle();
void language.load().catch(() => {}); // whoever shows the page says what is wrong

/** Those to choose from; the one for checks only for who has asked for it. */
export function choices() {
  return language === CHECK ? [...LANGUAGES, CHECK] : LANGUAGES;
}

/** From now on, and for the next visits. @param {string} code */
export function choose(code) {
  language = languageOf(code) ?? language;
  settle();
  try {
    localStorage.setItem(KEY, code);
  } catch {
    // without storage it holds for this visit
  }
  const address = new URL(location.href);
  address.searchParams.delete("lang"); // the choice counts from now on
  history.replaceState(null, "", address);
}

function asked() {
  return new URLSearchParams(location.search).get("lang");
}

function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function settle() {
  const { documentElement } = document;
  documentElement.lang = language.code;
  documentElement.dir = language.dir;
}
