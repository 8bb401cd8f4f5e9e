// @ts-check
/**
 * The one session as each task of the page has it: one writes at a time, and another one's answer is something that it waits for.
 *
 * @typedef {import('../engine/session_state.js').SessionState} SessionState
 * @typedef {import('../tasks/task.js').TaskContext['session']} TaskSession
 */

import { noteSpeed } from "../engine/index.js";

export class SharedSession {
  #session;
  /** The task whose answer is written, or was written last. */
  writer = "";
  /** The task that has counted tokens last, and its count. */
  #counter = "";
  /** @type {Promise<number | null>} */
  #counting = Promise.resolve(null);

  /** @param {TaskSession} session */
  constructor(session) {
    this.#session = session;
  }

  /** What a task sees of a state. @param {string} id @param {SessionState} state @returns {SessionState} */
  seenBy(id, state) {
    return state.now.phase === "writing" && this.writer !== id ? { ...state, now: { phase: "loading", reason: "elsewhere", progress: null } } : state;
  }

  /**
   * The session for a task.
   * @param {string} id
   * @param {AbortSignal} [left] that its views are gone: what it still had in mind is written no more
   * @returns {TaskSession}
   */
  of(id, left) {
    const [shared, session] = [this, this.#session];
    return {
      get state() {
        return shared.seenBy(id, session.state);
      },
      async count(messages, room) {
        while (shared.#counter !== id) {
          const before = shared.#counting;
          await before; // a later count ends the one before; one task's does not end another's
          if (shared.#counting === before) shared.#counter = id; // else a third was first
        }
        shared.#counting = session.count(messages, room);
        return shared.#counting;
      },
      async generate(messages, options) {
        if (left?.aborted) return null; // nobody would see it, nor could stop it
        if (session.state.now.phase === "ready") shared.writer = id;
        const { choice } = session.state.setup ?? {};
        const outcome = await session.generate(messages, options);
        if (choice && outcome?.kind === "written") noteSpeed(choice.file.sha256, outcome.figures);
        return outcome;
      },
      stop() {
        if (shared.writer === id) session.stop(); // not another task's answer
      },
      switch: (reason, wish) => session.switch(reason, wish),
      reseed: () => session.reseed(),
      offer: (more) => session.offer(more),
      withdraw: (sha256) => session.withdraw(sha256),
      look: () => session.look(),
    };
  }
}
