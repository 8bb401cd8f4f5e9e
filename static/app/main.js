// @ts-check
/**
 * The page's one place where things happen: it reads the lists, keeps the engine, turns what the views emit into calls and
 * transitions, and shows every new state in every view.
 */

import { countWords } from "../text/counting.js";
import { Engine } from "../engine/client.js";
import { choose, lookAtGpu } from "../engine/choice.js";
import { OnpageError } from "../engine/errors.js";
import { listStored, removeStored } from "../engine/model_storage.js";
import { buildPrompt, promptRoom, reusedShare } from "../tasks/post/prompt.js";
import { recall, remember } from "./tab_memory.js";
import { createStore, currentLength, currentLora, currentModel } from "./state.js";
import { mountComposer } from "../tasks/post/composer.js";
import { mountHeader } from "./header.js";
import { mountKept } from "./kept.js";
import { mountLoading } from "./loading.js";
import { mountPost } from "../tasks/post/post.js";
import { mountProblem } from "./problem.js";
import { mountSettings } from "./settings.js";

/** Typing pauses this long before the tokens are counted. */
const COUNT_DELAY = 250;
/** Characters per token that hardly a text reaches: to count beyond them would mostly waste time. */
const MOST_CHARACTERS_PER_TOKEN = 32;

/** A model that has lost its way repeats itself until the context is full: stop at so many times the length asked. */
const RUNAWAY = 3;
/** @type {import('./state.js').LoadReason[]} the engine is new, or has this very model */
const KEEPING = ["first", "adapter", "settings", "again"];

const updates = [mountProblem(), mountHeader(), mountComposer(), mountLoading(), mountPost(), mountSettings(), mountKept()];
const store = createStore((state) => {
  document.body.dataset.phase = state.now.phase;
  document.body.dataset.engine = state.choice?.entry.id ?? "";
  for (const update of updates) update(state);
});
/** @type {import('../engine/protocol.js').VendorUrls} */
const vendor = JSON.parse(document.body.dataset.vendor ?? "{}");

/** @type {Engine | null} */
let engine = null;
/** Whether the engine was already started again by itself since it last finished a post. */
let recovered = false;
/** The last prompt this engine has read, which it still holds. */
let lastPrompt = "";
let stop = new AbortController();
let counting = 0;

/** @param {string} url */
async function json(url) {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) throw new OnpageError("server-unreachable", response ? `${url}: ${response.status}` : url);
  return response.json();
}

async function start() {
  const [gpu, models, task, examples, limits] = await Promise.all([
    lookAtGpu(),
    ...["/api/models", "/static/tasks/post/social_post.json", "/static/tasks/post/examples.json", "/static/tasks/post/limits.json"].map(json),
  ]);
  if (!models.length) throw new OnpageError("no-model");
  const asked = new URLSearchParams(location.search).get("engine");
  store.apply("started", { models, task, examples, limits, gpu, ...recall(), ...(asked && { engineId: asked }) });
  await load("first");
}

/**
 * Brings the chosen model into an engine. Reasons that keep the model keep the worker too, with its compiled shaders.
 *
 * @param {import('./state.js').LoadReason} reason
 * @param {{modelId?: string, engineId?: string, loraId?: string, settings?: import('../engine/protocol.js').SamplingSettings,
 *   fresh?: boolean}} [options]
 */
async function load(reason, { modelId, engineId, loraId, settings, fresh } = {}) {
  const state = store.get();
  const model = state.models.find(({ id }) => id === (modelId ?? state.modelId));
  if (!model) return;
  const wanted = { modelId: model.id, engineId: engineId ?? state.engineId, choice: null, loraId: "" };
  let choice;
  try {
    choice = choose(model, state.gpu, wanted.engineId);
  } catch (error) {
    engine?.close();
    engine = null;
    store.apply("loadBegan", { reason, ...wanted });
    store.apply("failed", OnpageError.from(error).toJSON());
    return;
  }
  const { entry, file } = choice;
  if (!engine || engine.entry !== entry || !KEEPING.includes(reason)) {
    engine?.close();
    engine = new Engine(entry, fail);
  }
  const current = engine;
  const adapters = entry.takesAdapters ? model.adapters : [];
  const known = adapters.find(({ id }) => id === (loraId ?? state.loraId));
  store.apply("loadBegan", { reason, ...wanted, choice, loraId: known?.id ?? "" });
  lastPrompt = "";
  const lora = currentLora(store.get());
  const asked = settings ?? recall().settings?.[model.id] ?? model.sampling;
  const chosen = { ...asked, maxTokens: Math.min(asked.maxTokens, file.context) };
  const onProgress = (/** @type {import('../engine/protocol.js').LoadProgress} */ progress) => {
    if (current === engine) store.apply("progressed", progress);
  };
  const ranks = [...new Set(adapters.map(({ rank }) => rank))];
  const { adapter } = await (reason === "adapter"
    ? current.adapt(lora, onProgress)
    : current.load(file, chosen, { vendor, fresh, ranks, lora, onProgress }));
  if (current !== engine) return;
  store.apply("loaded", { settings: chosen, adapter });
  remember(store.get());
  countSoon(0);
  lookAtKept();
}

async function lookAtKept() {
  store.apply("looked", await listStored());
}

/**
 * The engine is gone. What may be an accident is tried again once by itself; the rest, and a second time, is a screen.
 * @param {OnpageError} error
 */
function fail(error) {
  engine = null;
  if (store.get().now.phase === "starting") return; // the load that follows makes another
  if (error.code === "engine-failed" && !recovered) {
    recovered = true;
    const { loaded } = store.get();
    load("recover", loaded ? { settings: loaded } : {}).catch(() => {}); // it comes back here
    return;
  }
  store.apply("failed", error.toJSON());
}

/** @param {import('./state.js').State} state */
function promptOf(state) {
  const model = currentModel(state);
  if (!model) throw new Error("no model is chosen");
  const { words } = currentLength(state);
  return {
    prompt: buildPrompt(state.task, model.promptTemplate, { ...state.draft, words }),
    room: promptRoom(state.loaded?.maxTokens ?? model.sampling.maxTokens, words),
  };
}

/**
 * Tokens of a prompt; of one that is far too long, about so many, by those of its beginning.
 * @param {Engine} engine
 * @param {string} prompt
 * @param {number} room
 */
async function promptTokens(engine, prompt, room) {
  const enough = Math.max(room, 1) * MOST_CHARACTERS_PER_TOKEN;
  if (prompt.length <= enough) return engine.countTokens(prompt);
  const counted = await engine.countTokens(prompt.slice(0, enough));
  return counted > room ? Math.ceil((counted * prompt.length) / enough) : engine.countTokens(prompt);
}

function countSoon(delay = COUNT_DELAY) {
  clearTimeout(counting);
  counting = window.setTimeout(async () => {
    const state = store.get();
    if (state.now.phase !== "ready" || !engine || !state.draft.text.trim()) return;
    const { prompt, room } = promptOf(state);
    const tokens = await promptTokens(engine, prompt, room).catch(() => null);
    if (tokens !== null) store.apply("counted", { draft: state.draft, tokens, room });
  }, delay);
}

async function write() {
  const state = store.get();
  const current = engine;
  if (state.now.phase !== "ready" || !current || !state.loaded || !state.draft.text.trim()) return;
  const { prompt, room } = promptOf(state);
  const tokens = state.count?.tokens ?? (await promptTokens(current, prompt, room)); // as a rule counted while it was typed
  if (tokens > room) {
    store.apply("refused", { tokens, room });
    return;
  }
  const reused = current.entry.keepsPrompt ? reusedShare(prompt, lastPrompt) : 0;
  store.apply("writeBegan", { draft: state.draft, seed: state.loaded.seed, reused });
  lastPrompt = prompt;
  stop = new AbortController();
  const generation = current.generate(prompt, stop.signal);
  const enough = currentLength(state).words * RUNAWAY;
  for await (const piece of generation) {
    store.apply("wrote", piece);
    if (!stop.signal.aborted && countWords(store.get().post?.text ?? "") > enough) {
      store.apply("ranAway");
      stop.abort();
    }
  }
  store.apply("written", await generation.figures);
  recovered = false;
  countSoon(0);
}

async function again() {
  const { now, loaded } = store.get();
  if (now.phase !== "ready" || !loaded) return;
  await load("again", { settings: { ...loaded, seed: loaded.seed + 1 } });
  await write();
}

/**
 * @param {string} verb
 * @param {(detail: any) => unknown} act its rejections are the engine's, which `fail` has already been told of
 */
function on(verb, act) {
  document.addEventListener(`onpage:${verb}`, (event) => {
    Promise.resolve(act(/** @type {CustomEvent} */ (event).detail)).catch(report);
  });
}

/** @param {unknown} error */
function report(error) {
  if (!(error instanceof OnpageError)) throw error;
}

on("draft", (change) => {
  store.apply("drafted", change);
  remember(store.get());
  countSoon();
});
on("write", write);
on("stop", () => {
  store.apply("stopAsked");
  stop.abort();
});
on("again", again);
on("settings", (settings) => load("settings", { settings }));
on("model", (modelId) => load("model", { modelId }));
on("engine", (engineId) => {
  const address = new URL(location.href);
  address.searchParams.delete("engine"); // the tab remembers from now on
  history.replaceState(null, "", address);
  return load("engine", { engineId });
});
on("adapter", (loraId) => {
  const { now, loaded } = store.get();
  return now.phase === "ready" && loaded ? load("adapter", { loraId, settings: loaded }) : undefined;
});
on("without-adapter", () => {
  recovered = false;
  return load("restart", { loraId: "" });
});
on("restart", () => {
  const { now } = store.get();
  recovered = false;
  return load("restart", { fresh: now.phase === "problem" && now.error.code === "model-corrupt" });
});
on("remove-kept", async () => {
  if (store.get().now.phase === "loading") return; // it is being read
  await removeStored();
  await lookAtKept();
});
on("reload-page", () => location.reload());
on("localhost", () => location.assign(`http://localhost:${location.port}/`));

start().catch((error) => {
  if (store.get().now.phase === "starting") store.apply("failed", OnpageError.from(error).toJSON());
});
