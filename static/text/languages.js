// @ts-check
/**
 * The languages of the page, and which of them a person wants. Pure, but for `load`, which fetches one language's modules and no other's.
 */

/**
 * The same names and functions, in other words.
 * @template T
 * @typedef {{[Name in keyof T]: T[Name] extends (...given: infer Given) => string ? (...given: Given) => string
 *   : T[Name] extends Function ? T[Name] : T[Name] extends object ? Spoken<T[Name]> : T[Name]}} Spoken
 */

/**
 * @typedef {Spoken<typeof import('./en.js')>} Words what each language's module has
 * @typedef {{code: string, name: string, dir: 'ltr' | 'rtl', load: () => Promise<Words>}} Language `name`: in the language itself
 */

/** In the order of the picker. The first is for all who want none of the others. @type {Language[]} */
export const LANGUAGES = [
  { code: "en", name: "English", dir: "ltr", load: () => import("./en.js") },
  { code: "zh-CN", name: "简体中文", dir: "ltr", load: () => import("./zh-CN.js") },
  { code: "zh-TW", name: "繁體中文", dir: "ltr", load: () => import("./zh-TW.js") },
  { code: "ja", name: "日本語", dir: "ltr", load: () => import("./ja.js") },
];

/** English written from right to left: it shows what does not turn with the page, and what is said past the texts. Only `?lang=` has it. @type {Language} */
export const CHECK = { code: "ar-XB", name: "Right to left", dir: "rtl", load: () => import("./ar-XB.js") };

/** @param {string | null | undefined} code @returns {Language | undefined} */
export function languageOf(code) {
  return [...LANGUAGES, CHECK].find((each) => each.code === code);
}

/**
 * The language for the first of these wishes that there is one for: `zh-HK` is written as in Taiwan, `zh` as on the mainland.
 * @param {readonly (string | null | undefined)[]} wishes language tags, the strongest wish first
 */
export function bestFor(wishes) {
  for (const wish of wishes) {
    const found = languageOf(wish) ?? (wish ? LANGUAGES.find(({ code }) => scriptOf(code) === scriptOf(wish)) : undefined);
    if (found) return found;
  }
  return LANGUAGES[0];
}

/** A language with its script: `zh-Hant`. @param {string} tag */
function scriptOf(tag) {
  try {
    const { language, script } = new Intl.Locale(tag).maximize();
    return `${language}-${script}`;
  } catch {
    return null; // an address, or a page, may name anything
  }
}
