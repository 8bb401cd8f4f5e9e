// @ts-check
/**
 * The chat template of a checkpoint → the texts around each turn (builder/model/chat_template.py). It is run on conversations of a few probe words, and
 * the texts between them are the turns.
 *
 * @typedef {{text: string, names: Record<string, string>}} ChatTemplate with the names that it may write, such as bos_token
 * @typedef {import('./turns.js').Turn} Turn
 * @typedef {(text: string) => unknown} Content makes what a message holds of its text
 */

import { bytesOf } from "./folder.js";
import { TemplateError } from "./jinja/errors.js";
import { rendererOf } from "./jinja/renderer.js";
import { Refusal, shown } from "./refusal.js";
import { affixesOf, markAtBeginOf } from "./turns.js";

const MAX_BYTES = 256 << 10;
/** Characters around a turn. */
const MAX_AFFIX = 2048;
/** Of tokenizer_config.json; templates write them. */
const NAMES = ["bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token"];
/** Words that no template holds, and that come out of any as they are. */
const [SYSTEM, QUESTION, ANSWER, AGAIN] = ["onpagesystem", "onpagequestion", "onpageanswer", "onpageagain"];
/** A message as models with images have it. @type {Content} */
const PARTS = (text) => [{ type: "text", text }];

/** What programs saved as a template: its text, or the default one of several; null where they saved none. @param {unknown} said @param {Record<string, any>} names @returns {ChatTemplate | null} */
export function templateOf(said, names) {
  if (said == null) return null;
  const text = Array.isArray(said) ? said.findLast((each) => each?.name === "default")?.template : said;
  if (typeof text !== "string" || new TextEncoder().encode(text).length > MAX_BYTES) throw new Refusal("template", shown(text));
  return { text, names: Object.fromEntries(NAMES.map((name) => [name, names[name]?.content ?? names[name]]).filter(([, each]) => typeof each === "string")) };
}

/**
 * The template of a folder, in the order in which transformers looks.
 * @param {import('./folder.js').Folder} folder
 * @param {Record<string, any>} config of tokenizer_config.json
 * @param {() => Promise<Record<string, any>>} processor of chat_template.json
 * @returns {Promise<ChatTemplate | null>}
 */
export async function savedTemplate({ files }, config, processor) {
  const own = files.get("chat_template.jinja");
  if (!own) return templateOf(config.chat_template ?? (await processor()).chat_template, config);
  if (own.size > MAX_BYTES) throw new Refusal("template", `${own.size} bytes`);
  try {
    return templateOf(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await bytesOf(own)), config);
  } catch (error) {
    throw error instanceof TypeError ? new Refusal("template", "UTF-8") : error;
  }
}

/**
 * The texts around the turns. TemplateError where the template cannot be run or split, NotUnderstood where `onpage convert` may do it.
 * @param {import('./jinja/renderer.js').Library} library
 * @param {ChatTemplate} template
 * @param {import('./sentencepiece_model.js').SentencePieceModel} tokenizer
 * @returns {import('./turns.js').Turns}
 */
export function turnsIn(library, template, tokenizer) {
  try {
    return split(library, template, tokenizer, (text) => text);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    try {
      return split(library, template, tokenizer, PARTS);
    } catch (another) {
      throw another instanceof TemplateError ? error : another;
    }
  }
}

/** @param {import('./jinja/renderer.js').Library} library @param {ChatTemplate} template @param {import('./sentencepiece_model.js').SentencePieceModel} tokenizer @param {Content} content @returns {import('./turns.js').Turns} */
function split(library, { text, names }, tokenizer, content) {
  const told = { tools: null, documents: null, bos_token: tokenizer.pieces[tokenizer.begin]?.text ?? "", ...names };
  const start = tokenizer.begin >= 0 ? told.bos_token : ""; // else it may be a piece of the turns
  const render = rendererOf(library, text);
  const message = (/** @type {string} */ role, /** @type {string} */ said) => ({ role, content: content(said) });
  const written = (/** @type {boolean} */ goesOn, /** @type {unknown[]} */ ...messages) => render({ ...told, messages, add_generation_prompt: goesOn });
  const [user, answer] = [message("user", QUESTION), message("assistant", ANSWER)];
  const closed = written(false, user);
  const opened = written(true, user);
  const answered = written(false, user, answer);
  const asked = written(true, user, answer, message("user", AGAIN));
  const [first, after] = around(opened, QUESTION);
  const [, userSuffix] = around(closed, QUESTION);
  const modelPrefix = without(after, userSuffix, "begins differently if an answer follows");
  const [, modelSuffix] = around(answered, ANSWER);
  const [, between] = around(asked, ANSWER);
  const userPrefix = without(around(between, AGAIN)[0], modelSuffix, "ends an answer in two ways");
  if (!first.endsWith(userPrefix)) throw new TemplateError("begins the user's first turn differently from the next");
  const opening = withoutStart(first.slice(0, first.length - userPrefix.length), start);
  /** @type {import('./turns.js').Turns} */
  const turns = {
    user: [userPrefix, userSuffix],
    model: [modelPrefix, modelSuffix],
    system: systemTurn(() => written(true, message("system", SYSTEM), user), userPrefix, start),
    opening,
    ends: endsOf(modelSuffix, tokenizer),
  };
  if ([opening, ...affixesOf(turns)].some((affix) => [...affix].length > MAX_AFFIX)) throw new TemplateError(`puts more than ${MAX_AFFIX} characters around a message`);
  return turns;
}

/** What stands before and after a probe. @param {string} text @param {string} probe */
function around(text, probe) {
  const parts = text.split(probe);
  if (parts.length !== 2) throw new TemplateError(`writes a message ${parts.length - 1} times, or changes it`);
  return parts;
}

/** @param {string} text @param {string} start @param {string} reason */
function without(text, start, reason) {
  if (!text.startsWith(start)) throw new TemplateError(reason);
  return text.slice(start.length);
}

/** @param {string} text @param {string} start */
function withoutStart(text, start) {
  return text.startsWith(start) ? text.slice(start.length) : text;
}

/** The turn of the system, null where there is none of its own: refused, or written into the user's. @param {() => string} write @param {string} userPrefix @param {string} start @returns {Turn | null} */
function systemTurn(write, userPrefix, start) {
  let text;
  try {
    text = write();
  } catch (error) {
    if (error instanceof TemplateError) return null;
    throw error;
  }
  const [before, rest, ...more] = text.split(SYSTEM);
  const [between, ...behind] = (rest ?? "").split(QUESTION);
  if (more.length || behind.length !== 1 || before.includes(QUESTION) || !userPrefix || !between.endsWith(userPrefix)) return null;
  return [withoutStart(before, start), between.slice(0, between.length - userPrefix.length)];
}

/** The piece that an answer ends with: the first mark behind it, where the tokenizer has it. @param {string} suffix @param {import('./sentencepiece_model.js').SentencePieceModel} tokenizer */
function endsOf(suffix, tokenizer) {
  const mark = markAtBeginOf(suffix.trimStart());
  return mark !== null && tokenizer.idOf(mark) >= 0 ? [mark] : [];
}
