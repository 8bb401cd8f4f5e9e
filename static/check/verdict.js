// @ts-check
/**
 * What the answers of a GPU say about it. Pure.
 *
 * The shipped answers are those of exact arithmetic, and at each of their steps the likeliest word leads by a margin that no rounding makes
 * up for (builder/check/answers.py). So one other word is a fault.
 *
 * @typedef {import('../engine/protocol.js').GpuAdapter} GpuAdapter
 * @typedef {import('../engine/protocol.js').Precision} Precision
 *
 * @typedef {{tokens: number, margin: number, asked: {prompt: string, answer: string[]}[]}} Case `tokens`: of each prompt
 * @typedef {{id: string, file: string, size: number, sha256: string, cases: Case[]}} CheckModel `file`: its name beside the answers
 * @typedef {{context: number, models: CheckModel[]}} Answers what answers.json holds; `context`: tokens that every case has room in
 *
 * @typedef {object} Result of one case
 * @property {string} model
 * @property {number} tokens
 * @property {number | null} wrong the first word that is wrong, counted from 1 through all answers of the case; null where all are right
 *
 * @typedef {object} Verdict of one engine in one precision
 * @property {string} engine its id
 * @property {string} name
 * @property {string} version
 * @property {Precision} precision
 * @property {Result[]} results
 * @property {number} of cases that there are
 * @property {string} failed what kept the check from its end, "" for nothing
 * @property {number} seconds
 */

/** What each model stands for. @type {Record<string, string>} */
export const MODEL_NAMES = { gemma: "Gemma 1", gemma2: "Gemma 2", gemma3: "Gemma 3" };

/**
 * The first word of an answer that is wrong, counted from 1; null where all are right.
 * @param {string[]} answer
 * @param {string} text what was written, perhaps more than the answer
 */
export function firstWrong(answer, text) {
  const words = text.split(" ").filter(Boolean);
  const place = answer.findIndex((word, index) => words[index] !== word);
  return place < 0 ? null : place + 1;
}

/** @param {Pick<Verdict, 'results'>} verdict */
export function wrongOf({ results }) {
  return results.filter(({ wrong }) => wrong !== null);
}

/** "wrong" where one answer was; "right" where all were there and right; else nothing is known. @param {Verdict} verdict @returns {'right' | 'wrong' | 'unknown'} */
export function judge(verdict) {
  if (wrongOf(verdict).length) return "wrong";
  return !verdict.failed && verdict.results.length === verdict.of ? "right" : "unknown";
}

/**
 * What a verdict holds for: the device, its driver as far as a browser shows it (by its features, limits and version), the engine, the
 * precision, and the answers that were asked for.
 * @param {{adapter: GpuAdapter, browser: string, engine: string, version: string, precision: Precision, answers: Answers}} circumstances
 */
export function circumstancesOf({ adapter, browser, engine, version, precision, answers }) {
  const { vendor, architecture, device, description, features, limits } = adapter;
  const asked = answers.models.flatMap(({ sha256, cases }) => [sha256, ...cases.map(({ tokens, margin }) => `${tokens}:${margin}`)]);
  return JSON.stringify([vendor, architecture, device, description, features, limits, browser, engine, version, precision, asked]);
}

/** @param {Result} result */
export function caseName({ model, tokens }) {
  return `${MODEL_NAMES[model] ?? model}, ${tokens.toLocaleString("en")} tokens`;
}

/** One line of a report. @param {Verdict} verdict */
export function sentenceOf(verdict) {
  const { name, version, precision, of, failed, results } = verdict;
  const engine = `${name} ${version} in ${precision}`;
  const wrong = wrongOf(verdict);
  if (wrong.length) return `${engine}: wrong in ${wrong.length} of ${of} cases (${wrong.map((each) => `${caseName(each)}: word ${each.wrong}`).join("; ")}).`;
  if (judge(verdict) === "right") return `${engine}: right in all ${of} cases.`;
  return `${engine}: could not be told after ${results.length} of ${of} cases (${failed || "stopped"}).`;
}

/**
 * What a person gives to whoever is to mend it.
 * @param {{adapter: GpuAdapter & {driver?: string} | null, browser: string, onpage: string, verdicts: Verdict[]}} check
 */
export function reportOf({ adapter, browser, onpage, verdicts }) {
  const gpu = adapter ? [adapter.description, adapter.vendor, adapter.architecture, adapter.device].filter(Boolean).join(" / ") : "none";
  return [
    "Does this GPU compute Gemma rightly?",
    `GPU: ${gpu}${adapter?.software ? " (emulated in software)" : ""}`,
    `Driver: ${adapter?.driver || "the browser does not say"}`,
    `float16: ${adapter?.features.includes("shader-f16") ? "yes" : "no shader-f16"}; subgroups: ${adapter?.features.includes("subgroups") ? "yes" : "no"}`,
    `Browser: ${browser}`,
    `onpage ${onpage}`,
    ...verdicts.map(sentenceOf),
  ].join("\n");
}
