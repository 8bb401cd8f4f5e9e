// @ts-check
/** How the page looks: as the system is set, or light or dark, as a person has chosen it in this browser. */

/** @typedef {'system' | 'light' | 'dark'} Theme */

const KEY = "onpage:theme";
/** @type {Theme[]} */
export const THEMES = ["system", "light", "dark"];

/** @returns {Theme} */
export function theme() {
  return themeOf(document.documentElement.dataset.theme);
}

/** @param {string} wanted @param {HTMLElement} [root] that of the page, or of a task in another one */
export function showTheme(wanted, root = document.documentElement) {
  const found = themeOf(wanted);
  if (found === "system") delete root.dataset.theme;
  else root.dataset.theme = found;
}

/** Shows a theme, also the next time. @param {string} wanted */
export function setTheme(wanted) {
  showTheme(wanted);
  try {
    if (theme() === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme());
  } catch {
    // A browser without storage forgets it; nothing else depends on it.
  }
}

/** What was chosen before. */
export function recallTheme() {
  try {
    showTheme(localStorage.getItem(KEY) ?? "");
  } catch {
    // no storage, no choice
  }
}

/** @param {string | undefined} value @returns {Theme} */
function themeOf(value) {
  return THEMES.find((each) => each === value) ?? "system";
}
