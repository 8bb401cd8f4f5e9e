// @ts-check
/**
 * The post: its text as it streams in, what can be done with it, its counts against common limits, and its figures. A piece is
 * appended, so a screen reader hears it once, a selection survives the stream, and it costs the same at any length.
 *
 * @typedef {{again: undefined}} CardEvents
 */

import { format, texts } from "../../text/en.js";
import { h, text, uniqueId, viewEvents } from "../../ui/dom.js";
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
 */
export function mountCard(parent, limits, loading) {
  const titleId = uniqueId("card");
  const title = h("h2", { class: "card-title", id: titleId, tabindex: "-1" }, texts.post.card);
  const kind = h("p", { class: "card-kind" });
  const noticeBox = h("div", {});
  const empty = h("p", { class: "card-empty" });
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
  const total = h("p", { class: "counts-total" });
  const limitItems = limits.map(({ characters, name }) => ({ characters, ...limitItem(name) }));
  const limitList = h("ul", { class: "counts-limits", "aria-label": texts.post.limits }, ...limitItems.map(({ item }) => item));
  const counts = h("div", { class: "counts", hidden: true }, total, limitList);
  const list = h("dl", { class: "figures-list" });
  const reused = h("p", { class: "figures-reused", hidden: true });
  const { figures: said } = texts.post;
  const notes = h("details", { class: "figures-notes" }, h("summary", {}, said.how), h("p", {}, said.explained), reused);
  const figures = h("div", { class: "figures", hidden: true }, list, notes);
  const card = h(
    "section",
    { class: "card", "aria-labelledby": titleId },
    h("div", { class: "card-head" }, title, kind),
    loading,
    noticeBox,
    empty,
    body,
    actions,
    counts,
    figures,
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
    const { tone, length, seed, lora } = post.asked;
    text(kind, texts.post.kind(texts.post.tones[tone] ?? tone, texts.post.lengths[length] ?? length, seed, lora));
    list.replaceChildren();
    card.removeAttribute("data-reading");
    body.hidden = counts.hidden = false;
    empty.hidden = true;
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
    update({ now }, post) {
      const writing = now.phase === "writing";
      const loads = now.phase === "loading" || now.phase === "starting";
      const reading = writing && (post === null || post.figures !== null);
      card.toggleAttribute("data-writing", writing);
      card.toggleAttribute("data-reading", reading); // what is shown is still the post before
      if (writing && !wasWriting) card.scrollIntoView({ block: "nearest" });
      wasWriting = writing;
      empty.hidden = Boolean(post) || loads;
      text(empty, writing ? texts.post.reading : texts.post.empty);
      body.setAttribute("aria-busy", String(writing));
      actions.hidden = !post || writing;
      again.disabled = now.phase !== "ready";
      const ended = post?.figures?.ended;
      const ranAway = post?.ranAway || ended === "limit";
      notice.update(reading ? null : ranAway ? texts.post.notices.runaway : ended === "context" ? texts.post.notices.full : null);
      figures.hidden = writing || !post?.figures;
      if (!post?.figures || list.childElementCount) return;
      showFigures(list, post.figures);
      const percent = Math.round(post.figures.reused * 100);
      reused.hidden = percent === 0;
      text(reused, said.held(percent));
    },

    destroy() {
      clearTimeout(copied);
      card.remove();
    },
  };
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

function modifier() {
  return navigator.userAgent.includes("Mac") ? "⌘" : "Ctrl";
}

/**
 * @param {HTMLElement} list
 * @param {import('../../engine/client.js').Figures} figures
 */
function showFigures(list, { timeToFirst, prefillRate, decodeRate, promptTokens, tokens, reused }) {
  const { figures: said } = texts.post;
  const percent = Math.round(reused * 100);
  const rows = [
    [said.first, timeToFirst === null ? "–" : format.duration(timeToFirst), ""],
    [said.prefill, format.rate(prefillRate), percent ? said.reused(percent) : ""],
    [said.decode, format.rate(decodeRate), ""],
    [said.tokens, `${format.integer(promptTokens)} / ${format.integer(tokens)}`, ""],
  ];
  list.replaceChildren(
    ...rows.map(([name, value, note]) => h("div", {}, h("dt", {}, name), h("dd", {}, value), note && h("dd", { class: "figures-note" }, note))),
  );
}
