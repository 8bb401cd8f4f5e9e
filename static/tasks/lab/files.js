// @ts-check
/**
 * Templates and answers as files. Pure.
 *
 * A file of templates is `{format: "onpage-templates", version: 1, templates: […]}`. One that comes in is checked whole before anything of
 * it is used (template.js).
 *
 * @typedef {import('./run.js').Run} Run
 * @typedef {import('./template.js').Template} Template
 */

import { FileError } from "../parts/file_error.js";
import { plain, read, runOf } from "./run.js";
import { TemplateError, checked } from "./template.js";

const FORMAT = "onpage-templates";
const VERSION = 1;
/** Of a file. */
export const MAX_BYTES = 4 << 20;
const MAX_TEMPLATES = 200;

/** @extends {FileError<'not-json' | 'not-templates' | 'newer' | 'too-large' | 'damaged'>} */
export class TemplateFileError extends FileError {}

/** @param {Template[]} templates */
export function toFile(templates) {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, templates }, null, 2)}\n`;
}

/** TemplateFileError for anything else. @param {string} text @returns {Template[]} */
export function fromFile(text) {
  if (text.length > MAX_BYTES) throw new TemplateFileError("too-large");
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new TemplateFileError("not-json");
  }
  if (typeof file !== "object" || file === null || file.format !== FORMAT || !Array.isArray(file.templates)) throw new TemplateFileError("not-templates");
  if (file.version !== VERSION) throw new TemplateFileError("newer", String(file.version).slice(0, 40));
  if (file.templates.length > MAX_TEMPLATES) throw new TemplateFileError("too-large", `${file.templates.length}`);
  try {
    return file.templates.map((/** @type {unknown} */ each, /** @type {number} */ index) => named(checked(each, `template ${index + 1}`)));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new TemplateFileError("damaged", error.message);
  }
}

/** @param {Template} template */
function named(template) {
  if (!template.name.trim()) throw new TemplateError(`${template.id} has no name`);
  return template;
}

/** All answers and what they were made of, the newest first. @param {import('../../records/record.js').Entry[]} entries */
export function asJson(entries) {
  const runs = entries.flatMap((entry) => {
    const run = runOf(entry);
    if (!run) return [];
    const { template, instruction, values } = run.asked;
    const answers = run.answers.map(({ text, by, ended, first }) => ({ ...by, ended, text, ...(first && { before: first.text }) }));
    return [{ date: new Date(run.at).toISOString(), template: template.id, ...(template.name && { name: template.name }), instruction, values, answers }];
  });
  return `${JSON.stringify({ format: "onpage-lab/1", runs }, null, 2)}\n`;
}

/**
 * @param {Run[]} runs
 * @param {{title: string, by: (by: import('./run.js').By) => string, heading: (run: Run) => string}} said
 */
export function asMarkdown(runs, { title, by, heading }) {
  const parts = runs.flatMap((run) => {
    const values = Object.entries(run.asked.values).flatMap(([name, value]) => [`**${name}**`, fenced(value)]);
    const answers = run.answers.flatMap((answer) => [`### ${by(answer.by)}`, fenced(plain(read(answer.text, run.asked.reading)))]);
    return [`## ${heading(run)}`, ...values, ...answers];
  });
  return `${[`# ${title}`, ...parts].join("\n\n")}\n`;
}

/** As it is, whatever it holds: between marks that are longer than any in it. @param {string} text */
function fenced(text) {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const marks = "`".repeat(longest + 1);
  return `${marks}\n${text}\n${marks}`;
}
