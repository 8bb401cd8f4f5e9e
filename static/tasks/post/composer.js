// @ts-check
/** Where a person says what to write: the text (or an example), tone, length, Write and Stop. */

import { capitalized, integer } from "../../text/format.js";
import { create, element, emit, text } from "../../ui/dom.js";

export function mountComposer() {
  const form = element("#composer");
  const area = /** @type {HTMLTextAreaElement} */ (element("#text"));
  const examples = element(".composer-examples");
  const tones = element("#tones");
  const lengths = element("#lengths");
  const count = element("#count");
  const write = /** @type {HTMLButtonElement} */ (element("#write"));
  const stop = /** @type {HTMLButtonElement} */ (element("#stop"));

  if (navigator.userAgent.includes("Mac")) element(".composer-hint kbd").textContent = "⌘";

  area.addEventListener("input", () => emit("draft", { text: area.value }));
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) emit("write");
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    emit("write");
  });
  stop.addEventListener("click", () => emit("stop"));
  form.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement && target.type === "radio") emit("draft", { [target.name]: target.value });
  });

  return (/** @type {import('../../app/state.js').State} */ state) => {
    const { phase } = state.now;
    if (!examples.childElementCount && state.examples.length) {
      examples.append(
        ...state.examples.map((example) => {
          const button = create("button", example.title, { type: "button", class: "button button-quiet" });
          button.addEventListener("click", () => emit("draft", { text: example.text }));
          return button;
        }),
      );
    }
    options(tones, "tone", state.task.tones.map((tone) => ({ value: tone, label: capitalized(tone), note: "" })));
    options(
      lengths,
      "length",
      state.task.lengths.map(({ id, words }) => ({ value: id, label: capitalized(id), note: `${words} words` })),
    );
    check(tones, state.draft.tone);
    check(lengths, state.draft.length);
    if (area.value !== state.draft.text) area.value = state.draft.text;

    const over = state.count !== null && state.count.tokens > state.count.room;
    text(count, state.count ? `${integer(state.count.tokens)} of ${integer(state.count.room)} tokens` : "");
    count.toggleAttribute("data-over", over);
    area.toggleAttribute("aria-invalid", over);

    const writing = phase === "writing";
    const focused = document.activeElement === write || document.activeElement === stop;
    const stopping = state.now.phase === "writing" && state.now.stopping;
    stop.setAttribute("aria-disabled", String(stopping)); // not disabled, which would lose the focus
    text(stop, stopping ? "Stopping…" : "Stop");
    write.disabled = phase !== "ready" || !state.draft.text.trim();
    write.hidden = writing;
    stop.hidden = !writing;
    if (focused) (writing ? stop : write).focus(); // last: what is disabled or hidden takes no focus
  };
}

/**
 * @param {HTMLElement} group
 * @param {string} name
 * @param {{value: string, label: string, note: string}[]} choices
 */
function options(group, name, choices) {
  if (group.querySelectorAll("input").length === choices.length) return;
  for (const old of group.querySelectorAll("label")) old.remove();
  for (const { value, label, note } of choices) {
    const box = document.createElement("label");
    box.className = "choice-option";
    box.append(create("input", "", { type: "radio", name, value }), create("span", label, { class: "choice-label" }));
    if (note) box.lastElementChild?.append(create("small", note));
    group.append(box);
  }
}

/**
 * @param {HTMLElement} group
 * @param {string} value
 */
function check(group, value) {
  for (const input of group.querySelectorAll("input")) input.checked = input.value === value;
}
