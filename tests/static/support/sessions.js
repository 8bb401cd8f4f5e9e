// Sessions with engines that answer when a test says so.

import assert from "node:assert/strict";
import { message } from "../../../static/engine/messages.js";
import { Session } from "../../../static/engine/session.js";
import { FakeEngine, LOADED, model, settled } from "./engines.js";

export const ASK = [message("Write.")];

/** A session with its engines in the order in which they were made. */
export function sessionWith(options = {}) {
  const engines = [];
  const phases = [];
  const session = new Session({
    vendor: {},
    makeEngine: (entry, onEnd) => {
      engines.push(new FakeEngine(entry, onEnd));
      return engines.at(-1);
    },
    storage: { listStored: async () => [], removeStored: async () => {} },
    reach: async () => {},
    onChange: ({ now }) => phases.push(now.phase),
    ...options,
  });
  return { session, engines, phases };
}

/** One that is ready, with the engine of the processor. */
export async function ready(models = [model("first"), model("second")], options = {}, wish = {}) {
  const made = sessionWith(options);
  const started = made.session.start(models, { gpu: "no-webgpu", ...wish });
  await settled();
  made.engines[0].last("load").resolve(LOADED);
  await started;
  assert.deepEqual(made.session.state.now, { phase: "ready", after: "load" });
  return made;
}

export function writing(session, onText = () => {}, options = {}) {
  return session.generate(ASK, { room: 100, counted: 5, onText, ...options });
}
