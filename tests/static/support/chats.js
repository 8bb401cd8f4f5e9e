// Chats with the session as it is, and an engine that writes what its prompt makes it write: each word depends on all that is before it.

import { createHash } from "node:crypto";
import { OnpageError } from "../../../static/engine/errors.js";
import { promptOf } from "../../../static/engine/messages.js";
import { Session } from "../../../static/engine/session.js";
import { MemoryShelf } from "../../../static/records/memory.js";
import { Records } from "../../../static/records/records.js";
import { Chat } from "../../../static/tasks/chat/chat.js";
import { model } from "./engines.js";

/** Characters of a token of this engine. */
const TOKEN = 4;
/** Of 256 words, those that end an answer. */
const ENDS = 24;

/** The next word after a text, or "" where the answer ends. @param {string} text @param {number} seed */
function nextWord(text, seed) {
  const hash = createHash("sha1").update(`${seed}\n${text}`).digest();
  return hash[0] < ENDS ? "" : `${hash.toString("hex", 1, 2 + (hash[1] % 4))} `;
}

/** Tokens of a prompt. @param {string} prompt */
export const tokensOf = (prompt) => Math.ceil(prompt.length / TOKEN);

/** What the model says to a prompt, all at once. @param {string} prompt @param {number} seed @param {number} [maxTokens] */
export function answerTo(prompt, seed, maxTokens = Infinity) {
  let answer = "";
  for (;;) {
    const word = nextWord(prompt + answer, seed);
    if (!word) return { answer, ended: "model" };
    if (tokensOf(prompt + answer + word) > maxTokens) return { answer, ended: "context" };
    answer += word;
  }
}

/** An engine of `Session`. A prompt that is longer than its context is the end of it, as with the engines that there are. */
export class WordEngine {
  ended = false;
  prompts = [];
  onPrompt = (/** @type {string} */ _prompt, /** @type {number} */ _seed) => {};
  /** What it says to any prompt in place of its own answer. @type {string | null} */
  says = null;
  /** Whether a word waits for `step`. */
  slow = false;
  #wake = () => {};

  constructor(entry, onEnd) {
    this.entry = entry;
    this.onEnd = onEnd;
  }

  async load(file, settings, { turns }) {
    this.settings = settings;
    this.turns = turns;
    return { gpuAdapter: null, milliseconds: { bytes: 0, engine: 0, warmUp: 0 }, warmed: true };
  }

  async countTokens(messages, { signal } = {}) {
    await null;
    signal?.throwIfAborted();
    return tokensOf(promptOf(messages, this.turns));
  }

  /** Lets one more word come. */
  async step() {
    this.#wake();
    for (let turn = 0; turn < 20; turn += 1) await null;
  }

  generate(messages, { signal, tokens = null }) {
    const prompt = promptOf(messages, this.turns);
    this.prompts.push(prompt);
    this.onPrompt(prompt, this.settings.seed);
    const figures = { promptTokens: tokensOf(prompt), tokens: 0, firstTokens: 1, timeToFirst: 1, prefillRate: 1, decodeRate: 1, reused: 0, engineFigures: null };
    if (tokensOf(prompt) >= this.settings.maxTokens) {
      this.crash("the prompt is too long");
      throw new OnpageError("engine-failed", "the prompt is too long");
    }
    let settle = () => {};
    const engine = this;
    return {
      figures: new Promise((resolve) => (settle = resolve)),
      async *[Symbol.asyncIterator]() {
        const { answer, ended } = engine.says !== null ? { answer: engine.says, ended: "context" } : answerTo(prompt, engine.settings.seed, engine.settings.maxTokens);
        let words = 0;
        signal?.addEventListener("abort", () => engine.#wake(), { once: true });
        for (const word of answer.match(/\S+ /g) ?? []) {
          if (engine.slow && !signal?.aborted) await new Promise((wake) => (engine.#wake = wake));
          if (signal?.aborted || engine.ended || words === tokens) break;
          words += 1;
          yield word;
        }
        if (engine.ended) throw new OnpageError("engine-failed", "crashed");
        settle({ ...figures, tokens: words, ended: signal?.aborted ? "stopped" : words === tokens ? "limit" : ended });
      },
    };
  }

  crash(detail = "by the test") {
    this.ended = true;
    this.#wake();
    this.onEnd(new OnpageError("engine-failed", detail));
  }

  close() {
    this.ended = true;
  }
}

/** A device whose records outlive a chat, for reloads and for other tabs. */
export function device() {
  return new MemoryShelf();
}

/** @type {(() => Promise<void>)[]} */
const open = [];

/** Ends the tabs of a test: their channels keep node alive. */
export async function closeTabs() {
  for (const close of open.splice(0)) await close();
}

/**
 * One tab with a chat, its session ready.
 * @param {{shelf?: MemoryShelf, maxTokens?: number, recalled?: object, seed?: number, turns?: object, now?: () => number,
 *   onPrompt?: (prompt: string, seed: number, state: object) => void}} [options]
 */
export async function tab({ shelf = device(), maxTokens = 400, recalled, seed = 1, turns, now, onPrompt = () => {} } = {}) {
  const engines = [];
  const listed = model("first");
  if (turns) listed.promptTemplate = turns;
  const pieces = [];
  /** @type {Chat} */
  let chat;
  const session = new Session({
    vendor: {},
    makeEngine: (entry, onEnd) => {
      engines.push(new WordEngine(entry, onEnd));
      engines.at(-1).onPrompt = (prompt, used) => onPrompt(prompt, used, chat.state);
      return engines.at(-1);
    },
    storage: { listStored: async () => [], removeStored: async () => {} },
    reach: async () => {},
  });
  const settings = { temperature: 1, topK: 1, seed, maxTokens };
  await session.start([listed], { gpu: "no-webgpu", remembered: { first: settings } });
  const records = new Records(shelf);
  chat = new Chat({ session, records: records.of("chat"), onText: (piece) => pieces.push(piece), now });
  open.push(async () => {
    await chat.close();
    await records.close();
    session.close();
  });
  await chat.start(recalled);
  return { chat, session, records, pieces, shelf, turns: listed.promptTemplate, get engine() { return engines.at(-1); } };
}

/** Types a question and waits for its answer. */
export async function ask({ chat }, text) {
  chat.setDraft(text);
  await chat.send();
}
