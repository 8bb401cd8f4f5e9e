// @ts-check
/** Runs the models of the check through an engine on this GPU: a new engine for each, as a person's model gets one. */

import { Engine } from "../engine/client.js";
import { OnpageError } from "../engine/errors.js";
import { message } from "../engine/messages.js";
import { versionOf } from "../engine/registry.js";
import { firstWrong } from "./verdict.js";

/**
 * @typedef {import('../engine/registry.js').EngineEntry} EngineEntry
 * @typedef {import('../engine/protocol.js').Precision} Precision
 * @typedef {import('../engine/protocol.js').VendorUrls} VendorUrls
 * @typedef {import('./verdict.js').Answers} Answers
 * @typedef {import('./verdict.js').Result} Result
 * @typedef {import('./verdict.js').Verdict} Verdict
 */

const FOLDER = new URL("./", import.meta.url);

/** The models and what they have to answer. Rejects where the server does not give it. @returns {Promise<Answers>} */
export async function fetchAnswers() {
  const response = await fetch(new URL("answers.json", FOLDER)).catch(() => null);
  if (!response?.ok) throw new OnpageError("server-unreachable", response ? `answers.json: ${response.status}` : "answers.json");
  return response.json();
}

/**
 * Never rejects: what keeps it from its end is in the verdict.
 * @param {EngineEntry} entry
 * @param {Precision} precision
 * @param {object} options
 * @param {VendorUrls} options.vendor
 * @param {Answers} options.answers
 * @param {AbortSignal} options.signal ends it, with what there is
 * @param {(result: Result) => void} [options.onResult] hears of each case
 * @param {(entry: EngineEntry) => Pick<Engine, 'load' | 'generate' | 'close'>} [options.makeEngine]
 * @returns {Promise<Verdict>}
 */
export async function checkEngine(entry, precision, { vendor, answers, signal, onResult = () => {}, makeEngine = (each) => new Engine(each) }) {
  const started = performance.now();
  const { context, models } = answers;
  /** @type {Result[]} */
  const results = [];
  let failed = "";
  for (const { id, file, size, sha256, cases } of models) {
    if (signal.aborted || failed) break;
    const engine = makeEngine(entry);
    const close = () => engine.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      const source = { url: new URL(file, FOLDER).href, size, sha256, precision, keep: false };
      await engine.load(source, { temperature: 1, topK: 1, seed: 0, maxTokens: context, precision }, { vendor, warmUp: false });
      for (const { tokens, asked } of cases) {
        const result = { model: id, tokens, wrong: await firstWrongOf(engine, asked) };
        results.push(result);
        onResult(result);
      }
    } catch (error) {
      const { code, detail } = OnpageError.from(error);
      failed = signal.aborted ? "stopped" : [code, detail].filter(Boolean).join(": ");
    } finally {
      signal.removeEventListener("abort", close);
      engine.close();
    }
  }
  if (signal.aborted) failed ||= "stopped";
  const of = models.reduce((sum, { cases }) => sum + cases.length, 0);
  const seconds = (performance.now() - started) / 1000;
  return { engine: entry.id, name: entry.name, version: versionOf(entry, vendor), precision, results, of, failed, seconds };
}

/** Asks for the answers of one case until one is wrong. @param {Pick<Engine, 'generate'>} engine @param {import('./verdict.js').Case['asked']} asked */
async function firstWrongOf(engine, asked) {
  let before = 0;
  for (const { prompt, answer } of asked) {
    let text = "";
    for await (const piece of engine.generate([message(prompt)], { tokens: answer.length })) text += piece;
    const wrong = firstWrong(answer, text);
    if (wrong !== null) return before + wrong;
    before += answer.length;
  }
  return null;
}
