// @ts-check
/**
 * The text of a post: it streams in, and a person edits it in its place. A piece is appended, so a screen reader hears it once, a
 * selection survives the stream, and it costs the same at any length.
 *
 * @typedef {{type: string, undo: undefined, redo: undefined, edited: undefined}} TextEvents `type`: the text after a key; `edited`: the
 *   person is done
 */

import { texts } from "../../text/texts.js";
import { NOT_SENT_AWAY, directionOf, h, text, viewEvents } from "../../ui/dom.js";

/** @typedef {import('./state.js').Post} Post */

/** @type {import('../../ui/dom.js').ViewEvents<TextEvents>} */
export const events = viewEvents();

/** Keys that redo, with the key for commands. */
const REDO = ["y", "Y"];

export function makeText() {
  const body = h("div", {
    class: "card-text grows",
    role: "log",
    "aria-label": texts.post.log,
    "aria-live": "polite",
    tabindex: "0",
    dir: "auto",
    hidden: true,
  });
  const area = h("textarea", { class: "card-area", "aria-label": texts.post.edited, rows: "3", ...NOT_SENT_AWAY, hidden: true });
  /** The post that is shown. @type {Post | null} */
  let shown = null;
  let shownText = "";
  let editing = false;

  area.addEventListener("input", () => events.emit(area, "type", area.value));
  area.addEventListener("beforeinput", (event) => {
    // The browser's own undo would know of the typing only: ours has the one-tap changes, too.
    if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo") return;
    event.preventDefault();
    events.emit(area, event.inputType === "historyUndo" ? "undo" : "redo");
  });
  area.addEventListener("keydown", (event) => {
    const command = event.ctrlKey || event.metaKey;
    const undo = command && !event.shiftKey && event.key.toLowerCase() === "z";
    const redo = command && (REDO.includes(event.key) || (event.shiftKey && event.key.toLowerCase() === "z"));
    if (undo || redo) {
      event.preventDefault();
      events.emit(area, undo ? "undo" : "redo");
    } else if (event.key === "Escape" || (command && event.key === "Enter")) {
      event.preventDefault();
      events.emit(area, "edited");
    }
  });

  return {
    body,
    area,

    get editing() {
      return editing;
    },

    /** @param {Post} post @param {string} piece */
    append(post, piece) {
      if (post !== shown) {
        shown = post;
        shownText = "";
        body.replaceChildren();
      }
      body.append(piece);
      shownText += piece;
    },

    /** @param {boolean} wanted */
    edit(wanted) {
      editing = wanted;
    },

    /** @param {Post | null} post @param {boolean} writing @param {boolean} hides whether it is put away */
    update(post, writing, hides) {
      if (writing || !post || hides) editing = false;
      if (post && post.ended && (post !== shown || post.current !== shownText)) {
        shown = post;
        shownText = post.current;
        text(body, shownText);
      }
      body.hidden = !post || editing || hides;
      body.setAttribute("aria-busy", String(writing));
      area.hidden = !editing;
      if (!editing || !post) return;
      if (area.value !== post.current) {
        const at = area.selectionStart;
        area.value = post.current;
        area.setSelectionRange?.(at, at);
      }
      area.dir = directionOf(post.current);
      area.style.height = "auto";
      area.style.height = `${area.scrollHeight}px`;
    },
  };
}
