// @ts-check
/** The first task: a text becomes a social media post. This is what connects its state, its two views and the session. */

import { events as cardEvents, mountCard } from "./card.js";
import { events as composerEvents, mountComposer } from "./composer.js";
import { mountDeclined } from "./declined.js";
import { mountFigures } from "./figures.js";
import { lengthOf, messagesOf, promptRoom, runawayAt } from "./prompt.js";
import { Post, counted, drafted, initial } from "./state.js";

/**
 * @typedef {import('../task.js').Task} Task
 * @typedef {import('../task.js').TaskContext} TaskContext
 * @typedef {import('../task.js').MountedTask} MountedTask
 */

/** Typing pauses this long before the tokens are counted. */
const COUNT_DELAY = 250;

const here = (/** @type {string} */ file) => new URL(file, import.meta.url);

/** @type {Task} */
export const post = { id: "post", styles: [here("composer.css"), here("card.css"), here("figures.css")], mount };

/**
 * @param {HTMLElement} element
 * @param {TaskContext} context
 * @returns {Promise<MountedTask>}
 */
async function mount(element, { session, loading, figures: figuresRoot, recalled, remember }) {
  const [definition, examples, limits] = await Promise.all(["social_post.json", "examples.json", "limits.json"].map(data));
  const composer = mountComposer(element, definition, examples);
  const card = mountCard(element, limits, loading, sampleOf(examples));
  const figures = mountFigures(figuresRoot);
  const ended = new AbortController();
  let state = initial(definition, recalled);
  let counting = 0;
  let wasReady = false;

  const show = () => {
    composer.update(session.state, state);
    card.update(session.state, state.post);
    figures.update(session.state, state.post);
  };
  const set = (/** @type {typeof state} */ next) => {
    state = next;
    show();
  };

  /** What the draft asks of the model, and the room that there is for it. */
  function asked() {
    const { words } = lengthOf(definition, state.draft.length);
    const maxTokens = session.state.setup?.settings.maxTokens ?? 0;
    return { messages: messagesOf(definition, state.draft), room: promptRoom(maxTokens, words), limits: runawayAt(words) };
  }

  function countSoon(delay = COUNT_DELAY) {
    clearTimeout(counting);
    counting = window.setTimeout(async () => {
      const { draft } = state;
      if (session.state.now.phase !== "ready" || !draft.text.trim()) return;
      const { messages, room } = asked();
      const tokens = await session.count(messages, room);
      if (tokens !== null) set(counted(state, draft, { tokens, room }));
    }, delay);
  }

  async function write() {
    const { now, setup } = session.state;
    const { draft, count } = state;
    if (now.phase !== "ready" || !setup || !draft.text.trim()) return;
    const { messages, room, limits: most } = asked();
    const { tone, length } = draft;
    const next = new Post({ tone, length, seed: setup.settings.seed, lora: setup.lora?.name ?? "" });
    const onText = (/** @type {string} */ piece) => {
      next.add(piece);
      if (state.post !== next) state = { ...state, post: next }; // only now: until its first word the post before stays
      card.append(next, piece);
      if (next.words <= most.words || next.ranAway) return;
      next.ranAway = true;
      session.stop();
    };
    state = { ...state, tooLong: false };
    const outcome = await session.generate(messages, { room, counted: count?.tokens ?? null, tokens: most.tokens, onText });
    if (outcome?.kind === "written") next.figures = outcome.figures;
    if (outcome?.kind === "too-long") state = { ...counted(state, draft, outcome), tooLong: draft === state.draft };
    show();
  }

  async function again() {
    const { seed } = session.state.setup?.settings ?? {};
    await session.reseed();
    if (session.state.setup?.settings.seed !== seed) await write(); // else it could not be had
  }

  const declined = mountDeclined(composer.root, write);
  const { signal } = ended;
  const redraft = (/** @type {Partial<import('./prompt.js').Draft>} */ change) => {
    declined.clear();
    set(drafted(state, change));
    remember(state.draft);
    countSoon();
  };
  composerEvents.listen(composer.root, "draft", redraft, signal);
  composerEvents.listen(composer.root, "write", () => declined.lets(session.state, state.draft.text) && write(), signal);
  composerEvents.listen(composer.root, "stop", () => session.stop(), signal);
  cardEvents.listen(card.root, "again", again, signal);

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
    focus: () => composer.focus(),
    destroy() {
      ended.abort();
      clearTimeout(counting);
      composer.destroy();
      card.destroy();
      figures.destroy();
    },
  };
}

/**
 * What the model made of an example, to be shown before anything is written.
 * @param {import('./composer.js').Example[]} examples
 */
function sampleOf(examples) {
  return examples.find(({ post: written }) => written)?.post ?? "";
}

/** @param {string} file */
async function data(file) {
  const response = await fetch(here(file));
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  return response.json();
}
