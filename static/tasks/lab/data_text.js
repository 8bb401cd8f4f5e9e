// @ts-check
/**
 * Tables and JSON as lines that a small model reads: `night: Monday, hours: 6.2`. A row of commas far from its heading, or brackets in
 * brackets, cost a small model the meaning of its numbers. Pure.
 *
 * @typedef {{kind: 'table' | 'json' | 'plain', rows: number, columns: number, text: string}} ReadData `text`: for the model; `columns`: 0
 *   where there are none
 */

import { depthOf } from "../parts/json_text.js";

/** Levels of JSON that are laid out; deeper ones go to the model as they are written. */
const MAX_DEPTH = 8;
/** What may stand between cells, the surest first. */
const SEPARATORS = ["\t", "|", ";", ","];

/** @param {string} given as it was typed or pasted @returns {ReadData} */
export function readData(given) {
  const text = given.trim();
  const json = /^[[{]/.test(text) ? parsed(text) : undefined;
  if (json !== undefined && depthOf(json) <= MAX_DEPTH) return fromJson(json);
  const table = tableIn(text);
  if (!table) return { kind: "plain", rows: 0, columns: 0, text };
  const [head, ...rows] = table;
  return { kind: "table", rows: rows.length, columns: head.length, text: rows.map((cells) => lineOf(head.map((name, at) => [name, cells[at]]))).join("\n") };
}

/** @param {unknown} value @returns {ReadData} */
function fromJson(value) {
  const records = Array.isArray(value) ? value : [value];
  const flat = records.map((record) => pairsIn(record));
  const single = records.length === 1;
  return {
    kind: "json",
    rows: records.length,
    columns: new Set(flat.flatMap((pairs) => pairs.map(([name]) => name))).size,
    text: flat.map((pairs) => (single ? pairs.map((pair) => lineOf([pair])).join("\n") : lineOf(pairs))).join("\n"),
  };
}

/** Names and values, those of objects within with their names before. @param {unknown} value @param {string} [name] @returns {[string, string][]} */
function pairsIn(value, name = "") {
  if (Array.isArray(value) && value.every((each) => typeof each !== "object" || each === null)) return [[name, value.map(String).join(", ")]];
  if (typeof value !== "object" || value === null) return [[name, String(value)]];
  return Object.entries(value).flatMap(([key, each]) => pairsIn(each, [name, Array.isArray(value) ? String(Number(key) + 1) : key.replaceAll("_", " ")].filter(Boolean).join(" ")));
}

/** @param {[string, string][]} pairs */
function lineOf(pairs) {
  return pairs
    .filter(([, value]) => value.trim())
    .map(([name, value]) => (name ? `${name}: ${value}` : value))
    .join(", ");
}

/** Rows of cells, the first one the heading, where all lines have as many cells; null for what is no table. @param {string} text */
function tableIn(text) {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() && !/^[\s|:+-]+$/.test(line)); // without the rule under a heading
  if (lines.length < 2) return null;
  for (const separator of SEPARATORS) {
    const rows = lines.map((line) => cellsOf(line, separator));
    if (rows[0].length > 1 && rows.every(({ length }) => length === rows[0].length)) return rows;
  }
  return null;
}

/** The cells of a line, quoted ones as they are within. @param {string} line @param {string} separator one character */
function cellsOf(line, separator) {
  const inner = separator === "|" ? line.trim().replace(/^\||\|$/g, "") : line;
  const cells = [""];
  let quoted = false;
  for (let at = 0; at < inner.length; at += 1) {
    const character = inner[at];
    const last = cells.length - 1;
    if (quoted && character === '"' && inner[at + 1] === '"') {
      cells[last] += character;
      at += 1;
    } else if (character === '"' && (quoted || !cells[last].trim())) quoted = !quoted;
    else if (character === separator && !quoted) cells.push("");
    else cells[last] += character;
  }
  return cells.map((cell) => cell.trim());
}

/** @param {string} text @returns {unknown} undefined for what is no JSON */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
