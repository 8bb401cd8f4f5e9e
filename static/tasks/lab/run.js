// @ts-check
/**
 * What came of a template: its answers, one or two side by side, as they grow, and as records of the device. Pure, but for what grows.
 *
 * A record's head has the answers, its body what was filled in. What is read is checked: another version of the page, or somebody with
 * the browser's tools, may have written it.
 *
 * @typedef {import('../../records/record.js').Entry} Entry
 * @typedef {import('../../records/record.js').Head} Head
 * @typedef {import('../../engine/client.js').Figures} Figures
 * @typedef {import('./template.js').Reading} Reading
 * @typedef {Figures['ended'] | 'lost'} Ending `lost`: the engine or the page went away while it was written
 *
 * @typedef {object} By who wrote an answer, and how
 * @property {string} model its name
 * @property {string} lora the adapter's, "" for none
 * @property {number} temperature
 * @property {number} topK
 * @property {number} seed
 *
 * @typedef {{code: 'none' | 'cut' | 'broken' | 'unfit' | 'unchecked', detail: string}} Problem of JSON; `unfit`: it is JSON and does not fit the
 *   schema; `unchecked`: the validator could not be loaded
 * @typedef {{text: string, problems: Problem[]}} Attempt
 */

import { newId } from "../../records/record.js";
import { jsonIn, listIn, unquoted } from "./reading.js";

/** @type {Ending[]} */
const ENDINGS = ["model", "stopped", "limit", "context", "lost"];
const PROBLEMS = /** @type {Problem['code'][]} */ (["none", "cut", "broken", "unfit", "unchecked"]);

/** A text that comes piece by piece; a piece costs the same at any length. */
export class Answer {
  /** @type {string[]} */
  #pieces = [];
  /** @type {Figures | null} */
  figures = null;
  /** Null while it is being written. @type {Ending | null} */
  ended = null;
  /** What is wrong with its JSON. @type {Problem[]} */
  problems = [];
  /** What it was before the model was told to correct it. @type {Attempt | null} */
  first = null;

  /** @param {By} by */
  constructor(by) {
    this.by = by;
  }

  /** @param {string} piece */
  add(piece) {
    this.#pieces.push(piece);
  }

  /** Nothing more comes. @param {Figures | null} figures null where the engine was lost */
  end(figures) {
    this.figures = figures;
    this.ended = figures?.ended ?? "lost";
  }

  /** From here on it is written again; what there is was the first attempt. @param {Problem[]} problems */
  again(problems) {
    this.first = { text: this.text, problems };
    this.#pieces = [];
    this.ended = null;
  }

  /** The correction came to nothing: the first attempt is all there is. */
  back() {
    if (!this.first) return;
    this.#pieces = [this.first.text];
    this.problems = this.first.problems;
    this.first = null;
  }

  get text() {
    if (this.#pieces.length > 1) this.#pieces = [this.#pieces.join("")];
    return this.#pieces[0] ?? "";
  }
}

/** One pressing of Run. */
export class Run {
  /** @type {Answer[]} */
  answers = [];

  /**
   * @param {{template: {id: string, name: string}, reading: Reading, instruction: string, values: Record<string, string>}} asked
   * @param {{id?: string, at?: number}} [made] `at`: when it was begun
   */
  constructor(asked, { id = newId(), at = Date.now() } = {}) {
    this.asked = asked;
    this.id = id;
    this.at = at;
  }
}

/**
 * What a finished answer says, as its template reads it.
 * @param {string} text
 * @param {Reading} reading
 * @returns {{as: 'text', text: string} | {as: 'list', items: string[]} | {as: 'json', json: string}} JSON that is none is a text
 */
export function read(text, reading) {
  if (reading.as === "list") {
    const items = listIn(text, reading.count);
    if (items.length > 1) return { as: "list", items };
  }
  if (reading.as === "json") {
    const found = jsonIn(text);
    if ("value" in found) return { as: "json", json: JSON.stringify(found.value, null, 2) };
  }
  return { as: "text", text: reading.as === "text" ? unquoted(text) : text.trim() };
}

/** As one text, for the clipboard. @param {ReturnType<typeof read>} said */
export function plain(said) {
  return said.as === "list" ? said.items.map((item, index) => `${index + 1}. ${item}`).join("\n") : said.as === "json" ? said.json : said.text;
}

/** @param {Run} run @returns {Entry} */
export function entryOf({ id, at, asked: { template, reading, instruction, values }, answers }) {
  const written = answers.map(({ text, by, ended, problems, first }) => ({ text, by, ended: ended ?? "lost", problems, first }));
  return { id, at, head: { template, reading, answers: written }, body: { instruction, values } };
}

/** Null for what is no run. @param {Head & {body?: unknown}} record @returns {Run | null} */
export function runOf({ id, at, head, body }) {
  const { template, reading, answers } = recordOf(head);
  const { id: templateId, name } = recordOf(template);
  if (typeof templateId !== "string" || !Array.isArray(answers)) return null;
  const { instruction, values } = recordOf(body);
  const filled = Object.entries(recordOf(values)).filter((/** @type {[string, unknown]} */ pair) => typeof pair[1] === "string");
  const run = new Run(
    { template: { id: templateId, name: string(name) }, reading: readingOf(reading), instruction: string(instruction), values: /** @type {Record<string, string>} */ (Object.fromEntries(filled)) },
    { id, at },
  );
  run.answers = answers.slice(0, 2).map(answerOf);
  return run.answers.length ? run : null;
}

/** @param {unknown} value */
function answerOf(value) {
  const { text, by, ended, problems, first } = recordOf(value);
  const { model, lora, temperature, topK, seed } = recordOf(by);
  const answer = new Answer({ model: string(model), lora: string(lora), temperature: number(temperature), topK: number(topK), seed: number(seed) });
  answer.add(string(text));
  answer.ended = ENDINGS.find((each) => each === ended) ?? "lost";
  answer.problems = problemsOf(problems);
  const before = recordOf(first);
  if (typeof before.text === "string") answer.first = { text: before.text, problems: problemsOf(before.problems) };
  return answer;
}

/** @param {unknown} value @returns {Problem[]} */
function problemsOf(value) {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each) => {
    const { code, detail } = recordOf(each);
    const known = PROBLEMS.find((problem) => problem === code);
    return known ? [{ code: known, detail: string(detail) }] : [];
  });
}

/** @param {unknown} value @returns {Reading} */
function readingOf(value) {
  const { as, count, schema } = recordOf(value);
  if (as === "list") return { as, count: Math.min(20, Math.max(1, number(count))) };
  return as === "json" ? { as, schema: string(schema) } : { as: "text" };
}

/** @param {unknown} value @returns {Record<string, unknown>} */
function recordOf(value) {
  return typeof value === "object" && value !== null ? /** @type {Record<string, unknown>} */ (value) : {};
}

const string = (/** @type {unknown} */ value) => (typeof value === "string" ? value : "");
const number = (/** @type {unknown} */ value) => (typeof value === "number" ? value : 0);
