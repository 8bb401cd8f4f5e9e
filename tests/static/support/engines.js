// What the session and the client are tested with: a worker and an engine whose every answer a test gives itself.

import { OnpageError } from "../../../static/engine/errors.js";

/** Lets everything that can go on without another answer do so. */
export async function settled() {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

/** A worker that keeps what it is sent; `reply` answers. */
export class FakeWorker extends EventTarget {
  sent = [];
  terminated = false;

  postMessage(message) {
    this.sent.push(message);
  }

  terminate() {
    this.terminated = true;
  }

  last(type) {
    return this.sent.filter((message) => message.type === type).at(-1);
  }

  reply(data) {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  done(type, result) {
    this.reply({ type: "done", id: this.last(type).id, result });
  }
}

/** A promise with its two ends outside. */
function pending(call) {
  const made = { ...call };
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  made.promise.catch(() => {});
  return made;
}

const FIGURES = { promptTokens: 9, tokens: 5, firstTokens: 1, timeToFirst: 1, prefillRate: 1, decodeRate: 1, reused: 0, engineFigures: null };

/** An engine for `Session`: its calls wait in `calls` until a test resolves, rejects, or lets it crash. */
export class FakeEngine {
  calls = [];
  ended = false;
  closed = false;

  constructor(entry, onEnd) {
    this.entry = entry;
    this.onEnd = onEnd;
  }

  #call(name, details) {
    const call = pending({ name, ...details });
    this.calls.push(call);
    return call;
  }

  last(name) {
    return this.calls.filter((call) => call.name === name).at(-1);
  }

  load(file, settings, options) {
    return this.#call("load", { file, settings, options }).promise;
  }

  adapt(lora, onProgress) {
    return this.#call("adapt", { lora, onProgress }).promise;
  }

  countTokens(messages, options) {
    return this.#call("count", { messages, options }).promise;
  }

  /** `write(piece)` gives a piece, `end(ended)` ends it. */
  generate(messages, options) {
    const call = this.#call("generate", { messages, options });
    const pieces = [];
    let over = false;
    let wake = () => {};
    call.write = (piece) => {
      pieces.push(piece);
      wake();
    };
    call.end = (ended = "model") => {
      over = true;
      call.resolve({ ...FIGURES, ended });
      wake();
    };
    call.promise.catch(() => {
      over = true;
      wake();
    });
    return {
      figures: call.promise,
      async *[Symbol.asyncIterator]() {
        while (pieces.length || !over) {
          if (pieces.length) yield pieces.shift();
          else await new Promise((resolve) => (wake = resolve));
        }
        await call.promise;
      },
    };
  }

  /** As the client does it: pending calls reject, then whoever made it is told. */
  crash(code = "engine-failed", detail = "by the test") {
    const error = new OnpageError(code, detail);
    this.ended = true;
    for (const call of this.calls) call.reject(error);
    this.onEnd(error);
  }

  /** A call that fails and takes the engine with it. */
  fail(name, code = "engine-failed") {
    const call = this.last(name);
    this.ended = true;
    call.reject(new OnpageError(code, "by the test"));
    this.onEnd(new OnpageError(code, "by the test"));
  }

  close() {
    this.closed = true;
    this.ended = true;
    for (const call of this.calls) call.reject(new OnpageError("engine-failed", "closed"));
  }
}

export const LOADED = { gpuAdapter: null, milliseconds: { bytes: 1, engine: 1, warmUp: 1 }, fromCache: false, warmed: true };

/** A model as a server lists it, for the processor and for MediaPipe. */
export function model(id, { size = 1000, adapters = [] } = {}) {
  const file = (engine) => ({ format: "x", url: `models/${id}-${engine}`, size, sha256: `${id}-${engine}`, context: 512, engines: [engine] });
  const files = ["mediapipe", "litert-lm-cpu"].map(file);
  return {
    ...files[0],
    id,
    name: id,
    file: id,
    files,
    family: null,
    quantization: null,
    parameters: null,
    context: 512,
    promptTemplate: { prefix: "<", suffix: ">" },
    sampling: { temperature: 1, topK: 1, seed: 1, maxTokens: 512 },
    adapters,
  };
}
