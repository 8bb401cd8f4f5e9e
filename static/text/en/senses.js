// @ts-check
/** What the pictures and sounds say, in English. */

import { format, integer, line, size } from "./words.js";

/** @type {Record<string, string>} */
const names = { describe: "Describe a picture", ask: "Ask about it", transcribe: "Write down speech", translate: "Translate speech" };

export const senses = {
  region: "See and hear",
  templates: "What to do",
  /** @param {string} id */
  name: (id) => names[id] ?? id,
  add: "Add a file",
  camera: "Camera",
  microphone: "Microphone",
  take: "Take the picture",
  end: "End",
  seen: "What the camera sees",
  /** @param {number} seconds @param {number} most */
  recording: (seconds, most) => `Recording: ${integer(seconds)} of ${integer(most)} seconds`,
  question: "Your question",
  language: "Language",
  sample: "Try it with this picture",
  /** @param {number} images @param {number} seconds */
  limits: (images, seconds) => `Up to ${integer(images)} pictures and ${integer(seconds)} seconds of sound. You can also paste or drop them. They stay in this tab.`,
  /** @param {string} name */
  remove: (name) => `Remove ${name}`,
  /** @param {string} name @param {number} tokens */
  picture: (name, tokens) => line([name, `${integer(tokens)} tokens`]),
  /** @param {string} name @param {number} seconds @param {number} tokens @param {boolean} cut */
  sound: (name, seconds, tokens, cut) => line([name, cut ? `its first ${integer(seconds)} seconds` : `${integer(seconds)} s`, `${integer(tokens)} tokens`]),
  /** @param {number} tokens @param {number} room */
  meter: (tokens, room) => `${integer(tokens)} of ${integer(room)} tokens`,
  tooLong: "This does not fit the model's context. Remove a picture, or raise the maximum tokens under Details.",
  run: "Ask the model",
  stop: "Stop",
  stopping: "Stopping…",
  /** @type {Record<'image' | 'audio' | 'either' | 'question', string>} */
  missing: { image: "Add a picture first.", audio: "Add a recording first.", either: "Add a picture or a recording first.", question: "Type a question first." },
  ability: {
    /** @param {string} model @param {number} bytes */
    load: (model, bytes) => `${model} can do this, but only its text part is loaded. Loading the rest reads the model again (${size(bytes)}) and takes more GPU memory; adapters are off meanwhile.`,
    loadIt: "Load it",
    /** @param {string} model */
    other: (model) => `This model takes text only. ${model} can do this.`,
    /** @param {string} model @param {number} bytes */
    switchTo: (model, bytes) => `Load ${model}, ${size(bytes)}`,
    none: "No model here sees pictures or hears sound. Gemma 3n does, on a GPU. On the server, run:",
    loaded: "Loaded for pictures and sound.",
    unload: "Text only again",
  },
  answer: {
    title: "Answer",
    log: "The answer",
    empty: "Show the model a picture, or let it hear a few words. Nothing is sent anywhere.",
    example: "An example, written by hand",
    exampleText: "A sign on a green door: “Bakery, open 8–14, closed on Monday”. Beside the door stands a red bicycle with a basket.",
    /** @param {string} model */
    by: (model) => `By ${model}`,
    copy: "Copy",
    copied: "Copied",
    /** @param {string} key */
    selected: (key) => `Selected: press ${key} C`,
    again: "Try again",
    nothing: "The model said nothing.",
    /** @type {Record<import('../../tasks/senses/answer.js').Ending, string>} */
    endings: { model: "", limit: "The page ended the answer here because it repeated itself, or had become too long.", context: "The context is full.", stopped: "You stopped the answer here.", lost: "The answer breaks off here." },
  },
  history: {
    /** @param {number} count */
    title: (count) => `Earlier answers · ${integer(count)}`,
    deleted: "The answer is deleted.",
    /** @param {number} count */
    sure: (count) => `Delete ${count === 1 ? "this answer" : `all ${integer(count)} answers`} for good?`,
    file: "Answers about pictures and sound",
    /** @param {import('../../tasks/senses/answer.js').Answer} answer */
    about: ({ at, template, model }) => line([names[template], format.moment(at), model]),
  },
  figures: { title: "The last answer" },
  /** @type {Record<import('../../tasks/senses/media_error.js').Problem, string>} */
  problems: {
    "unknown-kind": "This is neither a picture (PNG, JPEG, WebP, AVIF, GIF, BMP) nor a sound that this browser plays.",
    "too-large": "This file is too large: up to 50 MB for a picture, 16 MB for a sound.",
    "too-many-pixels": "This picture has more than 64 million pixels. Make it smaller.",
    "too-long": "This sound is longer than ten minutes. Cut out the part that matters.",
    damaged: "This file cannot be read. It may be damaged.",
    silent: "There is no sound in it.",
    "too-many": "There are as many pictures as the model takes. Remove one first.",
    denied: "The browser does not let this page use it. Allow it beside the address, then try again.",
    "no-device": "This device has none, or none is connected.",
    busy: "Another program is using it, or it does not answer.",
    insecure: "Browsers give camera and microphone to localhost and https only.",
  },
};
