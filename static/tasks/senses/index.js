// @ts-check
/** Pictures and sound: describe, ask, write down, translate. This is what connects the task (senses.js), camera and microphone, its views and the page. */

import { texts } from "../../text/texts.js";
import { h, together } from "../../ui/dom.js";
import { json } from "../data.js";
import { mountFigures } from "../parts/figures.js";
import { events as historyEvents, mountHistory } from "../parts/history_view.js";
import { markdownSoon } from "../parts/markdown.js";
import { answerOf, asJson, asMarkdown } from "./answer.js";
import { events as answerEvents, mountAnswer } from "./answer_view.js";
import { events as inputEvents, mountInput } from "./input_view.js";
import { Live } from "./live.js";
import { MediaError } from "./media_error.js";
import { pictureFrom, readPicture, readSound, soundsLike, thumbnailOf } from "./reading.js";
import { Senses } from "./senses.js";

/**
 * @typedef {import('../task.js').TaskContext} TaskContext
 * @typedef {import('../task.js').MountedTask} MountedTask
 */

const said = texts.senses;
const here = (/** @type {string} */ file) => new URL(file, import.meta.url);
const SAMPLE = "sample.png";

/** Answers as the history shows them. @type {import('../parts/history_view.js').Kind} */
const HISTORY = {
  itemOf(head) {
    const answer = answerOf(head);
    return answer && { text: [answer.question, answer.text].filter(Boolean).join("\n\n"), about: said.history.about(answer) };
  },
  asJson,
  asMarkdown: (entries) => `# ${said.history.file}\n\n${entries.flatMap((entry) => answerOf(entry) ?? []).map((answer) => asMarkdown(answer, said.history.about)).join("\n")}`,
  file: "onpage-answers",
  said: said.history,
  copying: said.answer,
};

export const styles = ["senses.css", "../parts/markdown.css", "../parts/caret.css", "../parts/figures.css", "../parts/history.css"].map(here);

/**
 * @param {HTMLElement} element
 * @param {TaskContext} context
 * @returns {Promise<MountedTask>}
 */
export async function mount(element, { session, vendor, loading, figures: figuresRoot, recalled, remember, records }) {
  const [templates, languages] = await Promise.all(["templates.json", "../parts/languages.json"].map((file) => json(here(file))));
  const ended = new AbortController();
  const { signal } = ended;
  let problem = "";
  /** All changes made together are shown once. */
  const changed = together(() => {
    if (signal.aborted) return;
    const { template, question, language } = task.state;
    remember({ template: template.id, question, language });
    show();
  });
  const task = new Senses({ session, records, templates, language: languageOfPage(languages.all), thumbnailOf, onChange: changed, onText: (piece) => answer.append(piece) });
  const live = new Live(changed, (recorded) => attempt(() => add(recorded, said.microphone, true)));
  const input = mountInput(element, templates, languages);
  const side = h("div", { class: "senses-side" });
  element.append(side);
  const answer = mountAnswer(side, loading, here(SAMPLE).href, markdownSoon(vendor, () => answer.redraw()));
  const history = mountHistory(side, records, HISTORY);
  const figures = mountFigures(figuresRoot, said.figures);
  let wasReady = false;

  function show() {
    const { state } = session;
    const { figures: measured, answer: shown } = task.state;
    input.update(task, state, live, problem);
    answer.update(task);
    figures.update(state, measured && shown ? [{ name: "", figures: measured, seed: state.setup?.settings.seed ?? 0 }] : []);
  }

  /** What may go wrong with a file or a device is said in a sentence. @param {() => unknown} act */
  async function attempt(act) {
    problem = "";
    try {
      await act();
      if (!signal.aborted) await task.count();
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      problem = said.problems[error.code];
    }
    changed();
  }

  /** @param {Blob} file @param {string} name @param {boolean} sounds */
  async function add(file, name, sounds) {
    if (sounds) task.setSound(await readSound(file, name));
    else task.addPicture(await readPicture(file, name));
  }

  /** @param {File} file */
  async function take(file) {
    const sounds = soundsLike(file);
    await add(file, file.name, sounds);
    task.fit(sounds ? "audio" : "image");
  }

  const on = inputEvents.listen;
  on(input.root, "template", (id) => attempt(() => (live.close(), task.choose(id))), signal);
  on(input.root, "files", (files) => attempt(async () => {
    const outcomes = [];
    for (const file of files) outcomes.push(...(await Promise.allSettled([take(file)]))); // one after the other; a wrong one keeps no other out
    for (const each of outcomes) if (each.status === "rejected") throw each.reason;
  }), signal);
  on(input.root, "sample", () => attempt(async () => add(await (await fetch(here(SAMPLE))).blob(), SAMPLE, false)), signal);
  on(input.root, "open", (device) => attempt(() => live.open(device)), signal);
  on(input.root, "shoot", (video) => attempt(async () => {
    const { stream } = live;
    const picture = await pictureFrom(video, said.camera);
    if (!stream || live.stream !== stream) return; // it was closed meanwhile
    task.addPicture(picture);
    live.close();
  }), signal);
  on(input.root, "shut", () => live.close(), signal);
  on(input.root, "remove", (gone) => attempt(() => task.remove(gone)), signal);
  on(input.root, "question", (question) => task.ask(question), signal);
  on(input.root, "language", (language) => task.setLanguage(language), signal);
  on(input.root, "load", () => task.load(), signal);
  on(input.root, "unload", () => task.unload(), signal);
  on(input.root, "run", () => task.run(), signal);
  on(input.root, "stop", () => task.stop(), signal);
  answerEvents.listen(answer.root, "again", () => task.again(), signal);
  historyEvents.listen(history.root, "open", async (id) => (await task.show(id), answer.focus()), signal);
  window.addEventListener("pagehide", () => live.close(), { signal });
  document.addEventListener("visibilitychange", () => document.hidden && live.close(), { signal });

  const { template, question, language } = /** @type {Record<string, unknown>} */ (recalled ?? {});
  if (typeof template === "string") task.choose(template);
  if (typeof question === "string") task.ask(question);
  if (typeof language === "string" && languages.all.includes(language)) task.setLanguage(language);

  return {
    update() {
      if (element.closest("[hidden]")) live.close(); // another task is shown
      const ready = session.state.now.phase === "ready";
      if (ready && !wasReady) void task.count(); // a model has come that counts by itself
      wasReady = ready;
      show();
    },
    holdsText: () => task.state.question.trim() !== "" || task.state.pictures.length > 0 || task.state.sound !== null,
    stop: () => (live.close(), task.stop()),
    focus: () => input.focus(),
    destroy() {
      live.close();
      task.close();
      ended.abort();
      for (const view of [input, answer, history, figures]) view.destroy();
      side.remove();
    },
  };
}

/** @param {string[]} codes */
function languageOfPage(codes) {
  const script = { "zh-CN": "zh-Hans", "zh-TW": "zh-Hant" }[texts.language] ?? texts.language;
  return codes.includes(script) ? script : "en";
}
