// @ts-check
/**
 * The prompt of a social post, and how much room it may take. Pure.
 *
 * The instruction is the one the demo model was trained on (`social_post.json`); the turns around it are the model file's
 * own, because the engine applies no template by itself.
 *
 * @typedef {{id: string, words: number}} Length
 * @typedef {{instruction: string, tones: string[], lengths: Length[]}} Task
 * @typedef {{prefix: string, suffix: string}} PromptTemplate
 */

/** Tokens that one word of an answer may take, hashtags and emoji included. */
const TOKENS_PER_WORD = 3;

/**
 * @param {Task} task
 * @param {PromptTemplate} template
 * @param {{text: string, tone: string, words: number}} draft
 */
export function buildPrompt(task, template, { text, tone, words }) {
  /** @type {Record<string, string>} */
  const values = { tone, words: String(words), text: text.trim() };
  // One pass, so that a text which contains "{tone}" stays as it is.
  const instruction = task.instruction.replace(/\{(tone|words|text)\}/g, (_, slot) => values[slot]);
  return template.prefix + instruction + template.suffix;
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
 * The part of `prompt`, 0 to 1, that the engine still holds from `previous` and will not read again.
 * @param {string} prompt
 * @param {string} previous
 */
export function reusedShare(prompt, previous) {
  let same = 0;
  while (same < prompt.length && prompt[same] === previous[same]) same += 1;
  return prompt ? same / prompt.length : 0;
}
