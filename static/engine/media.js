// @ts-check
/**
 * Pictures and sounds for a model: which it takes, how large they may be, what they cost. Pure.
 *
 * Where the numbers are from: a Gemma 3n reads a picture as 256 tokens at any size up to 768 pixels a side, and sound best in clips of up to 30
 * seconds of one channel at 16 kHz (its model card and audio guide). MediaPipe counts 260 tokens for a picture, the four that stand around it
 * among them. Of sound it counts nothing, but makes a token of 16 frames and puts one in front and one behind (docs/format.md, Sound).
 *
 * @typedef {import('./messages.js').MediaPart} MediaPart
 * @typedef {'image' | 'audio'} Modality what a model takes besides text
 * @typedef {{images: number, audio: boolean}} Senses what an engine loads besides a model's text part: room for so many pictures in a
 *   prompt, and whether sound goes in
 */

/** @type {Modality[]} */
export const MODALITIES = ["image", "audio"];

/** @type {Senses} */
export const NO_SENSES = { images: 0, audio: false };

/** Pictures in a prompt, for which an engine is loaded. */
export const MAX_IMAGES = 4;
/** Pixels a side that the model tells apart. */
export const MAX_SIDE = 768;
/** Hertz. */
export const SAMPLE_RATE = 16_000;
export const MAX_SECONDS = 30;

const IMAGE_TOKENS = 256 + 4;
/** Samples of a frame, and from one frame to the next; frames of a token; tokens of a sound at most, and those around it. */
const [FRAME, STEP, FRAMES, MOST, AROUND] = [512, 160, 16, 200, 2];

/** Tokens of pictures and sounds. @param {MediaPart[]} parts */
export function mediaTokens(parts) {
  return parts.reduce((sum, part) => sum + (part.type === "image" ? IMAGE_TOKENS : audioTokens(part)), 0);
}

/** @param {{samples: {length: number}, sampleRate: number}} sound */
function audioTokens({ samples, sampleRate }) {
  const frames = Math.max(0, Math.floor(((samples.length * SAMPLE_RATE) / sampleRate - FRAME) / STEP) + 1);
  return Math.min(MOST, Math.ceil(frames / FRAMES)) + AROUND;
}

/**
 * What messages need that an engine has not loaded; null where it has all.
 * @param {MediaPart[]} parts
 * @param {Senses} senses
 * @returns {Modality | null}
 */
export function missingSense(parts, { images, audio }) {
  if (parts.filter(({ type }) => type === "image").length > images) return "image";
  return !audio && parts.some(({ type }) => type === "audio") ? "audio" : null;
}

/** @param {Senses} a @param {Senses} b */
export function sameSenses(a, b) {
  return a.images === b.images && a.audio === b.audio;
}

/**
 * What is wished for, as far as a model's file and its engine can.
 * @param {Senses} wanted
 * @param {{modalities?: Modality[]}} file
 * @param {{takesMedia?: boolean}} entry of the engine
 * @returns {Senses}
 */
export function possibleSenses(wanted, file, entry) {
  const can = (/** @type {Modality} */ modality) => Boolean(entry.takesMedia && file.modalities?.includes(modality));
  return { images: can("image") ? Math.min(wanted.images, MAX_IMAGES) : 0, audio: can("audio") && wanted.audio };
}
