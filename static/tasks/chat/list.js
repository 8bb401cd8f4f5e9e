// @ts-check
/**
 * The conversations that are kept, and what is done with whole ones: a new one, delete, save, open a file. On a narrow screen it is
 * folded away.
 *
 * @typedef {{open: string, fresh: undefined, delete: undefined, 'save-markdown': undefined, 'save-json': undefined, 'save-all': undefined,
 *   'open-file': File}} ListEvents
 */

import { texts } from "../../text/texts.js";
import { h, text, viewEvents } from "../../ui/dom.js";

const said = texts.chat.list;

/** @type {import('../../ui/dom.js').ViewEvents<ListEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent */
export function mountList(parent) {
  const summary = h("summary", {}, said.title);
  const fresh = h("button", { type: "button", class: "button chat-fresh" }, said.fresh);
  const list = h("ul", { class: "chat-conversations", "aria-label": said.title });
  const note = h("p", { class: "chat-list-note", role: "status", hidden: true });
  const file = h("input", { type: "file", class: "chat-file", accept: ".json,application/json" });
  const opening = h("label", { class: "button button-quiet button-file" }, said.openFile, file);
  const remove = action(said.remove, () => confirmRemoval());
  const markdown = action(said.saveMarkdown, () => events.emit(root, "save-markdown"));
  const json = action(said.saveJson, () => events.emit(root, "save-json"));
  const all = action(said.saveAll, () => events.emit(root, "save-all"));
  const more = h("details", { class: "chat-more" }, h("summary", {}, said.more), h("div", { class: "chat-actions" }, markdown, json, all, opening, remove));
  const root = h("details", { class: "chat-list" }, summary, h("div", { class: "chat-list-body" }, fresh, list, note, more));
  const wide = matchMedia("(min-width: 60rem)");
  const ended = new AbortController();
  parent.append(root);
  root.open = wide.matches;
  wide.addEventListener("change", () => (root.open = wide.matches), { signal: ended.signal });
  /** @type {Map<string, {item: HTMLElement, button: HTMLButtonElement}>} */
  const items = new Map();
  let asked = false;

  fresh.addEventListener("click", () => chosen(() => events.emit(root, "fresh")));
  file.addEventListener("change", () => {
    const [picked] = file.files ?? [];
    file.value = "";
    if (picked) events.emit(root, "open-file", picked);
  });

  /** Deleting takes two presses. */
  function confirmRemoval() {
    if (asked) events.emit(root, "delete");
    asked = !asked;
    text(remove, asked ? said.removeReally : said.remove);
  }
  remove.addEventListener("blur", () => {
    asked = false;
    text(remove, said.remove);
  });

  /** On a narrow screen, the list has done its work. @param {() => void} act */
  function chosen(act) {
    act();
    if (!wide.matches) root.open = false;
  }

  /** @param {string} id */
  function make(id) {
    const button = h("button", { type: "button", class: "chat-conversation", dir: "auto" });
    button.addEventListener("click", () => chosen(() => events.emit(root, "open", id)));
    return { item: h("li", {}, button), button };
  }

  return {
    root,
    /** @param {import('./chat.js').Chat} chat @param {string} notice "" for none */
    update(chat, notice) {
      const { list: heads, conversation } = chat.state;
      text(summary, said.count(heads.length));
      const present = new Set(heads.map(({ id }) => id));
      for (const [id, { item }] of items) {
        if (present.has(id)) continue;
        item.remove();
        items.delete(id);
      }
      heads.forEach(({ id, head }, index) => {
        const { item, button } = items.get(id) ?? make(id);
        items.set(id, { item, button });
        text(button, titleIn(head) || said.untitled);
        if (id === conversation.id) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
        if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
      });
      list.hidden = !heads.length;
      const some = conversation.turns.length > 0;
      for (const each of [markdown, json, remove]) each.disabled = !some;
      all.disabled = !heads.length;
      note.hidden = !notice;
      text(note, notice);
    },
    destroy() {
      ended.abort();
      root.remove();
    },
  };
}

/** @param {unknown} head of a record, which an earlier page may have written */
function titleIn(head) {
  const { title } = /** @type {{title?: unknown}} */ (head ?? {});
  return typeof title === "string" ? title : "";
}

/** @param {string} label @param {() => void} act */
function action(label, act) {
  const made = h("button", { type: "button", class: "button button-quiet" }, label);
  made.addEventListener("click", act);
  return made;
}
