// @ts-check
/** What the documents say, in English. */

import { counted, format, integer, line, size } from "./words.js";

/** @type {Record<import('../../tasks/documents/kinds.js').Kind, string>} */
const kinds = { pdf: "PDF", docx: "Word", markdown: "Markdown", html: "HTML", text: "Text" };

/** @param {{headings: string[], page: number, name?: string}} source */
const place = ({ name, headings, page }) => line([name, headings.slice(-2).join(" › "), page > 0 && `page ${integer(page)}`]);

export const documents = {
  region: "Documents",
  place,
  shelf: {
    title: "Documents",
    /** @param {number} count */
    count: (count) => (count ? `Documents (${integer(count)})` : "Documents"),
    add: "Add files",
    paste: "Paste a text",
    pasteLabel: "The text; Markdown is understood",
    pasteName: "Its name",
    pasted: "Pasted text",
    keep: "Add",
    cancel: "Cancel",
    remove: "Remove",
    removeReally: "Press again to remove",
    /** @param {string} name */
    removeOne: (name) => `Remove ${name}`,
    /** @param {import('../../tasks/documents/library.js').Entry} entry */
    about: ({ kind, pages, characters, passages }) =>
      line([kinds[kind], pages ? counted(pages, "page") : `${integer(Math.max(1, Math.round(characters / 1000)))} k characters`, counted(passages, "passage")]),
    /** @param {number} files @param {number} characters @param {number} bytes */
    limits: (files, characters, bytes) =>
      `PDF, Word (.docx), Markdown, HTML and text, up to ${size(bytes)} each; ${integer(files)} documents and ${integer(characters / 1e6)} million characters in all. They stay in this browser. Scanned pages have no text to find.`,
    /** @param {import('../../tasks/documents/library.js').Adding} adding */
    adding: ({ name, page, pages, waiting }) => line([pages ? `Reading ${name}: page ${integer(page)} of ${integer(pages)}` : `Reading ${name}`, waiting > 0 && `${integer(waiting)} more`]),
    progress: "Reading the document",
    /** @param {import('../../tasks/documents/library.js').Refused} refused */
    refused: ({ name, code, detail }) => `${name} was not added: ${problems[code](detail)}`,
  },
  meaning: {
    title: "Search by meaning",
    progress: "How far the search by meaning is",
    /** @param {string} name @param {number} bytes */
    offered: (name, bytes) => `Finds passages that say it in other words, beside the search by words. It takes a second model, ${name} (${size(bytes)}), on this device's processor.`,
    start: "Search by meaning too",
    again: "Try again",
    remove: "Turn off",
    sizes: "Numbers for each passage",
    /** @param {number} numbers */
    size: (numbers) => `${integer(numbers)} (${size(4000 * numbers)} for ${integer(1000)} passages)`,
    sizesHelp: "Fewer take less memory and are searched quicker, but find a little less well.",
    /** @param {string} name */
    loading: (name) => `Loading ${name}. Words are searched meanwhile.`,
    /** @param {number} done @param {number} total */
    reading: (done, total) => `Reading passage ${integer(done + 1)} of ${integer(total)}. Words are searched meanwhile.`,
    /** @param {string} name */
    ready: (name) => `Words and meanings are searched, with ${name}.`,
    /** @param {string} problem @param {string} name */
    failed: (problem, name) => `${problem}: ${name}. Words are searched as before.`,
    /** In a word, where the rest is folded away. @param {import('../../tasks/documents/meaning.js').Now} now */
    short: (now) =>
      now.phase === "reading" ? `meanings: ${integer(now.done)} of ${integer(now.total)}` : { none: "", offered: "", loading: "loading the search by meaning", ready: "by words and meaning", failed: "no search by meaning" }[now.phase],
  },
  question: {
    form: "Your question",
    label: "Ask your documents",
    placeholder: "What do you want to know?",
    search: "Search",
    stop: "Stop",
    stopping: "Stopping…",
    answers: "Let the model answer from what is found",
    /** @type {Record<'demo' | 'none', string>} */
    unable: {
      demo: "The demo model only writes posts, so what is found is all you get. For answers, get a real Gemma: see the top of the page.",
      none: "No model is running, so what is found is all you get.",
    },
  },
  empty: {
    title: "Ask your own documents",
    sentence: "Add a manual, a contract, your notes: they are searched in this browser, and nothing is sent anywhere. What is found comes first; the model then answers from it, with sources.",
    example: "An example",
    found: "Found in",
    tryIt: "Try it with this document",
    ready: "Your documents are ready. Ask about them in your own words: what is found comes first.",
  },
  answer: {
    title: "Answer",
    log: "The answer",
    awaited: "The answer begins when the model is ready.",
    copy: "Copy with sources",
    copied: "Copied",
    /** @param {string} key */
    selected: (key) => `Selected: press ${key} C`,
    save: "Save as Markdown",
    again: "Try again",
    sources: "Sources",
    /** @param {number} number */
    source: (number) => `Source ${integer(number)}`,
    gone: "The document is no longer here. This is what the model was given:",
    uncited: "The answer names none of the passages it was given. Check it against them.",
    invented: "Answers can be wrong: check the sources.",
    nothing: "The model said nothing.",
    noRoom: "The question and a passage do not fit the model's context. Shorten the question, or raise the maximum tokens under Details.",
    /** @type {Record<import('../../tasks/documents/answers.js').Ending, string>} */
    endings: {
      model: "",
      limit: "The page ended the answer here because it repeated itself, or had become too long.",
      context: "The answer ends here because the context is full.",
      stopped: "You stopped the answer here.",
      lost: "The answer breaks off here.",
    },
    /** @param {string} model */
    by: (model) => `By ${model}`,
  },
  found: {
    title: "Found passages",
    /** @param {number} count @param {number} passages @param {boolean} meant whether meanings were compared too */
    count: (count, passages, meant) => line([`${integer(count)} of ${counted(passages, "passage")}`, meant && "by words and meaning"]),
    /** By words alone, and where meanings were compared too. */
    nothing: { words: "Nothing was found. Try other words: the search looks for words, not for meanings.", meanings: "Nothing was found, neither by words nor by meaning. Your documents seem to be about other things." },
    /** Of passages that have little of the question's words: why they are shown all the same. */
    weak: {
      words: {
        unasked: "Nothing in your documents looks like an answer, so the model was not asked. These passages have the most words of your question.",
        alone: "Nothing in your documents looks like an answer. These passages have the most words of your question.",
      },
      near: {
        unasked: "These passages have few words of your question, but come nearest to what it means. See whether they answer it; the model was not asked.",
        alone: "These passages have few words of your question, but come nearest to what it means. See whether they answer it.",
      },
      far: {
        unasked: "Nothing in your documents comes near what the question means, so the model was not asked. These passages have words of it.",
        alone: "Nothing in your documents comes near what the question means. These passages have words of it.",
      },
    },
    anyway: "Answer from these anyway",
    ask: "Answer from these",
    none: "Add a document first.",
    /** @param {string} where */
    openAt: (where) => `Open ${where}`,
  },
  reader: {
    back: "Back",
    /** @param {number} page */
    page: (page) => `Page ${integer(page)}`,
    before: "Show what is before",
    after: "Show what follows",
  },
  history: {
    /** @param {number} count */
    title: (count) => `Earlier answers · ${integer(count)}`,
    copy: "Copy",
    deleted: "The answer is deleted.",
    /** @param {number} count */
    sure: (count) => `Delete ${count === 1 ? "this answer" : `all ${integer(count)} answers`} for good?`,
    file: "Answers from my documents",
    /** @param {import('../../tasks/documents/answers.js').Answer} answer */
    about: ({ at, model }) => line([format.moment(at), model]),
  },
  figures: {
    title: "The last search and answer",
    searched: "Passages searched",
    search: "Search",
    sent: "Passages given to the model",
    read: "Prompt tokens",
    first: "First text",
    decode: "Decode",
    written: "Tokens written",
  },
};

/** @type {Record<import('../../tasks/documents/document.js').DocumentError['code'], (detail: string) => string>} */
const problems = {
  empty: () => "there is no text in it. Scanned pages are pictures; a program for text recognition makes text of them.",
  "too-large": () => "it is too large.",
  "too-long": (pages) => (pages ? `it has ${pages} pages, which is too long.` : "it is too long. Add it in parts."),
  "unknown-kind": (ending) => (ending === "doc" ? "it is an old Word file. Save it as .docx." : `it is neither PDF, Word (.docx), Markdown, HTML nor text${ending && ` (.${ending})`}.`),
  damaged: (detail) => `it cannot be read${detail && ` (${detail})`}.`,
  encrypted: () => "it is protected by a password. Save it without one.",
  "too-many": () => "there is no room for more documents. Remove some first.",
  "no-library": () => "what reads such files could not be loaded. Check that the server is still running.",
};
