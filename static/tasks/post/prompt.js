// @ts-check
/**
 * What the model is told for a post, and how much room that and the post may take. Pure.
 *
 * The instruction is the one the demo model was trained on (`social_post.json`); the turns around it are the model file's own.
 *
 * @typedef {{id: string, prompt: string}} Tone `prompt` is the word for it in the instruction
 * @typedef {{id: string, words: number}} Length
 * @typedef {{instruction: string, tones: Tone[], lengths: Length[]}} PostDefinition
 * @typedef {object} Draft what a person asks for
 * @property {string} text
 * @property {string} tone an id, as are the next two
 * @property {string} length
 * @property {string} platform the network that it is for, "" for any
 * @property {boolean} three whether three posts are written to choose from
 * @property {string} language of the post, a code of languages.json; "" for that of the text
 */

import { message, normalized } from "../../engine/index.js";
import { englishName } from "../parts/languages.js";

/** Tokens that one word of an answer may take, hashtags and emoji included. */
const TOKENS_PER_WORD = 3;
/** A model that has lost its way repeats itself until the context is full: stop at so many times the length asked. */
const RUNAWAY = 3;

/**
 * @param {PostDefinition} definition
 * @param {Pick<Draft, 'text' | 'tone' | 'length'>} draft
 * @param {string} [language] what says in which language, see `languageSaid`
 */
export function messagesOf(definition, { text, tone, length }, language = "") {
  /** @type {Record<string, string>} */
  const values = { tone: toneOf(definition, tone).prompt, words: String(lengthOf(definition, length).words), text: normalized(text).trim() };
  // One pass, so that a text which contains "{tone}" stays as it is.
  const instruction = language ? definition.instruction.replace("\n\n{text}", ` ${language}\n\n{text}`) : definition.instruction;
  return [message(instruction.replace(/\{(tone|words|text)\}/g, (_, slot) => values[slot]))];
}

/**
 * What is added to the instruction for a language. Nothing for an English post of an English text: models are tuned with the instruction as it is.
 * @param {string} language as in a draft
 * @param {boolean} isForeign whether the text is clearly not English
 */
export function languageSaid(language, isForeign) {
  if (!language) return isForeign ? "Write the post in the language of the text." : "";
  return language === "en" && !isForeign ? "" : `Write the post in ${englishName(language)}.`;
}

/** @param {PostDefinition} definition @param {string} id */
export function toneOf({ tones }, id) {
  return tones.find((each) => each.id === id) ?? tones[0];
}

/** @param {PostDefinition} definition @param {string} id */
export function lengthOf({ lengths }, id) {
  return lengths.find((each) => each.id === id) ?? lengths[0];
}

/**
 * How a post begins that was begun for the model, with what it said first. Some engines give the first piece without the space before it; a
 * beginning is a whole name, so that no word goes on from it.
 * @param {string} beginning "" for none
 * @param {string} piece
 */
export function continued(beginning, piece) {
  return beginning && /^[\p{L}\p{N}(“"#]/u.test(piece) ? `${beginning} ${piece}` : beginning + piece;
}

/**
 * Tokens the prompt may have: the engine's limit covers the prompt and the answer.
 * @param {number} maxTokens
 * @param {number} words
 */
export function promptRoom(maxTokens, words) {
  return Math.max(0, maxTokens - words * TOKENS_PER_WORD);
}

/**
 * At how many words, and how many tokens for texts whose words nobody can count, a post has run away.
 * @param {number} words those asked for
 */
export function runawayAt(words) {
  return { words: words * RUNAWAY, tokens: words * RUNAWAY * TOKENS_PER_WORD };
}
