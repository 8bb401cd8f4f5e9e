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
 */

import { message, normalized } from "../../engine/index.js";

/** Tokens that one word of an answer may take, hashtags and emoji included. */
const TOKENS_PER_WORD = 3;
/** A model that has lost its way repeats itself until the context is full: stop at so many times the length asked. */
const RUNAWAY = 3;

/**
 * @param {PostDefinition} definition
 * @param {Pick<Draft, 'text' | 'tone' | 'length'>} draft
 */
export function messagesOf(definition, { text, tone, length }) {
  /** @type {Record<string, string>} */
  const values = { tone: toneOf(definition, tone).prompt, words: String(lengthOf(definition, length).words), text: normalized(text).trim() };
  // One pass, so that a text which contains "{tone}" stays as it is.
  return [message(definition.instruction.replace(/\{(tone|words|text)\}/g, (_, slot) => values[slot]))];
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
