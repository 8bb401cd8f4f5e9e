// @ts-check
/**
 * `/bench`: measures for a person, plan after plan, and shows the report as it grows; with `?driven` it waits for a program
 * instead. Drawing happens in the runner's events, which come between samples, never during one.
 */

import { ENGINES } from "../engine/registry.js";
import { writingModels } from "../engine/embedder.js";
import { OnpageError } from "../engine/errors.js";
import { create, element, oneActivation, text } from "../ui/dom.js";
import { events as problemEvents, mountProblem } from "../app/problem.js";
import { drive } from "./driven.js";
import { findAdapter } from "./environment.js";
import { events as formEvents, mountForm } from "./form.js";
import { FULL, SMALL, planOf, timeLeft } from "./plan.js";
import { emptyRecord, finished, fold } from "./record.js";
import { renderReport } from "./report/render.js";
import { fileName, readResults, resultsOf } from "./results.js";
import { run } from "./run.js";

/**
 * @typedef {import('./record.js').BenchRecord} BenchRecord
 * @typedef {import('./record.js').Event} Event
 */

/** Events after which the report looks different. */
const DRAWN = ["loads", "first_answer", "correctness", "progress", "errors", "status"];

const onpage = { version: document.body.dataset.version ?? "", commit: null, modified: null };

/** @type {BenchRecord[]} those that are finished */
let records = [];
/** @type {BenchRecord | null} that of the plan which is running */
let current = null;
/** @type {import('./report/published.js').Published[]} */
let published = [];
/** @type {import('./plan.js').KnownAnswer | null} */
let known = null;
/** @type {{records: import('./results.js').Past[]} | null} */
let baseline = null;
/** @type {AbortController | null} */
let running = null;
/** @type {ReturnType<typeof mountForm>} */
let form;

async function start() {
  if (navigator.serviceWorker?.controller) {
    // it would answer in the network's place: this page is measured as it comes from the server
    await (await navigator.serviceWorker.getRegistration())?.unregister();
    location.reload();
    return;
  }
  const [listed, adapter, speeds, answer] = await Promise.all([
    json("api/models"),
    findAdapter().catch(() => null),
    json("api/published").catch(() => []),
    json("static/bench/demo_answer.json").catch(() => null),
  ]);
  const models = writingModels(listed);
  if (!models.length) throw new OnpageError("no-model");
  published = speeds;
  known = answer;
  warn(adapter);
  const hasGpu = adapter !== null && !adapter.software;
  form = mountForm(models, ENGINES, adapter, hasGpu ? FULL : SMALL);
  formEvents.listen(form.root, "start", measure);
  formEvents.listen(form.root, "stop", stop);
  formEvents.listen(form.root, "download", download);
  formEvents.listen(form.root, "baseline", compare);
  phase("ready");
}

/** @param {string} url relative to the page */
async function json(url) {
  const response = await fetch(new URL(url, document.baseURI)).catch(() => null);
  if (!response?.ok) throw new OnpageError("server-unreachable", response ? `${url}: ${response.status}` : url);
  return response.json();
}

/** @param {import('../engine/protocol.js').GpuAdapter | null} adapter */
function warn(adapter) {
  const box = element("#warnings");
  const warnings = [
    adapter?.software &&
      `This browser found no GPU: WebGPU runs on the processor (${adapter.description}). The figures say nothing about a GPU, and the plan below is a small one.`,
    !adapter &&
      `${isSecureContext ? "This browser offers no WebGPU" : "Browsers allow WebGPU on localhost and https only"}, so only engines that run on the processor can be measured.`,
    !globalThis.crossOriginIsolated && "This page is not isolated, so the browser's clock is coarse: short times are not exact.",
  ].filter((each) => typeof each === "string");
  box.replaceChildren(...warnings.map((warning) => create("li", warning)));
  box.hidden = !warnings.length;
}

/** @param {import('./form.js').Wish} wish */
async function measure({ model, chosen, size }) {
  if (running) return;
  running = new AbortController();
  records = [];
  phase("running");
  for (const [index, choice] of chosen.entries()) {
    if (running.signal.aborted) break;
    const plan = planOf(model, choice, size, known);
    current = emptyRecord(plan);
    const onEvent = (/** @type {Event} */ event) => hear(event, index, chosen.length);
    records.push(await run(plan, { onEvent, signal: running.signal }));
    current = null;
  }
  running = null;
  draw();
  phase("finished");
}

/** @param {Event} event @param {number} index of the plan @param {number} plans */
function hear(event, index, plans) {
  if (!current) return;
  current = fold(current, event);
  if (event.at === "progress") progress(event.value, index, plans);
  if (DRAWN.includes(event.at)) draw();
}

/** @param {{done: number, total: number, text: string}} value @param {number} index @param {number} plans */
function progress({ done, total, text: what }, index, plans) {
  const left = timeLeft(/** @type {BenchRecord} */ (current));
  const engine = plans > 1 && current ? `${current.engine.name}, ${current.engine.backend}: ` : "";
  text(element(".bench-step"), `${engine}${what}`);
  text(element("#status"), `${engine}${what}`);
  /** @type {HTMLProgressElement} */ (element("#progress progress")).value = (index + done / total) / plans;
  const more = plans - index - 1;
  text(element(".bench-left"), [left === null ? "" : about(left), more ? `then ${more} more` : ""].filter(Boolean).join(", "));
}

/** @param {number} milliseconds */
function about(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 60) return `About ${Math.max(5, Math.ceil(seconds / 5) * 5)} seconds left`;
  const minutes = Math.ceil(seconds / 60);
  return `About ${minutes} minute${minutes === 1 ? "" : "s"} left`;
}

function draw() {
  const shown = current ? [...records, { ...finished(current), status: "running" }] : records;
  const begun = shown.filter(({ loads, errors }) => loads.length + errors.length);
  renderReport(element("#report"), { records: begun }, { published, baseline });
}

/** @param {'ready' | 'running' | 'finished'} name */
function phase(name) {
  document.body.dataset.phase = name;
  element("#progress").hidden = name !== "running";
  form.update({ running: name === "running", stopping: running?.signal.aborted ?? false, records: records.length });
  if (name === "finished") text(element("#status"), "The measurement is finished");
}

function stop() {
  running?.abort();
  if (running) form.update({ running: true, stopping: true, records: 0 });
}

function download() {
  const results = resultsOf(records, onpage);
  const address = URL.createObjectURL(new Blob([JSON.stringify(results)], { type: "application/json" }));
  const link = create("a", "", { href: address, download: fileName(new Date()) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** @param {File} file */
async function compare(file) {
  try {
    baseline = await readResults(file);
    form.say(records.length || current ? "" : `${file.name} is kept: the next results are compared with it.`);
    if (!running) draw(); // else with the next sample
  } catch (error) {
    form.say(error instanceof Error ? error.message : String(error));
  }
}

if (new URLSearchParams(location.search).has("driven")) {
  document.body.dataset.phase = "driven";
  Reflect.set(globalThis, "onpageBench", drive());
} else {
  const problemRoot = element(".problem");
  const problem = mountProblem(problemRoot);
  oneActivation(document.body); // Stop takes Start's place
  for (const way of /** @type {const} */ (["reload-page", "restart"])) {
    problemEvents.listen(problemRoot, way, () => location.reload()); // nothing is measured yet: to begin anew is a restart, too
  }
  window.addEventListener("beforeunload", (event) => {
    if (running) event.preventDefault();
  });
  start().catch((error) => {
    document.body.dataset.phase = "problem";
    element("#workspace").hidden = true;
    problem.update(OnpageError.from(error).toJSON());
  });
}
