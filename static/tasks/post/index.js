// @ts-check
/** The first task: a text becomes a social media post. This is what connects its state, its two views and the session. */

import { message } from "../../engine/index.js";
import { texts } from "../../text/texts.js";
import { h } from "../../ui/dom.js";
import { json } from "../data.js";
import { mountFigures } from "../parts/figures.js";
import { events as historyEvents, mountHistory } from "../parts/history_view.js";
import { Keeper } from "../parts/keeper.js";
import { events as cardEvents, mountCard } from "./card.js";
import { countWords } from "./check/sentences.js";
import { events as composerEvents, mountComposer } from "./composer.js";
import { mountDeclined } from "./declined.js";
import { asJson, asMarkdown, entryOf, keptOf, postOf } from "./history.js";
import { FOLLOW_UPS } from "./follow_ups.js";
import { Judge } from "./judge.js";
import { events as optionsEvents, makeOptions } from "./options_view.js";
import { lengthOn } from "./platforms.js";
import { continued, languageSaid, lengthOf, messagesOf, promptRoom, runawayAt } from "./prompt.js";
import { Post, counted, drafted, initial } from "./state.js";
import { voiceOf, voiced } from "./voice.js";

/**
 * @typedef {import('../task.js').TaskContext} TaskContext
 * @typedef {import('../task.js').MountedTask} MountedTask
 */

/** Typing pauses this long before the tokens are counted. */
const COUNT_DELAY = 250;
/** Posts that are written to choose from. */
const VARIANTS = 3;
/** The id of the only voice there is. */
const VOICE = "voice";

const { history: said } = texts.post;

/** Posts as the history shows them. @type {import('../parts/history_view.js').Kind} */
const HISTORY = {
  itemOf(head) {
    const kept = keptOf(head);
    return kept && { text: kept.current, about: said.kind(kept) };
  },
  asJson,
  asMarkdown: (entries) => asMarkdown(entries, { ...said.file, heading: said.kind }),
  file: "onpage-posts",
  said,
  copying: texts.post,
};

const here = (/** @type {string} */ file) => new URL(file, import.meta.url);

export const styles = ["composer", "options", "card", "check", "variants", "../parts/caret", "../parts/figures", "../parts/history"].map((name) => here(`${name}.css`));

/**
 * @param {HTMLElement} element
 * @param {TaskContext} context
 * @returns {Promise<MountedTask>}
 */
export async function mount(element, { session, loading, figures: figuresRoot, recalled, remember, records, collection }) {
  const [definition, examples, platforms, rules, languages] = await Promise.all(["social_post.json", "examples.json", "platforms.json", "check.json", "../parts/languages.json"].map((file) => json(here(file))));
  const judge = new Judge(rules, definition);
  const options = makeOptions(platforms, languages);
  const declinedRoot = h("div", { class: "declined" });
  const declined = mountDeclined(declinedRoot, write, (value) => judge.isForeign(value));
  const composer = mountComposer(element, definition, examples, declinedRoot, options.root);
  const side = h("div", { class: "post-side" });
  element.append(side);
  const card = mountCard(side, platforms, loading, sampleOf(examples), judge);
  const history = mountHistory(side, records, HISTORY);
  const keeper = new Keeper(records, entryOf, (dropped) => history.note(dropped));
  const figures = mountFigures(figuresRoot, texts.post.figures);
  const voices = collection("voice");
  const ended = new AbortController();
  let state = initial(definition, platforms, recalled);
  let counting = 0;
  let wasReady = false;

  const show = () => {
    composer.update(session.state, state);
    options.update(state, session.state.setup?.model.demo ?? false);
    card.update(session.state, state);
    figures.update(session.state, measuredOf(state.post));
  };
  const set = (/** @type {typeof state} */ next) => {
    state = next;
    show();
  };

  /** What the draft asks of the model, and the room that there is for it. @param {string} [beginning] of the post: a part of its words that is read */
  function wanted(beginning = "") {
    const { words } = lengthOf(definition, state.draft.length);
    const { text, language } = state.draft;
    const { setup } = session.state;
    const maxTokens = setup?.settings.maxTokens ?? 0;
    const said = setup?.model.demo ? "" : languageSaid(language, judge.isForeign(text)); // the demo knows English only
    const asked = messagesOf(definition, state.draft, said);
    const messages = beginning ? [...asked, message(beginning, "model")] : asked;
    return { messages, room: promptRoom(maxTokens, words - countWords(beginning)), limits: runawayAt(words) };
  }

  function countSoon(delay = COUNT_DELAY) {
    clearTimeout(counting);
    counting = window.setTimeout(async () => {
      const { draft } = state;
      if (session.state.now.phase !== "ready" || !draft.text.trim()) return;
      const { messages, room } = wanted();
      const tokens = await session.count(messages, room);
      if (tokens !== null) set(counted(state, draft, { tokens, room }));
    }, delay);
  }

  /**
   * Writes what the draft asks for; null where nothing came of it.
   * @param {Post[] | null} batch where it goes, if it is one of several to choose from
   * @param {import('../../engine/protocol.js').Draw | null} [draw] how it is drawn, in place of the settings
   * @param {string} [beginning] how the post begins
   */
  async function writeOne(batch, draw = null, beginning = "") {
    const { now, setup } = session.state;
    const { draft, count } = state;
    if (now.phase !== "ready" || !setup || !draft.text.trim()) return null;
    keeper.flush();
    const { messages, room, limits: most } = wanted(beginning);
    const { tone, length } = draft;
    const language = setup.model.demo ? "" : draft.language;
    const asked = { tone, length, language, seed: draw?.seed ?? setup.settings.seed, lora: setup.lora?.name ?? "", model: setup.model.name };
    const next = new Post(asked, { source: draft.text });
    const begin = () => {
      batch?.push(next);
      set({ ...state, choices: [...(batch ?? [])], choosing: batch !== null, post: next });
    };
    const onText = (/** @type {string} */ heard) => {
      const piece = next.text ? heard : continued(beginning, heard);
      next.add(piece);
      if (state.post !== next) begin(); // only now: until its first word the post before stays
      if (batch) card.appendChoice(next, piece);
      else card.append(next, piece);
      keeper.soon(next);
      if (next.words <= most.words || next.ranAway) return;
      next.ranAway = true;
      session.stop();
    };
    state = { ...state, tooLong: false };
    const outcome = await session.generate(messages, { room, counted: beginning ? null : (count?.tokens ?? null), tokens: most.tokens, draw, onText });
    next.end(outcome?.kind === "written" ? outcome.figures : null);
    if (next.ended === "model") {
      judge.mend(next);
      addVoice(next);
    }
    if (outcome?.kind === "too-long" && !beginning) state = { ...counted(state, draft, outcome), tooLong: draft === state.draft };
    show();
    if (state.post !== next) return null; // not a word of it
    await keeper.now(next);
    rememberAll();
    return next;
  }

  /** One post, the best of several draws, or three with a seed each. */
  async function write() {
    if (state.busy || session.state.now.phase !== "ready" || !state.draft.text.trim()) return;
    await (state.draft.three ? writeThree() : writeBest());
  }

  /** Writes again, while the check finds fault with the best that there is, and keeps it; the others are there to be looked at. */
  async function writeBest() {
    const { draft } = state;
    const { setup } = session.state;
    /** @type {Post[]} */
    const drafts = [];
    /** @type {Post | null} */
    let best = null;
    /** @type {import('./judge.js').Next | null} */
    let next = null;
    set({ ...state, busy: true });
    while (setup && state.busy && state.draft === draft && !ended.signal.aborted) {
      const written = await writeOne(null, next?.draw, next?.beginning);
      if (!written) break;
      drafts.push(written);
      best = judge.together(drafts, state.voice);
      if (best.assembled) addVoice(best);
      next = judge.next(best, setup, drafts);
      if (!next) break;
      if (state.busy) set({ ...state, again: next.why });
    }
    if (!best || drafts.length < 2) return set({ ...state, busy: false, again: null });
    set({ ...state, busy: false, again: null, post: best, choices: drafts.filter(({ ended: how }) => how === "model") });
    await keeper.now(best);
    for (const each of drafts) if (each !== best) await drop(each);
    rememberAll();
  }

  /** A draft that is not kept in the history, unless it is chosen after all. @param {Post} draft */
  async function drop({ id }) {
    keeper.forget(id);
    await records.delete(id);
  }

  async function writeThree() {
    /** @type {Post[]} */
    const batch = [];
    set({ ...state, busy: true });
    for (let number = 1; number <= VARIANTS && state.busy; number += 1) {
      if (number > 1) await session.reseed();
      const written = state.busy ? await writeOne(batch) : null;
      if (written?.ended !== "model" && written?.ended !== "limit") break;
    }
    set({ ...state, busy: false, choosing: state.choosing && state.choices.length > 1 }); // one may have been chosen since Stop
  }

  /** Ends what is written, and what was to be written after it. */
  function stop() {
    set({ ...state, busy: false, again: null });
    session.stop();
  }

  /** Puts the person's hashtags and link after what the model wrote. @param {Post} written */
  function addVoice(written) {
    const platform = platforms.find((/** @type {import('./platforms.js').Platform} */ { id }) => id === state.draft.platform);
    const { text, left } = voiced(written.current, state.voice, (value) => !platform || lengthOn(platform, value) <= platform.limit);
    written.edits?.change(text);
    written.left = left;
  }

  async function again() {
    const { seed } = session.state.setup?.settings ?? {};
    await session.reseed();
    if (session.state.setup?.settings.seed !== seed) await write(); // else it could not be had
  }

  /** A change of the shown post's text. @param {(edits: import('./edits.js').Edits) => void} change */
  function edit(change) {
    const { post: shown } = state;
    if (!shown?.edits) return;
    change(shown.edits);
    keeper.soon(shown);
    show();
  }

  /** @param {string} id of a follow-up */
  function followUp(id) {
    const { apply } = FOLLOW_UPS.find((each) => each.id === id) ?? {};
    edit((edits) => edits.change(apply?.(edits.text, state.post?.source ?? "") ?? edits.text));
  }

  /** @param {string} id of one of the choices */
  function choose(id) {
    const chosen = state.choices.find((each) => each.id === id);
    if (!chosen) return;
    set({ ...state, post: chosen, choosing: false });
    keeper.resume(id);
    void keeper.now(chosen);
    rememberAll();
    card.focus();
  }

  /** @param {{hashtags: string, link: string}} typed */
  async function keepVoice({ hashtags, link }) {
    const voice = voiceOf(hashtags, link);
    set({ ...state, voice });
    await voices.put({ id: VOICE, at: 0, head: voice, body: null });
  }

  /** Shows a post of the history. @param {unknown} id */
  async function open(id) {
    const entry = typeof id === "string" ? await records.get(id) : null;
    const found = entry && postOf(entry);
    if (!found || state.busy || session.state.now.phase === "writing" || ended.signal.aborted) return;
    keeper.flush();
    set({ ...state, post: found, choosing: false });
    rememberAll();
    card.focus();
  }

  const { signal } = ended;
  const rememberAll = () => remember({ ...state.draft, shown: state.post?.id });
  const redraft = (/** @type {Partial<import('./prompt.js').Draft>} */ change) => {
    declined.clear();
    set(drafted(state, change));
    rememberAll();
    countSoon();
  };
  composerEvents.listen(composer.root, "draft", redraft, signal);
  composerEvents.listen(composer.root, "write", () => declined.lets(session.state, state.draft.text) && write(), signal);
  composerEvents.listen(composer.root, "stop", stop, signal);
  optionsEvents.listen(options.root, "voice", keepVoice, signal);
  cardEvents.listen(card.root, "again", again, signal);
  cardEvents.listen(card.root, "choose", choose, signal);
  cardEvents.listen(card.root, "back", () => set({ ...state, choosing: true }), signal);
  cardEvents.listen(card.root, "follow", followUp, signal);
  cardEvents.listen(card.root, "edit", show, signal);
  cardEvents.listen(card.root, "edited", () => keeper.flush(), signal);
  cardEvents.listen(card.root, "type", (value) => edit((edits) => edits.type(value, Date.now())), signal);
  cardEvents.listen(card.root, "undo", () => edit((edits) => edits.undo()), signal);
  cardEvents.listen(card.root, "redo", () => edit((edits) => edits.redo()), signal);
  historyEvents.listen(history.root, "open", open, signal);
  historyEvents.listen(history.root, "removed", (id) => keeper.forget(id ?? state.post?.id ?? ""), signal);
  historyEvents.listen(history.root, "restored", (id) => keeper.resume(id), signal);
  window.addEventListener("pagehide", () => keeper.flush(), { signal });
  document.addEventListener("visibilitychange", () => document.hidden && keeper.flush(), { signal }); // a phone ends hidden pages without a word
  void voices.get(VOICE).then((kept) => {
    const { hashtags, link } = /** @type {Record<string, unknown>} */ (kept?.head ?? {});
    if (kept && !ended.signal.aborted) set({ ...state, voice: voiceOf(hashtags, link) });
  });
  const { shown } = /** @type {{shown?: unknown}} */ (recalled ?? {});
  if (shown) void records.get(String(shown)).then((entry) => entry && !state.post && set({ ...state, post: postOf(entry) }));

  return {
    update({ now }) {
      const ready = now.phase === "ready";
      if (ready && !wasReady) countSoon(0);
      if (now.phase === "loading") {
        declined.clear(); // another model may take it
        state = { ...state, count: null }; // other settings leave other room
      }
      wasReady = ready;
      show();
    },
    holdsText: () => state.draft.text.trim() !== "",
    stop,
    take: (value) => composer.take(value),
    focus: () => composer.focus(),
    destroy() {
      keeper.flush();
      ended.abort();
      clearTimeout(counting);
      composer.destroy();
      card.destroy();
      history.destroy();
      side.remove();
      figures.destroy();
    },
  };
}

/** @param {Post | null} post @returns {import('../parts/figures.js').Measured[]} */
function measuredOf(post) {
  return post?.figures ? [{ name: "", figures: post.figures, seed: post.asked.seed }] : [];
}

/**
 * What the model made of an example, to be shown before anything is written.
 * @param {import('./composer.js').Example[]} examples
 */
function sampleOf(examples) {
  return examples.find(({ post: written }) => written)?.post ?? "";
}
