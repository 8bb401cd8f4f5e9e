// @ts-check
/**
 * What the page says, in English: the shell here, each task in a module of its own. Every language has the same modules and names; numbers
 * and plurals go through `Intl` (format.js). The page takes them from texts.js, in the language that it speaks.
 *
 * @typedef {import('../engine/choice.js').Choice} Choice
 * @typedef {import('../engine/errors.js').ErrorCode} ErrorCode
 * @typedef {'reload-page' | 'restart' | 'without-lora' | 'localhost'} WayOn
 * @typedef {{title: string, sentence: string, wayOn: WayOn, action: string, steps?: string[]}} ProblemText
 */

import { chat } from "./en/chat.js";
import { documents } from "./en/documents.js";
import { functions } from "./en/functions.js";
import { lab } from "./en/lab.js";
import { models } from "./en/models.js";
import { post } from "./en/post.js";
import { senses } from "./en/senses.js";
import { format, integer, line, size, wait } from "./en/words.js";

export { format };

/** @param {{loaded: number, total: number}} progress */
const bytes = ({ loaded, total }) => `${size(loaded)} of ${size(total)}`;

/** @type {Record<ErrorCode, ProblemText>} */
export const PROBLEMS = {
  "insecure-origin": {
    title: "This address cannot use the GPU",
    sentence:
      "Browsers allow WebGPU only on secure addresses. If the server runs on this computer, open http://localhost. Otherwise, serve the page over HTTPS.",
    wayOn: "localhost",
    action: "Open at localhost",
  },
  "no-webgpu": {
    title: "This browser has no WebGPU",
    sentence: "This model needs WebGPU, which this browser does not offer. These browsers do:",
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
    sentence: "This browser has WebGPU, but found no graphics adapter that it can use.",
    wayOn: "reload-page",
    action: "Check again",
    steps: [
      "Turn on “Use graphics acceleration when available” in the browser's system settings and restart it.",
      "Update the graphics driver. chrome://gpu shows whether the browser blocks it.",
      "Chrome on Linux: open chrome://flags/#enable-vulkan, choose Enabled, restart Chrome.",
    ],
  },
  "server-unreachable": {
    title: "The server does not answer",
    sentence: "The page could not load its files. Check that onpage serve is still running and that this device is online.",
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
  "model-not-kept": {
    title: "No model is kept in this browser",
    sentence: "The server does not answer, and this browser keeps the page, but none of its models. Start onpage serve again, or go online, then try again.",
    wayOn: "reload-page",
    action: "Try again",
  },
  "model-corrupt": {
    title: "The model file is damaged",
    sentence: "The file that arrived is not the one that the server listed. It was deleted, and nothing was run.",
    wayOn: "restart",
    action: "Download again",
  },
  "model-unfit": {
    title: "The model would write wrong text",
    sentence: "The file holds more scales than the engine reads. Convert the model again with onpage convert, then load it.",
    wayOn: "reload-page",
    action: "Try again",
  },
  "download-cut": {
    title: "The download was cut",
    sentence: "The connection to the server kept breaking for five minutes. The part that has arrived is kept.",
    wayOn: "restart",
    action: "Go on",
  },
  "server-busy": {
    title: "The server is busy",
    sentence: "The server, or a proxy on the way, asked for a longer wait than this page allows. The part that has arrived is kept.",
    wayOn: "restart",
    action: "Go on",
  },
  "server-refused": {
    title: "The server refuses the download",
    sentence: "The server, or a proxy on the way, refuses to send the model. Open the page again, and sign in if you are asked to.",
    wayOn: "reload-page",
    action: "Try again",
  },
  "engine-failed": {
    title: "The engine stopped working",
    sentence: "The page restarted it once, and it failed again. Your text is still here.",
    wayOn: "restart",
    action: "Start the engine again",
  },
  "lora-failed": {
    title: "The adapter cannot be used",
    sentence: "The model is fine, but this LoRA adapter did not arrive completely, or does not fit it. Your text is still here.",
    wayOn: "without-lora",
    action: "Go on without it",
  },
  "modality-unsupported": {
    title: "This model takes text only",
    sentence: "A picture or a sound was given to a model, or an engine, that has not loaded what takes it.",
    wayOn: "restart",
    action: "Start the engine again",
  },
  "device-lost": {
    title: "The GPU was lost",
    sentence:
      "The system took the GPU away, for example because of a driver restart, sleep, or another program. Your text is still here.",
    wayOn: "restart",
    action: "Start the engine again",
  },
};

/** Where and why it runs there. @type {Record<Choice['gpu'], string>} */
const WITHOUT_GPU = {
  gpu: "the model has no file for the GPU",
  software: "this browser found no graphics card",
  "insecure-origin": "browsers allow the GPU on localhost and https only",
  "no-webgpu": "this browser has no WebGPU",
  "no-adapter": "this browser found no graphics card",
};

export const texts = {
  /** Its code. */
  language: "en",
  /** Between parts of a line. */
  line,

  header: {
    promise: "Nothing leaves this computer.",
    model: "Model",
  },

  tasks: {
    label: "What to do",
    /** By id. @type {Record<string, string>} */
    names: { post: "Post", chat: "Chat", lab: "Lab", documents: "Documents", functions: "Functions", senses: "See and hear" },
    /** Of the page. @param {string} id */
    title: (id) =>
      ({
        chat: "onpage: a chat on your own computer",
        lab: "onpage: rewrite, translate, extract, on your own computer",
        documents: "onpage: questions to your documents, on your own computer",
        functions: "onpage: a model that calls functions, on your own computer",
        models: "onpage: the models on your own computer",
        senses: "onpage: ask about pictures and speech, on your own computer",
      })[id] ??
      "onpage: social posts, written on your own computer",
  },

  about: {
    demo: "The demo model: five million weights, English only. It copies names and dates into a post and understands nothing.",
    /** @param {import('../engine/model_list.js').Model} model @param {Choice | null} choice */
    model: ({ name }, choice) =>
      `${name} writes here, on ${choice?.entry.backend === "CPU" ? "this computer's processor" : "your GPU"}. It can get facts wrong: check names, dates and numbers.`,
    better: "Get a real Gemma",
    how: "Stop the server, then run this where you started it; outside a checkout it is onpage gemma. It asks about Gemma's licence, downloads 0.24 GB, and makes a model for your GPU and for the processor, in a few minutes. No account is needed.",
    command: "make gemma",
  },

  keys: {
    title: "Keyboard shortcuts",
    close: "Close",
    /** @param {string} modifier @returns {[string, string][]} */
    rows: (modifier) => [
      [`${modifier} Enter`, "Write the post, or send the message"],
      ["Enter", "Send the message of the chat; Shift Enter begins a line"],
      ["Escape", "Stop the answer that is being written"],
      [`${modifier} Z`, "Undo, also in a post that you edit"],
      ["?", "Show this list"],
    ],
  },

  details: { title: "Details", bench: "How fast is this browser?", check: "Does this GPU compute rightly?" },

  engine: {
    label: "Engine",
    automatic: "Automatic",
    /** @param {string} engine */
    automatically: (engine) => `Automatic: ${engine}`,
    /** @param {import('../engine/registry.js').EngineEntry} entry */
    on: ({ name, backend }) => `${name} on ${backend === "CPU" ? "the processor" : backend}`,
    /** @type {Record<'no-file' | 'no-webgpu', string>} */
    cannot: { "no-file": "no file for it", "no-webgpu": "no WebGPU here" },
    /** @param {Choice} choice */
    reason({ entry, chosen, gpu, fault }) {
      if (fault) return texts.notice.wrongGpu({ choice: { entry }, fault }).sentence;
      if (entry.backend === "WebGPU" && gpu !== "gpu") {
        const why = "Runs slowly, on a GPU emulated in software: this browser found no graphics card";
        return chosen ? `${why}.` : `${why}, and the model has no file for the processor.`;
      }
      const where = entry.backend === "CPU" ? "Runs on the processor" : "Runs on your GPU";
      if (chosen) return `${where}, as you chose.`;
      return entry.backend === "WebGPU" ? `${where}.` : `${where}: ${WITHOUT_GPU[gpu]}.`;
    },
  },

  footer: {
    /** @param {number} count */
    parameters: (count) => `${format.parameters(count)} parameters`,
    /** @param {string} lora */
    withLora: (lora) => `with ${lora}`,
    /** @param {string} engine */
    inEngine: (engine) => `in ${engine}`,
    onProcessor: "on the processor",
    /** @param {string} gpu */
    onGpu: (gpu) => `on ${gpu}`,
    /** @param {number} bytes */
    kept: (bytes) => (bytes ? `This browser keeps ${size(bytes)} of models for the next time.` : "This browser keeps no model."),
    /** @param {string[]} names */
    imported: (names) => `Remove leaves what you imported: ${format.list(names)}. All models deletes it.`,
    /** Before the name of the licence. */
    licence: "Licence of the model:",
    notices: "Third-party notices and licences",
    remove: "Remove",
    theme: "Look",
    /** @type {Record<import('../app/theme.js').Theme, string>} */
    themes: { system: "As the system", light: "Light", dark: "Dark" },
    language: "Language",
    offline: "The server does not answer. The page goes on with what this browser keeps.",
    /** @type {Record<import('../app/offline.js').Offline, string>} */
    keeper: {
      off: "",
      preparing: "",
      kept: "This page also opens without its server.",
      "not-kept": "This browser has not kept the page, for want of room or because the connection broke, so it needs its server. The next visit tries again.",
      newer: "A new version of this page is ready. It comes when all tabs of the page are closed.",
    },
  },

  loading: {
    label: "Loading the model",
    starting: "Starting",
    preparing: "Preparing",
    /** @type {Record<import('../engine/protocol.js').LoadStep, string>} */
    steps: {
      waiting: "Another tab is downloading the model",
      reading: "Reading the model",
      downloading: "Downloading the model",
      retrying: "Waiting for the server",
      creating: "Creating the engine",
      warming: "Warming up",
      adapting: "Applying the adapter",
    },
    /** Instead of the step, where the reason says more. @type {Record<import('../engine/session_state.js').LoadReason, string>} */
    reasons: {
      first: "",
      model: "",
      engine: "",
      lora: "Changing the adapter",
      settings: "Applying the settings",
      senses: "Loading what the model sees and hears with",
      seed: "Taking the next seed",
      restart: "",
      recover: "The engine stopped; starting it again",
      return: "Going back to the last working state",
      elsewhere: "The model is writing in another part of this page",
    },
    /** @param {import('../engine/protocol.js').LoadProgress} progress */
    downloading: (progress) => {
      const { bytesPerSecond, secondsLeft } = progress;
      return line([bytes(progress), `${size(bytesPerSecond)}/s`, secondsLeft !== null && `${wait(secondsLeft)} left`]);
    },
    /** @param {import('../engine/protocol.js').LoadProgress} progress */
    retrying: (progress) => {
      const { retry } = progress;
      return line([bytes(progress), retry && `${PROBLEMS[retry.code].title}: trying again in ${wait(retry.seconds)}`]);
    },
    /** @param {import('../engine/protocol.js').LoadProgress} progress */
    waiting: (progress) => line([bytes(progress), "Another tab is downloading the model"]),
    /** @param {import('../engine/protocol.js').LoadProgress} progress */
    reading: (progress) => line([bytes(progress), "stored in this browser"]),
    /** @param {number} bytes */
    received: (bytes) => `${size(bytes)} received and checked`,
    warming: "The engine is warming up. Only the first time takes long.",
  },

  status: { writing: "Writing", stopping: "Stopping", load: "Ready", answer: "The post is finished", chat: "The answer is finished", stop: "Stopped" },

  notice: {
    /** @param {string[]} names */
    madeRoom: (names) => ({ title: "Models were deleted to make room", sentence: `This browser deleted ${format.list(names)}. Get it again under All models if you want it.` }),
    restarted: { title: "The engine stopped and was started again", sentence: "Your text is still here: go on where you were." },
    /** @param {string} problem */
    kept: (problem) => ({ title: problem, sentence: "The change was not made. The page continues as before." }),
    /** @param {{choice: Pick<Choice, 'entry'>, fault: import('../engine/choice.js').GpuFault}} found */
    wrongGpu: ({ choice: { entry }, fault: { engine, wrong, of } }) => ({
      title: "This GPU computes wrongly",
      sentence:
        entry.id === engine
          ? `It got ${wrong} of ${of} test answers wrong with this engine, so do not trust what it writes. Another engine or model may do better.`
          : `It got ${wrong} of ${of} test answers wrong, so this model runs in ${texts.engine.on(entry)} instead.`,
    }),
  },

  /** Of what is kept on the device. */
  records: {
    /** @type {Record<import('../records/records.js').Trouble, string>} */
    troubles: {
      refused: "This browser gives the page no storage, so this list will be gone when you close the tab.",
      full: "This browser has no room left: what is new stays until you close the tab. Delete a model under All models, which says how much room there is.",
      "other-version": "Another tab has another version of this page, so what is new stays until you close the tab. Close or reload both.",
    },
    /** @param {number} most @param {number} dropped */
    dropped: (most, dropped) => `The list holds ${integer(most)}. The oldest ${dropped === 1 ? "was" : `${integer(dropped)} were`} removed.`,
  },

  /** What a task has written before. */
  history: {
    /** @param {number} most */
    where: (most) => `The newest ${integer(most)} are kept in this browser, on this device only, until you delete them.`,
    open: "Open",
    remove: "Delete",
    undo: "Undo",
    more: "Show more",
    json: "Export as JSON",
    markdown: "Export as Markdown",
    clear: "Delete all",
    clearAll: "Yes, delete",
    keep: "Keep",
  },

  /** Of an answer, under Details. */
  figures: {
    first: "First text",
    prefill: "Prefill",
    decode: "Decode",
    tokens: "Tokens in / out",
    seed: "Seed",
    /** @param {number} percent */
    reused: (percent) => `${integer(percent)} % reused`,
    how: "How these are measured",
    explained:
      "First text is the time from the moment the engine gets the prompt to the first piece of text, as this page sees it. Prefill is " +
      "the prompt's tokens divided by that time. Decode is the tokens after the first piece divided by the time between the first " +
      "piece and the last. Tokens out are the tokens that the engine wrote; if it writes several at a time, the last ones may " +
      "be empty.",
    /** @param {number} percent */
    held: (percent) => `The engine still had ${integer(percent)} % of this prompt from the previous one, so prefill looks faster than it is.`,
  },

  /** Of a task in another page. */
  element: {
    /** @param {string} name */
    offer: (name) => `${name} runs on this device, without a server. What you write stays here.`,
    /** @param {number} bytes */
    load: (bytes) => `Load ${size(bytes)}`,
  },

  settings: {
    title: "Settings",
    lora: "Adapter",
    noLora: "None: the model as it is",
    /** @param {import('../engine/model_list.js').Lora | null} lora @param {boolean} able */
    loraHelp: (lora, able) =>
      able
        ? `${lora ? `LoRA, rank ${lora.rank}, ${size(lora.size)}` : "LoRA: changes how the same model writes"}. Switches on and off at once.`
        : "Adapters need the engine MediaPipe. Choose it above.",
    precision: "Precision",
    precisions: { auto: "As the model needs", float16: "float16", float32: "float32" },
    /** @param {import('../engine/protocol.js').Precision} needed */
    precisionHelp: (needed) =>
      needed === "float16"
        ? "The GPU's precision. The numbers of this model fit into float16, which is faster and takes half the working memory."
        : "The GPU's precision. The file does not say that this model's numbers fit into float16, which could spoil the text: float32.",
    fields: {
      temperature: { label: "Temperature", help: "Higher values give more varied text." },
      topK: { label: "Top K", help: "The number of likeliest tokens to choose from. 1 always takes the likeliest." },
      seed: { label: "Seed", help: "The same seed, text and settings give nearly the same post. Try again uses the next seed." },
      maxTokens: { label: "Maximum tokens", help: "" },
    },
    /** @param {number} context */
    context: (context) => `Prompt and post together. This model supports up to ${integer(context)}.`,
    apply: "Apply",
    defaults: "Defaults",
    note: "They apply at once. A larger top K, another maximum or another precision loads the model again from this browser's storage.",
  },

  chat,
  documents,
  functions,
  lab,
  models,
  post,
  senses,
};
