// @ts-check
/** What goes between the page and the person's own device: the clipboard, and files. */

import { h, modifier, text } from "./dom.js";

/** Milliseconds that a button says what came of it. */
const SAID = 2000;
/** Milliseconds after which a browser has begun to write a file. */
const BEGUN = 10_000;

/**
 * Puts a text into the clipboard, also where an address that is not secure has no clipboard to write to; where nothing is allowed
 * the text is selected, ready to be copied by hand.
 * @param {string} value
 * @param {HTMLElement} body what holds it
 * @returns {Promise<boolean>} whether it is in the clipboard
 */
async function copyText(value, body) {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    getSelection()?.selectAllChildren(body);
    return document.execCommand("copy");
  }
}

/**
 * Has a button copy a text, and say for a while what came of it.
 * @param {HTMLElement} button
 * @param {{value: () => string, body: HTMLElement, said: {copy: string, copied: string, selected: (key: string) => string}}} options `body`:
 *   as in `copyText`
 * @returns {() => void} what makes it say nothing any more
 */
export function copyOnClick(button, { value, body, said }) {
  let timer = 0;
  button.addEventListener("click", async () => {
    text(button, (await copyText(value(), body)) ? said.copied : said.selected(modifier()));
    clearTimeout(timer);
    timer = window.setTimeout(() => text(button, said.copy), SAID);
  });
  return () => clearTimeout(timer);
}

/**
 * Takes the files that a person drops on an element. A text goes into the field that it is dropped on.
 * @param {HTMLElement} element
 * @param {(files: FileList) => unknown} give
 * @param {AbortSignal} signal
 */
export function takeDropped(element, give, signal) {
  whenDropped(element, ({ files }) => give(files), signal);
}

/**
 * Takes files, and those that lie in folders, that a person drops on an element; not what lies deeper.
 * @param {HTMLElement} element
 * @param {(files: File[], pathOf: (file: File) => string) => unknown} give the path with the folder in front
 * @param {AbortSignal} signal
 */
export function takeDroppedFolders(element, give, signal) {
  whenDropped(element, async ({ items }) => {
    const dropped = [...items].map((item) => [item.webkitGetAsEntry(), item.getAsFile()]); // now: the items are gone in a moment
    /** @type {Map<File, string>} */
    const paths = new Map();
    for (const [entry, file] of /** @type {[FileSystemEntry | null, File | null][]} */ (dropped)) {
      if (!entry?.isDirectory) {
        if (file) paths.set(file, file.name);
        continue;
      }
      const inside = (await entriesOf(/** @type {FileSystemDirectoryEntry} */ (entry))).filter(({ isFile }) => isFile);
      for (const each of inside) paths.set(await fileOf(/** @type {FileSystemFileEntry} */ (each)), `${entry.name}/${each.name}`);
    }
    give([...paths.keys()], (file) => paths.get(file) ?? file.name);
  }, signal);
}

/** @param {FileSystemDirectoryEntry} folder @returns {Promise<FileSystemEntry[]>} */
async function entriesOf(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // at most a hundred
    if (!some.length) return found;
    found.push(...some);
  }
}

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
function fileOf(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** @param {HTMLElement} element @param {(dropped: DataTransfer) => unknown} act @param {AbortSignal} signal */
function whenDropped(element, act, signal) {
  for (const name of /** @type {const} */ (["dragover", "drop"])) {
    element.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      if (name === "drop") act(event.dataTransfer);
    }, { signal });
  }
}

/**
 * Gives a text to the person as a file.
 * @param {string} name
 * @param {string} type
 * @param {string} content
 */
export function download(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), BEGUN);
}
