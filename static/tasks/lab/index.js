// @ts-check
/** The third task: one text in, one answer out, by templates that are data. This is what connects the lab (lab.js), its views and the page. */

import { takesSampling } from "../../engine/index.js";
import { newId } from "../../records/record.js";
import { MAX_RECORDS } from "../../records/records.js";
import { texts } from "../../text/texts.js";
import { h, together } from "../../ui/dom.js";
import { download } from "../../ui/files.js";
import { json } from "../data.js";
import { mountFigures } from "../parts/figures.js";
import { events as historyEvents, mountHistory } from "../parts/history_view.js";
import { Keeper } from "../parts/keeper.js";
import { loadValidator } from "../parts/schema.js";
import { textOf } from "../parts/text_file.js";
import { events as answersEvents, mountAnswers } from "./answers_view.js";
import { MAX_BYTES, TemplateFileError, asJson, asMarkdown, fromFile, toFile } from "./files.js";
import { events as formEvents, mountForm } from "./form.js";
import { events as instructionEvents, makeInstruction } from "./instruction.js";
import { Lab } from "./lab.js";
import { entryOf, plain, read, runOf } from "./run.js";
import { events as sidesEvents, makeSides } from "./sides_view.js";
import { TemplateError, checked } from "./template.js";

/**
 * @typedef {import('../task.js').TaskContext} TaskContext
 * @typedef {import('../task.js').MountedTask} MountedTask
 * @typedef {import('./template.js').Template} Template
 */

const said = texts.lab;
const here = (/** @type {string} */ file) => new URL(file, import.meta.url);

/** Answers as the history shows them. @type {import('../parts/history_view.js').Kind} */
const HISTORY = {
  itemOf(head) {
    const run = runOf(head);
    return run && { text: run.answers.map(({ text }) => plain(read(text, run.asked.reading))).join("\n\n"), about: said.history.about(run) };
  },
  asJson,
  asMarkdown: (entries) => asMarkdown(entries.flatMap((entry) => runOf(entry) ?? []), { title: said.history.file, by: said.by, heading: said.history.about }),
  file: "onpage-answers",
  said: said.history,
  copying: said,
};

export const styles = ["lab.css", "card.css", "../parts/caret.css", "../parts/figures.css", "../parts/history.css"].map(here);

/**
 * @param {HTMLElement} element
 * @param {TaskContext} context
 * @returns {Promise<MountedTask>}
 */
export async function mount(element, { session, vendor, loading, figures: figuresRoot, recalled, remember, records, collection }) {
  const [shipped, languages] = await Promise.all(["templates.json", "../parts/languages.json"].map((file) => json(here(file))));
  /** @type {Template[]} */
  const builtIn = shipped.map((/** @type {object} */ each) => checked({ name: "", ...each }));
  const saved = collection("templates");
  /** @type {Promise<import('../parts/schema.js').Validator> | null} */
  let validator = null;
  /** All changes made together are shown once. */
  const changed = together(() => {
    if (signal.aborted) return;
    remember(lab.remembered);
    show();
  });
  const lab = new Lab({
    session,
    templates: builtIn,
    // A failure is not kept, so the next answer tries again.
    loadValidator: () => (validator ??= loadValidator(vendor).catch((error) => {
      validator = null;
      throw error;
    })),
    onChange: changed,
    onText(answer, piece) {
      answers.append(answer, piece);
      if (lab.state.run) keeper.soon(lab.state.run);
    },
    onWritten: (run) => keeper.now(run),
  });
  const instruction = makeInstruction();
  const sides = makeSides();
  const form = mountForm(element, languages, instruction.root, sides.root);
  const side = h("div", { class: "lab-side" });
  element.append(side);
  const answers = mountAnswers(side, loading);
  const history = mountHistory(side, records, HISTORY);
  const keeper = new Keeper(records, entryOf, (dropped) => history.note(dropped));
  const figures = mountFigures(figuresRoot, said.figures);
  const ended = new AbortController();
  const { signal } = ended;
  /** What the example took the place of, of which template, and what it is. @type {{id: string, before: Record<string, string>, after: Record<string, string>} | null} */
  let replaced = null;
  let noted = "";

  function show() {
    const { state } = session;
    const { template, draft, run } = lab.state;
    const canUndo = replaced?.id === template.id && replaced.after === draft.values;
    form.update(lab, state, canUndo);
    instruction.update(lab, Boolean(state.setup?.choice && takesSampling(state.setup.choice)), noted);
    sides.update(lab, state);
    answers.update(lab, state);
    const names = said.sides.names.map(said.sides.side);
    const measured = (run?.answers ?? []).flatMap(({ figures: found, by }, index, all) => (found ? [{ name: all.length > 1 ? names[index] : "", figures: found, seed: by.seed }] : []));
    figures.update(state, measured);
  }

  /** @param {string} sentence */
  function note(sentence) {
    noted = sentence;
    show();
  }

  async function readTemplates() {
    const heads = await saved.list({ count: MAX_RECORDS });
    const own = heads.flatMap(({ id, head }) => {
      try {
        return [checked({ .../** @type {object} */ (head), id })];
      } catch (error) {
        if (error instanceof TemplateError) return []; // another page's, or nobody's
        throw error;
      }
    });
    if (!signal.aborted) lab.setTemplates([...builtIn, ...own.filter(({ name }) => name.trim())]);
  }

  /** @param {Template} template */
  async function keep({ id, ...template }) {
    await saved.put({ id, at: Date.now(), head: template, body: null });
  }

  /** @param {string} name */
  async function saveAs(name) {
    const id = newId();
    const { draft } = lab.state;
    await keep({ ...lab.edited, id, name });
    await readTemplates();
    lab.choose(id);
    lab.redraft(draft);
  }

  /** @param {File} file */
  async function take(file) {
    try {
      const found = fromFile(await textOf(file, MAX_BYTES, TemplateFileError));
      for (const template of found) await keep({ ...template, id: newId() });
      await readTemplates();
      note(said.instruction.opened(found.length));
    } catch (error) {
      if (!(error instanceof TemplateFileError)) throw error;
      note(said.instruction.refused(file.name, said.instruction.problems[error.code], error.detail));
    }
  }

  async function removeTemplate() {
    const { id } = lab.state.template;
    await saved.delete(id);
    await readTemplates();
  }

  /** Shows an answer of the history. @param {unknown} id @param {boolean} [focused] */
  async function open(id, focused = true) {
    const entry = typeof id === "string" && id ? await records.get(id) : null;
    const run = entry && runOf(entry);
    if (!run || signal.aborted || lab.state.busy) return;
    keeper.flush();
    lab.show(run);
    if (focused) answers.focus();
  }

  function saveRun() {
    const { run } = lab.state;
    if (!run) return;
    const name = `onpage-${run.asked.template.id.slice(0, 20)}`;
    const [only] = run.answers;
    const found = run.answers.length === 1 && only ? read(only.text, run.asked.reading) : null;
    if (found?.as === "json") download(`${name}.json`, "application/json", `${found.json}\n`);
    else download(`${name}.md`, "text/markdown", asMarkdown([run], { title: said.nameOf(run.asked.template), by: said.by, heading: said.history.about }));
  }

  formEvents.listen(form.root, "template", (id) => lab.choose(id), signal);
  formEvents.listen(form.root, "value", ({ id, value }) => lab.fill(id, value), signal);
  formEvents.listen(form.root, "example", () => {
    const { template, draft } = lab.state;
    const before = replaced?.after === draft.values ? replaced.before : draft.values; // the person's own, past the example
    lab.useExample();
    replaced = { id: template.id, before, after: lab.state.draft.values };
  }, signal);
  formEvents.listen(form.root, "undo", () => replaced && lab.redraft({ values: replaced.before }), signal);
  formEvents.listen(form.root, "run", () => lab.run(), signal);
  formEvents.listen(form.root, "stop", () => lab.stop(), signal);
  instructionEvents.listen(instruction.root, "instruction", (text) => lab.redraft({ instruction: text }), signal);
  instructionEvents.listen(instruction.root, "reset", () => lab.redraft({ instruction: lab.state.template.instruction }), signal);
  instructionEvents.listen(instruction.root, "page-sampling", (pageSampling) => lab.redraft({ pageSampling }), signal);
  instructionEvents.listen(instruction.root, "save", saveAs, signal);
  instructionEvents.listen(instruction.root, "remove", removeTemplate, signal);
  instructionEvents.listen(instruction.root, "export", () => download("onpage-templates.json", "application/json", toFile(lab.state.templates.filter(({ name }) => name))), signal);
  instructionEvents.listen(instruction.root, "import", take, signal);
  sidesEvents.listen(sides.root, "compare", (wanted) => lab.compare(wanted), signal);
  sidesEvents.listen(sides.root, "side", ({ index, change }) => lab.setSide(index, change), signal);
  answersEvents.listen(answers.root, "again", () => lab.again(), signal);
  answersEvents.listen(answers.root, "save", saveRun, signal);
  historyEvents.listen(history.root, "open", (id) => open(id), signal);
  historyEvents.listen(history.root, "removed", (id) => keeper.forget(id ?? lab.state.run?.id ?? ""), signal);
  historyEvents.listen(history.root, "restored", (id) => keeper.resume(id), signal);
  saved.listen(() => void readTemplates(), signal);
  window.addEventListener("pagehide", () => keeper.flush(), { signal });

  await readTemplates();
  lab.recall(recalled);
  await open(/** @type {{run?: unknown}} */ (recalled ?? {}).run, false);

  return {
    update: show,
    holdsText: () => lab.holdsText,
    stop: () => lab.stop(),
    focus: () => form.focus(),
    destroy() {
      keeper.flush();
      lab.stop();
      ended.abort();
      for (const view of [form, answers, history, figures]) view.destroy();
      side.remove();
    },
  };
}
