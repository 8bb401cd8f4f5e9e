// @ts-check
/**
 * The answers of before, folded away: open, delete, export. They are read when the list is unfolded.
 *
 * @typedef {{'open-answer': string}} HistoryEvents
 */

import { MAX_RECORDS } from "../../records/records.js";
import { texts } from "../../text/en.js";
import { h, text, viewEvents } from "../../ui/dom.js";
import { download } from "../../ui/files.js";
import { answerOf, asMarkdown } from "./answers.js";

const { history: said, answer: words, place } = texts.documents;
const PAGE = 20;

/** @type {import('../../ui/dom.js').ViewEvents<HistoryEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent @param {import('../../records/records.js').TaskRecords} records */
export function mountHistory(parent, records) {
  const title = h("summary", {}, said.title(0));
  const list = h("ul", { class: "documents-history-list" });
  const [more, markdown, clear] = [said.more, said.markdown, said.clear].map((label) => h("button", { type: "button", class: "button button-quiet" }, label));
  const note = h("p", { class: "documents-note", hidden: true });
  const root = h("details", { class: "documents-history", hidden: true }, title, h("div", {}, note, list, h("div", { class: "documents-actions" }, more, markdown, clear)));
  parent.append(root);
  const ended = new AbortController();
  let wanted = PAGE;
  let reading = 0;
  let asked = false;

  async function read() {
    reading += 1;
    const mine = reading;
    const count = await records.count();
    const heads = root.open ? await records.list({ count: wanted }) : [];
    if (mine !== reading || ended.signal.aborted) return; // a later change is being read
    root.hidden = !count;
    text(title, said.title(count));
    note.hidden = !records.trouble;
    text(note, records.trouble ? texts.records.troubles[records.trouble] : "");
    more.hidden = count <= wanted;
    if (root.open) list.replaceChildren(...heads.flatMap((head) => item(answerOf({ ...head, body: null })) ?? []));
  }

  /** @param {import('./answers.js').Answer | null} answer */
  function item(answer) {
    if (!answer) return null;
    const open = h("button", { type: "button", class: "documents-open" }, h("span", { class: "documents-open-name", dir: "auto" }, answer.question), h("span", { class: "documents-about" }, said.about(answer)));
    const remove = h("button", { type: "button", class: "button button-quiet documents-remove" }, said.remove);
    open.addEventListener("click", () => events.emit(root, "open-answer", answer.id));
    remove.addEventListener("click", () => {
      title.focus(); // the button goes away
      void records.delete(answer.id);
    });
    return h("li", { class: "documents-item" }, open, remove);
  }

  root.addEventListener("toggle", () => void read());
  more.addEventListener("click", () => {
    wanted += PAGE;
    void read();
  });
  markdown.addEventListener("click", async () => {
    const heads = await records.list({ count: MAX_RECORDS });
    const entries = await Promise.all(heads.map(({ id }) => records.get(id)));
    const answers = entries.flatMap((entry) => (entry && answerOf(entry)) ?? []);
    const parts = answers.map((answer) => asMarkdown(answer, { sources: words.sources, place }));
    download("onpage-answers.md", "text/markdown", `# ${said.file}\n\n${parts.join("\n")}`);
  });
  clear.addEventListener("click", () => {
    if (asked) {
      title.focus();
      void records.clear();
    }
    asked = !asked;
    text(clear, asked ? said.clearReally : said.clear);
  });
  clear.addEventListener("blur", () => {
    asked = false;
    text(clear, said.clear);
  });
  records.listen(() => void read(), ended.signal);
  void read();

  return {
    root,
    destroy() {
      ended.abort();
      root.remove();
    },
  };
}
