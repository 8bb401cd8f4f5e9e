// @ts-check
/**
 * What is looked for in a post: numbers, word lists and patterns, which the evaluation reads as well (`check.json`,
 * `builder/demo/rules.py`). A pattern means the same in Python and here: its `\b`, `\w` and `\d` are of ASCII, and case does not count.
 *
 * @typedef {object} Rules
 * @property {number} draws posts that the page writes at most, to keep one
 * @property {number} draw_temperature the least temperature of a further draw: at a low one it says the same again
 * @property {number} likeliest_temperature that of the one in place of a draw that said the same as another: nearly always the likeliest word
 * @property {{demo: number, others: number}} begun_after after how many faulty draws a post is begun with a name
 * @property {Rule[]} begun_for faults for which a further draw is begun with a name; with the others it begins as the model likes
 * @property {number} max_tags
 * @property {number} same_sentence two sentences that share this much of their words say the same
 * @property {number} same_run so do two places that share this many words in a row
 * @property {number} misspelt a word this close to a name of the text, and not it, is that name changed
 * @property {Record<Rule, number>} weights how bad each fault is
 * @property {[number, number][]} emoji ranges of characters
 * @property {string} cheerful_emoji
 * @property {string[]} cheer
 * @property {string[]} grave_exclamation what makes an exclamation mark fit bad news
 * @property {{strong: string[], weak: string[]}} bad_news
 * @property {string} dangling words that end no sentence
 * @property {string} everyday words with a capital letter that are no names
 * @property {{fewest_words: number, most_foreign_letters: number, foreign_words: number, times_english: number, english: string, other: string[]}} language
 * @property {{small: string, tens: string, ordinals: string, uncounted: string[], weekday: string, month: string, day_month: string,
 *   month_day: string, clock: string, currencies: Record<string, string>, percent: string}} numbers
 * @property {{least: number, near: number, most_begun: number, greetings: string, days: string, starters: string, joiners: string, places: string,
 *   roles: string, codes: string, speakers: string}} names
 *
 * @typedef {'language' | 'cheer' | 'cut' | 'changed' | 'repeated' | 'lost_name' | 'lost_fact' | 'long' | 'tags'} Rule
 * @typedef {{rule: Rule, found: string[]}} Finding what one rule finds, and what it is about: words, names, figures; perhaps nothing
 */

/** One pattern of the file, for every match. @param {string} source */
export const pattern = (source) => new RegExp(source, "gi");

/** Whole words or phrases, one of which is there. @param {string[]} sources */
export const anyOf = (sources) => pattern(`\\b(?:${sources.join("|")})\\b`);

/** One of the file's lists of words. @param {string} list */
export const wordSet = (list) => new Set(list.split(" "));

/** Whether a pattern of the file is in a text. @param {RegExp} found @param {string} text */
export const isIn = (found, text) => text.search(found) >= 0;

/** Letters and digits, and what joins them to one word. */
export const WORD = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu;

/** @param {string} text @param {RegExp} [word] @returns {string[]} */
export const wordsOf = (text, word = WORD) => text.match(word) ?? [];

/** Without the 's of the owner, in small letters. @param {string} word */
export const plain = (word) => word.replace(/['’]s$/, "").toLowerCase();

/** A text as a pattern that finds it. @param {string} text */
export const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
