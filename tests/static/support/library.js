// A model of the library that is loaded, with engines that answer when a test says so.

import { Session } from "../../../static/engine/session.js";
import { load } from "../../../static/library/model.js";
import { FakeEngine, LOADED, model, settled } from "./engines.js";

export const VENDOR = { "@litert-lm/core": "static/vendor/litert-lm-core-1/" };

/** Answers for `fetch`, by the end of the address; what was asked for is in `asked`. */
export function site(models = [model("first"), model("second")]) {
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(String(url));
    const body = String(url).endsWith("api/models") ? models : VENDOR;
    return new Response(JSON.stringify(body));
  };
  return asked;
}

/** What `load` is given so that its engines are in a test's hand. */
export function withEngines() {
  const engines = [];
  const makeSession = (options) =>
    new Session({
      ...options,
      makeEngine: (entry, onEnd) => {
        engines.push(new FakeEngine(entry, onEnd));
        return engines.at(-1);
      },
      storage: { listStored: async () => [], removeStored: async () => {} },
      reach: async () => {},
    });
  return { engines, makeSession };
}

/** Turns of the event loop, for what waits for more than promises (a response's body). */
export async function turns(count = 5) {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await settled();
}

export async function loaded(options = {}) {
  site();
  const { engines, makeSession } = withEngines();
  const loading = load("https://site.example/gemma", { engine: "litert-lm-cpu", makeSession, ...options });
  await turns();
  engines[0].last("load").resolve(LOADED);
  return { model: await loading, engines };
}

/** The next answer of an engine: counts what is to be counted, then writes the pieces and ends. */
export async function answers(engine, ...pieces) {
  await counted(engine, 5);
  const generating = engine.last("generate");
  for (const piece of pieces) generating.write(piece);
  generating.end();
  await turns();
  return generating.messages;
}

/** Answers every count that waits until none does. @param {number | ((messages: any[]) => number)} tokens */
export async function counted(engine, tokens) {
  for (;;) {
    await turns();
    const waiting = engine.calls.filter((call) => call.name === "count" && !call.answered);
    if (!waiting.length) return;
    for (const call of waiting) {
      call.answered = true;
      call.resolve(typeof tokens === "number" ? tokens : tokens(call.messages));
    }
  }
}
