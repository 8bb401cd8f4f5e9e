// @ts-check
/**
 * Camera and microphone, one at a time: opened when a person asks, closed at once when the view is left, the page is hidden, or it is done.
 *
 * @typedef {'camera' | 'microphone'} Device
 */

import { MAX_SECONDS } from "../../engine/index.js";
import { MediaError } from "./media_error.js";

/** @type {Record<string, import('./media_error.js').Problem>} */
const PROBLEMS = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "no-device", OverconstrainedError: "no-device", NotReadableError: "busy", AbortError: "busy" };

export class Live {
  /** @type {Device | null} */
  device = null;
  /** @type {MediaStream | null} */
  stream = null;
  /** Of a recording. */
  seconds = 0;
  /** @type {MediaRecorder | null} */
  #recorder = null;
  #timer = 0;
  #asked = 0;

  /** @param {() => void} onChange @param {(recorded: Blob) => void} onRecorded also where the time is over, or the page was hidden */
  constructor(onChange, onRecorded) {
    this.onChange = onChange;
    this.onRecorded = onRecorded;
  }

  /** Shows what the camera sees, or begins to record. MediaError. @param {Device} device */
  async open(device) {
    this.close();
    const asked = (this.#asked += 1);
    if (!navigator.mediaDevices) throw new MediaError("insecure"); // which browsers leave out on such addresses
    const wanted = device === "camera" ? { video: { facingMode: "environment" } } : { audio: { channelCount: 1 } };
    const stream = await navigator.mediaDevices.getUserMedia(wanted).catch((error) => {
      throw new MediaError(PROBLEMS[error.name] ?? "busy", String(error.message ?? ""));
    });
    if (asked !== this.#asked) return stream.getTracks().forEach((track) => track.stop()); // the view was left meanwhile
    [this.device, this.stream] = [device, stream];
    try {
      if (device === "microphone") this.#record(stream);
    } catch (error) {
      this.close(); // else it would go on to listen
      throw new MediaError("busy", String(error));
    }
    return this.onChange();
  }

  /** @param {MediaStream} stream */
  #record(stream) {
    const recorder = new MediaRecorder(stream);
    /** @type {Blob[]} */
    const pieces = [];
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    recorder.onstop = () => this.onRecorded(new Blob(pieces, { type: recorder.mimeType }));
    recorder.start();
    this.#recorder = recorder;
    this.seconds = 0;
    this.#timer = window.setInterval(() => {
      this.seconds += 1;
      if (this.seconds >= MAX_SECONDS) this.close();
      else this.onChange();
    }, 1000);
  }

  /** What was recorded is given away first. */
  close() {
    this.#asked += 1;
    clearInterval(this.#timer);
    if (this.#recorder?.state === "recording") this.#recorder.stop();
    this.stream?.getTracks().forEach((track) => track.stop());
    const was = this.device;
    [this.device, this.stream, this.#recorder] = [null, null, null];
    if (was) this.onChange();
  }
}
