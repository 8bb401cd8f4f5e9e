// @ts-check
/**
 * What can go wrong, as the person in front of the page should read it: one code, one sentence, one way on.
 *
 * Every error that reaches the page is an `OnpageError`. It crosses from the worker as `toJSON()` and back through
 * `fromJSON()`, because a structured clone keeps neither the class nor the extra fields. `detail` is for the curious
 * (an engine's own message, byte counts); it is shown small and as text.
 */

/**
 * @typedef {'insecure-origin' | 'no-webgpu' | 'no-adapter' | 'server-unreachable' | 'no-model' | 'model-missing' |
 *   'model-corrupt' | 'download-cut' | 'engine-failed' | 'adapter-failed' | 'device-lost' | 'input-too-long'} ProblemCode
 * @typedef {'reload-page' | 'restart' | 'without-adapter' | 'localhost' | 'none'} WayOn
 * @typedef {{code: ProblemCode, detail: string}} ErrorData
 */

/**
 * @type {Record<ProblemCode, {title: string, sentence: string, wayOn: WayOn, action: string, steps?: string[]}>}
 */
export const PROBLEMS = {
  "insecure-origin": {
    title: "This address cannot use the GPU",
    sentence:
      "Browsers give WebGPU only to secure addresses. If the server runs on this computer, open it at http://localhost; if not, serve it over HTTPS.",
    wayOn: "localhost",
    action: "Open at localhost",
  },
  "no-webgpu": {
    title: "This browser has no WebGPU",
    sentence: "The model runs on your GPU through WebGPU, which this browser does not offer. One of these does:",
    wayOn: "reload-page",
    action: "Check again",
    steps: [
      "Chrome or Edge 113 or newer on Windows, macOS or ChromeOS: nothing to set.",
      "Chrome on Linux: open chrome://flags/#enable-unsafe-webgpu, choose Enabled, restart Chrome.",
      "Safari 26 or newer on macOS, iOS or iPadOS: nothing to set.",
      "Firefox 141 or newer on Windows: nothing to set; elsewhere set dom.webgpu.enabled in about:config.",
    ],
  },
  "no-adapter": {
    title: "No usable GPU was found",
    sentence: "This browser has WebGPU, but it found no graphics adapter that it may use.",
    wayOn: "reload-page",
    action: "Check again",
    steps: [
      "Turn on “Use graphics acceleration when available” in the browser's system settings and restart it.",
      "Update the graphics driver; chrome://gpu says whether the browser blocks it.",
      "Chrome on Linux: open chrome://flags/#enable-vulkan, choose Enabled, restart Chrome.",
    ],
  },
  "server-unreachable": {
    title: "The server does not answer",
    sentence: "The page could not read its list of models. Check that onpage serve is still running.",
    wayOn: "reload-page",
    action: "Try again",
  },
  "no-model": {
    title: "There is no model to run",
    sentence: "The server offers no model. Stop it and start it with onpage serve --model FILE.",
    wayOn: "reload-page",
    action: "Try again",
  },
  "model-missing": {
    title: "The model is missing",
    sentence: "The server no longer has the model file it listed. Start onpage serve again, then load the model.",
    wayOn: "reload-page",
    action: "Try again",
  },
  "model-corrupt": {
    title: "The model file is damaged",
    sentence: "What arrived is not the file the server listed, so it was thrown away and nothing was run.",
    wayOn: "restart",
    action: "Download again",
  },
  "download-cut": {
    title: "The download was cut",
    sentence: "The connection to the server broke, and trying again a few times did not help.",
    wayOn: "restart",
    action: "Download again",
  },
  "engine-failed": {
    title: "The engine stopped working",
    sentence: "It was started again once by itself and failed again. Your text is still here.",
    wayOn: "restart",
    action: "Start the engine again",
  },
  "adapter-failed": {
    title: "The adapter cannot be used",
    sentence: "The model is fine, but this LoRA adapter did not arrive whole or does not fit it. Your text is still here.",
    wayOn: "without-adapter",
    action: "Go on without it",
  },
  "device-lost": {
    title: "The GPU was lost",
    sentence:
      "The system took the GPU away: a driver restart, a computer that slept, or another program that needed it. Your text is still here.",
    wayOn: "restart",
    action: "Start the engine again",
  },
  "input-too-long": {
    title: "This text is too long",
    sentence: "The model reads and writes within one limit of tokens, and this text leaves no room for a post.",
    wayOn: "none",
    action: "",
  },
};

export class OnpageError extends Error {
  /**
   * @param {ProblemCode} code
   * @param {string} [detail]
   */
  constructor(code, detail = "") {
    super(PROBLEMS[code].sentence);
    this.name = "OnpageError";
    this.code = code;
    this.detail = detail;
  }

  /** @returns {ErrorData} */
  toJSON() {
    return { code: this.code, detail: this.detail };
  }

  /** @param {ErrorData} data */
  static fromJSON({ code, detail }) {
    return code === "input-too-long" ? new InputTooLong(...inputSizes(detail)) : new OnpageError(code, detail);
  }

  /**
   * Whatever was thrown, as an OnpageError: itself, or an engine failure that keeps the message.
   * @param {unknown} thrown
   */
  static from(thrown) {
    if (thrown instanceof OnpageError) return thrown;
    return new OnpageError("engine-failed", thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** Thrown before anything is sent to the engine, which after an input too long would be stuck. */
export class InputTooLong extends OnpageError {
  /**
   * @param {number} tokens tokens of the whole prompt
   * @param {number} room tokens that the prompt may have
   */
  constructor(tokens, room) {
    super("input-too-long", `${tokens}/${room}`);
    this.tokens = tokens;
    this.room = room;
  }
}

/**
 * @param {string} detail
 * @returns {[number, number]}
 */
function inputSizes(detail) {
  const [tokens, room] = detail.split("/").map(Number);
  return [tokens, room];
}
