// @ts-check
/**
 * The functions that there are: which of them the model is told of, which always run in this conversation, and the person's own. On a
 * narrow screen it is folded away.
 *
 * @typedef {{offer: {name: string, on: boolean}, disallow: string, remove: string, keep: {name: string, text: string, answered: (problem: string) => void}}}
 *   ToolsEvents `name` of the one that is edited, "" for a new one; `answered` hears why it was not kept, or ""
 */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, h, text, uniqueId, viewEvents } from "../../ui/dom.js";
import { EXAMPLE, asText } from "./own_tool.js";

/** @typedef {import('./tools/index.js').Tool} Tool */

const { shelf: said, tools: names } = texts.functions;

/** @type {import('../../ui/dom.js').ViewEvents<ToolsEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent */
export function mountTools(parent) {
  const summary = h("summary", {}, said.title);
  const list = h("ul", { class: "functions-tools", "aria-label": said.title });
  const add = h("button", { type: "button", class: "button" }, said.add);
  const labelId = uniqueId("own");
  const area = h("textarea", { id: labelId, class: "functions-edit", rows: "14", ...NOT_SENT_AWAY });
  const problem = h("p", { class: "functions-problem", role: "alert", hidden: true });
  const [keep, cancel] = [said.keep, said.cancel].map((label) => h("button", { type: "button", class: "button" }, label));
  const editor = h("div", { class: "functions-editor", hidden: true }, h("label", { for: labelId }, said.label), area, problem, h("div", { class: "functions-actions" }, keep, cancel), h("p", { class: "functions-note" }, said.help));
  const root = h("details", { class: "functions-shelf" }, summary, h("div", { class: "functions-shelf-body" }, h("p", { class: "functions-note" }, said.sentence), list, add, editor));
  const wide = matchMedia("(min-width: 60rem)");
  const ended = new AbortController();
  parent.append(root);
  root.open = wide.matches;
  wide.addEventListener("change", () => (root.open = wide.matches), { signal: ended.signal });
  let listed = "";
  let edited = "";

  /** @param {string} name "" for a new one @param {string} content */
  function edit(name, content) {
    edited = name;
    editor.hidden = false;
    add.hidden = true;
    problem.hidden = true;
    area.value = content;
    area.focus();
  }

  function shut() {
    editor.hidden = true;
    add.hidden = false;
    add.focus();
  }

  add.addEventListener("click", () => edit("", JSON.stringify(EXAMPLE, null, 2)));
  cancel.addEventListener("click", shut);
  keep.addEventListener("click", () =>
    events.emit(root, "keep", {
      name: edited,
      text: area.value,
      answered(why) {
        problem.hidden = !why;
        text(problem, why);
        if (!why) shut();
      },
    }),
  );

  /** @param {Tool} tool @param {boolean} on @param {boolean} always */
  function item(tool, on, always) {
    const id = uniqueId("tool");
    const box = h("input", { type: "checkbox", id });
    box.checked = on;
    box.addEventListener("change", () => events.emit(root, "offer", { name: tool.name, on: box.checked }));
    const sentence = tool.own ? tool.description || said.own : (names[tool.name]?.sentence ?? "");
    const row = h("li", { class: "functions-tool" }, h("div", { class: "functions-tick" }, box, h("label", { for: id }, h("span", { class: "functions-tool-name" }, texts.functions.titleOf(tool.name)), h("span", { class: "functions-note" }, sentence))));
    if (always) {
      const ask = small(said.ask, () => events.emit(root, "disallow", tool.name), said.askAgain(tool.name));
      row.append(h("p", { class: "functions-always" }, said.always, " ", ask));
    }
    if (tool.own) row.append(h("div", { class: "functions-actions" }, small(said.edit, () => edit(tool.name, asText(tool)), said.editOne(tool.name)), removing(tool.name)));
    return row;
  }

  /** Deleting takes two presses. @param {string} name */
  function removing(name) {
    let asked = false;
    const made = small(
      said.remove,
      () => {
        if (asked) {
          summary.focus(); // the button goes away
          return events.emit(root, "remove", name);
        }
        asked = true;
        text(made, said.removeReally);
        return made.removeAttribute("aria-label");
      },
      said.removeOne(name),
    );
    made.addEventListener("blur", () => {
      asked = false;
      text(made, said.remove);
      made.setAttribute("aria-label", said.removeOne(name));
    });
    return made;
  }

  return {
    root,
    /** @param {import('./functions.js').Functions} functions */
    update({ state, offered }) {
      const { tools, off, conversation } = state;
      text(summary, said.count(offered.length, tools.length));
      const next = JSON.stringify([tools.map(asText), off, conversation.allowed]);
      if (next === listed) return;
      listed = next;
      const focused = [...list.querySelectorAll("input")].findIndex((box) => box === document.activeElement || box.matches(":focus"));
      list.replaceChildren(...tools.map((tool) => item(tool, !off.includes(tool.name), conversation.allowed.includes(tool.name))));
      if (focused >= 0) list.querySelectorAll("input")[focused]?.focus();
    },
    destroy() {
      ended.abort();
      root.remove();
    },
  };
}

/** @param {string} label @param {() => unknown} act @param {string} described */
function small(label, act, described) {
  const made = h("button", { type: "button", class: "button button-quiet", "aria-label": described }, label);
  made.addEventListener("click", act);
  return made;
}
