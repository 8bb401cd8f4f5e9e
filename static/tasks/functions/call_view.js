// @ts-check
/**
 * One call: what the model asks for, the person's word on it, and what came of it.
 *
 * @typedef {{allow: {id: string, always: boolean, text: string | null, answered: (problem: string | Fault) => void}, refuse: string,
 *   give: {id: string, result: unknown}}} CallEvents `text`: other arguments, as JSON; `answered` hears why they cannot be used, or ""
 */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, h, text, viewEvents } from "../../ui/dom.js";
import { inWords } from "./fault.js";
import { makeResultForm } from "./result_form.js";
import { UNREADABLE } from "./told.js";
import { tableOf } from "./values.js";

/** @typedef {import('./conversation.js').Call} Call @typedef {import('./fault.js').Fault} Fault @typedef {import('./tools/index.js').Tool} Tool */

const { call: said } = texts.functions;

/** @type {import('../../ui/dom.js').ViewEvents<CallEvents>} */
export const events = viewEvents();

/** @param {Call} call as it is; another state of it is another view @param {Tool | null} tool null where there is none of this name */
export function makeCall(call, tool) {
  const { id, name, state, result } = call;
  const unreadable = name === UNREADABLE;
  const title = h("h3", { class: "functions-call-title" }, unreadable ? said.unreadable : texts.functions.titleOf(name), !unreadable && texts.functions.titleOf(name) !== name && h("code", {}, name));
  const notes = texts.line([said.states[state], call.automatic && said.automatic, call.edited && said.edited]);
  const head = h("div", { class: "functions-call-head" }, title, h("p", { class: "functions-call-state" }, notes));
  const root = h("section", { class: "functions-call", "data-state": state, "aria-label": said.group(unreadable ? said.unreadable : name) }, head, tableOf(call.arguments, said.arguments));
  if (state === "waiting") root.append(...asking(root, call, tool));
  else if (call.fault) root.append(h("p", { class: "functions-note", dir: "auto" }, inWords(call.fault, texts.functions.faults)));
  else if (state !== "running") root.append(tableOf(result, said.result));
  root.dataset.call = id;
  return root;
}

/** @param {HTMLElement} root @param {Call} call @param {Tool | null} tool @returns {Node[]} */
function asking(root, { id, arguments: values }, tool) {
  const refuse = button(said.refuse, () => events.emit(root, "refuse", id));
  if (tool?.own) return [h("p", { class: "functions-call-title" }, said.yourResult), makeResultForm(tool, (result) => events.emit(root, "give", { id, result })), h("div", { class: "functions-actions" }, refuse)];
  const answered = (/** @type {string | Fault} */ why) => {
    problem.hidden = !why;
    text(problem, why && said.problem(typeof why === "string" ? why : inWords(why, texts.functions.faults)));
  };
  const allowed = (/** @type {boolean} */ always, /** @type {string | null} */ other) => events.emit(root, "allow", { id, always, text: other, answered });
  const allow = button(said.allow, () => allowed(false, null), "button button-primary");
  const always = button(said.always, () => allowed(true, null));
  const change = button(said.change, () => edit(true));
  const area = h("textarea", { class: "functions-edit", rows: "5", "aria-label": said.changing, ...NOT_SENT_AWAY });
  const problem = h("p", { class: "functions-problem", role: "alert", hidden: true });
  const these = button(said.allowThese, () => allowed(false, area.value), "button button-primary");
  const keep = button(said.keep, () => edit(false));
  const actions = h("div", { class: "functions-actions" }, allow, always, refuse, change);
  const editing = h("div", { class: "functions-editing", hidden: true }, area, problem, h("div", { class: "functions-actions" }, these, keep));

  /** @param {boolean} on */
  function edit(on) {
    editing.hidden = !on;
    actions.hidden = on;
    area.value = JSON.stringify(values, null, 2);
    answered("");
    (on ? area : change).focus();
  }
  return [actions, editing];
}

/** @param {string} label @param {() => void} act @param {string} [kind] */
function button(label, act, kind = "button") {
  const made = h("button", { type: "button", class: kind }, label);
  made.addEventListener("click", act);
  return made;
}
