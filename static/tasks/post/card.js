// @ts-check
/**
 * The post: its text as it streams in, what can be done with it, and its counts against the networks' limits. A piece is
 * appended, so a screen reader hears it once, a selection survives the stream, and it costs the same at any length.
 *
 * @typedef {{again: undefined}} CardEvents
 */

import { texts } from "../../text/en.js";
import { h, modifier, text, uniqueId, viewEvents } from "../../ui/dom.js";
import { mountNotice } from "../../ui/notice.js";

/**
 * @typedef {import('../../engine/session_state.js').SessionState} SessionState
 * @typedef {import('./state.js').Post} Post
 * @typedef {{name: string, characters: number}} Limit of a network
 */

const COPIED_SHOWN = 2000;

/** @type {import('../../ui/dom.js').ViewEvents<CardEvents>} */
export const events = viewEvents();

/**
 * @param {HTMLElement} parent
 * @param {Limit[]} limits
 * @param {HTMLElement} loading
 * @param {string} sample a post to show before there is one, "" for none
 */
export function mountCard(parent, limits, loading, sample) {
  const titleId = uniqueId("card");
  const title = h("h2", { class: "card-title", id: titleId, tabindex: "-1" }, texts.post.card);
  const kind = h("p", { class: "card-kind" });
  const noticeBox = h("div", {});
  const empty = h("p", { class: "card-empty-sentence" });
  const shownSample = h("figure", { class: "card-sample", hidden: !sample }, h("figcaption", {}, texts.post.sample), h("blockquote", {}, sample));
  const emptyBox = h("div", { class: "card-empty" }, empty, shownSample);
  const body = h("div", {
    class: "card-text",
    role: "log",
    "aria-label": texts.post.log,
    "aria-live": "polite",
    tabindex: "0",
    dir: "auto",
    hidden: true,
  });
  const copy = h("button", { type: "button", class: "button card-copy" }, texts.post.copy);
  const share = h("button", { type: "button", class: "button", hidden: !("share" in navigator) }, texts.post.share);
  const again = h("button", { type: "button", class: "button" }, texts.post.again);
  const actions = h("div", { class: "card-actions", hidden: true }, copy, share, again);
  const total = h("span", { class: "counts-total" });
  const tightest = h("span", { class: "counts-tightest" });
  const narrow = limits.toSorted((a, b) => a.characters - b.characters).at(0);
  const limitItems = limits.map(({ characters, name }) => ({ characters, ...limitItem(name) }));
  const limitList = h("ul", { class: "counts-limits" }, ...limitItems.map(({ item }) => item));
  const allLimits = h("details", { class: "counts-all", hidden: !narrow }, h("summary", {}, texts.post.limits), limitList);
  const counts = h("div", { class: "counts", hidden: true }, h("p", {}, total, tightest), allLimits);
  const card = h(
    "section",
    { class: "card", "aria-labelledby": titleId },
    h("div", { class: "card-head" }, title, kind),
    loading,
    noticeBox,
    emptyBox,
    body,
    actions,
    counts,
  );
  const notice = mountNotice(noticeBox);
  parent.append(card);

  /** The post that is on the screen. @type {Post | null} */
  let shown = null;
  let wasWriting = false;
  let copied = 0;

  copy.addEventListener("click", async () => {
    text(copy, (await copyText(shown?.text ?? "", body)) ? texts.post.copied : texts.post.selected(modifier()));
    clearTimeout(copied);
    copied = window.setTimeout(() => text(copy, texts.post.copy), COPIED_SHOWN);
  });
  share.addEventListener("click", () => {
    navigator.share({ text: shown?.text ?? "" }).catch(() => {}); // closed without sharing
  });
  again.addEventListener("click", () => {
    title.focus(); // the button is about to go away
    events.emit(card, "again");
  });

  /** @param {Post} post */
  function showCounts({ words, characters }) {
    text(total, texts.post.counts(words, characters));
    if (!narrow) return; // no network is asked about
    text(tightest, texts.post.tightest(narrow.name, narrow.characters - characters));
    tightest.toggleAttribute("data-over", characters > narrow.characters);
    for (const { item, value, characters: most } of limitItems) {
      const over = characters - most;
      item.toggleAttribute("data-over", over > 0);
      text(value, over > 0 ? texts.post.over(over) : texts.post.left(-over));
    }
  }

  /** @param {Post} post */
  function begin(post) {
    shown = post;
    body.replaceChildren();
    card.removeAttribute("data-reading");
    body.hidden = counts.hidden = false;
    emptyBox.hidden = true;
  }

  return {
    root: card,

    /** One more piece of a post, which takes the place of the one before with its first. @param {Post} post @param {string} piece */
    append(post, piece) {
      if (post !== shown) begin(post);
      body.append(piece);
      showCounts(post);
    },

    /** @param {SessionState} session @param {Post | null} post */
    update({ now, setup }, post) {
      const writing = now.phase === "writing";
      const loads = now.phase === "loading" || now.phase === "starting";
      const reading = writing && (post === null || post.figures !== null);
      card.toggleAttribute("data-writing", writing);
      card.toggleAttribute("data-reading", reading); // what is shown is still the post before
      if (writing && !wasWriting) card.scrollIntoView({ block: "nearest" });
      wasWriting = writing;
      emptyBox.hidden = Boolean(post) || loads;
      text(empty, writing ? texts.post.reading : texts.post.empty);
      shownSample.hidden = !sample || writing || !setup?.model.demo; // the demo model wrote it
      body.setAttribute("aria-busy", String(writing));
      actions.hidden = !post || writing;
      again.disabled = now.phase !== "ready";
      const stopped = Boolean(post) && !reading && post?.figures?.ended === "stopped" && !post?.ranAway;
      card.toggleAttribute("data-stopped", stopped);
      text(kind, post ? texts.line([stopped && texts.post.stopped, kindOf(post)]) : "");
      notice.update(reading || !post ? null : noticeOf(post));
    },

    destroy() {
      clearTimeout(copied);
      card.remove();
    },
  };
}

/** @param {Post} post */
function kindOf({ asked: { tone, length, lora } }) {
  return texts.post.kind(texts.post.tones[tone] ?? tone, texts.post.lengths[length] ?? length, lora);
}

/** What a person should know of a post, the most important only. @param {Post} post */
function noticeOf({ figures, ranAway, broken }) {
  const { runaway, full, broken: parts } = texts.post.notices;
  if (ranAway || figures?.ended === "limit") return runaway;
  if (figures?.ended === "context") return full;
  return broken ? parts : null;
}

/** @param {string} name */
function limitItem(name) {
  const value = h("span", { class: "limit-count" });
  return { value, item: h("li", {}, h("span", { class: "limit-name" }, name), value) };
}

/**
 * Puts a text into the clipboard, also where an address that is not secure has no clipboard to write to; where nothing is allowed
 * the text is selected, ready to be copied by hand.
 * @param {string} value
 * @param {HTMLElement} body what holds it
 * @returns {Promise<boolean>} whether it is in the clipboard
 */
async function copyText(value, body) {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    getSelection()?.selectAllChildren(body);
    return document.execCommand("copy");
  }
}
