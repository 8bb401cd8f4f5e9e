// @ts-check
/** `/check`: asks every engine on WebGPU in every precision that it has, shows each answer as it comes, and gives the whole as a text. */

import { OnpageError } from "../engine/errors.js";
import { describeAdapter } from "../engine/gpu.js";
import { ENGINES, versionOf } from "../engine/registry.js";
import { events as problemEvents, mountProblem } from "../app/problem.js";
import { create, element, h, oneActivation, text } from "../ui/dom.js";
import { copyOnClick } from "../ui/files.js";
import { remember } from "./memory.js";
import { checkEngine, fetchAnswers } from "./run.js";
import { MODEL_NAMES, circumstancesOf, judge, reportOf, sentenceOf } from "./verdict.js";

/**
 * @typedef {import('../engine/protocol.js').Precision} Precision
 * @typedef {import('./verdict.js').Verdict} Verdict
 */

const { body } = document;
/** @type {import('../engine/protocol.js').VendorUrls} */
const vendor = JSON.parse(body.dataset.vendor ?? "{}");
const onpage = body.dataset.version ?? "";
const COPY = { copy: "Copy the verdict", copied: "Copied", selected: (/** @type {string} */ key) => `Press ${key}+C to copy` };
/** What each model is there for. @type {Record<string, string>} */
const HOLDS = {
  gemma: "one head of keys for all, no norms behind the layers; q4_0",
  gemma2: "windows on every other layer, capped scores, several heads of keys; int8, int4 and q4_0",
  gemma3: "windows on most layers, normed queries and keys, a slowed rotation; int4 and int8",
};

/** What is asked: an engine and a precision. */
const RUNS = ENGINES.filter(({ backend }) => backend === "WebGPU").flatMap((entry) =>
  /** @type {Precision[]} */ (entry.takesPrecision ? ["float16", "float32"] : ["float16"]).map((precision) => ({ entry, precision })),
);

/** @type {AbortController | null} */
let running = null;
/** @type {Verdict[]} */
let verdicts = [];
/** @type {import('../engine/protocol.js').GpuAdapter & {driver?: string} | null} */
let adapter = null;

/** @param {'ready' | 'running' | 'finished' | 'problem'} name */
function phase(name) {
  body.dataset.phase = name;
  const focus = document.activeElement;
  element("#start").hidden = name === "running";
  element("#stop").hidden = name !== "running";
  element("#copy").hidden = name !== "finished";
  if (focus instanceof HTMLElement && focus.hidden) element(name === "running" ? "#stop" : "#start").focus();
}

async function start() {
  adapter = await describeAdapter();
  adapter.driver = String(Reflect.get((await navigator.gpu.requestAdapter())?.info ?? {}, "driver") ?? "");
  const known = [adapter.description, adapter.features.includes("shader-f16") ? "with float16" : "without float16 of its own"];
  text(element("#adapter"), known.filter(Boolean).join(", "));
  element("#software").hidden = !adapter.software;
  copyOnClick(element("#copy"), { value: report, body: element("#report"), said: COPY });
  element("#start").addEventListener("click", () => void check());
  element("#stop").addEventListener("click", () => running?.abort());
  phase("ready");
}

async function check() {
  if (running || !adapter) return;
  running = new AbortController();
  const { signal } = running;
  verdicts = [];
  phase("running");
  try {
    const answers = await fetchAnswers();
    const cells = draw(answers);
    for (const [column, { entry, precision }] of RUNS.entries()) {
      if (signal.aborted) break;
      const version = versionOf(entry, vendor);
      text(element("#said"), `${entry.name} in ${precision}`);
      const verdict = await checkEngine(entry, precision, {
        vendor,
        answers,
        signal,
        onResult: (result) => mark(cells[column].get(`${result.model} ${result.tokens}`), result.wrong),
      });
      verdicts.push(verdict);
      show(verdict);
      const circumstances = circumstancesOf({ adapter, browser: navigator.userAgent, engine: entry.id, version, precision, answers });
      if (judge(verdict) !== "unknown") remember(circumstances, verdict);
    }
    conclude();
  } catch (error) {
    fail(error);
  } finally {
    running = null;
  }
}

/** The empty table. @param {import('./verdict.js').Answers} answers */
function draw({ models }) {
  /** By column, then by case. @type {Map<string, HTMLElement>[]} */
  const cells = RUNS.map(() => new Map());
  const rows = models.flatMap(({ id, cases }) => [
    h("tr", {}, modelHead(id)),
    ...cases.map(({ tokens }) => {
      const row = h("tr", {}, h("th", { scope: "row" }, tokens.toLocaleString("en")));
      for (const column of cells) {
        const cell = create("td", "–");
        column.set(`${id} ${tokens}`, cell);
        row.append(cell);
      }
      return row;
    }),
  ]);
  const heads = RUNS.map(({ entry, precision }) => h("th", { scope: "col" }, entry.name, h("span", { class: "check-holds" }, precision)));
  element("#table").replaceChildren(h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Tokens"), ...heads)), h("tbody", {}, ...rows));
  element("#results").hidden = false;
  element("#verdicts").replaceChildren();
  text(element("#verdict"), "");
  return cells;
}

/** @param {string} id of a model */
function modelHead(id) {
  const holds = h("span", { class: "check-holds" }, HOLDS[id] ?? "");
  return h("th", { colspan: `${RUNS.length + 1}`, scope: "rowgroup", class: "check-model" }, MODEL_NAMES[id] ?? id, holds);
}

/** @param {HTMLElement | undefined} cell @param {number | null} wrong */
function mark(cell, wrong) {
  if (!cell) return;
  cell.dataset.right = String(wrong === null);
  text(cell, wrong === null ? "right" : `wrong, word ${wrong}`);
}

/** @param {Verdict} verdict */
function show(verdict) {
  const line = create("li", `${sentenceOf(verdict)} ${verdict.seconds.toFixed(1)} s.`);
  line.dataset.verdict = judge(verdict);
  element("#verdicts").append(line);
}

function conclude() {
  const judged = verdicts.map(judge);
  const wrong = judged.includes("wrong");
  const right = judged.length === RUNS.length && judged.every((each) => each === "right");
  const said = wrong ? "This GPU computes Gemma wrongly." : right ? "This GPU computes Gemma rightly." : "It could not be told for every engine.";
  text(element("#said"), "");
  text(element("#verdict"), said);
  element("#verdict").dataset.verdict = wrong ? "wrong" : right ? "right" : "unknown";
  phase("finished");
}

/** What Copy gives. */
function report() {
  return reportOf({ adapter, browser: navigator.userAgent, onpage, verdicts });
}

const problem = mountProblem(element(".problem"));
problemEvents.listen(element(".problem"), "reload-page", () => location.reload());
problemEvents.listen(element(".problem"), "restart", () => location.reload());
problemEvents.listen(element(".problem"), "localhost", () => location.assign(`http://localhost:${location.port}${location.pathname}`));

/** @param {unknown} error */
function fail(error) {
  phase("problem");
  element("#workspace").hidden = true;
  problem.update(OnpageError.from(error).toJSON());
}

oneActivation(body);
start().catch(fail);
