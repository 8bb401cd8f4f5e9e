// @ts-check
/** What every box has into which a person types. */

/** Browsers may send what is typed to a spell checker or a writing assistant on some server, and keep it for the next form. */
export const NOT_SENT_AWAY = { spellcheck: "false", writingsuggestions: "false", autocomplete: "off" };
