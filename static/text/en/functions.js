// @ts-check
/** What the functions say, in English. */

import { format, integer, line } from "./words.js";

/** Of the page's tools, by the names that the model writes. @type {Record<string, {title: string, sentence: string}>} */
const tools = {
  get_time: { title: "Clock", sentence: "Time, date and weekday, here or in a city." },
  calculate: { title: "Calculator", sentence: "Arithmetic, exact: 0.1 + 0.2 is 0.3." },
  convert_units: { title: "Units", sentence: "Length, mass, temperature, volume and more." },
  set_theme: { title: "Look of the page", sentence: "Light, dark, or as the system." },
  set_language: { title: "Language of the page", sentence: "One of those that the page speaks." },
  search_documents: { title: "Your documents", sentence: "Searches what you have added under Documents." },
};

/** Of a tool. @param {string} name */
const titleOf = (name) => (Object.hasOwn(tools, name) ? tools[name].title : name);

export const functions = {
  region: "Functions",
  tools,
  titleOf,
  shelf: {
    title: "Functions",
    /** @param {number} on @param {number} all */
    count: (on, all) => `Functions (${integer(on)} of ${integer(all)})`,
    sentence: "The model is told of those that are ticked. It can only ask for them: nothing runs before you allow it.",
    own: "Your own: you give the result yourself.",
    always: "Always allowed in this conversation",
    ask: "Ask again",
    /** @param {string} name */
    askAgain: (name) => `Ask again before ${titleOf(name)} runs`,
    edit: "Edit",
    /** @param {string} name */
    editOne: (name) => `Edit ${name}`,
    remove: "Delete",
    removeReally: "Press again to delete",
    /** @param {string} name */
    removeOne: (name) => `Delete ${name}`,
    add: "Add a function of your own",
    editing: "A function of your own",
    label: "Name, description and arguments, as JSON with a JSON Schema",
    help: "The page runs nothing for it. When the model calls it, you see the arguments and give the result: a form where it has returns, else a text.",
    keep: "Keep",
    cancel: "Cancel",
    /** @param {import('../../tasks/functions/own_tool.js').OwnToolError} error */
    refused: ({ code, detail }) => problems[code](detail),
  },
  composer: {
    form: "Your question",
    label: "What is to be done",
    placeholder: "What is 15% of 80, and how many miles are 12 km?",
    ask: "Ask",
    stop: "Stop",
    stopping: "Stopping…",
    fresh: "New conversation",
    waiting: "The model asks for your word on what it calls. Nothing runs before that.",
    checking: "The model writes…",
    /** @param {number} count */
    forgotten: (count) => `The model no longer sees ${count === 1 ? "the first question" : `the first ${integer(count)} questions`}: the context is full.`,
    none: "No function is ticked, so the model can only answer by itself.",
  },
  unable: {
    title: "The demo model calls no functions",
    sentence: "It only writes posts. Get a model that was taught to call functions, such as Qwen3 0.6B (0.6 GB), and serve it instead:",
    command: "onpage fetch qwen3-0.6b\nonpage serve --model qwen3-0.6b",
  },
  empty: {
    title: "Let the model use a clock, a calculator, your documents",
    sentence: "It asks for a function, you allow the call or not, and it answers from the result. All of it happens in this page.",
    small: "Small models often call the wrong function, or none. Those of 0.6 billion weights and more that were taught it do better.",
    example: "What it looks like",
    tryIt: "Try one of these",
  },
  /** Questions to begin with. */
  questions: ["What is 15% of 1,249.90?", "How many miles are 42.195 km?", "What time is it in Tokyo?", "Make this page dark."],
  call: {
    /** @param {string} name */
    group: (name) => `Call of ${titleOf(name)}`,
    /** @type {Record<import('../../tasks/functions/conversation.js').CallState, string>} */
    states: { waiting: "May it run?", running: "Running…", done: "Done", failed: "It could not", refused: "Not allowed", wrong: "Cannot be used" },
    automatic: "Always allowed",
    edited: "With your arguments",
    arguments: "Arguments",
    none: "Without arguments",
    result: "Result",
    yourResult: "Your result",
    give: "Give this result",
    allow: "Allow",
    always: "Always in this conversation",
    refuse: "Refuse",
    change: "Change the arguments",
    changing: "The arguments, as JSON",
    allowThese: "Allow with these",
    keep: "As they were",
    /** @param {string} problem */
    problem: (problem) => `These arguments cannot be used. ${problem}`,
    yes: "yes",
    no: "no",
    /** What the model wrote and nobody can read as a call. */
    unreadable: "A call that cannot be read",
  },
  /** Why a call came to nothing. The model is told these, too, in English. */
  faults: {
    /** @param {number} count */
    "long-expression": (count) => `The expression is longer than ${integer(count)} characters.`,
    "large-result": () => "The result is too large.",
    /** @param {string} part */
    "no-expression": (part) => `“${part}” is no part of an expression.`,
    "cut-expression": () => "The expression ends too early.",
    /** @param {string} part */
    unexpected: (part) => `“${part}” is not expected there.`,
    nested: () => "The expression is nested too deeply.",
    division: () => "Division by zero has no result.",
    bracket: () => "A bracket is not closed.",
    /** @param {string} name @param {string} known */
    "no-name": (name, known) => `“${name}” is not known. Known are ${known}.`,
    /** @param {string} name */
    "no-value": (name) => `“${name}” needs a value in brackets.`,
    /** @param {string} name @param {number} least @param {number} most @param {number} got */
    values: (name, least, most, got) => `“${name}” takes ${least === most ? least : `${least} to ${most}`} values, and got ${got}.`,
    root: () => "A negative number has no square root.",
    factorial: () => "Only whole numbers have a factorial.",
    places: () => "round takes a whole number of places.",
    "no-real": () => "That has no real result.",
    /** @param {string} place */
    "no-zone": (place) => `The time zone of “${place}” is not known. Name a large city, or a time zone such as Europe/Paris.`,
    /** @param {string} from @param {string} to */
    quantities: (from, to) => `${from} and ${to} are units of different quantities.`,
    "large-value": () => "The value is too large.",
    "long-unit": () => "The name of the unit is too long.",
    /** @param {string} unit */
    "no-unit": (unit) => `The unit “${unit}” is not known.`,
    "no-documents": () => "There are no documents. They are added under Documents.",
    failed: () => "The tool failed.",
    /** @param {string} name @param {string} names */
    "no-function": (name, names) => `There is no function ${JSON.stringify(name)}. There are ${names}.`,
    /** @param {string} name */
    "long-arguments": (name) => `The arguments of ${name} are too long.`,
    /** @param {string} name @param {string} problems */
    "wrong-arguments": (name, problems) => `The arguments of ${name} are not right: ${problems}`,
    "no-object": () => "The arguments are an object in braces.",
    unreadable: () => "This call cannot be read. Write it again exactly in the format that was asked for.",
    refused: () => "The person did not allow this call.",
  },
  exchange: {
    you: "You",
    log: "The answer",
    copy: "Copy",
    copied: "Copied",
    /** @param {string} key */
    selected: (key) => `Selected: press ${key} C`,
    save: "Save as Markdown",
    again: "Try again",
    nothing: "The model said nothing.",
    uncalled: "The model called no function.",
    /** @param {string} model */
    by: (model) => `By ${model}`,
    /** @type {Record<import('../../tasks/functions/conversation.js').Ending, string>} */
    endings: {
      model: "",
      stopped: "You stopped it here.",
      limit: "The page ended the answer here because it repeated itself, or had become too long.",
      context: "The answer ends here because the context is full.",
      lost: "Not finished: the engine or the page went away.",
      rounds: "The page ended it here: the model called functions again and again.",
      wrong: "The page ended it here: after it was told what was wrong, the model wrote another call that cannot be used.",
      "no-room": "This does not fit the model's context. Tick fewer functions, begin a new conversation, or raise the maximum tokens under Details.",
      unchecked: "The page could not load what checks a call's arguments, so nothing was run. Check that the server is running, and try again.",
    },
    /** For files. @param {import('../../tasks/functions/conversation.js').Call} call */
    called: ({ name, state }) => line([`${titleOf(name)} (${name})`, functions.call.states[state]]),
  },
  figures: { title: "The last answer" },
  history: {
    /** @param {number} count */
    title: (count) => `Earlier conversations · ${integer(count)}`,
    copy: "Copy",
    deleted: "The conversation is deleted.",
    /** @param {number} count */
    sure: (count) => `Delete ${count === 1 ? "this conversation" : `all ${integer(count)} conversations`} for good?`,
    file: "Conversations with functions",
    /** @param {{at: number, model: string, called: string[]}} conversation */
    about: ({ at, model, called }) => line([format.moment(at), model, called.map(titleOf).join(", ")]),
  },
};

/** @type {Record<import('../../tasks/functions/own_tool.js').Problem, (detail: string) => string>} */
const problems = {
  "not-json": (detail) => `This is not valid JSON${detail && `: ${detail}`}.`,
  name: (detail) => `The name “${detail}” cannot be used: letters, digits and _, at most 48, a letter first.`,
  taken: (detail) => `There is a function ${detail} already.`,
  description: () => "The description is a text of at most 1,000 characters.",
  parameters: (where) => `${where} is a JSON Schema of type object.`,
  property: (detail) => `The argument “${detail}” cannot be used: letters, digits, _ and -, at most 48, a letter first.`,
  pattern: () => "It holds a pattern. Some patterns keep a browser busy for minutes, so none is run: use enum, format or maxLength.",
  reference: (detail) => `It refers to ${detail}. Nothing is fetched: write all of it out.`,
  "too-large": () => "It is too large for a small model: at most 6,000 characters, and eight levels.",
};
