// A worker of an engine in a thread of node, asked as the page asks it.

import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";

// An engine's hot WebAssembly is not compiled a second time, which takes longer than the tests' short answers gain.
setFlagsFromString("--liftoff-only");

/**
 * A worker that is up. It ends with its test.
 * @param {import('node:test').TestContext} context
 * @param {string} script a module beside this one that runs the worker
 * @param {object} workerData for it
 * @returns {Promise<{thread: Worker, ask: (request: object) => Promise<any>}>} `ask` gives the result of a request, with the text that came
 *   before; it fails where the request does
 */
export async function startedWorker(context, script, workerData) {
  const thread = new Worker(new URL(script, import.meta.url), { workerData });
  context.after(() => thread.terminate());
  let text = "";
  let settle = () => {};
  const up = new Promise((resolve) => (settle = resolve));
  thread.on("message", (reply) => {
    if (reply.type === "text") text += reply.text;
    if (["up", "done", "failed", "crashed"].includes(reply.type)) settle(reply);
  });
  await up;
  const ask = async (request) => {
    text = "";
    const { result, error, detail } = await new Promise((resolve) => {
      settle = resolve;
      thread.postMessage(request);
    });
    assert.equal(error ?? detail, undefined);
    return { ...result, text };
  };
  return { thread, ask };
}
