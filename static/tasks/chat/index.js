// @ts-check
/** The second task: a conversation with the model. This is what connects the chat (chat.js), its views and the page. */

import { ownSystem } from "../../engine/index.js";
import { newId } from "../../records/record.js";
import { MAX_RECORDS } from "../../records/records.js";
import { texts } from "../../text/texts.js";
import { h, together } from "../../ui/dom.js";
import { download } from "../../ui/files.js";
import { json } from "../data.js";
import { markdownSoon } from "../parts/markdown.js";
import { textOf } from "../parts/text_file.js";
import { Chat } from "./chat.js";
import { events as composerEvents, mountComposer } from "./composer.js";
import { mountFigures } from "./figures.js";
import { ChatFileError, MAX_BYTES, toFile, toMarkdown } from "./files.js";
import { events as instructionsEvents, mountInstructions } from "./instructions.js";
import { events as listEvents, mountList } from "./list.js";
import { events as threadEvents, mountThread } from "./thread.js";
import { titleOf } from "./tree.js";

/**
 * @typedef {import('../task.js').TaskContext} TaskContext
 * @typedef {import('../task.js').MountedTask} MountedTask
 * @typedef {import('./instructions.js').Preset} Preset
 */

/** A prompt is no text of the page: it is the same in each language of the page. */
const SUMMARIZE = "Summarize our conversation so far in at most 80 words. Keep names, dates, numbers and decisions.";

const here = (/** @type {string} */ file) => new URL(file, import.meta.url);

export const styles = ["chat.css", "turns.css", "../parts/markdown.css", "../parts/caret.css"].map(here);

/**
 * @param {HTMLElement} element
 * @param {TaskContext} context
 * @returns {Promise<MountedTask>}
 */
export async function mount(element, { session, vendor, loading, figures: figuresRoot, recalled, remember, records, collection }) {
  const [samples, shipped] = await Promise.all(["samples.json", "presets.json"].map((file) => json(here(file))));
  const saved = collection("presets");
  const root = h("section", { class: "chat", "aria-label": texts.chat.region });
  const main = h("div", { class: "chat-main" });
  /** @type {Preset[]} */
  const builtIn = shipped.map((/** @type {Omit<Preset, 'own' | 'name'>} */ each) => ({ ...each, name: texts.chat.instructions.shipped[each.id], own: false }));
  let presets = builtIn;
  let notice = "";
  let wasReady = false;

  /** All changes made together are shown once. */
  const changed = together(() => {
    const { conversation, draft } = chat.state;
    remember({ open: conversation.id, draft, system: conversation.system, unkept: chat.unkept });
    show();
  });
  const chat = new Chat({ session, records, onChange: changed, onText: (piece) => thread.append(chat.state.writing?.turn.id ?? "", piece) });
  const list = mountList(root);
  root.append(main);
  const instructions = mountInstructions(main);
  const thread = mountThread(main, loading, samples, markdownSoon(vendor, () => thread.redraw()));
  const composer = mountComposer(main);
  const figures = mountFigures(figuresRoot);
  const ended = new AbortController();
  const { signal } = ended;
  element.append(root);

  function show() {
    if (signal.aborted) return;
    const { now, setup } = session.state;
    const loads = now.phase === "loading" || now.phase === "starting";
    list.update(chat, notice || (chat.trouble ? texts.records.troubles[chat.trouble] : ""));
    instructions.update(chat.state.conversation.system, presets, chat.state.writing !== null, ownSystem(setup?.model.promptTemplate ?? null));
    thread.update(chat, { ready: chat.ready, demo: setup?.model.demo ?? false, name: setup?.model.name ?? "", loads });
    composer.update(chat, session.state);
    figures.update(chat);
  }

  /** @param {string} sentence */
  function say(sentence) {
    notice = sentence;
    show();
  }

  async function readPresets() {
    const heads = await saved.list({ count: MAX_RECORDS });
    const own = heads.flatMap(({ id, head }) => {
      const { name, text } = /** @type {{name?: unknown, text?: unknown}} */ (head ?? {});
      return typeof name === "string" && typeof text === "string" ? [{ id, name, text, own: true }] : [];
    });
    presets = [...builtIn, ...own];
    show();
  }

  /** @param {File} file */
  async function open(file) {
    try {
      const count = await chat.take(await textOf(file, MAX_BYTES, ChatFileError));
      say(texts.chat.files.opened(count));
    } catch (error) {
      if (!(error instanceof ChatFileError)) throw error;
      say(texts.chat.files.refused(file.name, texts.chat.files.problems[error.code], error.detail));
    }
  }

  composerEvents.listen(composer.root, "draft", (draft) => chat.setDraft(draft), signal);
  composerEvents.listen(composer.root, "send", () => chat.send(), signal);
  composerEvents.listen(composer.root, "stop", () => chat.stop(), signal);
  composerEvents.listen(composer.root, "leave-out", () => chat.leaveOut(), signal);
  composerEvents.listen(composer.root, "summarize", () => chat.summarize(SUMMARIZE), signal);
  composerEvents.listen(composer.root, "anew", () => chat.anew(), signal);
  composerEvents.listen(composer.root, "dismiss", () => chat.dismiss(), signal);
  threadEvents.listen(thread.root, "sample", (sample) => (chat.setDraft(sample), composer.focus()), signal);
  threadEvents.listen(thread.root, "edit", ({ id, text }) => chat.edit(id, text), signal);
  threadEvents.listen(thread.root, "answer", (id) => chat.answer(id), signal);
  threadEvents.listen(thread.root, "go-on", (id) => chat.goOn(id), signal);
  threadEvents.listen(thread.root, "choose", (id) => chat.choose(id), signal);
  threadEvents.listen(thread.root, "remove-turn", (id) => (chat.removeTurn(id), composer.focus()), signal);
  listEvents.listen(list.root, "open", (id) => ((notice = ""), chat.open(id)), signal);
  listEvents.listen(list.root, "fresh", async () => ((notice = ""), await chat.fresh(), composer.focus()), signal);
  listEvents.listen(list.root, "delete", async () => (await chat.remove(chat.state.conversation.id), composer.focus()), signal);
  listEvents.listen(list.root, "open-file", open, signal);
  listEvents.listen(list.root, "save-json", () => save(nameOf(), "json", toFile([chat.state.conversation])), signal);
  listEvents.listen(list.root, "save-all", async () => save(texts.chat.files.all, "json", toFile(await chat.all())), signal);
  listEvents.listen(list.root, "save-markdown", () => save(nameOf(), "md", toMarkdown(chat.state.conversation, chat.path, texts.chat.files.names)), signal);
  instructionsEvents.listen(instructions.root, "system", (system) => chat.setSystem(system), signal);
  const write = async (/** @type {{name: string, text: string}} */ preset) => {
    await saved.put({ id: newId(), at: Date.now(), head: preset, body: null });
    await readPresets();
  };
  instructionsEvents.listen(instructions.root, "save-preset", write, signal);
  instructionsEvents.listen(instructions.root, "remove-preset", async (id) => (await saved.delete(id), await readPresets()), signal);

  const nameOf = () => titleOf(chat.state.conversation) || texts.chat.files.one;

  await Promise.all([chat.start(startOf(recalled)), readPresets()]);
  if (chat.trouble) say(texts.records.troubles[chat.trouble]);

  return {
    update({ now }) {
      const ready = now.phase === "ready";
      if (ready && !wasReady) chat.countSoon(0);
      if (now.phase === "loading") chat.uncounted();
      wasReady = ready;
      show();
    },
    holdsText: () => chat.state.draft.trim() !== "" || chat.state.conversation.turns.length > 0,
    stop: () => void chat.stop(),
    take: (value) => chat.state.draft.trim() || chat.setDraft(value),
    focus: () => composer.focus(),
    destroy() {
      ended.abort();
      void chat.close();
      for (const view of [list, instructions, thread, composer, figures]) view.destroy();
      root.remove();
    },
  };
}

/** @param {unknown} recalled */
function startOf(recalled) {
  const found = /** @type {Record<string, unknown>} */ (recalled ?? {});
  const [open, draft, system] = ["open", "draft", "system"].map((name) => (typeof found[name] === "string" ? found[name] : ""));
  return { open, draft, system, unkept: found.unkept };
}

/** @param {string} name @param {'json' | 'md'} ending @param {string} content */
function save(name, ending, content) {
  const file = name.replace(/[^\p{L}\p{N} .-]/gu, "").trim().slice(0, 40) || "chat";
  download(`${file}.${ending}`, ending === "json" ? "application/json" : "text/markdown", content);
}
