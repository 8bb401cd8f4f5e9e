// @ts-check
/** The fifth task: a model that calls functions. This is what connects them (functions.js), the person's own, the views and the page. */

import { newId } from "../../records/record.js";
import { MAX_RECORDS } from "../../records/records.js";
import { texts } from "../../text/texts.js";
import { h, together } from "../../ui/dom.js";
import { download } from "../../ui/files.js";
import { json } from "../data.js";
import { mountFigures } from "../parts/figures.js";
import { events as historyEvents, mountHistory } from "../parts/history_view.js";
import { markdownSoon } from "../parts/markdown.js";
import { loadValidator } from "../parts/schema.js";
import { events as callEvents } from "./call_view.js";
import { events as composerEvents, mountComposer } from "./composer.js";
import { asJson, asMarkdown, conversationOf, headOf } from "./conversation.js";
import { events as emptyEvents, mountEmpty } from "./empty_view.js";
import { Functions } from "./functions.js";
import { OwnToolError, checkedTool, ownTool } from "./own_tool.js";
import { events as threadEvents, mountThread } from "./thread_view.js";
import { builtIn } from "./tools/index.js";
import { events as toolsEvents, mountTools } from "./tools_view.js";

/**
 * @typedef {import('../task.js').TaskContext} TaskContext
 * @typedef {import('../task.js').MountedTask} MountedTask
 * @typedef {import('./tools/index.js').Tool} Tool
 */

const { history: said, exchange: words, shelf } = texts.functions;
const here = (/** @type {string} */ file) => new URL(file, import.meta.url);

const heading = (/** @type {import('./conversation.js').Conversation} */ { at, exchanges }) => said.about({ at, model: exchanges.at(-1)?.model ?? "", called: [] });

/** Conversations as the history shows them. @returns {import('../parts/history_view.js').Kind} */
const historyKind = () => ({
  itemOf(head) {
    const found = headOf(head);
    return found && { text: `${found.question}\n\n${found.answer}`.trim(), about: said.about(found) };
  },
  asJson,
  asMarkdown: (entries) => asMarkdown(entries.flatMap((entry) => conversationOf(entry) ?? []), { title: said.file, called: words.called, heading }),
  file: "onpage-functions",
  said,
  copying: { ...words, copy: said.copy },
});

export const styles = ["functions.css", "calls.css", "../parts/markdown.css", "../parts/caret.css", "../parts/figures.css", "../parts/history.css"].map(here);

/**
 * @param {HTMLElement} element
 * @param {TaskContext} context
 * @returns {Promise<MountedTask>}
 */
export async function mount(element, { session, vendor, loading, figures: figuresRoot, recalled, remember, records, collection, searchDocuments, page }) {
  const [sample, units] = await Promise.all([json(here("sample.json")), json(here("tools/units.json"))]);
  const saved = collection("tools");
  const own = builtIn(page.languages);
  const root = h("section", { class: "functions", "aria-label": texts.functions.region });
  const main = h("div", { class: "functions-main" });
  /** @type {Promise<import('../parts/schema.js').Validator> | null} */
  let validator = null;
  /** All changes made together are shown once. */
  const changed = together(() => {
    if (signal.aborted) return;
    const { draft, off, conversation } = tasks.state;
    remember({ draft, off, open: conversation.exchanges.length ? conversation.id : "" });
    show();
  });
  const tasks = new Functions({
    session,
    records,
    services: { now: () => new Date(), page, searchDocuments, units },
    tools: own,
    // A failure is not kept, so the next question tries again.
    loadValidator: () => (validator ??= loadValidator(vendor).catch((error) => {
      validator = null;
      throw error;
    })),
    onChange: changed,
    onText: (piece) => thread.append(piece),
    onDropped: (dropped) => history.note(dropped),
  });
  const tools = mountTools(root);
  root.append(main);
  const empty = mountEmpty(main, loading, sample);
  const thread = mountThread(main, markdownSoon(vendor, () => thread.redraw()));
  const composer = mountComposer(main);
  const history = mountHistory(main, records, historyKind());
  const figures = mountFigures(figuresRoot, texts.functions.figures);
  const ended = new AbortController();
  const { signal } = ended;
  element.append(root);

  function show() {
    const { state } = session;
    tools.update(tasks);
    empty.update(tasks, state);
    thread.update(tasks);
    composer.update(tasks);
    const written = tasks.state.conversation.exchanges.at(-1)?.figures;
    figures.update(state, written ? [{ name: "", figures: written, seed: state.setup?.settings.seed ?? 0 }] : []);
  }

  /** Those of the person's own, by the ids of their records. @type {Map<string, Tool>} */
  const kept = new Map();

  async function readTools() {
    const heads = await saved.list({ count: MAX_RECORDS });
    if (signal.aborted) return;
    kept.clear();
    for (const { id, head } of heads.toReversed()) {
      try {
        kept.set(id, checkedTool(head, namesBut("")));
      } catch (error) {
        if (!(error instanceof OwnToolError)) throw error; // else another page's, or nobody's
      }
    }
    tasks.setTools([...own, ...kept.values()]);
  }

  /** @param {string} name */
  function namesBut(name) {
    return [...own, ...kept.values()].map((tool) => tool.name).filter((each) => each !== name);
  }

  /** @param {import('./tools_view.js').ToolsEvents['keep']} given */
  async function keep({ name, text, answered }) {
    try {
      const { own: _, run: __, ...tool } = ownTool(text, namesBut(name));
      const id = [...kept].find(([, each]) => each.name === name)?.[0] ?? newId();
      answered("");
      await saved.put({ id, at: Date.now(), head: tool, body: null });
    } catch (error) {
      if (!(error instanceof OwnToolError)) throw error;
      answered(shelf.refused(error));
    }
  }

  function save() {
    const { conversation } = tasks.state;
    download("onpage-functions.md", "text/markdown", asMarkdown([conversation], { title: said.file, called: words.called, heading }));
  }

  toolsEvents.listen(tools.root, "offer", ({ name, on }) => tasks.offer(name, on), signal);
  toolsEvents.listen(tools.root, "disallow", (name) => tasks.disallow(name), signal);
  toolsEvents.listen(tools.root, "keep", keep, signal);
  toolsEvents.listen(tools.root, "remove", (name) => saved.delete([...kept].find(([, tool]) => tool.name === name)?.[0] ?? ""), signal);
  emptyEvents.listen(empty.root, "question", (question) => (tasks.type(question), tasks.ask()), signal);
  callEvents.listen(thread.root, "allow", async ({ id, always, text, answered }) => answered(await tasks.allow(id, { always, text })), signal);
  callEvents.listen(thread.root, "refuse", (id) => tasks.refuse(id), signal);
  callEvents.listen(thread.root, "give", ({ id, result }) => tasks.give(id, result), signal);
  threadEvents.listen(thread.root, "again", () => tasks.again(), signal);
  threadEvents.listen(thread.root, "save", save, signal);
  composerEvents.listen(composer.root, "type", (draft) => tasks.type(draft), signal);
  composerEvents.listen(composer.root, "ask", () => tasks.ask(), signal);
  composerEvents.listen(composer.root, "stop", () => tasks.stop(), signal);
  composerEvents.listen(composer.root, "fresh", () => tasks.fresh(), signal);
  historyEvents.listen(history.root, "open", async (id) => (await tasks.open(id)) && thread.focus(), signal);
  historyEvents.listen(history.root, "removed", (id) => tasks.gone(id), signal);
  saved.listen(() => void readTools(), signal);

  await readTools();
  const { draft, off, open } = /** @type {Record<string, unknown>} */ (recalled ?? {});
  if (typeof draft === "string") tasks.type(draft);
  if (Array.isArray(off)) for (const name of off) if (typeof name === "string") tasks.offer(name, false);
  if (typeof open === "string" && open) await tasks.open(open);
  show();

  return {
    update() {
      tasks.seen();
      show();
    },
    holdsText: () => tasks.state.draft.trim() !== "" || tasks.state.conversation.exchanges.length > 0,
    stop: () => tasks.stop(),
    take: (text) => tasks.type(text),
    focus: () => composer.focus(),
    destroy() {
      tasks.close();
      ended.abort();
      for (const view of [tools, empty, thread, composer, history, figures]) view.destroy();
      root.remove();
    },
  };
}
