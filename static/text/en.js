// @ts-check
/**
 * What the page says, in English. One module a language, with the same names; numbers and plurals go through `Intl` (format.js).
 *
 * @typedef {import('../engine/choice.js').Choice} Choice
 * @typedef {import('../engine/errors.js').ErrorCode} ErrorCode
 * @typedef {'reload-page' | 'restart' | 'without-lora' | 'localhost'} WayOn
 * @typedef {{title: string, sentence: string, wayOn: WayOn, action: string, steps?: string[]}} ProblemText
 */

import { formatsOf } from "./format.js";

export const format = formatsOf("en");
const { integer, counted, size, wait } = format;

/** @param {(string | false | null | undefined)[]} parts */
const line = (parts) => parts.filter(Boolean).join(" · ");

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
  "model-corrupt": {
    title: "The model file is damaged",
    sentence: "The file that arrived is not the one that the server listed. It was deleted, and nothing was run.",
    wayOn: "restart",
    action: "Download again",
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
  /** Between parts of a line. */
  line,

  header: {
    promise: "Nothing leaves this computer.",
    model: "Model",
  },

  tasks: {
    label: "What to do",
    /** By id. @type {Record<string, string>} */
    names: { post: "Post", chat: "Chat" },
    /** Of the page. @param {string} id */
    title: (id) => (id === "chat" ? "onpage: a chat on your own computer" : "onpage: social posts, written on your own computer"),
  },

  about: {
    demo: "This is the demo model: five million weights, English only. It copies names and dates into a post and understands nothing.",
    /** @param {import('../engine/model_list.js').Model} model @param {Choice | null} choice */
    model: ({ name }, choice) =>
      `${name} writes here, on ${choice?.entry.backend === "CPU" ? "this computer's processor" : "your GPU"}. It can get facts wrong: check names, dates and numbers.`,
    better: "Get a real Gemma",
    how: "Stop the server, then run this where you started it; outside a checkout it is onpage gemma. It asks about Gemma's licence, downloads 0.24 GB, and makes a model for your GPU and for the processor, in a few minutes. No account is needed.",
    command: "make gemma",
  },

  details: { title: "Details", bench: "How fast is this browser?" },

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
    reason({ entry, chosen, gpu }) {
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
    /** Before the name of the licence. */
    licence: "Licence of the model:",
    notices: "Third-party notices and licences",
    remove: "Remove",
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
      settings: "Reloading the model with the new settings",
      seed: "Reloading the model with the next seed",
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
    restarted: { title: "The engine stopped and was started again", sentence: "Your text is still here: go on where you were." },
    /** @param {string} problem */
    kept: (problem) => ({ title: problem, sentence: "The change was not made. The page continues as before." }),
  },

  /** Of what is kept on the device. */
  records: {
    /** @type {Record<import('../records/records.js').Trouble, string>} */
    troubles: {
      refused: "This browser gives the page no storage, so this list will be gone when you close the tab.",
      full: "This browser has no room left: what is new stays until you close the tab. Remove a stored model to make room.",
      "other-version": "Another tab has another version of this page, so what is new stays until you close the tab. Close or reload both.",
    },
    /** @param {number} most @param {number} dropped */
    dropped: (most, dropped) => `The list holds ${integer(most)}. The oldest ${dropped === 1 ? "was" : `${integer(dropped)} were`} removed.`,
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
    apply: "Apply and reload the model",
    defaults: "Defaults",
    note: "The engine reads these when it loads a model, so a change reloads the model from this browser's storage. So does Try again.",
  },

  chat: {
    region: "Chat",
    thread: "The conversation",
    log: "Questions and answers",
    forgotten: "The model no longer sees what is above this line.",
    summarized: "The model sees a summary of what is above this line.",
    summaryInstruction: "Summarize our conversation so far in at most 80 words. Keep names, dates, numbers and decisions.",
    empty: {
      /** @param {string} name "" for the demo */
      title: (name) => (name ? `Ask ${name}` : "The demo model only writes posts"),
      sentence: "The conversation stays in this browser: nothing is sent anywhere. Try one of these, or write your own.",
      demo: "It was trained to turn a text into a short social post and cannot answer anything else. Try one of these. For a real conversation, get a real Gemma: see the top of the page.",
    },
    turn: {
      you: "You",
      model: "Model",
      copy: "Copy",
      copied: "Copied",
      /** @param {string} key */
      selected: (key) => `Selected: press ${key} C`,
      edit: "Edit",
      editLabel: "Edit the question",
      save: "Ask again",
      cancel: "Cancel",
      again: "Try again",
      answer: "Answer",
      goOn: "Go on",
      remove: "Delete",
      before: "Previous version",
      after: "Next version",
      /** @param {number} at @param {number} count */
      place: (at, count) => `${integer(at)} / ${integer(count)}`,
      /** @type {Record<import('../tasks/chat/tree.js').TurnState, string>} */
      states: {
        whole: "",
        stopped: "The answer breaks off here.",
        full: "The answer ends here because the context is full.",
        limit: "The page ended the answer here because it had become too long.",
      },
      nothing: "The model said nothing.",
    },
    composer: {
      form: "Your question",
      label: "Your question",
      placeholder: "Ask something",
      send: "Send",
      stop: "Stop",
      stopping: "Stopping…",
      meter: "Tokens of the context that are in use",
      /** @param {number} left */
      left: (left) => `${counted(left, "token")} left`,
      full: {
        title: "The conversation no longer fits the model's context",
        sentence: "Choose how to go on. The conversation stays here, whatever you choose.",
        tooLong: "This question is too long for the model",
        /** @param {number} tokens @param {number} room */
        alone: (tokens, room) =>
          `It takes ${integer(tokens)} tokens and there is room for ${integer(room)} beside the answer. Shorten it or the instructions, ` +
          "or raise the maximum tokens under Details.",
        summarizing: "Summarizing the conversation…",
        leaveOut: "Leave out the oldest",
        summarize: "Summarize the past",
        anew: "Ask in a new chat",
        dismiss: "Not now",
      },
    },
    list: {
      title: "Chats",
      /** @param {number} count */
      count: (count) => (count ? `Chats (${integer(count)})` : "Chats"),
      fresh: "New chat",
      untitled: "Untitled",
      more: "Save, open, delete",
      saveMarkdown: "Save as Markdown",
      saveJson: "Save as a file",
      saveAll: "Save all chats",
      openFile: "Open a file",
      remove: "Delete this chat",
      removeReally: "Press again to delete",
    },
    instructions: {
      title: "Instructions: none",
      /** @param {string} what */
      summary: (what) => `Instructions: ${what.length > 60 ? `${what.slice(0, 60)}…` : what}`,
      label: "The model is told this before your first question",
      placeholder: "Such as: Answer in short sentences.",
      preset: "Saved instructions",
      none: "None",
      own: "Your own, not saved",
      name: "Save these as",
      namePlaceholder: "A name",
      save: "Save",
      remove: "Remove",
    },
    files: {
      all: "onpage chats",
      one: "chat",
      names: { you: "You", model: "Model", instructions: "Instructions" },
      /** @param {number} count */
      opened: (count) => `${counted(count, "chat")} opened.`,
      /** @type {Record<import('../tasks/chat/files.js').ChatFileError['code'], string>} */
      problems: {
        "not-json": "it is not JSON",
        "not-a-chat": "it has no onpage chats in it",
        newer: "it comes from another version of this page",
        "too-large": "it is too large",
        damaged: "it is damaged",
      },
      /** @param {string} name @param {string} problem @param {string} detail */
      refused: (name, problem, detail) => `${name} was not opened: ${problem}${detail && ` (${detail})`}. Nothing was changed.`,
    },
    figures: {
      title: "The last answer",
      read: "Prompt tokens read",
      /** @param {number} read @param {number} all */
      readOf: (read, all) => `${integer(read)} of ${integer(all)}`,
      first: "First text",
      decode: "Decode",
      written: "Tokens written",
      explained: "Where the engine still has the beginning of a conversation, it reads only what is new.",
    },
  },

  post: {
    form: "What to write about",
    text: "Your text",
    examples: "Try an example",
    undo: "Undo",
    placeholder: "Paste an announcement, a product note, an event or a short article.",
    tone: "Tone",
    /** By id. @type {Record<string, string>} */
    tones: { friendly: "Friendly", professional: "Professional", enthusiastic: "Enthusiastic" },
    length: "Length",
    /** By id. @type {Record<string, string>} */
    lengths: { short: "Short", standard: "Standard" },
    /** @param {number} words */
    words: (words) => counted(words, "word"),
    write: "Write",
    stop: "Stop",
    stopping: "Stopping…",
    /** @param {number} tokens @param {number} room */
    count: (tokens, room) => `${integer(tokens)} of ${integer(room)} tokens`,
    card: "Your post",
    log: "The post",
    sample: "A sample: the demo model's post about the example Event",
    empty: "Your post appears here. It is written inside this page; no text leaves it.",
    stopped: "Stopped",
    reading: "Reading your text…",
    copy: "Copy",
    copied: "Copied",
    /** @param {string} key */
    selected: (key) => `Selected: press ${key} C`,
    share: "Share",
    again: "Try again",
    edit: "Edit",
    done: "Done",
    redo: "Redo",
    edited: "The post, to be edited",
    /** By id. @type {Record<string, string>} */
    followUps: { shorter: "Shorter", date: "Add the date", emoji: "No emoji" },
    followUp: "Change the post",
    options: {
      title: "More options",
      network: "For",
      anyPlatform: "Any network",
      /** @param {string} name @param {number} limit */
      platform: (name, limit) => `${name} · ${integer(limit)} characters`,
      three: "Write three to choose from",
      threeShort: "three to choose from",
      hashtags: "Your hashtags",
      link: "Your link",
      linkShort: "your link",
      help: "Your hashtags and link come after what the model writes, as far as the network has room. They are kept in this browser only.",
    },
    variants: {
      title: "Choose a post",
      /** @param {number} number */
      name: (number) => `Variant ${integer(number)}`,
      choose: "Choose",
      /** @param {number} number */
      chooseNamed: (number) => `Choose variant ${integer(number)}`,
      /** @param {number} number */
      same: (number) => `The same as variant ${integer(number)}: a higher temperature, under Details, makes them differ more`,
      /** @param {number} count */
      back: (count) => `All ${integer(count)} variants`,
    },
    history: {
      /** @param {number} count */
      title: (count) => `Earlier posts · ${integer(count)}`,
      /** @param {number} most */
      where: (most) => `The newest ${integer(most)} are kept in this browser, on this device only, until you delete them.`,
      open: "Open",
      remove: "Delete",
      deleted: "The post is deleted.",
      more: "Show more",
      json: "Export as JSON",
      markdown: "Export as Markdown",
      clear: "Delete all",
      /** @param {number} count */
      sure: (count) => `Delete ${count === 1 ? "this post" : `all ${integer(count)} posts`} for good?`,
      clearAll: "Yes, delete",
      keep: "Keep",
      /** @param {import('../tasks/post/history.js').Kept} kept */
      kind: ({ at, tone, length, model, lora, ended, text, current }) =>
        line([
          format.moment(at),
          ended === "stopped" ? "stopped" : ended === "lost" ? "not finished" : ended !== "model" && "cut off",
          text !== current && "edited",
          texts.post.tones[tone] ?? tone,
          (texts.post.lengths[length] ?? length).toLowerCase(),
          model,
          lora && `with ${lora}`,
        ]),
      file: { title: "Posts written with onpage", written: "As the model wrote it", source: "Written about" },
    },
    /** @param {string} tone @param {string} length @param {string} lora */
    kind: (tone, length, lora) => [tone, length.toLowerCase(), lora && `with ${lora}`].filter(Boolean).join(" · "),
    /** @param {number} words @param {number} characters */
    counts: (words, characters) => `${counted(words, "word")}, ${counted(characters, "character")}`,
    /** The tightest of the networks' limits. @param {string} network @param {number} left */
    tightest: (network, left) =>
      left < 0 ? `${counted(-left, "character")} too many for ${network}` : `fits ${network}, ${integer(left)} left`,
    limits: "All networks",
    /** @param {number} characters */
    left: (characters) => `${integer(characters)} left`,
    /** @param {number} characters */
    over: (characters) => `${integer(characters)} too many`,
    figures: {
      first: "First text",
      prefill: "Prefill",
      decode: "Decode",
      tokens: "Tokens in / out",
      seed: "Seed",
      title: "The last post",
      /** @param {number} percent */
      reused: (percent) => `${integer(percent)} % reused`,
      how: "How these are measured",
      explained:
        "First text is the time from the moment the engine gets the prompt to the first piece of text, as this page sees it. Prefill is " +
        "the prompt's tokens divided by that time. Decode is the tokens after the first piece divided by the time between the first " +
        "piece and the last. Tokens of the post are the tokens that the engine wrote; if it writes several at a time, the last ones may " +
        "be empty.",
      /** @param {number} percent */
      held: (percent) => `The engine still had ${integer(percent)} % of this prompt from the previous one, so prefill looks faster than it is.`,
    },
    declined: {
      /** @type {Record<import('../tasks/post/unsuited.js').Unsuited, string>} */
      titles: {
        language: "The demo model knows English only",
        code: "The demo model cannot write about code",
        nothing: "There is nothing here to write a post about",
      },
      sentence: "It learned from short English texts, and would write nonsense about this one. A real Gemma does better: see above.",
      anyway: "Write anyway",
    },
    notices: {
      noRoom: {
        title: "There is no room for a text",
        sentence: "A post of this length may use all of the maximum tokens. Raise the maximum in the settings, or choose a shorter post.",
      },
      noRoomInModel: {
        title: "There is no room for a text",
        sentence: "A post of this length may use the whole context of this model. Choose a shorter post, or another model.",
      },
      /** @param {number} tokens @param {number} room @param {boolean} raisable */
      tooLong: (tokens, room, raisable) => ({
        title: "This text is too long for the model",
        sentence:
          `The prompt takes ${integer(tokens)} tokens and there is room for ${integer(room)} beside the post. Shorten the text by about ` +
          `${integer(Math.min(99, Math.ceil((1 - room / tokens) * 100)))} %` +
          (raisable ? ", or raise the maximum tokens in the settings." : "."),
      }),
      runaway: {
        title: "The model lost its way",
        sentence: "It was stopped at three times the length you asked for. Try again uses another seed.",
      },
      full: {
        title: "The post ends here because the context is full",
        sentence: "The text and the post together reached the maximum tokens. Shorten the text, or choose a shorter post.",
      },
      /** @param {string[]} left @param {string} network */
      noRoomFor: (left, network) => ({
        title: `There was no room for ${left.join(" ")}`,
        sentence: `The post would be too long for ${network}. Shorten it, then add ${left.length > 1 ? "them" : "it"} by hand.`,
      }),
      broken: {
        title: "“\ufffd” stands for a character that arrived incomplete",
        sentence: "The model writes rare characters in parts, and MediaPipe loses a character that is split between two steps. The engine LiteRT-LM does not.",
      },
    },
  },
};
