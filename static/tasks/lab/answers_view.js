// @ts-check
/**
 * The answers, one or two side by side, each as it streams in and then as its template reads it; what can be done with them. A piece is
 * appended, so a screen reader hears it once and it costs the same at any length.
 *
 * @typedef {{again: undefined, save: undefined}} AnswersEvents
 */

import { texts } from "../../text/texts.js";
import { h, text, uniqueId, viewEvents } from "../../ui/dom.js";
import { copyOnClick } from "../../ui/files.js";
import { mountNotice } from "../../ui/notice.js";
import { jsonIn } from "./reading.js";
import { plain, read } from "./run.js";
import { unsaid } from "./unsaid.js";

/** @typedef {import('./run.js').Answer} Answer @typedef {import('./run.js').Run} Run */

const said = texts.lab;

/** @type {import('../../ui/dom.js').ViewEvents<AnswersEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent @param {HTMLElement} loading */
export function mountAnswers(parent, loading) {
  const titleId = uniqueId("answers");
  const title = h("h2", { class: "lab-card-title", id: titleId, tabindex: "-1" }, said.card);
  const about = h("p", { class: "lab-card-about" });
  const [demoBox, unloadedBox] = [h("div", {}), h("div", {})];
  const sentence = h("p", { class: "lab-empty-sentence" });
  const sampleBy = h("figcaption", {});
  const sampleText = h("blockquote", { dir: "auto" });
  const sample = h("figure", { class: "lab-sample" }, sampleBy, sampleText);
  const empty = h("div", { class: "lab-empty" }, sentence, sample);
  const answers = h("div", { class: "lab-answers" });
  const again = h("button", { type: "button", class: "button" }, said.again);
  const save = h("button", { type: "button", class: "button" }, said.save);
  const actions = h("div", { class: "lab-actions", hidden: true }, again, save);
  const root = h("section", { class: "lab-card", "aria-labelledby": titleId }, h("div", { class: "lab-card-head" }, title, about), demoBox, loading, unloadedBox, empty, answers, actions);
  const [demo, unloaded] = [mountNotice(demoBox), mountNotice(unloadedBox)];
  demoBox.removeAttribute("role"); // it is always there, and no alarm
  parent.append(root);
  /** @type {Map<Answer, ReturnType<typeof makeAnswer>>} */
  let views = new Map();
  /** @type {Run | null} */
  let shown = null;
  let wasBusy = false;

  again.addEventListener("click", () => {
    title.focus(); // the button is about to go away
    events.emit(root, "again");
  });
  save.addEventListener("click", () => events.emit(root, "save"));

  return {
    root,

    /** @param {Answer} answer @param {string} piece */
    append(answer, piece) {
      views.get(answer)?.append(piece);
    },

    /** @param {import('./lab.js').Lab} lab @param {import('../../engine/session_state.js').SessionState} session */
    update(lab, { now, setup }) {
      const { run, busy, repairing, template, sides } = lab.state;
      const loads = now.phase === "loading" || now.phase === "starting";
      if (run !== shown || (run && [...views.keys()].some((answer) => !run.answers.includes(answer)))) {
        shown = run;
        for (const view of views.values()) view.destroy();
        views = new Map();
      }
      const two = (run?.answers.length ?? 0) > 1 || (busy && sides !== null);
      root.toggleAttribute("data-two", two);
      for (const [index, answer] of (run?.answers ?? []).entries()) {
        let view = views.get(answer);
        if (!view) {
          view = makeAnswer(answer, /** @type {Run} */ (run).asked);
          views.set(answer, view);
        }
        if (answers.children[index] !== view.root) answers.insertBefore(view.root, answers.children[index] ?? null);
        const side = two ? said.sides.names[index] : "";
        view.update(side, busy && answer.ended === null);
      }
      if (busy && !wasBusy) root.scrollIntoView({ block: "nearest" }); // on a narrow screen it is below the form
      wasBusy = busy;
      text(about, run ? said.nameOf(run.asked.template) : "");
      demo.update(setup?.model.demo ? said.demo : null);
      unloaded.update(lab.state.unloaded ? said.notices.unloaded : null);
      empty.hidden = run !== null && !(busy && !run.answers.length);
      text(sentence, repairing ? said.repairing : busy && !loads ? said.reading : said.empty);
      const { result = "", by = "" } = template.example;
      sample.hidden = !result || busy;
      text(sampleBy, said.sample(by));
      text(sampleText, result && plain(read(result, template.answer)));
      actions.hidden = !run || busy;
      again.hidden = sides !== null;
      again.setAttribute("aria-disabled", String(!lab.ready || lab.missing.length > 0));
    },

    focus() {
      title.focus();
      root.scrollIntoView({ block: "nearest" });
    },

    destroy() {
      for (const view of views.values()) view.destroy();
      root.remove();
    },
  };
}

/** @param {Answer} answer @param {Run['asked']} asked */
function makeAnswer(answer, { reading, values }) {
  const stream = h("div", { class: "lab-text grows", role: "log", "aria-live": "polite", tabindex: "0", dir: "auto" });
  const body = h("div", { class: "lab-read", hidden: true });
  const verdict = h("p", { class: "lab-verdict" });
  const problems = h("ul", { class: "lab-problems" });
  const firstText = h("pre", { class: "lab-json", tabindex: "0" });
  const first = h("details", { class: "lab-first", hidden: true }, h("summary", {}, said.json.first), firstText);
  const note = h("p", { class: "lab-card-about" });
  const by = h("p", { class: "lab-card-about" });
  const copy = h("button", { type: "button", class: "button lab-copy", hidden: true }, said.copy);
  const value = () => plain(read(answer.text, reading));
  const root = h("article", { class: "lab-answer" }, by, stream, body, verdict, problems, first, note, copy);
  const ends = [copyOnClick(copy, { value, body: stream, said: { ...said, copy: reading.as === "list" ? said.copyAll : said.copy } })];
  let [streamed, settled] = ["", false];

  /** What is read of it, in place of what streamed in. */
  function settle() {
    settled = true;
    const found = read(answer.text, reading);
    const asText = found.as === "text";
    text(stream, asText ? found.text || said.nothing : "");
    stream.hidden = !asText;
    body.hidden = asText;
    if (found.as === "json") body.replaceChildren(h("pre", { class: "lab-json", tabindex: "0" }, found.json));
    if (found.as === "list") body.replaceChildren(h("ol", { class: "lab-list" }, ...found.items.map(item)));
    text(copy, found.as === "list" ? said.copyAll : said.copy);
    const unfit = answer.problems.length > 0;
    const { fits, corrected, unfit: wrong, still, unchecked } = said.json;
    const failed = answer.problems[0]?.code === "unchecked" ? unchecked : answer.first ? still : wrong;
    text(verdict, reading.as !== "json" || answer.ended === "stopped" || answer.ended === "lost" ? "" : unfit ? `${failed}:` : texts.line([answer.first ? corrected : fits, unsaidOf()]));
    verdict.toggleAttribute("data-unfit", unfit);
    problems.replaceChildren(...answer.problems.map((problem) => h("li", {}, said.json.problem(problem))));
    first.hidden = !answer.first;
    text(firstText, answer.first?.text ?? "");
    text(note, answer.ended ? said.endings[answer.ended] : "");
    root.toggleAttribute("data-stopped", answer.ended === "stopped" || answer.ended === "lost");
  }

  /** What of its JSON a person should look up in what was filled in, "" for nothing. */
  function unsaidOf() {
    const found = reading.as === "json" && jsonIn(answer.text);
    if (!found || !("value" in found)) return "";
    const given = Object.entries(values).filter(([id]) => id !== reading.schema);
    const figures = unsaid(found.value, given.map(([, value]) => value).join("\n"));
    return figures.length ? said.json.unsaid(figures) : "";
  }

  /** @param {string} content */
  function item(content) {
    const words = h("span", { dir: "auto" }, content);
    const button = h("button", { type: "button", class: "button button-quiet", "aria-label": `${said.copy}: ${content.slice(0, 60)}` }, said.copy);
    ends.push(copyOnClick(button, { value: () => content, body: words, said }));
    return h("li", {}, words, button);
  }

  return {
    root,
    /** @param {string} piece */
    append(piece) {
      stream.append(piece);
      streamed += piece;
    },
    /** @param {string} side "" for the only one @param {boolean} writing */
    update(side, writing) {
      stream.setAttribute("aria-label", side ? said.logOf(side) : said.log);
      stream.setAttribute("aria-busy", String(writing));
      root.toggleAttribute("data-writing", writing);
      text(by, texts.line([side, said.by(answer.by)]));
      copy.hidden = writing || !answer.text;
      if (writing) {
        settled = false;
        [stream.hidden, body.hidden, first.hidden] = [false, true, !answer.first];
        for (const each of [verdict, note]) text(each, "");
        text(firstText, answer.first?.text ?? "");
        problems.replaceChildren();
        if (streamed !== answer.text) text(stream, (streamed = answer.text)); // the correction begins anew
      } else if (!settled && answer.ended) settle();
    },
    destroy() {
      for (const end of ends) end();
      root.remove();
    },
  };
}
