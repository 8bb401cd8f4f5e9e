// @ts-check
/**
 * A person's file, or what a camera or microphone gave, as parts of a message. Strangers' files are looked at before they are decoded: bytes,
 * pixels, seconds. A picture is made as small as the model sees it; a sound is resampled by the browser and cut.
 *
 * @typedef {import('../../engine/messages.js').ImagePart} ImagePart
 * @typedef {import('../../engine/messages.js').AudioPart} AudioPart
 * @typedef {{part: ImagePart, name: string}} Picture
 * @typedef {{part: AudioPart, name: string, cut: boolean, wav: Blob}} Sound `cut`: only its beginning goes in; `wav` is what the model hears
 */

import { MAX_SIDE, SAMPLE_RATE } from "../../engine/index.js";
import { MediaError } from "./media_error.js";
import { MAX_PICTURE, sizeOf } from "./picture_file.js";
import { oneChannel, wavOf } from "./sound.js";

/** Bytes of a file. */
const MAX_SOUND = 16_000_000;
/** Bytes of one that does not say how long it is, as browsers record them. */
const MAX_ENDLESS = 2_000_000;
/** Seconds of a file of which the beginning is taken. */
const MAX_SOURCE_SECONDS = 600;
/** Milliseconds until a browser must have said how long a sound is. */
const PATIENCE = 10_000;

/** Whether a file says that it is a sound. @param {Blob & {name?: string}} file */
export function soundsLike({ type, name = "" }) {
  return /^(audio|video)\//.test(type) || /\.(wav|mp3|m4a|aac|ogg|oga|opus|flac|webm)$/i.test(name);
}

/** @param {Blob} file @param {string} name @returns {Promise<Picture>} MediaError */
export async function readPicture(file, name) {
  if (file.size > MAX_PICTURE) throw new MediaError("too-large");
  sizeOf(new Uint8Array(await bytesOf(file)));
  const whole = await createImageBitmap(file).catch(() => {
    throw new MediaError("damaged");
  });
  return { part: { type: "image", image: await smaller(whole) }, name };
}

/** What a camera shows now. @param {HTMLVideoElement} video @param {string} name @returns {Promise<Picture>} */
export async function pictureFrom(video, name) {
  if (!video.videoWidth) await new Promise((resolve) => video.addEventListener("loadeddata", resolve, { once: true }));
  return { part: { type: "image", image: await smaller(await createImageBitmap(video)) }, name };
}

/** @param {ImageBitmap} whole which is used up */
async function smaller(whole) {
  const scale = MAX_SIDE / Math.max(whole.width, whole.height);
  if (scale >= 1) return whole;
  const side = (/** @type {number} */ length) => Math.max(1, Math.round(length * scale));
  const made = await createImageBitmap(whole, { resizeWidth: side(whole.width), resizeHeight: side(whole.height), resizeQuality: "high" });
  whole.close();
  return made;
}

/** @param {Blob} file @param {string} name @returns {Promise<Sound>} MediaError */
export async function readSound(file, name) {
  if (file.size > MAX_SOUND) throw new MediaError("too-large");
  const seconds = await secondsOf(file);
  if (seconds === Infinity ? file.size > MAX_ENDLESS : seconds > MAX_SOURCE_SECONDS) throw new MediaError("too-long");
  const context = new OfflineAudioContext(1, 1, SAMPLE_RATE);
  const decoded = await context.decodeAudioData(await bytesOf(file)).catch(() => {
    throw new MediaError("damaged");
  });
  const { samples, cut } = oneChannel(Array.from({ length: decoded.numberOfChannels }, (_, channel) => decoded.getChannelData(channel)));
  if (!samples.length) throw new MediaError("silent");
  return { part: { type: "audio", samples, sampleRate: SAMPLE_RATE }, name, cut, wav: wavOf(samples) };
}

/** @param {Blob} file */
function bytesOf(file) {
  return file.arrayBuffer().catch((error) => {
    throw new MediaError("damaged", String(error)); // a folder, or it has gone
  });
}

/** Without decoding it; Infinity where it does not say. @param {Blob} file @returns {Promise<number>} */
function secondsOf(file) {
  const url = URL.createObjectURL(file);
  const media = document.createElement("audio");
  let timer = 0;
  return new Promise((/** @type {(seconds: number) => void} */ resolve, reject) => {
    const refuse = () => reject(new MediaError("unknown-kind"));
    media.preload = "metadata";
    media.onloadedmetadata = () => resolve(media.duration);
    media.onerror = refuse;
    timer = window.setTimeout(refuse, PATIENCE);
    media.src = url;
  }).finally(() => {
    clearTimeout(timer);
    media.removeAttribute("src");
    URL.revokeObjectURL(url);
  });
}

/** A small JPEG of a picture, for the history. @param {ImageBitmap} image @returns {Promise<Uint8Array<ArrayBuffer> | null>} */
export async function thumbnailOf(image) {
  const scale = Math.min(1, 96 / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.7));
  return blob && new Uint8Array(await blob.arrayBuffer());
}
