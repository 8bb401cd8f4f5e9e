// @ts-check
/**
 * What a task has written before, folded away: open, copy, delete, export. It is read when the list is unfolded, page by page.
 *
 * @typedef {{open: string, removed: string | null, restored: string}} HistoryEvents the id of a record; `removed`: null for all of them
 *
 * @typedef {object} Kind of records, which the task says
 * @property {(head: Head) => {text: string, about: string} | null} itemOf what a record says, and a line about it; null for what is none
 * @property {(entries: Entry[]) => string} asJson
 * @property {(entries: Entry[]) => string} asMarkdown
 * @property {string} file the name of a file, without its end
 * @property {{title: (count: number) => string, deleted: string, sure: (count: number) => string}} said
 * @property {{copy: string, copied: string, selected: (key: string) => string}} copying
 */

import { MAX_RECORDS } from "../../records/records.js";
import { texts } from "../../text/texts.js";
import { h, text, viewEvents } from "../../ui/dom.js";
import { copyOnClick, download } from "../../ui/files.js";

/**
 * @typedef {import('../../records/records.js').TaskRecords} TaskRecords
 * @typedef {import('../../records/record.js').Head} Head
 * @typedef {import('../../records/record.js').Entry} Entry
 */

const PAGE = 20;

const { history: said } = texts;

/** @type {import('../../ui/dom.js').ViewEvents<HistoryEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent @param {TaskRecords} records @param {Kind} kind */
export function mountHistory(parent, records, { itemOf, asJson, asMarkdown, file, said: named, copying }) {
  const title = h("summary", {}, named.title(0));
  const where = h("p", { class: "history-where" }, said.where(MAX_RECORDS));
  const trouble = h("p", { class: "history-trouble", role: "status", hidden: true });
  const list = h("ul", { class: "history-list" });
  const more = button(said.more, "button button-quiet");
  const asked = h("p", { class: "history-asked", tabindex: "-1" });
  const [json, markdown, clear, clearAll, keep] = [said.json, said.markdown, said.clear, said.clearAll, said.keep].map((name) => button(name));
  const actions = h("div", { class: "history-actions" }, json, markdown, clear);
  const sure = h("div", { class: "history-actions history-sure", hidden: true }, asked, clearAll, keep);
  const root = h("details", { class: "history", hidden: true }, title, h("div", { class: "history-body" }, where, trouble, list, more, actions, sure));
  parent.append(root);

  const ended = new AbortController();
  /** Those that are shown. @type {Head[]} */
  let shown = [];
  let count = 0;
  /** What was deleted just now, to be brought back. @type {Entry | null} */
  let deleted = null;
  let dropped = 0;
  /** What the list shows. */
  let listed = "";
  let reading = 0;

  /** Reads as many as are shown, or the first page. @param {number} [wanted] */
  async function read(wanted = Math.max(PAGE, shown.length)) {
    reading += 1;
    const mine = reading;
    const found = await records.count();
    const heads = root.open ? await records.list({ count: wanted }) : shown;
    if (mine !== reading || ended.signal.aborted) return; // a later change is being read
    count = found;
    shown = heads;
    show();
  }

  function show() {
    root.hidden = count === 0 && !deleted && !records.trouble;
    text(title, named.title(count));
    const sentence = texts.line([records.trouble && texts.records.troubles[records.trouble], dropped > 0 && texts.records.dropped(MAX_RECORDS, dropped)]);
    text(trouble, sentence);
    trouble.hidden = !sentence;
    showList();
    more.hidden = count <= shown.length;
    actions.hidden = count === 0;
    if (count === 0) sure.hidden = true;
  }

  /** Anew only where it has changed: a post is kept every second while it is written, and somebody may be in the list. */
  function showList() {
    const next = JSON.stringify([deleted?.id, shown]);
    if (next === listed) return;
    listed = next;
    const items = shown.flatMap((head) => {
      const found = itemOf(head);
      return found ? [item(head.id, found)] : [];
    });
    list.replaceChildren(...(deleted ? [undoItem(deleted)] : []), ...items);
  }

  /** @param {string} id @param {{text: string, about: string}} found */
  function item(id, { text: content, about }) {
    const body = h("p", { class: "history-text", dir: "auto" }, content);
    const [open, copy, remove] = [said.open, copying.copy, said.remove].map((name) => button(name, "button button-quiet"));
    open.addEventListener("click", () => events.emit(root, "open", id));
    copyOnClick(copy, { value: () => content, body, said: copying });
    remove.addEventListener("click", async () => {
      deleted = await records.get(id);
      title.focus(); // the button goes away
      events.emit(root, "removed", id);
      await records.delete(id);
    });
    return h("li", { class: "history-item" }, h("p", { class: "history-kind" }, about), body, h("div", { class: "history-actions" }, open, copy, remove));
  }

  /** @param {Entry} entry */
  function undoItem(entry) {
    const undo = button(said.undo, "button button-quiet");
    undo.addEventListener("click", async () => {
      deleted = null;
      title.focus();
      events.emit(root, "restored", entry.id);
      await records.put(entry);
    });
    return h("li", { class: "history-item history-deleted" }, h("p", {}, named.deleted), undo);
  }

  root.addEventListener("toggle", () => void read());
  more.addEventListener("click", () => void read(shown.length + PAGE));
  json.addEventListener("click", async () => download(fileName("json"), "application/json", asJson(await all())));
  markdown.addEventListener("click", async () => download(fileName("md"), "text/markdown", asMarkdown(await all())));
  clear.addEventListener("click", () => {
    text(asked, named.sure(count));
    sure.hidden = false;
    asked.focus();
  });
  keep.addEventListener("click", () => {
    sure.hidden = true;
    clear.focus();
  });
  clearAll.addEventListener("click", async () => {
    deleted = null;
    sure.hidden = true;
    title.focus();
    events.emit(root, "removed", null);
    await records.clear();
  });
  records.listen(() => void read(), ended.signal);
  void read();

  /** @param {string} suffix */
  function fileName(suffix) {
    return `${file}-${new Date().toISOString().slice(0, 10)}.${suffix}`;
  }

  /** Every record whole, the newest first. */
  async function all() {
    const heads = await records.list({ count: MAX_RECORDS });
    const entries = await Promise.all(heads.map(({ id }) => records.get(id)));
    return entries.filter((entry) => entry !== null);
  }

  return {
    root,
    /** How many of the oldest went, with the last one that was kept. @param {number} more */
    note(more) {
      dropped += more;
    },
    destroy() {
      ended.abort();
      root.remove();
    },
  };
}

/** @param {string} name @param {string} [kind] */
function button(name, kind = "button button-quiet") {
  return h("button", { type: "button", class: kind }, name);
}
