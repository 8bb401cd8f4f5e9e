// @ts-check
/**
 * The only implementation of measuring. `run(plan, …)` takes one engine through one plan and tells each thing as it is known,
 * in events, of which the record is the fold (`record.js`); so a tab that dies has lost only what was being measured.
 *
 * In this order: cold loads (past the browser's cache), warm loads, each with a new engine; the last one stays. Its first
 * answer, which compiles the shaders and is also the check of correctness. Then run after run each prefill length, with as many
 * answers as last half a second, so that whatever drifts (heat, other programs) meets all lengths alike; the first runs are
 * the warm-up. A *paced* plan has one run instead, which grows by an answer of each length for each turn it is given.
 *
 * Last, with the model gone, the bandwidth of the memory that the engine reads, the roof of decoding.
 *
 * What goes wrong ends that measurement, is in `errors`, and the next one gets a new engine. `status` is the last event.
 *
 * @typedef {import('./record.js').Plan} Plan
 * @typedef {import('./record.js').Event} Event
 * @typedef {import('./record.js').BenchRecord} BenchRecord
 * @typedef {object} Options
 * @property {(event: Event) => void} [onEvent]
 * @property {AbortSignal} [signal] stops it; what was measured stays
 * @property {() => Promise<boolean>} [nextTurn] for a paced plan: whether there is another turn, when it is ours
 * @property {import('../engine/protocol.js').VendorUrls} [vendor]
 */

import { OnpageError } from "../engine/errors.js";
import { engineOf, versionOf } from "../engine/registry.js";
import { Asker } from "./answers.js";
import { gpuBandwidth, processorBandwidth } from "./bandwidth.js";
import { describeBrowser, describeEnvironment, findAdapter, keepAwake, watchHidden } from "./environment.js";
import { Loader, rest } from "./loader.js";
import { emptyRecord, finished, fold, modelOf, runMilliseconds } from "./record.js";
import { PROBLEMS } from "../text/en.js";
import { fitting, statusOf } from "./status.js";

/** Tokens of the first answer where the plan has no check of correctness. */
const FIRST_ANSWER = 32;
/** A new engine's shaders are compiled by an answer of so many tokens that is not measured. */
const WAKING = 4;
/** A length that failed so often is left, and so is the plan after twice as many failures in a row. */
const MAX_FAILURES = 2;
/** Answers of one run, however short they are. */
const MAX_ANSWERS = 200;
/** Milliseconds between measurements, in which the page may draw. */
const REST = 60;

/**
 * @param {Plan} plan
 * @param {Options} [options]
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
    bench.loader?.close();
    unwatch();
    release();
  }
  bench.say("status", statusOf(bench.record));
  return finished(bench.record);
}

/** A note for each of the plan's lengths that does not fit. @param {Plan} plan */
export function notesOnLengths(plan) {
  const { prefill, decode, context } = plan;
  return prefill
    .filter((length) => !fitting(plan).includes(length))
    .map((length) => `Prefill ${length} was left out: with ${decode} new tokens it does not fit a context of ${context}.`);
}

class Run {
  #done = 0;
  #inARow = 0;
  /** @type {Map<number, number>} failures of each length */
  #failures = new Map();
  /** @type {Loader | null} */
  loader = null;

  /** @param {Plan} plan @param {Options} options */
  constructor(plan, { onEvent = () => {}, signal = new AbortController().signal, nextTurn = async () => false, vendor }) {
    this.plan = plan;
    this.onEvent = onEvent;
    this.signal = signal;
    this.nextTurn = nextTurn;
    this.vendor = vendor ?? vendorOf(document.body);
    this.record = emptyRecord(plan);
    this.lengths = fitting(plan);
    this.asker = new Asker({ seed: plan.seed, note: (text) => this.note(text), signal });
    const loads = Math.max(1, plan.loads.cold + plan.loads.warm);
    const runs = plan.warmup + (plan.paced ? 1 : plan.runs);
    const beginnings = plan.agreement?.beginnings.length ?? 0;
    this.total = loads + 1 + beginnings + this.lengths.length * runs + (plan.bandwidth ? 1 : 0);
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

  async all() {
    const { plan } = this;
    this.say("plan", plan);
    this.say("model", modelOf(plan.model));
    this.say("browser", await describeBrowser());
    this.say("environment", describeEnvironment());
    const entry = engineOf(plan.engine);
    if (!entry) throw new OnpageError("engine-failed", `there is no engine ${plan.engine}`);
    const { id, name, backend, package: library } = entry;
    this.say("engine", { id, name, backend, package: library, version: versionOf(entry, this.vendor) || null });
    if (backend === "WebGPU") {
      const adapter = await findAdapter();
      this.say("adapter", adapter);
      this.say("software", adapter.software);
    }
    for (const note of notesOnLengths(plan)) this.note(note);
    const loader = new Loader(plan, entry, this.vendor);
    this.loader = loader;

    await this.#loads(loader);
    if (loader.isLoaded && !this.signal.aborted) await this.#firstAnswer(loader);
    if (plan.agreement && !this.signal.aborted) await this.#agreement(loader, plan.agreement);
    for (let number = 1; number <= plan.warmup; number += 1) await this.#run(loader, number, true);
    if (plan.paced) await this.#turns(loader);
    else for (let number = 1; number <= plan.runs; number += 1) await this.#run(loader, number, false);
    if (plan.bandwidth && !this.signal.aborted) await this.#bandwidth(loader, backend);
    if (this.signal.aborted) {
      this.say("errors", { code: "stopped", sentence: "The run was stopped before its end.", detail: null, during: null });
    }
  }

  /** @param {Loader} loader */
  async #loads(loader) {
    const { cold, warm } = this.plan.loads;
    const kinds = [...Array(cold).fill("cold"), ...Array(warm).fill("warm")];
    if (!kinds.length) kinds.push("warm");
    for (const kind of kinds) {
      if (this.signal.aborted) return;
      this.#progress("load", kind === "cold" ? "Loading the model from the network" : "Loading the model from browser storage");
      try {
        const { milliseconds, fromCache } = await this.#load(loader, kind === "cold");
        const { bytes, engine } = milliseconds;
        const missed = kind === "warm" && fromCache === false;
        if (missed) this.note("A load that was to be warm counts as a cold one: the browser had not kept the model.");
        this.say("loads", { kind: missed ? "cold" : kind, milliseconds: { bytes, engine }, from_cache: fromCache ?? null });
      } catch (error) {
        this.fault(error, `${kind} load`);
        loader.close();
      }
      await rest(REST);
    }
  }

  /** @param {Loader} loader @param {boolean} fresh */
  async #load(loader, fresh) {
    const loaded = await loader.load(fresh);
    const { model } = this.plan;
    const synthetic = await this.asker.meet(loader.engine, model.synthetic);
    this.say("model", modelOf({ ...model, synthetic }));
    return loaded;
  }

  /** @param {Loader} loader */
  async #firstAnswer(loader) {
    this.#progress("first answer", "First answer: the engine compiles its programs");
    try {
      const correctness = await this.#knownPrompt(loader);
      const prompt = correctness?.prompt ?? (await this.asker.prompt(loader.engine, this.lengths[0] ?? FIRST_ANSWER)).text;
      const asked = correctness?.tokens ?? Math.min(this.plan.decode, FIRST_ANSWER);
      const answer = await this.asker.generate(loader.engine, prompt, asked);
      if (this.signal.aborted) return;
      const { tokens } = this.asker.count(answer);
      this.say("first_answer", { milliseconds: answer.pieces.at(-1)?.[0] ?? answer.ended, tokens });
      if (correctness) this.#check(correctness.text, asked, answer.text, tokens);
    } catch (error) {
      await this.#recover(loader, error, "first answer");
    }
    await rest(REST);
  }

  /** What correctness is checked with, unless it is too long for the context. @param {Loader} loader */
  async #knownPrompt(loader) {
    const known = this.plan.correctness;
    if (!known) return null;
    const tokens = await this.asker.tokensOf(loader.engine, known.prompt);
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
    const ok = expected === null ? null : isSame(expected, found, tokens >= asked);
    this.say("correctness", { ok, expected, found, tokens });
    if (ok === false) this.note("The answer to the known prompt is wrong: the speed of this engine means nothing.");
  }

  /**
   * What the engine writes after each beginning; an answer that fails is left out.
   * @param {Loader} loader
   * @param {{beginnings: string[], tokens: number}} asked
   */
  async #agreement(loader, { beginnings, tokens }) {
    /** @type {import('./record.js').Agreement['answers']} */
    const answers = [];
    for (const [index, beginning] of beginnings.entries()) {
      if (this.signal.aborted || !loader.isLoaded) break;
      this.#progress("agreement", `Agreement with the reference, text ${index + 1} of ${beginnings.length}`);
      try {
        const { text } = await this.asker.generate(loader.engine, beginning, tokens);
        if (text) answers.push({ beginning, text });
      } catch (error) {
        await this.#recover(loader, error, `agreement, text ${index + 1}`);
      }
      this.say("agreement", { answers: [...answers], positions: null, same: null });
    }
    await rest(REST);
  }

  /** Each length, with as many answers as a run takes. @param {Loader} loader @param {number} number @param {boolean} warmup */
  async #run(loader, number, warmup) {
    const { runs, warmup: warmups } = this.plan;
    const name = `${warmup ? "Warm-up" : "Run"} ${number} of ${warmup ? warmups : runs}`;
    for (const prefill of this.lengths) {
      if (this.signal.aborted) return;
      this.#progress("sample", `${name}, prefill ${prefill}`);
      let spent = 0;
      for (let answers = 0; answers < MAX_ANSWERS && spent < runMilliseconds(this.plan); answers += 1) {
        const took = await this.#answer(loader, prefill, number, warmup);
        if (took === null) break;
        spent += took;
      }
      await rest(REST);
    }
  }

  /** An answer of each length for each turn; the others wait meanwhile. @param {Loader} loader */
  async #turns(loader) {
    for (let turn = 0; ; turn += 1) {
      if (!this.lengths.some((length) => this.#isWorthAsking(loader, length))) return;
      this.say("turn", turn);
      if (this.signal.aborted || !(await this.nextTurn())) return;
      for (const prefill of this.lengths) await this.#answer(loader, prefill, 1, false);
    }
  }

  /** @param {Loader} loader @param {number} prefill */
  #isWorthAsking(loader, prefill) {
    return loader.isLoaded && (this.#failures.get(prefill) ?? 0) < MAX_FAILURES && this.#inARow < 2 * MAX_FAILURES;
  }

  /**
   * @param {Loader} loader
   * @param {number} prefill
   * @param {number} run
   * @param {boolean} warmup
   * @returns {Promise<number | null>} milliseconds that it took; null where there was none
   */
  async #answer(loader, prefill, run, warmup) {
    if (this.signal.aborted || !this.#isWorthAsking(loader, prefill)) return null;
    try {
      const answer = await this.asker.ask(loader.engine, prefill, this.plan.decode);
      this.#inARow = 0;
      if (!answer) return null;
      this.say("samples", { prefill, run, warmup, ...answer });
      return answer.pieces[answer.pieces.length - 1][0];
    } catch (error) {
      this.#failures.set(prefill, (this.#failures.get(prefill) ?? 0) + 1);
      this.#inARow += 1;
      await this.#recover(loader, error, `prefill ${prefill}, ${warmup ? "warm-up" : "run"} ${run}`);
      return null;
    }
  }

  /** Of a software GPU it says nothing. @param {Loader} loader @param {string} backend */
  async #bandwidth(loader, backend) {
    this.#progress("bandwidth", "Reading the memory");
    if (this.record.software) return;
    await loader.settle();
    try {
      this.say("bandwidth", backend === "WebGPU" ? await gpuBandwidth() : await processorBandwidth());
    } catch (error) {
      this.fault(error, "bandwidth");
    }
  }

  /**
   * Says what went wrong and makes a new engine, whose shaders are compiled by an answer that nobody measures.
   * @param {Loader} loader
   * @param {unknown} error
   * @param {string} during
   */
  async #recover(loader, error, during) {
    this.fault(error, during);
    if (this.signal.aborted) return;
    try {
      await this.#load(loader, false);
      const prompt = await this.asker.prompt(loader.engine, this.lengths[0] ?? FIRST_ANSWER);
      await this.asker.generate(loader.engine, prompt.text, WAKING);
    } catch (second) {
      this.fault(second, `a new engine after ${during}`);
      loader.close();
    }
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
function isSame(expected, found, full) {
  return found !== "" && (found.startsWith(expected) || (full && expected.startsWith(found)));
}

/** @param {HTMLElement} body @returns {import('../engine/protocol.js').VendorUrls} */
function vendorOf({ dataset }) {
  return JSON.parse(dataset.vendor ?? "{}");
}
