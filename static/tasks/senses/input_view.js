// @ts-check
/**
 * Where a person says what to do and shows or plays something: templates, files, camera, microphone, what is attached and what it costs,
 * and whether the model can.
 *
 * @typedef {{template: string, files: File[], open: import('./live.js').Device, shoot: HTMLVideoElement, shut: undefined,
 *   remove: Picture | Sound, question: string, language: string, sample: undefined, load: undefined, unload: undefined, run: undefined,
 *   stop: undefined}} InputEvents
 * @typedef {import('./reading.js').Picture} Picture
 * @typedef {import('./reading.js').Sound} Sound
 */

import { MAX_IMAGES, MAX_SECONDS, NO_SENSES, mediaTokens, sameSenses } from "../../engine/index.js";
import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, directionOf, focusBeside, h, text, uniqueId, viewEvents } from "../../ui/dom.js";
import { takeDropped } from "../../ui/files.js";
import { languageGroups } from "../parts/language_groups.js";

/** What serves a model that sees and hears. */
const COMMAND = "onpage fetch gemma3n-e2b-int4\nonpage serve --model gemma3n-e2b-int4";

/** @type {import('../../ui/dom.js').ViewEvents<InputEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent @param {import('./senses.js').Template[]} templates @param {{common: string[], all: string[]}} languages */
export function mountInput(parent, templates, languages) {
  const said = texts.senses;
  const [group, questionId, languageId, missingId] = ["template", "question", "language", "missing"].map(uniqueId);
  const options = templates.map(({ id }) => h("label", { class: "choice-option" }, h("input", { type: "radio", name: group, value: id }), h("span", { class: "choice-label" }, said.name(id))));
  const list = h("fieldset", { class: "senses-templates" }, h("legend", {}, said.templates), ...options);
  const file = h("input", { type: "file", multiple: true, accept: "image/*,audio/*", hidden: true });
  const [add, camera, microphone, sample] = [said.add, said.camera, said.microphone, said.sample].map((name) => button(name, "button button-quiet"));
  const video = h("video", { class: "senses-video", playsinline: true, muted: true, "aria-label": said.seen });
  video.muted = true;
  const recording = h("p", { class: "senses-recording", role: "status" });
  const [shoot, end] = [button(said.take, "button button-primary"), button(said.end, "button")];
  const live = h("div", { class: "senses-live", hidden: true }, video, recording, h("div", { class: "senses-row" }, shoot, end));
  const trouble = h("p", { class: "senses-trouble", role: "alert", hidden: true });
  const attached = h("ul", { class: "senses-attached" });
  const question = h("textarea", { id: questionId, rows: "2", ...NOT_SENT_AWAY });
  const language = h("select", { id: languageId });
  language.append(...languageGroups(languages));
  const asking = h("p", { class: "field" }, h("label", { for: questionId }, said.question), question);
  const speaking = h("p", { class: "field senses-short" }, h("label", { for: languageId }, said.language), language);
  const meter = h("meter", { min: "0", class: "senses-meter" });
  const meterText = h("span", {});
  const metered = h("p", { class: "senses-metered", hidden: true }, meter, meterText);
  const able = h("p", {});
  const command = h("pre", { class: "senses-command", tabindex: "0" }, COMMAND);
  const [load, unload] = [button("", "button button-primary"), button(said.ability.unload, "button button-quiet")];
  const ability = h("div", { class: "senses-ability" }, able, command, h("div", { class: "senses-row" }, load, unload));
  const run = h("button", { type: "submit", class: "button button-primary", "aria-describedby": missingId }, said.run);
  const stop = h("button", { type: "button", class: "button", hidden: true }, said.stop);
  const missing = h("p", { class: "senses-quiet", id: missingId });
  const limits = h("p", { class: "senses-quiet" }, said.limits(MAX_IMAGES, MAX_SECONDS));
  const root = h("form", { class: "senses-form", novalidate: true, "aria-label": said.region }, list, h("div", { class: "senses-row" }, add, camera, microphone, sample), file, live, trouble, attached, limits, asking, speaking, metered, ability, h("div", { class: "senses-row" }, run, stop), missing);
  parent.append(root);

  const ended = new AbortController();
  const { signal } = ended;
  const give = (/** @type {FileList | undefined} */ files) => files?.length && events.emit(root, "files", [...files]);
  /** Each with its row. @type {Map<Picture | Sound, {row: HTMLElement, url: string}>} */
  const rows = new Map();

  list.addEventListener("change", ({ target }) => target instanceof HTMLInputElement && events.emit(root, "template", target.value));
  add.addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    give(file.files ?? undefined);
    file.value = "";
  });
  camera.addEventListener("click", () => events.emit(root, "open", "camera"));
  microphone.addEventListener("click", () => events.emit(root, "open", "microphone"));
  sample.addEventListener("click", () => events.emit(root, "sample"));
  shoot.addEventListener("click", () => events.emit(root, "shoot", video));
  end.addEventListener("click", () => events.emit(root, "shut"));
  question.addEventListener("input", () => events.emit(root, "question", question.value));
  language.addEventListener("change", () => events.emit(root, "language", language.value));
  load.addEventListener("click", () => events.emit(root, "load"));
  unload.addEventListener("click", () => events.emit(root, "unload"));
  stop.addEventListener("click", () => events.emit(root, "stop"));
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    events.emit(root, "run");
  });
  window.addEventListener("paste", (event) => {
    const { target, clipboardData } = event;
    if (root.closest("[hidden]") || !clipboardData?.files.length) return;
    if (target === question && clipboardData.types.includes("text/plain")) return; // cells of a table are a text, and a picture of it
    event.preventDefault();
    give(clipboardData.files);
  }, { signal });
  takeDropped(parent, give, signal);

  /** @param {Picture | Sound} each */
  function rowOf(each) {
    const tokens = mediaTokens([each.part]);
    const remove = button("×", "button button-quiet senses-remove");
    remove.setAttribute("aria-label", said.remove(each.name));
    remove.addEventListener("click", () => {
      add.focus(); // the button goes away
      events.emit(root, "remove", each);
    });
    if ("wav" in each) {
      const url = URL.createObjectURL(each.wav);
      const { part, name, cut } = each;
      const seconds = Math.round(part.samples.length / part.sampleRate);
      const player = h("audio", { controls: true, src: url, "aria-label": name });
      return { url, row: h("li", { class: "senses-item" }, player, h("p", {}, said.sound(name, seconds, tokens, cut)), remove) };
    }
    const { image } = each.part;
    const canvas = h("canvas", { class: "senses-picture", role: "img", "aria-label": each.name, width: `${image.width}`, height: `${image.height}` });
    canvas.getContext("2d")?.drawImage(image, 0, 0);
    return { url: "", row: h("li", { class: "senses-item" }, canvas, h("p", {}, said.picture(each.name, tokens)), remove) };
  }

  /** @param {(Picture | Sound)[]} wanted */
  function showAttached(wanted) {
    for (const [each, { row, url }] of rows) {
      if (wanted.includes(each)) continue;
      row.remove();
      URL.revokeObjectURL(url);
      rows.delete(each);
    }
    for (const each of wanted) {
      if (rows.has(each)) continue;
      const made = rowOf(each);
      rows.set(each, made);
      attached.append(made.row);
    }
  }

  return {
    root,
    focus: () => add.focus(),

    /**
     * @param {import('./senses.js').Senses} senses
     * @param {import('../../engine/session_state.js').SessionState} session
     * @param {import('./live.js').Live} opened
     * @param {string} problem a sentence
     */
    update(senses, { now, setup }, opened, problem) {
      const { template, pictures, sound, writing, counted, tooLong, question: asked, language: wanted } = senses.state;
      for (const input of list.querySelectorAll("input")) {
        input.checked = input.value === template.id;
        input.disabled = writing;
      }
      const takes = (/** @type {'image' | 'audio'} */ kind) => template.takes.includes(kind);
      sample.hidden = !takes("image") || pictures.length > 0;
      camera.hidden = !takes("image");
      microphone.hidden = !takes("audio");
      const { device, stream, seconds } = opened;
      if (device === null && live.contains(focusBeside(live))) (camera.hidden ? microphone : camera).focus(); // what is hidden has no focus
      live.hidden = device === null;
      video.hidden = shoot.hidden = device !== "camera";
      const shown = device === "camera" ? stream : null;
      if (video.srcObject !== shown) {
        video.srcObject = shown;
        if (shown) void video.play().catch(() => {});
      }
      text(recording, device === "microphone" ? said.recording(seconds, MAX_SECONDS) : "");
      trouble.hidden = !problem;
      text(trouble, problem);
      showAttached([...(takes("image") ? pictures : []), ...(takes("audio") && sound ? [sound] : [])]);
      asking.hidden = !template.fields.includes("question");
      speaking.hidden = !template.fields.includes("language");
      if (question.value !== asked) question.value = asked;
      question.dir = directionOf(asked);
      if (language.value !== wanted) language.value = wanted;
      metered.hidden = !counted;
      if (counted) {
        [meter.max, meter.value] = [counted.room, Math.min(counted.tokens, counted.room)];
        text(meterText, said.meter(counted.tokens, counted.room));
        meter.setAttribute("aria-label", said.meter(counted.tokens, counted.room));
      }
      const found = senses.ability;
      const loads = now.phase === "loading" || now.phase === "starting";
      const idle = now.phase === "ready" && !writing;
      const model = setup?.model.name ?? "";
      const loaded = setup !== null && !sameSenses(setup.senses, NO_SENSES);
      const kind = found.kind;
      text(able, tooLong ? said.tooLong : loads || kind === "unknown" ? "" : kind === "load" ? said.ability.load(model, found.size) : kind === "switch" ? said.ability.other(found.model.name) : kind === "none" ? said.ability.none : loaded ? said.ability.loaded : "");
      command.hidden = kind !== "none" || loads;
      load.hidden = (kind !== "load" && kind !== "switch") || loads;
      text(load, kind === "switch" ? said.ability.switchTo(found.model.name, found.size) : said.ability.loadIt);
      load.setAttribute("aria-disabled", String(now.phase === "writing"));
      unload.hidden = !loaded || !idle;
      ability.hidden = !able.textContent;
      const busy = writing && now.phase === "writing";
      const lacks = senses.missing;
      run.setAttribute("aria-disabled", String(!senses.ready));
      text(missing, kind === "able" && lacks && !writing ? said.missing[lacks] : "");
      const stopping = now.phase === "writing" && now.stopping;
      text(stop, stopping ? said.stopping : said.stop);
      if (!busy && focusBeside(stop) === stop) run.focus();
      stop.hidden = !busy;
    },

    destroy() {
      showAttached([]);
      video.srcObject = null;
      ended.abort();
      root.remove();
    },
  };
}

/** @param {string} label @param {string} kind */
function button(label, kind) {
  return h("button", { type: "button", class: kind }, label);
}
