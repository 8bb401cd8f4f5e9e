// @ts-check
/**
 * What can go wrong in the library: a code, and what it was in the engine's or the network's own words. No sentence for a person is here: whoever shows an error has its own words for the code.
 *
 * Every error that leaves the library is an `OnpageError`. It crosses from a worker as `toJSON()` and back through `fromJSON()`,
 * because a structured clone keeps neither the class nor its fields.
 *
 * @typedef {typeof ERROR_CODES[number]} ErrorCode
 * @typedef {{code: ErrorCode, detail: string}} ErrorData `detail` is in English, for the curious; "" where there is nothing to add
 */

export const ERROR_CODES = /** @type {const} */ ([
  "insecure-origin", // browsers give the GPU to localhost and https only
  "no-webgpu",
  "no-adapter", // WebGPU, but no graphics adapter
  "no-model", // there is none, or none that an engine here can run
  "server-unreachable", // nobody answers, also not minutes later
  "server-busy", // it asks to wait for longer than that
  "server-refused", // it, or a proxy on the way, wants a sign-in or does not allow it
  "model-missing",
  "model-not-kept", // the server is gone, and this browser has none of its models
  "model-corrupt", // it is not the file that was listed
  "model-unfit", // it is, but the engine would write wrong text with it
  "download-cut", // again and again, for minutes
  "engine-failed",
  "lora-failed", // the model works, this LoRA adapter does not
  "modality-unsupported", // a picture or a sound for an engine that has not loaded what takes it, or that takes none; the detail says which
  "device-lost",
]);

export class OnpageError extends Error {
  /**
   * @param {ErrorCode} code
   * @param {string} [detail]
   */
  constructor(code, detail = "") {
    super(detail ? `${code}: ${detail}` : code);
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
    return new OnpageError(code, detail);
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
