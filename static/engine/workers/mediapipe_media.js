// @ts-check
/**
 * Pictures and sounds as MediaPipe takes them, which it does for a Gemma 3n: what it is created with, and a prompt's pieces.
 *
 * Three facts about 0.10.29 shape it. What takes pictures and sounds is loaded only where the options ask for it; then there are no LoRA
 * adapters, and each prompt is read from its beginning. It takes samples with their rate, where an AudioBuffer could not come into a worker.
 * It compares a picture with classes of elements, which a worker has not, and fails with a ReferenceError.
 *
 * @typedef {import('../messages.js').PromptPiece} PromptPiece
 * @typedef {import('@mediapipe/tasks-genai').Prompt} Prompt
 */

/** What the library looks at, and workers lack. */
export const ELEMENTS = ["HTMLImageElement", "HTMLVideoElement", "VideoFrame"];

/** Gives a worker the names that the library compares pictures with; no picture is any of these. */
export function giveNamesOfElements() {
  for (const name of ELEMENTS) if (!(name in globalThis)) Object.assign(globalThis, { [name]: class {} });
}

/** The engine's options. @param {import('../media.js').Senses} senses */
export function mediaOptions({ images, audio }) {
  return { ...(images > 0 && { maxNumImages: images }), ...(audio && { supportAudio: true }) };
}

/** @param {PromptPiece[]} pieces @returns {Prompt} */
export function promptFor(pieces) {
  const [only] = pieces;
  if (pieces.length === 1 && typeof only === "string") return only;
  return pieces.map((piece) => {
    if (typeof piece === "string") return piece;
    if (piece.type === "image") return { imageSource: piece.image };
    return { audioSource: { audioSamples: piece.samples, audioSampleRateHz: piece.sampleRate } };
  });
}
