// @ts-check
/**
 * Answers that are measured: prompts of an exact length, the times of an answer's pieces, and its tokens, counted by
 * construction where the model is synthetic. Knows an engine through its client, and nothing of plans and records.
 *
 * @typedef {import('../engine/client.js').Engine} Engine
 * @typedef {import('../engine/client.js').Figures} Figures
 * @typedef {import('./prompts.js').Prompt} Prompt
 * @typedef {import('./record.js').Sample} Sample
 * @typedef {{figures: Figures, ended: number, text: string, pieces: [number, number][]}} Written
 * @typedef {Omit<Sample, 'prefill' | 'run' | 'warmup'>} Answer
 */

import { OnpageError } from "../engine/errors.js";
import { message } from "../engine/messages.js";
import { BEGINNING, englishPrompt, looksSynthetic, syntheticPrompt, syntheticTokens } from "./prompts.js";

/** An answer that ended by itself is asked for again, with other prompts; the longest counts. */
const MAX_TRIES = 3;

/** Steps by which an engine may miscount an answer: MediaPipe calls back with three at once, and does not say how many of the last count. */
const MAX_STEPS_OFF = 2;

/**
 * A note where an answer that is counted by its words took another number of the engine's steps.
 * @param {'construction' | 'steps'} counted
 * @param {number} tokens
 * @param {number} steps
 */
export function crossCheck(counted, tokens, steps) {
  if (counted !== "construction" || Math.abs(tokens - steps) <= MAX_STEPS_OFF) return null;
  return "Some answers took another number of steps than they have words (checked_tokens): doubt the decode rates.";
}

export class Asker {
  #serial = 0;
  /** Whether tokens can be counted by construction. */
  #synthetic = false;
  /** Tokens that the engine's own count leaves out of a prompt. */
  #uncounted = 0;

  /** @param {{seed: number, note: (text: string) => void, signal: AbortSignal}} options */
  constructor({ seed, note, signal }) {
    this.seed = seed;
    this.note = note;
    this.signal = signal;
  }

  /**
   * What the model's own tokenizer makes of known words: whether it is a synthetic one, and whether it counts the beginning.
   * @param {Engine} engine
   * @param {boolean | undefined} said what the plan says of the model
   */
  async meet(engine, said) {
    const looked = await looksSynthetic((text) => engine.countTokens([message(text)]));
    this.#synthetic = said ?? looked.synthetic;
    this.#uncounted = BEGINNING - looked.beginning;
    if (this.#synthetic !== looked.synthetic) {
      this.note(`The plan says that the model is ${this.#synthetic ? "" : "not "}synthetic; its tokenizer says otherwise.`);
    }
    return this.#synthetic;
  }

  /** Tokens of a prompt, its beginning included. @param {Engine} engine @param {string} text */
  async tokensOf(engine, text) {
    return (await engine.countTokens([message(text)])) + this.#uncounted;
  }

  /**
   * The answer to a new prompt; null when it was stopped.
   * @param {Engine} engine
   * @param {number} prefill
   * @param {number} decode
   * @returns {Promise<Answer | null>}
   */
  async ask(engine, prefill, decode) {
    let best = await this.#attempt(engine, prefill, decode);
    for (let tries = 1; tries < MAX_TRIES && best.tokens < decode && !this.signal.aborted; tries += 1) {
      const other = await this.#attempt(engine, prefill, decode);
      if (other.tokens > best.tokens) best = other;
    }
    if (this.signal.aborted) return null;
    const { prompt, figures, pieces, tokens, first_tokens, counted } = best;
    if (!pieces.length) throw new OnpageError("engine-failed", `the engine gave an empty answer, ${MAX_TRIES} times`);
    if (tokens < decode) this.note(`Prefill ${prefill}: an answer ended by itself before ${decode} tokens.`);
    const doubt = crossCheck(counted, tokens, figures.tokens);
    if (doubt) this.note(doubt);
    if (prompt.tokens !== prefill) this.note(`A prompt of ${prefill} tokens could be filled to ${prompt.tokens} only.`);
    return {
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

  /** @param {Engine} engine @param {number} prefill @param {number} decode */
  async #attempt(engine, prefill, decode) {
    const prompt = await this.prompt(engine, prefill);
    const written = await this.generate(engine, prompt.text, decode);
    return { prompt, ...written, ...this.count(written) };
  }

  /** One that was not asked before. @param {Engine} engine @param {number} tokens @returns {Promise<Prompt>} */
  async prompt(engine, tokens) {
    this.#serial += 1;
    const count = (/** @type {string} */ text) => this.tokensOf(engine, text);
    if (!this.#synthetic) return englishPrompt(tokens, this.seed, this.#serial, count);
    const made = syntheticPrompt(tokens, this.seed, this.#serial);
    if ((await count(made.text)) === tokens) return made;
    this.note("This model does not know all of the made-up words: its tokenizer counted the prompts.");
    return englishPrompt(tokens, this.seed, this.#serial, count);
  }

  /**
   * Nothing listens while it is written: the client notes times, and the text is read afterwards.
   * @param {Engine} engine
   * @param {string} prompt
   * @param {number} tokens
   * @returns {Promise<Written>}
   */
  async generate(engine, prompt, tokens) {
    const generation = engine.generate([message(prompt)], { signal: this.signal, tokens });
    const figures = await generation.figures;
    const ended = performance.now() - generation.called;
    let text = "";
    for await (const piece of generation) text += piece;
    const pieces = generation.pieces.map(({ time, characters }) => /** @type {[number, number]} */ ([time - generation.called, characters]));
    return { figures, ended, text, pieces };
  }

  /** @param {Written} written */
  count({ text, pieces, figures }) {
    const tokens = this.#synthetic ? syntheticTokens(text) : null;
    const first = pieces.length ? syntheticTokens(text.slice(0, pieces[0][1])) : 0;
    if (tokens !== null && first !== null) {
      return { tokens, first_tokens: first, counted: /** @type {const} */ ("construction") };
    }
    if (this.#synthetic) this.note("An answer was not made of the synthetic model's words: the engine's steps count it.");
    return { tokens: figures.tokens, first_tokens: figures.firstTokens, counted: /** @type {const} */ ("steps") };
  }
}
