// @ts-check
/**
 * Conversations that LiteRT-LM has had and still holds, so that a prompt which goes on from one of them reads only what is new: a
 * follow-up, or another question in the place of one.
 *
 * Four facts about 0.17.1 shape it (measured on the processor; `tests/static/branches.test.js` holds them; on WebGPU, in software, it goes on as exactly). A clone is made in 2 ms and takes
 * memory when it is used: 20 MB of Gemma 3 270M with 350 tokens. What is deleted before what it was cloned from breaks that, so
 * conversations go in the order in which they were made. One that was stopped answers no more. An answer that the model ended is followed, when
 * the conversation goes on, by the token that it ended with, so that one is not said again.
 *
 * The sampler belongs to the conversation: a clone goes on with it, and an answer with another seed reads all anew.
 *
 * @typedef {import('@litert-lm/core').Wasm.Conversation} Conversation
 *
 * @typedef {object} Branch
 * @property {Conversation} conversation
 * @property {string | null} text what it has read and written; null where it cannot go on
 * @property {string} drawn how it draws
 */

/**
 * How many are held. On the processor they take, of a context of 1,280 tokens, 150 MB of Gemma 3 270M; what they take of a GPU's memory nobody has
 * measured, so there it is the last one.
 */
const MOST = { CPU: 3, WebGPU: 1 };

export class Branches {
  /** In the order in which they were made. @type {Branch[]} */
  #held = [];

  /**
   * A clone of the longest conversation that a prompt goes on from, with what is left to read; null where there is none.
   * @param {string} prompt
   * @param {string} drawn
   * @param {string} end what the model ends an answer with, in the turns
   * @returns {{conversation: Conversation, rest: string} | null}
   */
  from(prompt, drawn, end) {
    /** @type {{branch: Branch, rest: string} | null} */
    let found = null;
    for (const branch of this.#held) {
      if (branch.text === null || branch.drawn !== drawn || !prompt.startsWith(branch.text)) continue;
      const rest = prompt.slice(branch.text.length);
      if (!rest.startsWith(end) || rest.length === end.length) continue;
      if (!found || rest.length < found.rest.length) found = { branch, rest };
    }
    return found && { conversation: found.branch.conversation.clone(), rest: found.rest.slice(end.length) };
  }

  /** @param {Branch} branch one that was made just now @param {keyof typeof MOST} backend */
  hold(branch, backend) {
    this.#held.push(branch);
    while (this.#held.length > MOST[backend]) this.#held.shift()?.conversation.delete();
  }

  /** Lets all go, which has to be before their engine goes. */
  clear() {
    for (const { conversation } of this.#held) conversation.delete();
    this.#held = [];
  }
}
