// @ts-check
/** What the models' page says, in English. */

import { format, integer, size } from "./words.js";

export const models = {
  region: "Models",
  /** In place of the menu, for those who look for more. */
  all: "All models",
  here: "On this device and on the server",
  published: "Published, not on this server",
  how: "The page cannot download these by itself. Run the command in a terminal, then start onpage serve with --model and the id.",
  /** @param {{usage: number, quota: number}} storage bytes */
  storage: ({ usage, quota }) => `This page uses ${size(usage)} of the ${size(quota)} that this browser lets it have.`,
  lasting: "The browser keeps it even when its disk is full.",
  notLasting: "When its disk is full, the browser may delete all of it.",
  rule: "When a new model finds no room, the model that was used longest ago is deleted.",
  persist: "Ask the browser to keep the models",
  file: "Import a file",
  folder: "Import a folder",
  take: "Files with .task, .litertlm or .bin that were made for a browser; or a Gemma 1 to 4 or 3n, as a folder from Hugging Face or as a GGUF file, which is converted here, merged with a LoRA adapter whose folder comes along. All is read here and sent nowhere.",
  conversion: {
    /** @param {string} name of the folder */
    asked: (name) => `${name} is a checkpoint. Convert it for this browser?`,
    /** @param {string} name of the folder @param {string} adapter of its folder */
    askedMerged: (name, adapter) => `${name} is a checkpoint. Convert it for this browser, with the adapter ${adapter} merged into its weights?`,
    adapter: "Adapter to merge",
    noAdapter: "None: the checkpoint as it is",
    bits: {
      8: "8 bits: about a byte a weight, and answers as the checkpoint does",
      q4_0: "4 bits: a third smaller, and answers clearly worse, except of a GGUF file in Q4_0, which goes over as it is",
    },
    same: "It is converted on this device. This command makes the same file:",
    convert: "Convert",
    decline: "Not now",
    cancel: "Cancel",
  },
  nothingHere: "Nothing is here yet.",
  /** @param {number} bytes */
  whole: (bytes) => `In this browser, ${size(bytes)}`,
  /** @param {number} bytes @param {number} total */
  part: (bytes, total) => `${size(bytes)} of ${size(total)} are in this browser`,
  absent: "Not in this browser",
  /** @param {number} bytes */
  lent: (bytes) => `${size(bytes)} to download: another model here has the rest`,
  elsewhere: "Another site shares it with this one, so it takes no room here",
  imported: "imported from a file",
  unknown: "This server offers no model like it",
  /** @param {number} bytes */
  about: (bytes) => `about ${size(bytes)}`,
  noSize: "size not published",
  /** @param {number} tokens */
  context: (tokens) => `${integer(tokens)} tokens of context`,
  /** @param {number} bytes */
  onDemand: (bytes) => `${size(bytes)} of it stay out of GPU memory`,
  /** @param {string} kinds */
  takes: (kinds) => `takes ${kinds}`,
  /** @type {Record<string, string>} */
  kinds: { text: "text", image: "images", audio: "sound" },
  /** What a model is for that writes nothing. */
  compares: "searches documents by meaning",
  licence: "Licence",
  gated: "licence to be accepted first",
  fits: "Fits this device.",
  /** @param {Pick<import('../../tasks/models/rows.js').Row, 'size' | 'most'>} row @returns {Record<import('../../tasks/models/rows.js').Unfit, string>} */
  unfit: ({ size: bytes, most }) => ({
    "no-webgpu": "It needs WebGPU, which this browser does not give.",
    software: "It would run slowly: this browser found no graphics card.",
    memory: "It may not fit into this device’s memory.",
    "no-room": `This browser has no room to keep it: it needs ${size(bytes ?? 0)}, and with all other models deleted there would be ${size(most)}. Free space on the disk, or use a smaller one.`,
  }),
  /** @param {string[]} models */
  evicts: (models) => {
    const names = format.list(models);
    return `To make room, ${names} will be deleted.`;
  },
  /** In answer to that, where a file is imported. */
  agree: "Delete and import",
  /** @param {{decode: number | null, prefill: number | null}} speed tokens per second */
  measured: ({ decode, prefill }) => {
    const rate = format.rate(decode);
    return `measured here: ${rate} decode` + (prefill === null ? "" : ` · ${measuredPrefill(prefill)}`);
  },
  /** @param {{decode: number, device: string}} speed */
  quoted: ({ decode, device }) => {
    const rate = format.rate(decode);
    return `published: ${rate} decode on ${device}`;
  },
  use: "Use",
  inUse: "In use",
  download: "Download",
  resume: "Go on",
  pause: "Pause",
  check: "Check",
  remove: "Delete",
  /** @param {number} count */
  removeReally: (count) => {
    const bytes = size(count);
    return `Delete ${bytes}? This cannot be undone`;
  },
  share: "Share with other sites",
  doing: { keep: "Downloading", check: "Checking", import: "Importing", convert: "Converting" },
  /** @param {string} name */
  progress: (name) => `Progress of ${name}`,
  /** A button of one model, for who does not see which. @param {string} act @param {string} name */
  of: (act, name) => `${act}: ${name}`,
  /** @param {import('../../tasks/models/model_shelf.js').Said} said */
  said({ outcome, name, bytes = 0, most = null, refusal = "unknown", reason = "damaged", detail = "", names = [] }) {
    if (outcome === "unconverted") return unconverted(name, detail)[reason];
    if (outcome === "refused") return refusals(name)[refusal];
    if (outcome === "several") return `There are several checkpoints here (${format.list(names)}). Import the folder or the file of one of them.`;
    if (outcome === "nothing") return nothing(name);
    return {
      kept: `${name} is in this browser now, and its hash is right.`,
      paused: `${name} is paused. What has arrived stays.`,
      checked: `${name} is undamaged: its hash is right.`,
      damaged: `${name} was damaged and has been deleted. Download it again, or import its file again.`,
      failed: `${name} could not be had: ${detail}.`,
      "no-room": noRoom(name, bytes, most),
      elsewhere: `${name} is shared by another site, and its hash is right. It runs from there and takes no room here.`,
      deleted: `${name} was deleted, which frees ${size(bytes)}.`,
      "in-use": `${name} was not deleted: a tab is using it.`,
      imported: `${name} was imported. Press Use to run it.${turns[detail] ?? ""}`,
      converted: detail ? `${name} was converted with the adapter ${detail} merged into it, and is in this browser now. Press Use to run it.` : `${name} was converted and is in this browser now. Press Use to run it.`,
      "made-room": `Deleted to make room: ${format.list(names)}.`,
      cancelled: `${name} was not converted, because you cancelled it. Nothing of it was kept.`,
      known: `${name} is a model that was listed already. It is in this browser now.`,
      shared: `${name} can now be read by other sites that know its hash.`,
      "not-shared": `The browser did not share ${name}.`,
      lasting: "The browser keeps the models from now on.",
      "not-lasting": "The browser did not agree. It decides by how often you use this page; install the page or bookmark it, then ask again.",
    }[outcome];
  },
};

/** @param {number} prefill */
function measuredPrefill(prefill) {
  const rate = format.rate(prefill);
  return `${rate} prefill`;
}

/** How a file is asked that says no turns. @type {Record<string, string>} */
const turns = {
  usual: " It does not say how its turns are written, so it is asked as a Gemma is.",
  none: " It does not say how its turns are written, and knows no Gemma’s, so it gets your text alone.",
};

/** @param {string} kind of the files that were brought */
function nothing(kind) {
  if (kind === "adapter") return "This is a LoRA adapter without its model. Import its folder together with the checkpoint or the GGUF file that it was trained for.";
  return kind ? "This folder is a checkpoint. Make a file for the browser of it with onpage convert, then import that." : "There is no model file in this folder: expected .task, .litertlm or .bin.";
}

/** @param {string} name @param {number} bytes @param {number | null} most */
function noRoom(name, bytes, most) {
  if (most === null) return `This browser gives the page no storage here, so it cannot keep ${name}. Open the page at localhost or over https, and not in a private window.`;
  if (bytes > most) return `This browser has no room for ${name}: it needs ${size(bytes)}, and with all other models deleted there would be ${size(most)}. Free space on the disk, or take a smaller one.`;
  return `This browser found no room for ${name}, which needs ${size(bytes)}, though it says that there can be ${size(most)}: the disk is full, or a tab is using other models. Free space on the disk, close other tabs of this page, then try again.`;
}

/** @param {string} name @returns {Record<import('../../engine/model_file.js').Refusal, string>} */
const refusals = (name) => ({
  gguf: `${name} is a GGUF file. Import it alone, with a name that ends in .gguf, and the page converts it.`,
  safetensors: `${name} holds weights of a checkpoint. Make a file for the browser of its folder with onpage convert, then import that.`,
  "bare-graph": `${name} is a graph without a tokenizer, or an adapter. Put a graph into one file with onpage bundle, then import that.`,
  scales: `With ${name} the engine would write wrong text: it holds more scales than the engine reads. Convert the model again with onpage convert, then import that.`,
  "web-page": `${name} is a web page, perhaps of a sign-in. Download the model again.`,
  pointer: `${name} only points to a file in Git LFS. Fetch the file itself.`,
  compressed: `${name} is compressed. Unpack it, then import what is in it.`,
  short: `${name} is too short to be a model. Download it again.`,
  unknown: `${name} is no model that a browser runs: expected a web file, a .task or a .litertlm. Make one with onpage convert.`,
});

/** @param {string} name @param {string} detail @returns {Record<import('../../convert/refusal.js').RefusalCode, string>} */
const unconverted = (name, detail) => ({
  incomplete: `${name} cannot be converted: ${detail} is missing. Download all files of it, and import them together.`,
  unreadable: `${name} was not converted: ${detail} was moved or changed while it was read. Choose the files again.`,
  damaged: `${name} cannot be converted: a file is damaged, or belongs to another model (${detail}). Download it again.`,
  family: `${name} is a model of another kind (${detail}). The page converts Gemma 1 to 4 and 3n for text; others are for onpage convert.`,
  setting: `${name} cannot be converted: no file for a browser can say this setting (${detail}).`,
  quantized: `${name} is quantized already (${detail}). Take the checkpoint that it was made from.`,
  types: `${name} cannot be converted: weights have a type that is not read (${detail}). Save them as BF16, F16 or F32.`,
  template: `${name} has a chat template that cannot be read as turns here (${detail}). onpage convert reads more of them, and takes turns of your own.`,
  tokenizer: `${name} has a tokenizer that the page cannot use (${detail}). Convert it with onpage convert, which says more.`,
  adapter: `${name} cannot be converted with this adapter: it changes more than the page merges, or belongs to another model (${detail}). onpage convert --merge-lora says more.`,
  large: `${name} cannot be converted: ${detail} is too large for a file for a browser.`,
  "not-finite": `${name} cannot be converted: ${detail} holds weights that are no usable numbers.`,
  unexpected: `${name} was not converted, because this browser failed at something, perhaps for want of memory. Reload the page and try again, or convert it with onpage convert.`,
});
