// @ts-check
/**
 * What a report says of records, plot by plot and table by table. Each function takes records and gives one element, or null
 * where the records have nothing for it.
 *
 * @typedef {{measure: string, prefill: number | null, unit: string, n: number, median: number, p25: number, p75: number,
 *   interval: [number, number], noisy: boolean}} Measure
 * @typedef {import('../record.js').Sample} Sample
 * @typedef {any} Rec a record as `onpage/bench/results.schema.json` has it; one that is not finished has the status `running`
 * @typedef {{model: string, quantization: string | null, parameters: number, engine: string, device: string, context: number | null,
 *   prefill: number, decode: number, ttft: number | null}} Published figures of a publisher, rates per second, TTFT in seconds
 */

import { decodeRate, prefillRate } from "../record.js";
import { FEWEST_FOR_INTERVAL, FEWEST_RUNS, median, quantile } from "../statistics.js";
import { html, table } from "./elements.js";
import { bytes, digits, duration, measured } from "./numbers.js";
import { SERIES, barPlot, linePlot } from "./plots.js";

/** Parts of an answer in which its speed is looked at, and the shortest that one may be: pieces come in bunches. */
const PARTS = 24;
const SHORTEST_PART = 25;
/** Factor between parameter counts within which two models are compared. */
const LIKE = 1.3;

/** What is measured, for people. @type {Record<string, string>} */
export const NAMES = {
  prefill: "Prefill",
  decode: "Decode",
  ttft: "Time to first text",
  ttft_one_token: "Time to first token",
  roofline: "Share of the memory's bandwidth",
  load_cold: "Cold load",
  load_warm: "Warm load",
  engine_creation: "Engine creation",
  first_answer: "First answer",
  memory: "Peak memory",
};

/** @param {Rec} record @param {string} name @returns {Measure[]} */
function measuresOf(record, name) {
  return record.summary.filter((/** @type {Measure} */ { measure }) => measure === name);
}

/**
 * The labels without the parts that all share, for legends: "MediaPipe", "LiteRT-LM · CPU". One record needs none.
 * @param {Rec[]} records
 * @returns {string[]}
 */
export function shortNames(records) {
  const parts = records.map(({ label }) => /** @type {string[]} */ (label.split(" · ")));
  const names = parts.map((some) => some.filter((part) => !parts.every((others) => others.includes(part))).join(" · "));
  return names.map((name, index) => (names.indexOf(name) === names.lastIndexOf(name) ? name : `${name || "record"} ${index + 1}`));
}

/** What a person looks at first. @param {Rec} record @param {number} index */
export function headline(record, index) {
  const longest = (/** @type {string} */ name) => measuresOf(record, name).at(-1);
  const figures = /** @type {const} */ ([["prefill", "Prefill"], ["decode", "Decode"], ["ttft", "First text"], ["load_cold", "Cold load"]])
    .flatMap(([name, title]) => {
      const measure = longest(name);
      if (!measure) return [];
      const what = measure.prefill === null ? title : `${title} at ${measure.prefill}`;
      return [html("div", {}, html("dt", {}, what), html("dd", {}, measured(measure.unit, measure.median)))];
    });
  const remarks = remarksOf(record).map(({ text, bad }) => html("li", { class: bad ? "remark-bad" : null }, text));
  return html(
    "article",
    { class: "report-card", "data-series": index % SERIES, "data-status": record.status },
    html("h3", {}, record.label),
    ...(figures.length ? [html("dl", { class: "report-figures" }, ...figures)] : []),
    ...(remarks.length ? [html("ul", { class: "report-remarks" }, ...remarks)] : []),
  );
}

/** What must be known before a record's figures are believed. @param {Rec} record */
function remarksOf(record) {
  const noisy = record.summary.filter((/** @type {Measure} */ { noisy, n, prefill }) => noisy && n >= FEWEST_RUNS && prefill !== null).length;
  const few = record.plan.runs < FEWEST_RUNS;
  const error = record.errors[0];
  const why = error ? ` (${[error.during, error.sentence.replace(/\.$/, "")].filter(Boolean).join(": ")})` : "";
  return [
    ...(record.correctness.ok === false ? [{ text: "Wrong answer: the speed of this engine means nothing.", bad: true }] : []),
    ...(record.software ? [{ text: "Software adapter: these are not a GPU's figures.", bad: true }] : []),
    ...(record.status === "running" ? [{ text: "Being measured …", bad: false }] : []),
    ...(record.status === "failed" ? [{ text: `Failed${why}.`, bad: true }] : []),
    ...(record.status === "partial" ? [{ text: `Partial: not everything was measured${why}.`, bad: true }] : []),
    ...(noisy ? [{ text: `Noisy: ${noisy} of the figures scatter by more than 10 %.`, bad: false }] : []),
    ...(few ? [{ text: "Too few runs to say how much the figures scatter.", bad: false }] : []),
    ...(record.correctness.ok === true ? [{ text: "Answer checked: correct.", bad: false }] : []),
  ];
}

/**
 * @param {Rec[]} records
 * @param {'prefill' | 'decode'} name
 * @param {(Rec | null)[]} [baselines] of each record
 */
export function throughput(records, name, baselines = []) {
  const all = [...records, ...baselines.filter(Boolean)];
  const lengths = [...new Set(all.flatMap((record) => measuresOf(record, name).map(({ prefill }) => prefill ?? 0)))].sort((a, b) => a - b);
  if (!lengths.length) return null;
  const place = (/** @type {number | null} */ length) => lengths.indexOf(length ?? 0);
  const names = shortNames(records);
  const seriesOf = (/** @type {Rec} */ record, /** @type {number} */ index, past = false) => {
    const measures = measuresOf(record, name);
    const counted = past ? [] : record.samples.filter((/** @type {Sample} */ { warmup }) => !warmup);
    return {
      index,
      name: [names[index] || (past ? "" : "now"), past && "baseline"].filter(Boolean).join(", "),
      past,
      line: measures.map(({ prefill, median }) => pair(place(prefill), median)),
      band: measures.map(({ prefill, p25, p75 }) => /** @type {[number, number, number]} */ ([place(prefill), p25, p75])),
      dots: counted.flatMap((/** @type {Sample} */ sample) => {
        const rate = name === "prefill" ? prefillRate(sample) : decodeRate(sample);
        return rate === null || !lengths.includes(sample.prefill) ? [] : [pair(place(sample.prefill), rate)];
      }),
    };
  };
  const series = [
    ...records.map((record, index) => seriesOf(record, index)),
    ...baselines.flatMap((record, index) => (record ? [seriesOf(record, index, true)] : [])),
  ].filter(({ line }) => line.length);
  const said = series.map(({ name: who, line }) => `${who}: ${line.map(([at, value]) => `${digits(value)} at ${lengths[at]}`).join(", ")}.`);
  return linePlot(
    {
      title: `${NAMES[name]} by prompt length`,
      description: `Tokens per second. Medians, with the middle half of the runs shaded. ${said.join(" ")}`,
      xLabel: "prompt tokens",
      yLabel: "tokens per second",
      xTicks: lengths.map((length, at) => ({ at, label: String(length) })),
      xLeast: -0.35,
      xMost: lengths.length - 0.65,
    },
    series,
  );
}

/** Whether an answer slows down as it grows. @param {Rec[]} records */
export function decodeOverTime(records) {
  const names = shortNames(records);
  const series = records.flatMap((record, index) => {
    const samples = record.samples.filter((/** @type {Sample} */ { warmup }) => !warmup);
    const longest = Math.max(0, ...samples.map((/** @type {Sample} */ { prefill }) => prefill));
    const curves = samples.filter((/** @type {Sample} */ { prefill }) => prefill === longest).map(speeds).filter((/** @type {unknown[]} */ curve) => curve.length > 1);
    if (!curves.length) return [];
    const bins = Math.min(...curves.map((/** @type {unknown[]} */ curve) => curve.length));
    const at = Array.from({ length: bins }, (_, bin) => {
      const rates = curves.map((/** @type {[number, number][]} */ curve) => curve[bin][1]).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
      return { tokens: curves[0][bin][0], rates };
    });
    return [{
      index,
      name: [names[index], `after ${longest} tokens`].filter(Boolean).join(", "),
      line: at.map(({ tokens, rates }) => pair(tokens, quantile(rates, 0.5))),
      band: at.map(({ tokens, rates }) => /** @type {[number, number, number]} */ ([tokens, quantile(rates, 0.25), quantile(rates, 0.75)])),
      dots: [],
    }];
  });
  if (!series.length) return null;
  const most = Math.max(...series.flatMap(({ line }) => line.map(([tokens]) => tokens)));
  const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(most * share));
  const said = series.map(({ name, line }) => `${name}: ${digits(line[0][1])} at first, ${digits(line[line.length - 1][1])} in the end.`);
  return linePlot(
    {
      title: "Decode along the answer",
      description: `Tokens per second as the answer grows, at the longest prompt. ${said.join(" ")}`,
      xLabel: "new tokens",
      yLabel: "tokens per second",
      xTicks: steps.map((at) => ({ at, label: String(at) })),
      xMost: most,
    },
    series,
  );
}

/**
 * Speed in each of some equal parts of an answer: middle of the part in tokens, and tokens per second. The tokens of a piece
 * are its share of the characters.
 * @param {Sample} sample
 */
function speeds({ tokens, first_tokens, pieces }) {
  const characters = pieces.slice(1).reduce((sum, [, count]) => sum + count, 0);
  const perCharacter = characters ? (tokens - first_tokens) / characters : 0;
  const took = pieces.length ? pieces[pieces.length - 1][0] - pieces[0][0] : 0;
  const bins = Math.min(PARTS, Math.floor((pieces.length - 1) / 2), Math.floor(took / SHORTEST_PART));
  return Array.from({ length: Math.max(0, bins) }, (_, bin) => {
    const from = Math.floor((bin * (pieces.length - 1)) / bins);
    const to = Math.floor(((bin + 1) * (pieces.length - 1)) / bins);
    const count = pieces.slice(from + 1, to + 1).reduce((sum, [, more]) => sum + more, 0) * perCharacter;
    const seconds = (pieces[to][0] - pieces[from][0]) / 1000;
    const middle = first_tokens + ((from + to) / 2) * ((tokens - first_tokens) / (pieces.length - 1));
    return pair(middle, seconds > 0 ? count / seconds : 0);
  });
}

/** @param {Rec[]} records */
export function loads(records) {
  const parts = ["model file", "engine", "first answer"];
  const names = shortNames(records);
  const bars = records.flatMap((record, index) =>
    ["cold", "warm"].flatMap((kind) => {
      const some = record.loads.filter((/** @type {{kind: string}} */ load) => load.kind === kind);
      if (!some.length) return [];
      const middle = (/** @type {'bytes' | 'engine'} */ part) =>
        median(some.map((/** @type {any} */ { milliseconds }) => milliseconds[part]));
      const values = [middle("bytes"), middle("engine"), record.first_answer?.milliseconds ?? 0];
      return [{
        label: names[index] ? `${kind}: ${names[index]}` : kind === "cold" ? "cold, from the network" : "warm, from browser storage",
        parts: values.map((value, part) => ({ value, part, name: `${parts[part]}: ${duration(value)}` })),
        text: duration(values.reduce((sum, value) => sum + value, 0)),
      }];
    }),
  );
  if (!bars.length) return null;
  const said = bars.map(({ label, parts: some }) => `${label}: ${some.map(({ name }) => name).join(", ")}.`);
  return barPlot("From opening the page to the first answer", said.join(" "), bars, parts);
}

/**
 * Beside the publisher's figures for a model of this size, at the longest prompt.
 * @param {Rec[]} records
 * @param {Published[]} published
 * @param {'prefill' | 'decode'} name
 */
export function beside(records, published, name) {
  const ours = records.flatMap((record) => {
    const measure = measuresOf(record, name).at(-1);
    return measure ? [{ record, measure }] : [];
  });
  const like = published.filter(({ parameters }) => ours.some(({ record }) => isLike(record.model.parameters, parameters)));
  if (!like.length) return null;
  const bars = [
    ...ours.map(({ record, measure }) => ({ label: `Here: ${record.label}, prompt ${measure.prefill}`, value: measure.median, quiet: false })),
    ...like.map(({ model, quantization, engine, device, context, [name]: value }) => ({
      label: [[model, quantization].filter(Boolean).join(" "), engine, device, context && `context ${context}`].filter(Boolean).join(", "),
      value,
      quiet: true,
    })),
  ].map(({ label, value, quiet }) => ({ label, quiet, text: `${digits(value)} tok/s`, parts: [{ name: label, value, part: quiet ? 3 : 0 }] }));
  return barPlot(
    `${NAMES[name]} beside published figures`,
    `Tokens per second. ${bars.map(({ label, text }) => `${label}: ${text}.`).join(" ")}`,
    bars,
  );
}

/** Folded where none is of a model of this size. @param {Rec[]} records @param {Published[]} published */
export function publishedTable(records, published) {
  if (!published.length || !records.length) return null;
  const like = published.some(({ parameters }) => records.some(({ model }) => isLike(model.parameters, parameters)));
  const rows = published.map(({ model, quantization, engine, device, context, prefill, decode, ttft }) => [
    [model, quantization].filter(Boolean).join(" "), engine, device, context === null ? "–" : digits(context),
    `${digits(prefill)} tok/s`, `${digits(decode)} tok/s`, ttft === null ? "–" : duration(ttft * 1000),
  ]);
  const heads = ["Model", "Engine", "Device", "Context", "Prefill", "Decode", "First text"];
  const made = table("Published by the models' makers, not measured here", heads, rows);
  return like ? made : html("details", {}, html("summary", {}, "Published figures of models of other sizes"), made);
}

/** Every figure of a record. @param {Rec} record */
export function figuresTable(record) {
  const rows = record.summary.map((/** @type {Measure} */ { measure, prefill, unit, n, median, p25, p75, interval, noisy }) => [
    NAMES[measure] ?? measure,
    prefill === null ? "–" : String(prefill),
    measured(unit, median),
    n > 1 ? `${measured(unit, p25)} – ${measured(unit, p75)}` : "–",
    n >= FEWEST_FOR_INTERVAL ? `${measured(unit, interval[0])} – ${measured(unit, interval[1])}` : "–",
    String(n),
    n < FEWEST_RUNS ? "few" : noisy ? "noisy" : "steady",
  ]);
  if (!rows.length) return null;
  return table(record.label, ["Measure", "Prompt", "Median", "Middle half", "95 % interval", "Runs", "Scatter"], rows);
}

/** @param {Rec[]} records @param {(Rec | null)[]} baselines of each record */
export function baselineTable(records, baselines) {
  const names = shortNames(records);
  const rows = records.flatMap((record, index) =>
    record.summary.flatMap((/** @type {Measure} */ now) => {
      const before = baselines[index]?.summary.find((/** @type {Measure} */ { measure, prefill }) => measure === now.measure && prefill === now.prefill);
      if (!before) return [];
      const what = [NAMES[now.measure] ?? now.measure, now.prefill !== null && `at ${now.prefill}`].filter(Boolean).join(" ");
      return [[
        [names[index], what].filter(Boolean).join(": "),
        measured(before.unit, before.median), measured(now.unit, now.median), `× ${(now.median / before.median).toFixed(2)}`, verdict(before, now),
      ]];
    }),
  );
  return rows.length ? table("Against the baseline", ["Measure", "Baseline", "Now", "Ratio", "The intervals say"], rows) : null;
}

/** Where each record ran and of what. @param {Rec[]} records */
export function whereTable(records) {
  const rows = records.map(({ label, browser, adapter, software, engine, model, plan, status }) => [
    label,
    browser ? `${browser.name} ${browser.version}` : "none",
    adapter ? [adapterName(adapter), software && "software"].filter(Boolean).join(", ") : "–",
    [engine.package ?? engine.name, engine.version].filter(Boolean).join(" "),
    `${model.file}, ${bytes(model.size)}, ${model.origin}`,
    html("code", {}, model.sha256.slice(0, 12)),
    `${plan.runs} runs, ${plan.warmup} warm-up, decode ${plan.decode}, context ${plan.context}`,
    status,
  ]);
  const made = table("What ran where", ["Record", "Browser", "Adapter", "Engine", "Model", "sha256", "Plan", "Status"], rows);
  made.classList.add("report-where");
  return made;
}

/** Notes and errors. @param {Rec[]} records */
export function remarks(records) {
  const lists = records.flatMap(({ label, notes, errors }) => {
    const items = [
      ...errors.map((/** @type {any} */ { sentence, during, detail }) => html("li", { class: "remark-bad" }, `${during ? `${during}: ` : ""}${sentence}`, ...(detail ? [html("small", {}, ` ${detail}`)] : []))),
      ...notes.map((/** @type {string} */ note) => html("li", {}, note)),
    ];
    return items.length ? [html("h3", {}, label), html("ul", { class: "report-remarks" }, ...items)] : [];
  });
  return lists.length ? html("div", {}, ...lists) : null;
}

/** What an adapter says of itself, each word once. @param {Record<'vendor' | 'architecture' | 'device' | 'description', string>} adapter */
export function adapterName({ vendor, architecture, device, description }) {
  return [...new Set([vendor, architecture, device, description].join(" ").split(" "))].filter(Boolean).join(" ");
}

/** @param {Measure} before @param {Measure} now */
export function verdict(before, now) {
  const more = now.interval[0] > before.interval[1];
  if (Math.min(before.n, now.n) < FEWEST_FOR_INTERVAL) return "too few runs to say";
  if (!more && !(now.interval[1] < before.interval[0])) return "no clear difference";
  const rate = now.unit === "tok/s" || now.unit === "share";
  if (now.unit === "bytes") return more ? "more" : "less";
  return more === rate ? "faster" : "slower";
}

/** @param {number | null} one @param {number} other */
function isLike(one, other) {
  return one !== null && Math.max(one / other, other / one) <= LIKE;
}

/** @param {number} x @param {number} y @returns {[number, number]} */
function pair(x, y) {
  return [x, y];
}
