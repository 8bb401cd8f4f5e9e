// @ts-check
/**
 * A document, or the part of it around a passage, which is marked. Its text comes in as text only. A long document is shown a part at a
 * time, so that it opens at once.
 *
 * @typedef {{shut: undefined}} ReaderEvents
 */

import { texts } from "../../text/texts.js";
import { h, text, viewEvents } from "../../ui/dom.js";

const said = texts.documents.reader;
/** Blocks that are shown at a time. */
const PART = 120;
/** Of these, before the passage. */
const BEFORE = 30;

/** @type {import('../../ui/dom.js').ViewEvents<ReaderEvents>} */
export const events = viewEvents();

/** @param {HTMLElement} parent */
export function mountReader(parent) {
  const back = h("button", { type: "button", class: "button button-quiet" }, said.back);
  const title = h("h2", { class: "documents-title", tabindex: "-1", dir: "auto" });
  const [before, after] = [said.before, said.after].map((label) => h("button", { type: "button", class: "button button-quiet" }, label));
  const body = h("div", { class: "documents-text" });
  const root = h("article", { class: "documents-card documents-reader", hidden: true }, h("div", { class: "documents-head" }, title, back), before, body, after);
  parent.append(root);
  /** @type {import('./documents.js').Opened | null} */
  let shown = null;
  let [from, to] = [0, 0];

  back.addEventListener("click", () => events.emit(root, "shut"));
  before.addEventListener("click", () => {
    from = Math.max(0, from - PART);
    draw();
    title.focus();
  });
  after.addEventListener("click", () => {
    const last = body.lastElementChild;
    to += PART;
    draw();
    if (last instanceof HTMLElement) last.focus();
  });

  function draw() {
    if (!shown) return;
    const { document, passage } = shown;
    const { blocks, text: whole } = document;
    to = Math.min(blocks.length, to);
    let page = from ? blocks[from - 1].page : 0;
    body.replaceChildren(
      ...blocks.slice(from, to).flatMap((block) => {
        const made = element(block, parts(whole, block, passage));
        const turned = block.page && block.page !== page;
        page = block.page;
        return turned ? [h("p", { class: "documents-page" }, said.page(page)), made] : [made];
      }),
    );
    before.hidden = from === 0;
    after.hidden = to >= blocks.length;
  }

  return {
    root,
    /** @param {import('./documents.js').State} state */
    update({ opened }) {
      root.hidden = opened === null;
      if (opened === shown) return;
      shown = opened;
      if (!opened) return void body.replaceChildren();
      const { entry, document, passage } = opened;
      text(title, entry.name);
      const first = passage ? document.blocks.findIndex(({ end }) => end > passage.start) : 0;
      from = Math.max(0, first - BEFORE);
      to = from + PART;
      draw();
      title.focus({ preventScroll: true });
      (body.querySelector("mark") ?? root).scrollIntoView({ block: passage ? "center" : "start" });
    },
    destroy: () => root.remove(),
  };
}

/** @param {import('./document.js').Block} block @param {(string | HTMLElement)[]} content */
function element({ kind, level }, content) {
  const attributes = { class: `documents-block documents-block-${kind}`, dir: "auto", tabindex: "-1" };
  if (kind !== "heading") return h(kind === "code" ? "pre" : "p", attributes, ...content);
  return h(level < 2 ? "h3" : level < 3 ? "h4" : "h5", attributes, ...content);
}

/** A block's text, with what of the passage is in it marked. @param {string} whole @param {{start: number, end: number}} block @param {{start: number, end: number} | null} passage */
function parts(whole, { start, end }, passage) {
  const [first, last] = passage ? [Math.max(start, passage.start), Math.min(end, passage.end)] : [end, end];
  if (first >= last) return [whole.slice(start, end)];
  return [whole.slice(start, first), h("mark", {}, whole.slice(first, last)), whole.slice(last, end)].filter((each) => each !== "");
}
