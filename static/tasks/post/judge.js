// @ts-check
/**
 * What the page thinks of the posts that a model wrote: which is drawn again, how, which of several is kept, and what a person should look
 * at. By rules (check/), on the text as it is now. Pure.
 *
 * @typedef {import('./check/rules.js').Finding} Finding
 * @typedef {import('./check/rules.js').Rule} Rule
 * @typedef {import('./state.js').Post} Post
 * @typedef {import('./voice.js').Voice} Voice
 * @typedef {import('../../engine/session_state.js').Setup} Setup
 *
 * @typedef {object} Next another draw of a post
 * @property {Rule} why what is wrong with the best so far
 * @property {string} beginning how it begins; "" as the model likes
 * @property {import('../../engine/protocol.js').Draw | null} draw how it is drawn; null as the settings say
 */

import { MAX_SEED, takesSampling } from "../../engine/index.js";
import { makeChecker } from "./check/index.js";
import { lengthOf } from "./prompt.js";
import { NO_VOICE } from "./voice.js";

/** Between the seeds of draws: "Try again" takes the next seed, which must not be that of a draw before. */
const SEED_STEP = 1_000_003;
/** Faults of fact or tone, which is what the notice says of it: a post of the demo's that has one is not shown as a post. @type {Rule[]} */
const UNFIT = ["language", "cheer", "cut", "changed", "lost_name", "lost_fact"];

export class Judge {
  #checker;
  /** The last judgement of each post. @type {WeakMap<Post, {of: string, findings: Finding[]}>} */
  #known = new WeakMap();

  /**
   * @param {import('./check/rules.js').Rules} rules
   * @param {import('./prompt.js').PostDefinition} definition
   */
  constructor(rules, definition) {
    this.rules = rules;
    this.definition = definition;
    this.#checker = makeChecker(rules);
  }

  /** Whether a text is clearly not English. @param {string} text */
  isForeign(text) {
    return this.#checker.isForeign(text);
  }

  /** Whether there is anything to say of a post: the model has ended it, and it and its text are to be of the language of the rules. @param {Post} post */
  judges(post) {
    return post.ended === "model" && this.#knows(post);
  }

  /** Whether a post and its text are to be of the language of the rules. @param {Post} post */
  #knows({ source, asked: { language = "" } }) {
    return source !== "" && ["", "en"].includes(language) && !this.isForeign(source);
  }

  /** What is wrong with a post, the gravest first. @param {Post} post @param {Voice} [voice] what a person has put after it @returns {Finding[]} */
  findings(post, voice = NO_VOICE) {
    if (!this.judges(post)) return [];
    const written = withoutVoice(post, voice);
    const known = this.#known.get(post);
    if (known?.of === written) return known.findings;
    const findings = this.#checker.check(post.source, written, this.#limit(post));
    this.#known.set(post, { of: written, findings });
    return findings;
  }

  /** Leaves out what is wrong with a post or too much, where that can be; undo brings it back. @param {Post} post */
  mend(post) {
    if (!this.judges(post)) return;
    const mended = this.#checker.mended(post.source, post.current.trim(), this.#limit(post));
    if (mended !== post.current.trim()) post.edits?.change(mended);
    post.mended = mended !== post.text.trim();
  }

  /**
   * The best of several posts about one text; where their sentences together make a better one, it has that text, which undo takes back.
   * @param {Post[]} posts
   * @param {Voice} [voice]
   */
  together(posts, voice) {
    const best = this.best(posts, voice);
    const whole = posts.filter((post) => this.judges(post));
    if (whole.length < 2 || !whole.includes(best)) return best;
    const made = this.#checker.assembled(best.source, whole.map(({ text }) => text.trim()), this.#limit(best));
    const cost = this.#checker.cost(this.#checker.check(best.source, made, this.#limit(best)));
    if (cost >= this.#checker.cost(this.findings(best, voice))) return best;
    best.edits?.change(made);
    best.assembled = true;
    return best;
  }

  /**
   * The next draw, where one is worth it and would be another post without loading the model again; null where none is. One that begins as
   * the model likes differs only where an engine draws by chance and takes another seed; one that is begun with a name differs always. Where
   * one has said again what another said, the likeliest post comes in its place.
   * @param {Post} best of those that there are
   * @param {Setup} setup
   * @param {Post[]} drafts those
   * @returns {Next | null}
   */
  next(best, setup, drafts) {
    const why = this.#fault(best);
    const drawn = drafts.length;
    const isLast = drawn === this.rules.draws && new Set(drafts.map(({ text }) => text.trim())).size < drawn;
    if (!why || (drawn >= this.rules.draws && !isLast)) return null;
    const varies = Boolean(setup.choice && takesSampling(setup.choice)) && setup.settings.topK > 1 && setup.settings.temperature > 0;
    const { demo, others } = this.rules.begun_after;
    // The names are guessed, so a model that mostly tells them by itself gets one later, where there is another way.
    const name = 1 + drawn - (setup.model.demo || !varies ? demo : others);
    const beginning = this.#isBegun(best) && !isLast ? this.#checker.beginning(best.source, name) : "";
    if (!varies && !beginning) return null;
    const { draw_temperature: warm, likeliest_temperature: cold } = this.rules;
    const { seed, temperature: usual } = setup.settings;
    const temperature = isLast ? cold : beginning ? usual : Math.max(usual, warm); // at a low one it says the same again
    return { why, beginning, draw: varies ? { seed: (seed + drawn * SEED_STEP) % (MAX_SEED + 1), temperature } : null };
  }

  /** What is wrong with the best of some posts, so that another is worth it. @param {Post} best @returns {Rule | null} */
  #fault(best) {
    if (best.ended === "limit" && this.#knows(best)) return "cut"; // none was ended by the model
    return this.findings(best)[0]?.rule ?? null;
  }

  /** Whether the next post is rather begun with a name. @param {Post} best */
  #isBegun(best) {
    return best.ended !== "model" || this.findings(best).some(({ rule }) => this.rules.begun_for.includes(rule));
  }

  /** The post with the least wrong among those that the model ended, the first of equals. @param {Post[]} posts @param {Voice} [voice] */
  best(posts, voice) {
    const whole = posts.filter(({ ended }) => ended === "model");
    const cost = (/** @type {Post} */ post) => this.#checker.cost(this.findings(post, voice));
    return whole.reduce((best, post) => (cost(post) < cost(best) ? post : best), whole[0] ?? posts[0]);
  }

  /** Whether a post of the demo model is none. @param {Post} post @param {Voice} [voice] */
  isUnfit(post, voice) {
    return this.findings(post, voice).some(({ rule }) => UNFIT.includes(rule));
  }

  /** @param {Post} post */
  #limit(post) {
    return lengthOf(this.definition, post.asked.length).words;
  }
}

/** Without the hashtags of the person's voice, and links that the model did not write. @param {Post} post @param {Voice} voice */
function withoutVoice({ current, text }, { hashtags }) {
  const theirs = hashtags.map((tag) => tag.toLowerCase()).filter((tag) => !text.toLowerCase().includes(tag));
  const written = current.replace(/\s*https?:\/\/\S+/g, (link) => (text.includes(link.trim()) ? link : ""));
  return written.replace(/\s*#[\p{L}\p{N}_]+/gu, (tag) => (theirs.includes(tag.trim().toLowerCase()) ? "" : tag));
}
