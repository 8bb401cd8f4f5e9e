// @ts-check
/**
 * The documents that are here: add files, paste a text, open, remove; what is being read, and what was not taken. On a narrow screen it is
 * folded away once there is a document.
 *
 * @typedef {{files: {file: Blob, name: string}[], cancel: undefined, 'open-document': string, 'remove-document': string}} ShelfEvents
 */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, h, text, viewEvents } from "../../ui/dom.js";
import { takeDropped } from "../../ui/files.js";
import { ACCEPT, MAX_FILE } from "./kinds.js";
import { MAX_ALL_CHARACTERS, MAX_DOCUMENTS } from "./library.js";

const said = texts.documents.shelf;

/** @type {import('../../ui/dom.js').ViewEvents<ShelfEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent */
export function mountShelf(parent) {
  const summary = h("summary", {}, said.title);
  const file = h("input", { type: "file", class: "documents-file", accept: ACCEPT, multiple: true });
  const adding = h("label", { class: "button button-file" }, said.add, file);
  const paste = button(said.paste);
  const name = h("input", { class: "documents-name", "aria-label": said.pasteName, placeholder: said.pasteName, ...NOT_SENT_AWAY });
  const area = h("textarea", { class: "documents-paste", rows: "5", "aria-label": said.pasteLabel, placeholder: said.pasteLabel, ...NOT_SENT_AWAY });
  const [keep, drop] = [button(said.keep), button(said.cancel)];
  const form = h("div", { class: "documents-pasting", hidden: true }, name, area, h("div", { class: "documents-actions" }, keep, drop));
  const bar = h("progress", { class: "documents-progress", "aria-label": said.progress });
  const step = h("p", { class: "documents-step", role: "status" });
  const cancel = button(said.cancel);
  const reading = h("div", { class: "documents-reading", hidden: true }, step, bar, cancel);
  const refused = h("div", { class: "documents-refused", role: "alert", hidden: true });
  const list = h("ul", { class: "documents-list", "aria-label": said.title });
  const note = h("p", { class: "documents-note", hidden: true });
  const limits = h("p", { class: "documents-limits" }, said.limits(MAX_DOCUMENTS, MAX_ALL_CHARACTERS, MAX_FILE));
  const body = h("div", { class: "documents-shelf-body" }, h("div", { class: "documents-actions" }, adding, paste), form, reading, refused, list, note, limits);
  const root = h("details", { class: "documents-shelf" }, summary, body);
  const wide = matchMedia("(min-width: 60rem)");
  const ended = new AbortController();
  const { signal } = ended;
  parent.append(root);
  root.open = true;
  wide.addEventListener("change", () => wide.matches && (root.open = true), { signal });
  let listed = "";
  /** Whether there is something to see or to do in it, but for what one may unfold. */
  let needed = true;

  const give = (/** @type {{file: Blob, name: string}[]} */ files) => files.length && events.emit(root, "files", files);
  const named = (/** @type {FileList | null | undefined} */ files) => [...(files ?? [])].map((each) => ({ file: each, name: each.name }));

  file.addEventListener("change", () => {
    const files = named(file.files);
    file.value = "";
    give(files);
  });
  paste.addEventListener("click", () => {
    form.hidden = false;
    area.focus();
  });
  drop.addEventListener("click", () => shut());
  keep.addEventListener("click", () => {
    if (area.value.trim()) give([pastedFile(area.value, name.value)]);
    shut();
  });
  cancel.addEventListener("click", () => events.emit(root, "cancel"));

  function shut() {
    form.hidden = true;
    area.value = name.value = "";
    paste.focus();
  }

  /** Files and texts that come to the page while the task is shown, but for what is pasted into a field. */
  window.addEventListener(
    "paste",
    (event) => {
      const { target, clipboardData } = event;
      if (root.closest("[hidden]") || (target instanceof HTMLElement && target.matches("input, textarea"))) return;
      const pasted = clipboardData?.getData("text/plain") ?? "";
      const files = named(clipboardData?.files);
      if (files.length || pasted.trim()) event.preventDefault();
      give(files.length ? files : pasted.trim() ? [pastedFile(pasted, "")] : []);
    },
    { signal },
  );
  takeDropped(parent, (files) => give(named(files)), signal);

  /** @param {import('./library.js').Entry} entry */
  function item(entry) {
    const open = h("button", { type: "button", class: "documents-open" }, h("span", { class: "documents-open-name", dir: "auto" }, entry.name), h("span", { class: "documents-about" }, said.about(entry)));
    const remove = h("button", { type: "button", class: "button button-quiet documents-remove", "aria-label": said.removeOne(entry.name) }, said.remove);
    let asked = false;
    open.addEventListener("click", () => events.emit(root, "open-document", entry.id));
    remove.addEventListener("click", () => {
      if (asked) {
        summary.focus(); // the button goes away
        events.emit(root, "remove-document", entry.id);
      }
      asked = true;
      text(remove, said.removeReally);
      remove.removeAttribute("aria-label");
    });
    remove.addEventListener("blur", () => {
      asked = false;
      text(remove, said.remove);
      remove.setAttribute("aria-label", said.removeOne(entry.name));
    });
    return h("li", { class: "documents-item" }, open, remove);
  }

  return {
    root,
    body,
    /** @param {import('./library.js').Library} library @param {string} [more] what else is to be known where it is folded away */
    update(library, more = "") {
      const { entries, adding: now, refused: bad, trouble } = library;
      text(summary, texts.line([said.count(entries.length), more]));
      const next = JSON.stringify(entries);
      if (next !== listed) list.replaceChildren(...entries.map(item));
      listed = next;
      const needs = wide.matches || !entries.length || now !== null || bad.length > 0;
      if (needs !== needed) root.open = needs;
      needed = needs;
      reading.hidden = now === null;
      if (now) {
        text(step, said.adding(now));
        if (now.pages) {
          bar.max = now.pages;
          bar.value = now.page;
        } else bar.removeAttribute("value");
      }
      const sentences = bad.map(said.refused);
      refused.hidden = !sentences.length;
      if (refused.children.length !== sentences.length || sentences.some((each, index) => refused.children[index].textContent !== each)) {
        refused.replaceChildren(...sentences.map((each) => h("p", {}, each)));
      }
      note.hidden = !trouble;
      text(note, trouble ? texts.records.troubles[trouble] : "");
    },
    destroy() {
      ended.abort();
      root.remove();
    },
  };
}

/** @param {string} pasted @param {string} name */
function pastedFile(pasted, name) {
  const title = name.trim() || pasted.trim().split("\n", 1)[0].replace(/^#+\s*/, "").slice(0, 60) || said.pasted;
  return { file: new Blob([pasted], { type: "text/markdown" }), name: /\.(md|txt)$/i.test(title) ? title : `${title}.md` };
}

/** @param {string} label */
function button(label) {
  return h("button", { type: "button", class: "button" }, label);
}
