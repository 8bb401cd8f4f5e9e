// @ts-check
/**
 * The documents without a page: what a person does with them, done with the search, the session and the records. `state` is a value that
 * is replaced at every change, and `onChange` hears of it; the pieces of an answer go to `onText` alone.
 *
 * What it promises:
 * - What was found is shown before the model is asked, and whether or not there is one.
 * - Where nothing scores well, nothing is asked of the model unless the person wants it.
 * - A question that is asked while the model loads is answered when it is ready.
 *
 * @typedef {import('./searcher.js').Hit} Hit
 * @typedef {import('./answers.js').Answer} Answer
 * @typedef {import('./answers.js').Source} Source
 *
 * @typedef {object} Asked a question that was searched for
 * @property {string} question
 * @property {Hit[]} hits the best first
 * @property {number} passages how many were searched
 * @property {import('./searcher.js').Meant} meant whether by meaning too
 * @property {number} milliseconds
 * @property {boolean} good whether anything scores well by words, and is not far by meaning
 *
 * @typedef {object} Opened a document in view
 * @property {import('./library.js').Entry} entry
 * @property {import('./document.js').DocumentText} document
 * @property {{start: number, end: number} | null} passage that is marked
 *
 * @typedef {object} State
 * @property {string} question as it is typed
 * @property {boolean} answers whether the model is to answer
 * @property {Asked | null} asked
 * @property {Answer | null} answer
 * @property {boolean} writing
 * @property {boolean} awaited whether an answer begins once the model is ready
 * @property {boolean} noRoom whether the question did not fit
 * @property {Opened | null} opened
 * @property {import('../../engine/client.js').Figures | null} figures of the answer, where it is of this visit
 */

import { newId } from "../../records/record.js";
import { entryOf, answerOf } from "./answers.js";
import { answerTokens, fitted, isGood } from "./prompt.js";

/** Passages that are shown. */
const SHOWN = 6;

export class Documents {
  /** @type {State} */
  state = { question: "", answers: true, asked: null, answer: null, writing: false, awaited: false, noRoom: false, opened: null, figures: null };
  #session;
  #records;
  #library;
  #find;
  #now;
  #steps = 0;
  /** @type {Promise<unknown>} the answer that is written, until it is kept */
  #answering = Promise.resolve();
  #closed = false;

  /**
   * @param {object} options
   * @param {import('../task.js').TaskContext['session']} options.session
   * @param {import('../../records/records.js').TaskRecords} options.records of the answers
   * @param {import('./holdings.js').Holdings['find']} options.find
   * @param {Pick<import('./library.js').Library, 'entries' | 'get'>} options.library
   * @param {() => void} [options.onChange]
   * @param {(piece: string) => void} [options.onText]
   * @param {() => number} [options.now]
   */
  constructor({ session, records, find, library, onChange = () => {}, onText = () => {}, now = Date.now }) {
    this.#session = session;
    this.#records = records;
    this.#find = find;
    this.#library = library;
    this.onChange = onChange;
    this.onText = onText;
    this.#now = now;
  }

  /** Whether the model can answer at all: the demo only writes posts. */
  get able() {
    const { setup } = this.#session.state;
    return setup !== null && !setup.model.demo;
  }

  get ready() {
    return this.able && this.#session.state.now.phase === "ready" && !this.state.writing;
  }

  /** @param {string} question */
  type(question) {
    this.#set({ question });
  }

  /** @param {boolean} answers */
  setAnswers(answers) {
    this.#set({ answers, awaited: this.state.awaited && answers });
  }

  /** Searches for the question, and has the model answer it. */
  async ask() {
    const question = this.state.question.trim();
    if (!question) return;
    const step = await this.#left();
    if (step !== this.#steps) return;
    const found = await this.#find(question, SHOWN).catch(() => null);
    if (!found || step !== this.#steps) return;
    const good = isGood(found.hits) && found.meant !== "far";
    this.#set({ asked: { question, ...found, good }, answer: null, opened: null, figures: null, noRoom: false, awaited: good && this.state.answers && this.able });
    await this.goOn();
  }

  /** The model is to answer from what was found, however well that scores. */
  async answer() {
    const { asked, writing } = this.state;
    if (!asked?.hits.length || writing || !this.able) return;
    this.#set({ awaited: true, opened: null });
    await this.goOn();
  }

  /** Begins what was waiting for the model. */
  async goOn() {
    const { asked, awaited } = this.state;
    if (!asked || !awaited || !this.ready) return;
    this.#steps += 1;
    this.#set({ awaited: false });
    const answering = this.#write(asked, this.#steps);
    this.#answering = answering;
    await answering;
  }

  /** The same with the next seed. */
  async again() {
    const { setup } = this.#session.state;
    if (!this.ready || !this.state.asked) return;
    const step = this.#steps;
    await this.#session.reseed();
    if (step === this.#steps && this.#session.state.setup?.settings.seed !== setup?.settings.seed) await this.answer();
  }

  stop() {
    this.#set({ awaited: false });
    if (this.state.writing) this.#session.stop();
  }

  /** Shows a document, at a passage. @param {string} id @param {{start: number, end: number} | null} [passage] */
  async open(id, passage = null) {
    const step = this.#steps;
    const entry = this.#library.entries.find((each) => each.id === id);
    const document = entry && (await this.#library.get(id));
    if (entry && document && step === this.#steps) this.#set({ opened: { entry, document, passage } });
    return Boolean(document);
  }

  /** Back to what was found. */
  shut() {
    this.#set({ opened: null });
  }

  /** Shows an answer of before. @param {string} id */
  async show(id) {
    const step = await this.#left();
    const entry = await this.#records.get(id);
    const answer = entry && answerOf(entry);
    if (answer && step === this.#steps) this.#set({ answer, question: answer.question, asked: null, opened: null, figures: null, noRoom: false });
  }

  /** A document has gone. @param {string} id */
  gone(id) {
    const { opened, asked } = this.state;
    this.#set({
      opened: opened?.entry.id === id ? null : opened,
      asked: asked && { ...asked, hits: asked.hits.filter((hit) => hit.id !== id) },
    });
  }

  /** Nothing is heard of any more. */
  close() {
    this.#closed = true;
    this.stop();
  }

  /** Ends what is written and waits until it is kept; which step this is. */
  async #left() {
    const step = (this.#steps += 1);
    this.#set({ awaited: false });
    if (this.state.writing) this.#session.stop();
    await this.#answering.catch(() => {});
    return step;
  }

  /** @param {Asked} asked @param {number} step */
  async #write({ question, hits }, step) {
    const { setup } = this.#session.state;
    const { maxTokens } = /** @type {import('../../engine/session_state.js').Setup} */ (setup).settings;
    const tokens = answerTokens(maxTokens);
    const room = maxTokens - tokens;
    const sent = await fitted(question, hits, room, (messages) => this.#session.count(messages, room));
    if (step !== this.#steps || !this.ready) return;
    if (!sent) return void this.#set({ noRoom: true });
    const sources = sent.sources.map(({ id, headings, page, start, end, text }) => ({ id, name: this.#nameOf(id), headings, page, start, end, text }));
    const pieces = /** @type {string[]} */ ([]);
    /** @type {Answer} */
    const answer = { id: newId(), at: this.#now(), question, text: "", sources, model: setup?.model.name ?? "", ended: "lost" };
    this.#set({ answer, writing: true, figures: null });
    const outcome = await this.#session.generate(sent.messages, {
      room,
      counted: sent.tokens,
      tokens,
      onText: (piece) => {
        pieces.push(piece);
        if (!this.#closed) this.onText(piece);
      },
    });
    const figures = outcome?.kind === "written" ? outcome.figures : null;
    const ended = { ...answer, text: pieces.join(""), ended: figures?.ended ?? /** @type {const} */ ("lost") };
    this.#set({ answer: ended, writing: false, figures });
    if (ended.text.trim()) await this.#records.put(entryOf(ended));
  }

  /** @param {string} id */
  #nameOf(id) {
    return this.#library.entries.find((each) => each.id === id)?.name ?? "";
  }

  /** @param {Partial<State>} change */
  #set(change) {
    this.state = { ...this.state, ...change };
    if (!this.#closed) this.onChange();
  }
}
