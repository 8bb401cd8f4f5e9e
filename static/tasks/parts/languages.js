// @ts-check
/** Languages to translate into: their codes are data (languages.json), and the browser has their names, or most of them. Pure. */

/** In English, those that Chrome has no name for. @type {Record<string, string>} */
const UNNAMED = {
  awa: "Awadhi", ba: "Bashkir", bo: "Tibetan", cv: "Chuvash", dz: "Dzongkha", ff: "Fula", fj: "Fijian", kg: "Kongo", kl: "Kalaallisut",
  kri: "Krio", li: "Limburgish", lmo: "Lombard", ltg: "Latgalian", mag: "Magahi", sah: "Yakut", sat: "Santali", sc: "Sardinian",
  scn: "Sicilian", ss: "Swati", tpi: "Tok Pisin", ty: "Tahitian", ve: "Venda", vec: "Venetian", war: "Waray",
};

/** In prompts: small models know the languages by their English names best. */
const english = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });

/** @param {string} code of `languages.json` */
export function englishName(code) {
  return nameIn(english, code);
}

/**
 * Codes with their names in a language of the page, by those names.
 * @param {string[]} codes
 * @param {string} language
 */
export function named(codes, language) {
  const names = new Intl.DisplayNames([language], { type: "language", fallback: "none" });
  return codes.map((code) => ({ code, name: nameIn(names, code) })).sort((a, b) => a.name.localeCompare(b.name, language));
}

/** @param {Intl.DisplayNames} names @param {string} code */
function nameIn(names, code) {
  try {
    return names.of(code) ?? UNNAMED[code] ?? code;
  } catch {
    return code; // what a record or a file holds need not be a code
  }
}
