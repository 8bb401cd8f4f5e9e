// @ts-check
/**
 * The only implementation of measuring. `run(plan, …)` takes one engine through one plan and tells each thing as it is known,
 * in events, of which the record is the fold (`record.js`); so a tab that dies has lost only what was being measured.
 *
 * In this order: cold loads (past the browser's cache), warm loads, each with a new engine; the last one stays. Its first
 * answer, which compiles the shaders and is also the check of correctness. Then round after round each prefill length once,
 * so that whatever drifts (heat, other programs) meets all lengths alike; the first rounds are the warm-up. Nothing listens
 * while a sample is taken: the engine's client notes times, and the text is read afterwards.
 *
 * Last, with the model gone, the bandwidth of the GPU's memory, the roof of decoding.
 *
 * What goes wrong ends that measurement, is in `errors`, and the next one gets a new engine. `status` is the last event.
 *
 * @typedef {import('./record.js').Plan} Plan
 * @typedef {import('./record.js').Sample} Sample
 * @typedef {import('./record.js').Event} Event
 * @typedef {import('./record.js').BenchRecord} BenchRecord
 * @typedef {import('./prompts.js').Prompt} Prompt
 * @typedef {{onEvent?: (event: Event) => void, signal?: AbortSignal, vendor?: import('../engine/protocol.js').VendorUrls}} Options
 */

import { Engine } from "../engine/client.js";
import { engineOf, versionOf } from "../engine/registry.js";
import { OnpageError } from "../engine/errors.js";
import { message } from "../engine/messages.js";
import { PROBLEMS } from "../text/en.js";
import { measureBandwidth } from "./bandwidth.js";
import { describeBrowser, describeEnvironment, findAdapter, idleGpu, keepAwake, watchHidden } from "./environment.js";
import { BEGINNING, englishPrompt, looksSynthetic, syntheticPrompt, syntheticTokens } from "./prompts.js";
import { emptyRecord, finished, fold, modelOf } from "./record.js";

/** Tokens of the first answer where the plan has no check of correctness. */
const FIRST_ANSWER = 32;
/** A new engine's shaders are compiled by an answer of so many tokens that is not measured. */
const WAKING = 4;
/** An answer that ended by itself is asked for again, with other prompts; the longest counts. */
const MOST_TRIES = 3;
/** A length that failed so often is left, and so is the plan after as many failures in a row. */
const MOST_FAILURES = 2;
/** Milliseconds between measurements, in which the page may draw. */
const REST = 60;
/** Milliseconds for a closed engine to begin to give back what it had. */
const SETTLE = 500;

/**
 * @param {Plan} plan
 * @param {Options} [options] `signal` stops it; what was measured stays
 * @returns {Promise<BenchRecord>}
 */
export async function run(plan, options = {}) {
  const release = keepAwake();
  const bench = new Run(plan, options);
  const unwatch = watchHidden(() => bench.note("The tab was hidden during the run; browsers slow hidden tabs down."));
  try {
    await bench.all();
  } catch (error) {
    bench.fault(error, "the run");
  } finally {
    bench.close();
    unwatch();
    release();
  }
  bench.say("status", bench.status());
  return finished(bench.record);
}

/** Which of the plan's lengths fit, and a note for each that does not. @param {Plan} plan */
export function fitting({ prefill, decode, context }) {
  const fits = prefill.filter((length) => length + decode <= context);
  const notes = prefill
    .filter((length) => !fits.includes(length))
    .map((length) => `Prefill ${length} was left out: with ${decode} new tokens it does not fit a context of ${context}.`);
  return { fits, notes };
}

/**
 * A note where an answer that is counted by its words has another number of tokens for the model's own tokenizer.
 * @param {'construction' | 'tokenizer'} counted
 * @param {number} tokens
 * @param {number} checked the tokenizer's count
 */
export function crossCheck(counted, tokens, checked) {
  if (counted !== "construction" || tokens === checked) return null;
  return "The tokenizer counts some answers otherwise than their words do (checked_tokens): doubt the decode rates.";
}

class Run {
  #serial = 0;
  #done = 0;
  #missing = 0;
  /** @type {Engine | null} */
  #engine = null;
  #met = false;
  /** Whether tokens can be counted by construction. */
  #synthetic = false;
  /** Tokens that the engine's own count leaves out of a prompt. */
  #uncounted = 0;

  /** @param {Plan} plan @param {Options} options */
  constructor(plan, { onEvent = () => {}, signal = new AbortController().signal, vendor = vendorOf(document.body) }) {
    this.plan = plan;
    this.entry = engineOf(plan.engine);
    this.onEvent = onEvent;
    this.signal = signal;
    this.vendor = vendor;
    this.record = emptyRecord(plan);
    const { fits, notes } = fitting(plan);
    this.lengths = fits;
    this.notes = notes;
    const loads = Math.max(1, plan.loads.cold + plan.loads.warm);
    this.total = loads + 1 + fits.length * (plan.warmup + plan.runs) + (plan.bandwidth ? 1 : 0);
  }

  /** @param {string} at @param {any} value */
  say(at, value) {
    const event = { at, value };
    this.record = fold(this.record, event);
    this.onEvent(event);
  }

  /** The same note once. @param {string} text */
  note(text) {
    if (!this.record.notes.includes(text)) this.say("notes", text);
  }

  /** @param {unknown} thrown @param {string} during */
  fault(thrown, during) {
    const { code, detail } = OnpageError.from(thrown);
    this.say("errors", { code, sentence: `${PROBLEMS[code].title}.`, detail, during });
  }

  close() {
    this.#engine?.close();
    this.#engine = null;
  }

  status() {
    const { errors, samples, correctness } = this.record;
    const counted = samples.some(({ warmup }) => !warmup);
    if (correctness?.ok === false || (!counted && errors.length)) return "failed";
    return errors.length || this.#missing || !counted || this.signal.aborted ? "partial" : "complete";
  }

  async all() {
    const { plan } = this;
    const { entry } = this;
    this.say("plan", plan);
    this.say("model", modelOf(plan.model));
    this.say("browser", await describeBrowser());
    this.say("environment", describeEnvironment());
    if (!entry) throw new OnpageError("engine-failed", `there is no engine ${plan.engine}`);
    const { id, name, backend, package: library } = entry;
    this.say("engine", { id, name, backend, package: library, version: versionOf(entry, this.vendor) || null });
    if (backend === "WebGPU") {
      const adapter = await findAdapter();
      this.say("adapter", adapter);
      this.say("software", adapter.software);
    }
    for (const note of this.notes) this.note(note);

    await this.#loads();
    if (this.#engine && !this.signal.aborted) await this.#firstAnswer();
    await this.#rounds();
    if (plan.bandwidth && backend === "WebGPU" && !this.signal.aborted) await this.#bandwidth();
    if (this.signal.aborted) this.note("The run was stopped before its end.");
  }

  async #loads() {
    const { cold, warm } = this.plan.loads;
    const kinds = [...Array(cold).fill("cold"), ...Array(warm).fill("warm")];
    if (!kinds.length) kinds.push("warm");
    for (const kind of kinds) {
      if (this.signal.aborted) return;
      this.#progress("load", kind === "cold" ? "Loading the model from the network" : "Loading the model from browser storage");
      try {
        const { milliseconds, fromCache } = await this.#load(kind === "cold");
        const { bytes, engine } = milliseconds;
        const missed = kind === "warm" && fromCache === false;
        if (missed) this.note("A load that was to be warm counts as a cold one: the browser had not kept the model.");
        this.say("loads", { kind: missed ? "cold" : kind, milliseconds: { bytes, engine }, from_cache: fromCache ?? null });
      } catch (error) {
        this.fault(error, `${kind} load`);
        this.close();
      }
      await rest();
    }
  }

  /** Ends the engine and waits until it is gone, so that what follows does not pay for it. */
  async #settle() {
    this.close();
    await rest(SETTLE);
    if (this.entry?.backend === "WebGPU") await idleGpu();
  }

  /** A new engine with the model. @param {boolean} fresh past the browser's cache */
  async #load(fresh) {
    const { model, context, seed } = this.plan;
    if (this.#engine) await this.#settle();
    const engine = new Engine(/** @type {import('../engine/registry.js').EngineEntry} */ (this.entry));
    this.#engine = engine;
    const settings = { temperature: 1, topK: 1, seed, maxTokens: context };
    const loaded = await engine.load(model, settings, { vendor: this.vendor, fresh, warmUp: false });
    if (!this.#met) await this.#meetTokenizer();
    return loaded;
  }

  /** What the model's own tokenizer makes of known words: whether it is a synthetic one, and whether it counts the beginning. */
  async #meetTokenizer() {
    const engine = this.#current();
    const looked = await looksSynthetic((text) => engine.countTokens([message(text)]));
    this.#synthetic = this.plan.model.synthetic ?? looked.synthetic;
    this.#uncounted = BEGINNING - looked.beginning;
    this.#met = true;
    if (this.#synthetic !== looked.synthetic) {
      this.note(`The plan says that the model is ${this.#synthetic ? "" : "not "}synthetic; its tokenizer says otherwise.`);
    }
    this.say("model", modelOf({ ...this.plan.model, synthetic: this.#synthetic }));
  }

  async #firstAnswer() {
    const { decode } = this.plan;
    this.#progress("first answer", "First answer: the engine compiles its programs");
    try {
      const correctness = await this.#knownPrompt();
      const prompt = correctness ? { text: correctness.prompt } : await this.#prompt(this.lengths[0] ?? FIRST_ANSWER);
      const asked = correctness?.tokens ?? Math.min(decode, FIRST_ANSWER);
      const answer = await this.#generate(prompt.text, asked);
      if (this.signal.aborted) return;
      const tokens = this.#count(answer).tokens;
      this.say("first_answer", { milliseconds: answer.pieces.at(-1)?.[0] ?? answer.ended, tokens });
      if (correctness) this.#check(correctness.text, asked, answer.text, tokens);
    } catch (error) {
      await this.#recover(error, "first answer");
    }
    await rest();
  }

  /** What correctness is checked with, unless it is too long for the context. */
  async #knownPrompt() {
    const known = this.plan.correctness;
    if (!known) return null;
    const tokens = (await this.#current().countTokens([message(known.prompt)])) + this.#uncounted;
    if (tokens + known.tokens <= this.plan.context) return known;
    this.note(`The answer was not checked: the known prompt and its answer do not fit a context of ${this.plan.context}.`);
    return null;
  }

  /**
   * An engine stops at or a little after the tokens asked for, or before, where the answer ends by itself.
   * @param {string | null} expected
   * @param {number} asked
   * @param {string} found
   * @param {number} tokens
   */
  #check(expected, asked, found, tokens) {
    const ok = expected === null ? null : same(expected, found, tokens >= asked);
    this.say("correctness", { ok, expected, found, tokens });
    if (ok === false) this.note("The answer to the known prompt is wrong: the speed of this engine means nothing.");
  }

  async #rounds() {
    const { runs, warmup } = this.plan;
    /** @type {Map<number, number>} failures of each length */
    const failures = new Map();
    let inARow = 0;
    for (let round = 0; round < warmup + runs; round += 1) {
      const isWarmup = round < warmup;
      const number = isWarmup ? round + 1 : round + 1 - warmup;
      for (const prefill of this.lengths) {
        if (this.signal.aborted) return;
        const during = `prefill ${prefill}, ${isWarmup ? "warm-up" : "run"} ${number}`;
        this.#progress("sample", `${isWarmup ? "Warm-up" : "Run"} ${number} of ${isWarmup ? warmup : runs}, prefill ${prefill}`);
        const failed = failures.get(prefill) ?? 0;
        if (!this.#engine || failed >= MOST_FAILURES || inARow >= MOST_FAILURES * 2) {
          this.#missing += 1;
          continue;
        }
        try {
          const sample = await this.#sample(prefill, number, isWarmup);
          if (sample) this.say("samples", sample);
          inARow = 0;
        } catch (error) {
          failures.set(prefill, failed + 1);
          inARow += 1;
          this.#missing += 1;
          await this.#recover(error, during);
        }
        await rest();
      }
    }
  }

  /**
   * @param {number} prefill
   * @param {number} number
   * @param {boolean} warmup
   * @returns {Promise<Sample | null>} null when it was stopped
   */
  async #sample(prefill, number, warmup) {
    const { decode } = this.plan;
    let best = await this.#attempt(prefill);
    for (let tries = 1; tries < MOST_TRIES && best.tokens < decode && !this.signal.aborted; tries += 1) {
      const other = await this.#attempt(prefill);
      if (other.tokens > best.tokens) best = other;
    }
    if (this.signal.aborted) return null;
    const { prompt, figures, pieces, tokens, first_tokens, counted } = best;
    if (!pieces.length) throw new OnpageError("engine-failed", `the engine gave an empty answer, ${MOST_TRIES} times`);
    if (tokens < decode) this.note(`Prefill ${prefill}: an answer ended by itself before ${decode} tokens.`);
    const doubt = crossCheck(counted, tokens, figures.tokens);
    if (doubt) this.note(doubt);
    if (prompt.tokens !== prefill) this.note(`A prompt of ${prefill} tokens could be filled to ${prompt.tokens} only.`);
    return {
      prefill,
      run: number,
      warmup,
      prompt_tokens: prompt.tokens,
      tokens,
      first_tokens,
      counted,
      checked_tokens: counted === "construction" ? figures.tokens : null,
      ttft: pieces[0][0],
      pieces,
      engine_figures: figures.engineFigures ?? null,
    };
  }

  /** @param {number} prefill */
  async #attempt(prefill) {
    const prompt = await this.#prompt(prefill);
    const answer = await this.#generate(prompt.text, this.plan.decode);
    return { prompt, ...answer, ...this.#count(answer) };
  }

  /** @param {number} tokens @returns {Promise<Prompt>} */
  async #prompt(tokens) {
    const { seed } = this.plan;
    const engine = this.#current();
    this.#serial += 1;
    const count = async (/** @type {string} */ text) => (await engine.countTokens([message(text)])) + this.#uncounted;
    if (!this.#synthetic) return englishPrompt(tokens, seed, this.#serial, count);
    const made = syntheticPrompt(tokens, seed, this.#serial);
    if ((await count(made.text)) === tokens) return made;
    this.note("This model does not know all of the made-up words: its tokenizer counted the prompts.");
    return englishPrompt(tokens, seed, this.#serial, count);
  }

  /** @param {string} prompt @param {number} tokens */
  async #generate(prompt, tokens) {
    const generation = this.#current().generate([message(prompt)], { signal: this.signal, tokens });
    const figures = await generation.figures;
    const ended = performance.now() - generation.called;
    let text = "";
    for await (const piece of generation) text += piece;
    const pieces = generation.pieces.map(({ time, characters }) => /** @type {[number, number]} */ ([time - generation.called, characters]));
    return { figures, ended, text, pieces };
  }

  /** @param {{text: string, pieces: [number, number][], figures: import('../engine/client.js').Figures}} answer */
  #count({ text, pieces, figures }) {
    const tokens = this.#synthetic ? syntheticTokens(text) : null;
    const first = pieces.length ? syntheticTokens(text.slice(0, pieces[0][1])) : 0;
    if (tokens !== null && first !== null) {
      return { tokens, first_tokens: first, counted: /** @type {const} */ ("construction") };
    }
    if (this.#synthetic) this.note("An answer was not made of the synthetic model's words: the tokenizer counted it.");
    return { tokens: figures.tokens, first_tokens: figures.firstTokens, counted: /** @type {const} */ ("tokenizer") };
  }

  async #bandwidth() {
    this.#progress("bandwidth", "Reading the GPU's memory");
    await this.#settle();
    try {
      const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
      if (!adapter) throw new OnpageError("no-adapter");
      this.say("bandwidth", await measureBandwidth(adapter, this.record.software));
    } catch (error) {
      this.fault(error, "bandwidth");
    }
  }

  /**
   * Says what went wrong and makes a new engine, whose shaders are compiled by an answer that nobody measures.
   * @param {unknown} error
   * @param {string} during
   */
  async #recover(error, during) {
    this.fault(error, during);
    if (this.signal.aborted) return;
    try {
      await this.#load(false);
      const prompt = await this.#prompt(this.lengths[0] ?? FIRST_ANSWER);
      await this.#generate(prompt.text, WAKING);
    } catch (second) {
      this.fault(second, `a new engine after ${during}`);
      this.close();
    }
  }

  #current() {
    if (!this.#engine) throw new OnpageError("engine-failed", "no model is loaded");
    return this.#engine;
  }

  /** @param {string} step @param {string} text */
  #progress(step, text) {
    this.say("progress", { step, done: this.#done, total: this.total, text });
    this.#done += 1;
  }
}

/**
 * @param {string} expected
 * @param {string} found
 * @param {boolean} full whether all tokens asked for came
 */
function same(expected, found, full) {
  return found !== "" && (found.startsWith(expected) || (full && expected.startsWith(found)));
}

/** @param {HTMLElement} body @returns {import('../engine/protocol.js').VendorUrls} */
function vendorOf({ dataset }) {
  return JSON.parse(dataset.vendor ?? "{}");
}

function rest(milliseconds = REST) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
