// As much of a document as the page's views use, so that they are tested in node. `work` counts the characters that go into it.

import { readFileSync } from "node:fs";

export const work = { characters: 0 };

class FakeNode extends EventTarget {
  parent = null;

  remove() {
    this.parent?.children.splice(this.parent.children.indexOf(this), 1);
    this.parent = null;
  }

  before(...nodes) {
    const { parent } = this;
    for (const node of nodes) {
      const child = node instanceof FakeNode ? node : new FakeText(node);
      child.remove();
      child.parent = parent;
      parent.children.splice(parent.children.indexOf(this), 0, child);
    }
  }

  /** An event of ours bubbles, as in a document. */
  dispatchEvent(event) {
    const went = super.dispatchEvent(event);
    if (event.bubbles) this.parent?.dispatchEvent(new event.constructor(event.type, { detail: event.detail, bubbles: true }));
    return went;
  }
}

class FakeText extends FakeNode {
  constructor(text) {
    super();
    this.textContent = String(text);
    work.characters += this.textContent.length;
  }
}

export class FakeElement extends FakeNode {
  children = [];
  attributes = {};
  dataset = {};
  value = "";
  focused = 0;
  style = {};
  classList = { add: () => {}, toggle: () => {} };

  constructor(tag) {
    super();
    this.tag = tag;
  }

  get hidden() {
    return "hidden" in this.attributes;
  }

  set hidden(hidden) {
    this.toggleAttribute("hidden", hidden);
  }

  get className() {
    return this.attributes.class ?? "";
  }

  get childElementCount() {
    return this.children.filter((child) => child instanceof FakeElement).length;
  }

  get textContent() {
    return this.children.map(({ textContent }) => textContent).join("");
  }

  set textContent(text) {
    this.replaceChildren(...(text === "" ? [] : [text]));
  }

  setAttribute(name, value) {
    this.attributes[name] = String(value);
    if (name.startsWith("data-")) this.dataset[name.slice(5)] = String(value);
  }

  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  removeAttribute(name) {
    delete this.attributes[name];
  }

  toggleAttribute(name, force) {
    if (force) this.attributes[name] = "";
    else delete this.attributes[name];
  }

  insertBefore(node, next) {
    if (next) next.before(node);
    else this.append(node);
  }

  append(...nodes) {
    for (const node of nodes) {
      const child = node instanceof FakeNode ? node : new FakeText(node);
      child.remove();
      child.parent = this;
      this.children.push(child);
    }
  }

  replaceChildren(...nodes) {
    for (const child of [...this.children]) child.remove();
    this.append(...nodes);
  }

  /** All elements below for which `test` holds. */
  all(test) {
    return this.children.flatMap((child) => (child instanceof FakeElement ? [...(test(child) ? [child] : []), ...child.all(test)] : []));
  }

  contains(element) {
    return this === element || this.all((each) => each === element).length > 0;
  }

  closest(selector) {
    return this.matches(selector) ? this : (this.parent?.closest(selector) ?? null);
  }

  /** Of attributes: `[name]`. */
  matches(selector) {
    return selector.slice(1, -1) in this.attributes;
  }

  /** The one with this class. */
  find(name) {
    return this.all((element) => element.className.split(" ").includes(name))[0];
  }

  /** The first with this class, given as `.name`. */
  querySelector(selector) {
    return this.find(selector.slice(1)) ?? null;
  }

  querySelectorAll(tag) {
    return this.all((element) => element.tag === tag);
  }

  click() {
    this.dispatchEvent(new Event("click"));
  }

  focus() {
    document.activeElement = this;
  }

  getRootNode() {
    return document;
  }

  scrollIntoView() {}

  /** No pixels. */
  getContext() {
    return null;
  }
}

/** Puts a document in place of the one that node has not. */
export function install({ clipboard = null, copies = false } = {}) {
  const selected = [];
  const asked = [];
  const navigator = { userAgent: "test", ...(clipboard && { clipboard }) };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  Object.assign(globalThis, {
    document: Object.assign(new EventTarget(), {
      createElement: (tag) => new FakeElement(tag),
      activeElement: null,
      hidden: false,
      execCommand: (command) => asked.push(command) > 0 && copies,
    }),
    window: globalThis,
    addEventListener: () => {}, // for events of the window, which no test makes
    getSelection: () => ({ selectAllChildren: (element) => selected.push(element) }),
    HTMLInputElement: class {},
    fetch: async (url) => ({ ok: true, json: async () => JSON.parse(readFileSync(url)) }),
  });
  return { root: new FakeElement("main"), selected, asked };
}
