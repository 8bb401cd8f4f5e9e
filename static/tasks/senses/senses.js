// @ts-check
/**
 * Pictures and sound without a page: what a person does with them, done with the session and the records. `state` is a value that is
 * replaced at every change, and `onChange` hears of it; the pieces of an answer go to `onText` alone.
 *
 * What it promises:
 * - Nothing is loaded for pictures or sound unless the person asks.
 * - Pictures and sounds are in this tab only. An answer is kept with a small picture of the first; the rest goes with the tab.
 *
 * @typedef {import('../../engine/media.js').Modality} Modality
 * @typedef {import('./reading.js').Picture} Picture
 * @typedef {import('./reading.js').Sound} Sound
 * @typedef {import('./answer.js').Answer} Answer
 * @typedef {{id: string, takes: Modality[], fields: string[], instruction: string}} Template
 *
 * @typedef {object} State
 * @property {Template} template
 * @property {string} question
 * @property {string} language a code of languages.json
 * @property {Picture[]} pictures
 * @property {Sound | null} sound
 * @property {Answer | null} answer
 * @property {boolean} writing
 * @property {{tokens: number, room: number} | null} counted of the prompt as it is; about, where nothing is loaded that counts
 * @property {boolean} tooLong
 * @property {import('../../engine/client.js').Figures | null} figures of the answer, where it is of this visit
 */

import { MAX_IMAGES, mediaTokens, normalized } from "../../engine/index.js";
import { newId } from "../../records/record.js";
import { englishName } from "../parts/languages.js";
import { abilityOf } from "./able.js";
import { answerOf, entryOf } from "./answer.js";
import { MediaError } from "./media_error.js";

/** Tokens that are left for an answer, at most. */
const MAX_ANSWER = 512;

export class Senses {
  /** @type {State} */
  state;
  #session;
  #records;
  #thumbnailOf;
  #steps = 0;
  #closed = false;

  /**
   * @param {object} options
   * @param {import('../task.js').TaskContext['session']} options.session
   * @param {import('../../records/records.js').TaskRecords} options.records
   * @param {Template[]} options.templates
   * @param {string} options.language that of the page
   * @param {(image: ImageBitmap) => Promise<Uint8Array<ArrayBuffer> | null>} options.thumbnailOf
   * @param {() => void} [options.onChange]
   * @param {(piece: string) => void} [options.onText]
   * @param {() => number} [options.now]
   */
  constructor({ session, records, templates, language, thumbnailOf, onChange = () => {}, onText = () => {}, now = Date.now }) {
    this.#session = session;
    this.#records = records;
    this.#thumbnailOf = thumbnailOf;
    this.templates = templates;
    this.onChange = onChange;
    this.onText = onText;
    this.now = now;
    this.state = { template: templates[0], question: "", language, pictures: [], sound: null, answer: null, writing: false, counted: null, tooLong: false, figures: null };
  }

  /** Of what is attached, as far as the template takes it; before that, of all that it takes, or of one of them. */
  get ability() {
    const { state } = this.#session;
    const attached = this.#attached.map(({ part }) => part.type);
    if (attached.length) return abilityOf(state, attached);
    const { takes } = this.state.template;
    return [takes, ...takes.map((kind) => [kind])].map((needs) => abilityOf(state, needs)).find(({ kind }) => kind !== "none") ?? { kind: /** @type {const} */ ("none") };
  }

  /** What is still missing before it can be asked. @returns {Modality | 'either' | 'question' | null} */
  get missing() {
    const { template, question } = this.state;
    if (!this.#media.length) return template.takes.length > 1 ? "either" : template.takes[0];
    return template.fields.includes("question") && !question.trim() ? "question" : null;
  }

  get ready() {
    return this.#session.state.now.phase === "ready" && !this.state.writing && this.ability.kind === "able" && !this.missing;
  }

  /** @param {string} id */
  choose(id) {
    const template = this.templates.find((each) => each.id === id);
    if (template && !this.state.writing) this.#changed({ template });
  }

  /** @param {string} question */
  ask(question) {
    this.#changed({ question });
  }

  /** @param {string} language */
  setLanguage(language) {
    this.#changed({ language });
  }

  /** MediaError where there is no room for one more. @param {Picture} picture */
  addPicture(picture) {
    if (this.state.pictures.length >= MAX_IMAGES) throw new MediaError("too-many");
    this.#changed({ pictures: [...this.state.pictures, picture] });
  }

  /** In the place of the one before. @param {Sound} sound */
  setSound(sound) {
    this.#changed({ sound });
  }

  /** A template that takes what was given, where the chosen one does not. @param {Modality} kind */
  fit(kind) {
    if (!this.state.template.takes.includes(kind)) this.choose(this.templates.find(({ takes }) => takes.includes(kind))?.id ?? "");
  }

  /** @param {Picture | Sound} gone */
  remove(gone) {
    const { pictures, sound } = this.state;
    this.#changed({ pictures: pictures.filter((each) => each !== gone), sound: sound === gone ? null : sound });
  }

  /** Loads what sees or hears, or the model that can. */
  async load() {
    const { ability } = this;
    if (ability.kind === "load") await this.#session.switch("senses", { senses: ability.senses });
    else if (ability.kind === "switch") await this.#session.switch("model", { modelId: ability.model.id, engineId: ability.engineId, senses: ability.senses });
    await this.count();
  }

  /** Text only again. */
  async unload() {
    await this.#session.switch("senses", { senses: { images: 0, audio: false } });
  }

  /** How much of the context the prompt takes. */
  async count() {
    const step = this.#steps;
    const { setup } = this.#session.state;
    if (!setup || !this.#media.length) return this.#set({ counted: null });
    const room = roomOf(setup.settings.maxTokens);
    const tokens = (await this.#session.count(this.#messages, room)) ?? mediaTokens(this.#media);
    return step === this.#steps ? this.#set({ counted: { tokens, room } }) : undefined;
  }

  async run() {
    const { setup } = this.#session.state;
    if (!this.ready || !setup) return;
    const { template, question } = this.state;
    const attached = this.#attached;
    const [first] = template.takes.includes("image") ? this.state.pictures : [];
    const room = roomOf(setup.settings.maxTokens);
    const pieces = /** @type {string[]} */ ([]);
    /** @type {Answer} */
    const answer = { id: newId(), at: this.now(), template: template.id, question: template.fields.includes("question") ? question.trim() : "", media: attached.map(({ part }) => part.type), names: attached.map(({ name }) => name), text: "", model: setup.model.name, ended: "lost", thumbnail: null };
    this.#set({ answer, writing: true, figures: null, tooLong: false });
    const outcome = await this.#session.generate(this.#messages, {
      room,
      tokens: setup.settings.maxTokens - room,
      onText: (piece) => {
        pieces.push(piece);
        if (!this.#closed) this.onText(piece);
      },
    });
    const figures = outcome?.kind === "written" ? outcome.figures : null;
    const text = pieces.join("");
    const thumbnail = text && first ? await this.#thumbnailOf(first.part.image).catch(() => null) : null;
    const ended = { ...answer, text, thumbnail, ended: figures?.ended ?? /** @type {const} */ ("lost") };
    // What was written before an engine was lost stays.
    this.#set({ answer: figures || text.trim() ? ended : null, writing: false, figures, tooLong: outcome?.kind === "too-long" });
    if (text.trim()) await this.#records.put(entryOf(ended));
  }

  /** The same with the next seed. */
  async again() {
    if (!this.ready) return;
    const seed = this.#session.state.setup?.settings.seed;
    await this.#session.reseed();
    if (this.#session.state.setup?.settings.seed !== seed) await this.run(); // else it could not be had
  }

  stop() {
    if (this.state.writing) this.#session.stop();
  }

  /** Shows an answer of before. @param {string} id */
  async show(id) {
    const entry = this.state.writing ? null : await this.#records.get(id);
    const answer = entry && answerOf(entry);
    if (answer && !this.state.writing) this.#set({ answer, figures: null, tooLong: false });
  }

  close() {
    this.stop();
    this.#closed = true;
  }

  /** What goes into this prompt, in its order. @returns {(Picture | Sound)[]} */
  get #attached() {
    const { template, pictures, sound } = this.state;
    const given = { image: pictures, audio: sound ? [sound] : [] };
    return template.takes.flatMap((kind) => /** @type {(Picture | Sound)[]} */ (given[kind]));
  }

  get #media() {
    return this.#attached.map(({ part }) => part);
  }

  /** What is shown comes first, as models were taught. @returns {import('../../engine/messages.js').Message[]} */
  get #messages() {
    const { template, question, language } = this.state;
    const text = template.instruction.replace("{language}", englishName(language)).replace("{question}", () => normalized(question).trim());
    return [{ role: "user", parts: [...this.#media, { type: "text", text }] }];
  }

  /** @param {Partial<State>} change of what is asked */
  #changed(change) {
    this.#steps += 1;
    this.#set({ ...change, counted: null, tooLong: false });
  }

  /** @param {Partial<State>} change */
  #set(change) {
    this.state = { ...this.state, ...change };
    if (!this.#closed) this.onChange();
  }
}

/** Tokens that a prompt may have. @param {number} maxTokens */
function roomOf(maxTokens) {
  return maxTokens - Math.min(MAX_ANSWER, Math.floor(maxTokens / 2));
}
