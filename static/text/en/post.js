// @ts-check
/** What the post's task says, in English. */

import { counted, format, integer, line } from "./words.js";

export const post = {
  form: "What to write about",
  text: "Your text",
  examples: "Try an example",
  /** By their titles. @type {Record<string, string>} */
  exampleNames: { Announcement: "Announcement", "Product note": "Product note", Event: "Event", "Short article": "Short article" },
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
    language: "Language of the post",
    ownLanguage: "That of the text",
    onlyEnglish: "The demo model writes English only. A real Gemma writes in others.",
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
    /** @param {number} wrong how much there is to look at */
    best: (wrong) => ` · ${wrong ? "has the least to look at" : "fits your text best"}`,
    /** @param {number} count */
    back: (count) => `All ${integer(count)} variants`,
  },
  history: {
    /** @param {number} count */
    title: (count) => `Earlier posts · ${integer(count)}`,
    deleted: "The post is deleted.",
    /** @param {number} count */
    sure: (count) => `Delete ${count === 1 ? "this post" : `all ${integer(count)} posts`} for good?`,
    /** @param {import('../../tasks/post/history.js').Kept} kept */
    kind: ({ at, tone, length, model, lora, ended, text, current }) =>
      line([
        format.moment(at),
        ended === "stopped" ? "stopped" : ended === "lost" ? "not finished" : ended !== "model" && "cut off",
        text !== current && "edited",
        post.tones[tone] ?? tone,
        (post.lengths[length] ?? length).toLowerCase(),
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
  figures: { title: "The last post" },
  check: {
    /** @param {string} why */
    again: (why) => `Writing another one, because this one ${why}. Stop keeps the best so far.`,
    /** @type {Record<import('../../tasks/post/check/rules.js').Rule, string>} */
    whys: {
      language: "is in another language",
      cheer: "is too glad for the news",
      cut: "breaks off",
      changed: "says something that your text does not",
      repeated: "says something twice",
      lost_name: "leaves out the name",
      lost_fact: "leaves out the date or number",
      long: "is too long",
      tags: "has no fitting hashtags",
    },
    fine: "Numbers, dates and names match your text.",
    assembled: "Put together from the sentences of several attempts; Undo brings one of them back.",
    mended: "What was wrong or too long has been left out; Undo brings it back.",
    /** @param {number} count */
    drafts: (count) => `The best of ${integer(count)}.`,
    /** What a person should look at, by what was found. @type {Record<import('../../tasks/post/check/rules.js').Rule, (found: string[]) => string>} */
    findings: {
      language: () => "This is not in the language of your text.",
      cheer: (found) => `Your text sounds like bad news. Too glad for it: ${quoted(found)}.`,
      cut: () => "A sentence is not finished.",
      changed: (found) => `Check ${quoted(found)}: your text does not say so.`,
      repeated: () => "Something is said twice.",
      lost_name: ([name]) => `Leaves out “${name}”.`,
      lost_fact: ([figure]) => (figure ? `Leaves out “${figure}”.` : "Leaves out the numbers of your text."),
      long: ([more]) => `${counted(Number(more), "word")} more than you asked for.`,
      tags: (found) => (found.length ? `Your text has no such word: ${found.map((tag) => `#${tag}`).join(" ")}.` : "One to three hashtags are missing."),
    },
    declined: {
      title: "The demo model could not write a post about this text",
      sentence: "What it wrote leaves out or changes what your text says. A real Gemma does better: run onpage gemma.",
    },
    reveal: "Show what it wrote",
  },
  declined: {
    /** @type {Record<import('../../tasks/post/unsuited.js').Unsuited, string>} */
    titles: {
      language: "The demo model knows English only",
      code: "The demo model cannot write about code",
      nothing: "There is nothing here to write a post about",
    },
    sentence: "It learned from short English texts, and would write nonsense about this one. A real Gemma does better: see above.",
    /** Of other models, where there is nothing to write about. */
    nothing: "Any model would make something up here. Write a sentence or two that the post is to tell.",
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
};

/** Each in quotation marks, but for what is a part of another. @param {string[]} found */
function quoted(found) {
  const whole = [...new Set(found)].filter((each) => !found.some((other) => other !== each && other.includes(each)));
  return whole.map((each) => `“${each}”`).join(", ");
}
