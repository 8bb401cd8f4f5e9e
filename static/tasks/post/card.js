// @ts-check
/**
 * The post: its text as it streams in and as a person edits it, what can be done with it, and its counts.
 *
 * @typedef {import('./text_view.js').TextEvents & import('./variants_view.js').VariantsEvents &
 *   import('./check_view.js').CheckEvents & {again: undefined, edit: undefined, follow: string, back: undefined}} CardEvents `follow`: the id of a follow-up; `back`: to the choices
 */

import { texts } from "../../text/texts.js";
import { focusBeside, h, text, uniqueId, viewEvents } from "../../ui/dom.js";
import { copyOnClick } from "../../ui/files.js";
import { mountNotice } from "../../ui/notice.js";
import { makeCheck } from "./check_view.js";
import { makeCounts } from "./counts.js";
import { FOLLOW_UPS } from "./follow_ups.js";
import { makeText } from "./text_view.js";
import { makeVariants } from "./variants_view.js";

/**
 * @typedef {import('../../engine/session_state.js').SessionState} SessionState
 * @typedef {import('./state.js').Post} Post
 * @typedef {import('./state.js').PostState} PostState
 * @typedef {import('./platforms.js').Platform} Platform
 */

/** @type {import('../../ui/dom.js').ViewEvents<CardEvents>} */
export const events = viewEvents();

/**
 * @param {HTMLElement} parent
 * @param {Platform[]} platforms
 * @param {HTMLElement} loading
 * @param {string} sample a post to show before there is one, "" for none
 * @param {import('./judge.js').Judge} judge
 */
export function mountCard(parent, platforms, loading, sample, judge) {
  const titleId = uniqueId("card");
  const title = h("h2", { class: "card-title", id: titleId, tabindex: "-1" }, texts.post.card);
  const kind = h("p", { class: "card-kind" });
  const noticeBox = h("div", {});
  const empty = h("p", { class: "card-empty-sentence" });
  const shownSample = h("figure", { class: "card-sample", hidden: !sample }, h("figcaption", {}, texts.post.sample), h("blockquote", { lang: "en", dir: "auto" }, sample));
  const emptyBox = h("div", { class: "card-empty" }, empty, shownSample);
  const written = makeText();
  const copy = h("button", { type: "button", class: "button card-copy" }, texts.post.copy);
  const edit = h("button", { type: "button", class: "button card-edit" });
  const share = h("button", { type: "button", class: "button", hidden: !("share" in navigator) }, texts.post.share);
  const again = h("button", { type: "button", class: "button" }, texts.post.again);
  const undo = h("button", { type: "button", class: "button button-quiet card-undo" }, texts.post.undo);
  const redo = h("button", { type: "button", class: "button button-quiet card-redo" }, texts.post.redo);
  const steps = h("span", { class: "card-steps", hidden: true }, undo, redo);
  const actions = h("div", { class: "card-actions", hidden: true }, copy, edit, share, again);
  const followUps = FOLLOW_UPS.map(({ id, apply }) => {
    const button = h("button", { type: "button", class: "button button-quiet card-follow-up" }, texts.post.followUps[id]);
    button.addEventListener("click", () => {
      if (shown) revealed.add(shown);
      events.emit(card, "follow", id);
    });
    return { button, apply };
  });
  const back = h("button", { type: "button", class: "button button-quiet card-back" });
  const follow = h("div", { class: "card-follow", role: "group", "aria-label": texts.post.followUp, hidden: true }, ...followUps.map(({ button }) => button), steps, back);
  const variants = makeVariants(judge);
  const check = makeCheck(judge);
  const counts = makeCounts(platforms);
  const card = h(
    "section",
    { class: "card", "aria-labelledby": titleId },
    h("div", { class: "card-head" }, title, kind),
    loading,
    noticeBox,
    emptyBox,
    written.body,
    written.area,
    check.root,
    variants.root,
    follow,
    actions,
    counts.root,
  );
  const notice = mountNotice(noticeBox);
  parent.append(card);

  /** The post that is on the screen. @type {Post | null} */
  let shown = null;
  let wasWriting = false;
  /** Posts of the demo model that a person wanted to see all the same, or has made their own. @type {WeakSet<Post>} */
  const revealed = new WeakSet();

  const endCopying = copyOnClick(copy, { value: () => shown?.current ?? "", body: written.body, said: texts.post });
  share.addEventListener("click", () => {
    navigator.share({ text: shown?.current ?? "" }).catch(() => {}); // closed without sharing
  });
  again.addEventListener("click", () => {
    title.focus(); // the button is about to go away
    events.emit(card, "again");
  });
  back.addEventListener("click", () => {
    title.focus();
    events.emit(card, "back");
  });
  events.listen(card, "reveal", () => {
    if (shown) revealed.add(shown);
    title.focus(); // the button goes away
    events.emit(card, "edit"); // so that the whole is shown anew
  });
  edit.addEventListener("click", () => setEditing(!written.editing));
  events.listen(card, "edited", () => written.editing && setEditing(false));
  for (const [button, name] of /** @type {const} */ ([[undo, "undo"], [redo, "redo"]])) {
    button.addEventListener("click", () => events.emit(card, name));
  }

  /** @param {boolean} wanted */
  function setEditing(wanted) {
    if (shown) revealed.add(shown);
    written.edit(wanted);
    events.emit(card, "edit"); // so that the whole is shown anew
    (wanted ? written.area : edit).focus();
  }

  /** @param {Post} post */
  function begin(post) {
    shown = post;
    card.removeAttribute("data-reading");
    written.body.hidden = counts.root.hidden = false;
    emptyBox.hidden = true;
  }

  return {
    root: card,

    /** One more piece of a post, which takes the place of the one before with its first. @param {Post} post @param {string} piece */
    append(post, piece) {
      if (post !== shown) begin(post);
      written.append(post, piece);
      counts.grow(post);
    },

    /** As `append`, for one of several. @param {Post} post @param {string} piece */
    appendChoice(post, piece) {
      variants.append(post, piece);
    },

    /** @param {SessionState} session @param {PostState} state */
    update({ now, setup }, { post: last, choices, choosing, busy, again: why, draft, voice }) {
      const post = choosing ? null : last;
      const writing = now.phase === "writing";
      const loads = now.phase === "loading" || now.phase === "starting";
      const reading = writing && (post === null || post.ended !== null);
      if (post && post.ended && post !== shown) begin(post);
      card.toggleAttribute("data-writing", writing);
      card.toggleAttribute("data-reading", reading); // what is shown is still the post before
      if (writing && !wasWriting) card.scrollIntoView({ block: "nearest" });
      wasWriting = writing;
      variants.update(choices, busy, voice);
      variants.root.hidden = !choosing;
      card.toggleAttribute("data-choosing", choosing);
      text(title, choosing ? texts.post.variants.title : texts.post.card);
      emptyBox.hidden = Boolean(post) || loads || choosing;
      text(empty, writing ? texts.post.reading : texts.post.empty);
      shownSample.hidden = !sample || writing || !setup?.model.demo; // the demo model wrote it
      const demo = Boolean(setup?.model.demo && post?.asked.model === setup.model.name);
      const hides = Boolean(post && demo && !writing && !busy && !revealed.has(post) && (post.figures || post.current === post.text) && judge.isUnfit(post, voice));
      written.update(post, writing, hides);
      // Not at each key: half a word is no name of the text.
      const drafts = post && choices.includes(post) ? choices.length : 0;
      if (!written.editing) check.update(post, { again: why, writing, hides, drafts, voice });
      if (post?.ended) counts.show(post.current, draft.platform);
      counts.root.hidden = !post || hides;
      follow.hidden = !post || writing || busy;
      actions.hidden = follow.hidden;
      for (const button of [copy, edit]) button.hidden = hides;
      share.hidden = hides || !("share" in navigator);
      back.hidden = !post || hides || choices.length < 2 || !choices.includes(post);
      text(back, texts.post.variants.back(choices.length));
      again.disabled = now.phase !== "ready";
      text(edit, written.editing ? texts.post.done : texts.post.edit);
      updateSteps(post, hides);
      const stopped = !reading && post?.ended === "stopped";
      card.toggleAttribute("data-stopped", stopped);
      text(kind, post ? texts.line([stopped && texts.post.stopped, kindOf(post)]) : "");
      notice.update(reading || !post ? null : noticeOf(post, platforms.find(({ id }) => id === draft.platform)?.name ?? ""));
    },

    focus() {
      title.focus();
      card.scrollIntoView({ block: "nearest" });
    },

    destroy() {
      endCopying();
      card.remove();
    },
  };

  /** @param {Post | null} post @param {boolean} hides whether it is put away */
  function updateSteps(post, hides) {
    const { canUndo = false, canRedo = false } = post?.edits ?? {};
    if (focusBeside(undo) === undo && !canUndo) (canRedo ? redo : edit).focus(); // what is disabled loses the focus
    if (focusBeside(redo) === redo && !canRedo) (canUndo ? undo : edit).focus();
    undo.disabled = !canUndo;
    redo.disabled = !canRedo;
    steps.hidden = hides || (!canUndo && !canRedo);
    for (const { button, apply } of followUps) {
      const hidden = !post || hides || apply(post.current, post.source) === null;
      if (hidden && focusBeside(button) === button) (canUndo ? undo : edit).focus(); // what is hidden has no focus
      button.hidden = hidden;
    }
  }
}

/** @param {Post} post */
function kindOf({ asked: { tone, length, lora } }) {
  return texts.post.kind(texts.post.tones[tone] ?? tone, texts.post.lengths[length] ?? length, lora);
}

/** What a person should know of a post, the most important only. @param {Post} post @param {string} network that it is for */
function noticeOf({ ended, ranAway, broken, left }, network = "") {
  const { runaway, full, broken: parts, noRoomFor } = texts.post.notices;
  if (ranAway || ended === "limit") return runaway;
  if (ended === "context") return full;
  if (left.length) return noRoomFor(left, network);
  return broken ? parts : null;
}
