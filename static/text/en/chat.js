// @ts-check
/** What the chat says, in English. */

import { counted, integer } from "./words.js";

export const chat = {
  region: "Chat",
  thread: "The conversation",
  log: "Questions and answers",
  forgotten: "The model no longer sees what is above this line.",
  summarized: "The model sees a summary of what is above this line.",
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
    rounds: "Show what it repeated",
    roundAgain: "It repeated itself again when it went on. Try again writes another answer.",
    remove: "Delete",
    before: "Previous version",
    after: "Next version",
    /** @param {number} at @param {number} count */
    place: (at, count) => `${integer(at)} / ${integer(count)}`,
    /** @type {Record<import('../../tasks/chat/tree.js').TurnState, string>} */
    states: {
      whole: "",
      stopped: "The answer breaks off here.",
      full: "The answer ends here because the context is full.",
      limit: "The page ended the answer here because it repeated itself, or had become too long.",
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
    /** Of a model whose file has a text of its own. @param {string} what */
    ofModel: (what) => `Instructions of the model: ${what.length > 60 ? `${what.slice(0, 60)}…` : what}`,
    /** @param {string} what */
    told: (what) => `Without instructions of yours, this model is told: ${what}`,
    change: "Change this",
    usual: "The model’s own",
    label: "The model is told this before your first question",
    placeholder: "Such as: Answer in short sentences.",
    preset: "Saved instructions",
    none: "None",
    /** By id: of those that come with the page. @type {Record<string, string>} */
    shipped: { simple: "Explain simply", editor: "Careful editor", brief: "Brief answers" },
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
    /** @type {Record<import('../../tasks/chat/files.js').ChatFileError['code'], string>} */
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
};
