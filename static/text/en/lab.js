// @ts-check
/** What the lab says, in English. */

import { format, integer, line } from "./words.js";

/** @typedef {import('../../tasks/lab/run.js').Problem} Problem */

export const lab = {
  form: "What to make",
  templates: "What to make",
  own: "Your own",
  /** By id: of those that come with the page. @type {Record<string, {name: string, sentence: string}>} */
  shipped: {
    rewrite: { name: "Rewrite", sentence: "A message in another tone." },
    summarize: { name: "Summarize", sentence: "A text in a few sentences." },
    reply: { name: "Reply", sentence: "Three replies to the last message of a conversation." },
    caption: { name: "Caption data", sentence: "A table or JSON as one sentence. Commas, tabs, bars or JSON all work." },
    dialogue: { name: "Game dialogue", sentence: "A character and what is going on become lines to speak." },
    translate: { name: "Translate", sentence: "A text in another language. Small models know few of them well." },
    extract: { name: "Extract JSON", sentence: "Facts from a text, in the form of a JSON Schema. The answer is checked, and corrected once." },
    free: { name: "Free form", sentence: "Write an instruction of your own. Each {variable} in it becomes a field." },
  },
  ownSentence: "A template of your own, kept in this browser.",
  /** Of fields, by id. @type {Record<string, string>} */
  fields: {
    text: "Text",
    tone: "Tone",
    sentences: "Length",
    thread: "Conversation",
    me: "Who replies",
    data: "Data",
    character: "Character",
    state: "What is going on",
    lines: "Lines",
    language: "Language",
    schema: "JSON Schema",
    topic: "Topic",
    reader: "Reader",
  },
  /** Of choices, by the words that go into the prompt. @type {Record<string, string>} */
  options: {
    polite: "polite",
    friendly: "friendly",
    professional: "professional",
    confident: "confident",
    plain: "plain",
    "one sentence": "one sentence",
    "one or two sentences": "one or two sentences",
    "three sentences": "three sentences",
    "five bullet points": "five bullet points",
  },
  common: "Often used",
  all: "All languages",
  /** @param {import('../../tasks/lab/data_text.js').ReadData} data */
  data: ({ kind, rows, columns }) =>
    kind === "plain"
      ? "No table and no JSON: the model gets the text as it is."
      : `${kind === "json" ? "JSON" : "A table"}: ${format.counted(rows, "row")}, ${format.counted(columns, "column")}.`,
  example: "Try the example",
  undo: "Undo",
  run: "Run",
  stop: "Stop",
  stopping: "Stopping…",
  /** @param {string[]} names */
  missing: (names) => `Still to fill in: ${names.join(", ")}.`,
  instruction: {
    title: "Instruction",
    edited: "changed",
    label: "The model is told this",
    help: "A {name} in braces becomes a field. {{name}} in two pairs of braces stays text.",
    /** @param {string[]} names */
    unused: (names) => `The instruction does not use ${names.join(", ")}.`,
    reset: "Reset",
    name: "Save as",
    namePlaceholder: "A name for it",
    save: "Save",
    remove: "Delete this template",
    removeReally: "Press again to delete",
    /** @param {import('../../tasks/lab/template.js').Sampling} sampling */
    sampling: ({ temperature, topK }) => `Use the page's sampling instead of this template's (temperature ${temperature}, top K ${integer(topK)})`,
    samplingFixed: "This model takes other sampling only by being loaded again, so the page's settings apply.",
    export: "Save my templates as a file",
    import: "Open a file",
    /** @param {number} count */
    opened: (count) => `${format.counted(count, "template")} opened.`,
    /** @param {string} name @param {string} problem @param {string} detail */
    refused: (name, problem, detail) => `${name} was not opened: ${problem}${detail ? ` (${detail})` : ""}.`,
    /** @type {Record<import('../../tasks/lab/files.js').TemplateFileError['code'], string>} */
    problems: {
      "not-json": "it is not JSON",
      "not-templates": "it holds no templates of this page",
      newer: "it was made by another version of this page",
      "too-large": "it is too large",
      damaged: "a part of it is not right",
    },
  },
  sides: {
    title: "Side by side",
    compare: "Compare two on the same input",
    help:
      "One model is in memory at a time. The side that is loaded writes first, then the other is loaded and writes; what was loaded last stays. " +
      "LiteRT-LM takes another temperature or seed without loading anything, MediaPipe loads the model again from this browser's storage.",
    names: ["A", "B"],
    /** @param {string} name */
    side: (name) => `Side ${name}`,
    model: "Model",
    adapter: "Adapter",
    noAdapter: "None",
    temperature: "Temperature",
    seed: "Seed",
    on: "two",
  },
  card: "Answer",
  log: "The answer",
  /** @param {string} name */
  logOf: (name) => `The answer of side ${name}`,
  empty: "The answer appears here. It is written inside this page; nothing you fill in leaves it.",
  /** @param {string} by */
  sample: (by) => `The example, as ${by} answered it`,
  demo: {
    title: "The demo model only writes posts",
    sentence: "It makes a post of whatever it is asked. For these tasks, get a real Gemma: see the top of the page.",
  },
  reading: "Reading…",
  repairing: "The answer did not fit the schema; the model corrects it…",
  copy: "Copy",
  copied: "Copied",
  /** @param {string} key */
  selected: (key) => `Selected: press ${key} C`,
  copyAll: "Copy all",
  save: "Save",
  again: "Try again",
  /** @param {import('../../tasks/lab/run.js').By} by */
  by: ({ model, lora, temperature, seed }) => line([model, lora && `with ${lora}`, `temperature ${temperature}`, `seed ${integer(seed)}`]),
  /** @type {Record<import('../../tasks/lab/run.js').Ending, string>} */
  endings: {
    model: "",
    stopped: "Stopped: the answer breaks off here.",
    limit: "The page ended the answer here because it repeated itself, or had become too long.",
    context: "The answer ends here because the context is full.",
    lost: "Not finished: the engine or the page went away.",
  },
  nothing: "The model said nothing.",
  json: {
    fits: "Fits the schema.",
    corrected: "Fits the schema, after one correction.",
    /** @param {string[]} found */
    unsaid: (found) => `Check ${found.map((each) => `“${each}”`).join(", ")}: not in your text in figures.`,
    unfit: "Does not fit the schema",
    still: "Does not fit the schema, not even after one correction",
    unchecked: "Not checked",
    first: "The first answer",
    /** @param {Problem} problem */
    problem: ({ code, detail }) =>
      ({ none: "There is no JSON in it.", cut: "The JSON has no end.", broken: `It is not valid JSON: ${detail}`, unfit: detail, unchecked: "The page could not load its validator. Run it again." })[code],
  },
  notices: {
    /** @param {number} tokens @param {number} room */
    tooLong: (tokens, room) => ({
      title: "This is too long for the model",
      sentence: `The prompt takes ${integer(tokens)} tokens and there is room for ${integer(room)} beside the answer. Shorten it, or raise the maximum tokens under Details.`,
    }),
    unloaded: { title: "One side could not be loaded", sentence: "Nothing more was written. Choose another model or adapter for that side, and run it again." },
    schemaTitle: "This JSON Schema cannot be used",
    /** By problem. @type {Record<string, (detail: string) => string>} */
    schema: {
      "not-json": (detail) => `It is not valid JSON: ${detail}`,
      "not-a-schema": () => "A schema is an object in braces.",
      pattern: () => "It holds a pattern. Some patterns keep a browser busy for minutes, so none is run: use enum, format or maxLength.",
      reference: (detail) => `It refers to ${detail}. Nothing is fetched: put all of it into $defs, and refer to it by #/$defs/name.`,
      "too-large": () => "It is too large for a small model: at most 20,000 characters, and 32 levels.",
    },
  },
  figures: { title: "The last answer" },
  history: {
    /** @param {number} count */
    title: (count) => `Earlier answers · ${integer(count)}`,
    deleted: "The answer is deleted.",
    /** @param {number} count */
    sure: (count) => `Delete ${count === 1 ? "this answer" : `all ${integer(count)} answers`} for good?`,
    /** @param {import('../../tasks/lab/run.js').Run} run */
    about: (run) => line([format.moment(run.at), lab.nameOf(run.asked.template), ...run.answers.map(({ by }) => by.model)]),
    file: "Answers written with onpage",
  },
  /** Of a template. @param {{id: string, name: string}} template */
  nameOf: ({ id, name }) => name || (lab.shipped[id]?.name ?? id),
  /** Of a choice. @param {string} words */
  optionOf: (words) => lab.options[words] ?? words,
  /** Of a field. @param {string} id */
  fieldOf: (id) => lab.fields[id] ?? id.replaceAll("_", " ").replace(/^\p{L}/u, (letter) => letter.toUpperCase()),
};
