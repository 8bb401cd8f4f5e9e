// @ts-check
/** Samples as a model takes them: one channel, so many seconds; and the same as a file that a browser plays. Pure. */

import { MAX_SECONDS, SAMPLE_RATE } from "../../engine/index.js";

/**
 * One channel of several, cut to what a model takes.
 * @param {Float32Array[]} channels of the same length, at SAMPLE_RATE
 * @returns {{samples: Float32Array<ArrayBuffer>, cut: boolean}}
 */
export function oneChannel(channels) {
  const length = Math.min(channels[0]?.length ?? 0, MAX_SECONDS * SAMPLE_RATE);
  const samples = new Float32Array(length);
  for (const channel of channels) for (let at = 0; at < length; at += 1) samples[at] += channel[at] / channels.length;
  for (let at = 0; at < length; at += 1) samples[at] = Math.max(-1, Math.min(1, samples[at])) || 0; // nor anything that is no number
  return { samples, cut: (channels[0]?.length ?? 0) > length };
}

/** A WAV file of 16 bits. @param {Float32Array} samples @returns {Blob} */
export function wavOf(samples) {
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const put = (/** @type {number} */ at, /** @type {string} */ name) => [...name].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  put(0, "RIFF");
  view.setUint32(4, view.byteLength - 8, true);
  put(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true);
  view.setUint32(24, SAMPLE_RATE, true);
  view.setUint32(28, SAMPLE_RATE * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  put(36, "data");
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, index) => view.setInt16(44 + index * 2, Math.round(sample * 32_767), true));
  return new Blob([view.buffer], { type: "audio/wav" });
}
