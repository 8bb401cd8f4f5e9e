// @ts-check
/**
 * The chat without a document: what a person does in it, done with the session and the records. `state` is a value that is replaced at
 * every change, and `onChange` hears of it; the pieces of an answer go to `onText` alone, so that each costs the same at any length.
 *
 * What it promises:
 * - Nothing that was said is lost. What is on the screen and not saved yet is `unkept`, for a reload to bring back; an answer is saved
 *   once a second while it is written, and what breaks off (Stop, a crash, a reload) can go on.
 * - A full context is a choice, and nothing is changed before it is made.
 * - What another tab does to the same conversation is merged, never overwritten.
 *
 * @typedef {import('./tree.js').Conversation} Conversation
 * @typedef {import('./tree.js').Turn} Turn
 * @typedef {import('./state.js').Asked} Asked
 * @typedef {import('./state.js').ChatState} ChatState
 */

import { newId } from "../../records/record.js";
import { Conversations } from "./conversations.js";
import { fromFile } from "./files.js";
import { beginningThatFits, pathThatFits, promptRoom } from "./room.js";
import { STATES, Writing, holdsAnything, initial, nextQuestion, questionAfter, remembering, withAnswer } from "./state.js";
import { added, empty, firstRoundOf, merged, messagesOf, pathOf, pathTo, turn, turnOf, withChosen, without } from "./tree.js";

/** Milliseconds between two savings of an answer that is written. */
const SAVE_INTERVAL = 1000;
/** Typing pauses this long before the tokens are counted. */
const COUNT_DELAY = 250;
/** Of the room for prompts, for a summary. */
const SUMMARY_SHARE = 1 / 4;

export class Chat {
  /** @type {ChatState} */
  state = initial();
  #session;
  #conversations;
  #now;
  #counting = 0;
  #savedAt = 0;
  /** The last that is saved as it is. @type {Conversation | null} */
  #kept = null;
  /** Grows with what a person does: what is on its way to the screen gives way to what was wanted after it. */
  #steps = 0;
  /** @type {Promise<unknown>} the answer that is written, until it is kept */
  #answering = Promise.resolve();
  #ended = new AbortController();

  /**
   * @param {object} options
   * @param {import('../task.js').TaskContext['session']} options.session
   * @param {import('../../records/records.js').TaskRecords} options.records
   * @param {() => void} [options.onChange]
   * @param {(piece: string) => void} [options.onText]
   * @param {() => number} [options.now]
   */
  constructor({ session, records, onChange = () => {}, onText = () => {}, now = Date.now }) {
    this.#session = session;
    this.#conversations = new Conversations(records);
    this.onChange = onChange;
    this.onText = onText;
    this.#now = now;
    this.#conversations.listen(() => void this.#refresh(), this.#ended.signal);
  }

  get ready() {
    return this.#session.state.now.phase === "ready" && this.#session.state.setup !== null && !this.state.writing;
  }

  /** Why conversations are in this tab's memory only; null while they are kept. */
  get trouble() {
    return this.#conversations.trouble;
  }

  /** What is on the screen, but for an answer that is written. */
  get path() {
    const { conversation, writing } = this.state;
    return writing ? pathTo(conversation, writing.turn.parent) : pathOf(conversation);
  }

  /** The conversation, but for an answer that is written, until all of it is saved. */
  get unkept() {
    const { conversation } = this.state;
    return conversation !== this.#kept && holdsAnything(conversation) ? conversation : null;
  }

  /** @param {{open?: string, draft?: string, system?: string, unkept?: unknown}} [recalled] `unkept` is not trusted */
  async start({ open = "", draft = "", system = "", unkept = null } = {}) {
    await this.#conversations.restore(unkept);
    await this.#list();
    this.#set({ draft });
    if (open) await this.open(open);
    if (!this.state.conversation.turns.length && system) this.setSystem(system);
  }

  /** @param {string} id */
  async open(id) {
    const step = (this.#steps += 1);
    if (id === this.state.conversation.id) return;
    const found = await this.#conversations.read(id);
    if (found && step === this.#steps && (await this.#left())) this.#show((this.#kept = found));
  }

  async fresh() {
    if (!(await this.#left())) return;
    const { conversation } = this.state;
    if (conversation.turns.length) this.#show(empty(newId(), conversation.system));
  }

  /** @param {string} draft */
  setDraft(draft) {
    this.#set({ draft, count: null, full: null });
    this.countSoon();
  }

  /** @param {string} system */
  setSystem(system) {
    const { conversation } = this.state;
    if (system === conversation.system) return;
    this.#commit({ ...conversation, system, changed: this.#now() });
  }

  async send() {
    const { draft, conversation } = this.state;
    if (!this.ready || !draft.trim()) return;
    this.#steps += 1;
    const question = nextQuestion(conversation, draft, this.#now());
    await this.#ask({ conversation: added(conversation, question), question, unfinished: null });
  }

  /** Another question beside this one. @param {string} id @param {string} text */
  async edit(id, text) {
    const { conversation } = this.state;
    const old = turnOf(conversation, id);
    if (!this.ready || old?.role !== "user" || !text.trim()) return;
    this.#steps += 1;
    const question = turn({ ...questionAfter(turnOf(conversation, old.parent), text.trim(), this.#now()), memory: old.memory });
    await this.#ask({ conversation: added(conversation, question), question, unfinished: null });
  }

  /** Another answer to this question, with the next seed where there is one already. @param {string} id of the question */
  async answer(id) {
    const { conversation: before } = this.state;
    if (!this.ready || turnOf(before, id)?.role !== "user") return;
    this.#steps += 1;
    if (before.turns.some(({ parent }) => parent === id) && !(await this.#otherSeed())) return;
    const { conversation } = this.state;
    const question = turnOf(conversation, id);
    if (question) await this.#ask({ conversation, question, unfinished: null });
  }

  /**
   * Only while nothing follows it: what was said after a half answer was said to that half. One that went round in circles goes on from its first
   * round, with the next seed, in an answer beside it.
   * @param {string} id of an answer that breaks off
   */
  async goOn(id) {
    const { conversation: before } = this.state;
    const unfinished = turnOf(before, id);
    const question = unfinished && turnOf(before, unfinished.parent);
    const followed = before.turns.some(({ parent }) => parent === id);
    if (!this.ready || !question || unfinished.role !== "model" || unfinished.state === "whole" || followed) return;
    this.#steps += 1;
    const first = firstRoundOf(unfinished);
    if (first === unfinished.text) return this.#ask({ conversation: before, question, unfinished });
    if (!(await this.#otherSeed())) return;
    const { conversation } = this.state;
    if (!turnOf(conversation, id)) return;
    const next = turn({ ...unfinished, id: newId(), text: first, state: "stopped", at: this.#now(), revision: 0 });
    await this.#ask({ conversation: added(conversation, next), question, unfinished: next, before: first });
  }

  /** Whether what is written next is drawn otherwise. */
  async #otherSeed() {
    const seed = this.#session.state.setup?.settings.seed;
    await this.#session.reseed();
    return this.#session.state.setup?.settings.seed !== seed;
  }

  stop() {
    if (this.state.writing) this.#session.stop();
  }

  /** Puts a turn on the path. @param {string} id */
  choose(id) {
    if (!this.state.writing) this.#commit(withChosen(this.state.conversation, id));
  }

  /** Removes a turn with all that follow it. @param {string} id */
  removeTurn(id) {
    if (!this.state.writing) this.#commit(without(this.state.conversation, id, this.#now()));
  }

  /** @param {string} id of a conversation */
  async remove(id) {
    if (id === this.state.conversation.id) await this.fresh();
    await this.#conversations.delete(id);
    await this.#list();
  }

  /** The context is full: nothing is changed. */
  dismiss() {
    this.#set({ full: null });
  }

  /** The context is full: the model is told of the newest turns only. */
  async leaveOut() {
    const { full } = this.state;
    if (!full || !this.ready) return;
    const { asked, room } = full;
    const { conversation } = asked;
    const path = pathTo(conversation, (asked.unfinished ?? asked.question).id);
    const start = await beginningThatFits(conversation.system, path, room, (messages) => this.#session.count(messages, room));
    if (this.state.full !== full || !this.ready) return;
    if (!start) this.#set({ full: { ...full, alone: true } });
    else await this.#ask(remembering(asked, { from: start.id, summary: "" }, this.#now()));
  }

  /** The context is full: the model is told a summary of what was before, written by itself. @param {string} instruction for the summary */
  async summarize(instruction) {
    const { full } = this.state;
    if (!full || !this.ready) return undefined;
    const { asked, room } = full;
    const { conversation, question } = asked;
    const before = pathTo(conversation, question.parent);
    const asking = turn({ id: "summary", parent: question.parent, role: "user", text: instruction, at: this.#now() });
    const told = await pathThatFits([...before, asking], room, (messages) => this.#session.count(messages, room));
    if (this.state.full !== full || !this.ready) return undefined;
    if (!told) return this.#set({ full: { ...full, alone: true } });
    const writing = new Writing(turn({ id: "summary", parent: question.parent, role: "model", text: "", at: this.#now() }));
    this.#set({ writing, summarizing: true });
    const answering = this.#session.generate(messagesOf("", told), {
      room,
      tokens: Math.floor(room * SUMMARY_SHARE),
      onText: (piece) => this.#heard(writing, piece),
    });
    this.#answering = answering;
    const outcome = await answering;
    this.#set({ writing: null, summarizing: false });
    const summary = writing.text.trim();
    if (outcome?.kind !== "written" || outcome.figures.ended === "stopped" || !summary) return undefined; // the choice is still there
    return this.#ask(remembering(asked, { from: question.id, summary }, this.#now()));
  }

  /** The context is full: the same question in a new conversation. */
  async anew() {
    const { full } = this.state;
    if (!full || !this.ready) return;
    const { conversation, question } = full.asked;
    const next = empty(newId(), conversation.system);
    const first = questionAfter(null, question.text, this.#now());
    this.#show(next);
    await this.#ask({ conversation: added(next, first), question: first, unfinished: null });
  }

  /** The conversations of a file, as new ones; the first is opened. How many; ChatFileError for a file that is none. @param {string} text */
  async take(text) {
    const found = fromFile(text).map((each) => ({ ...each, id: newId() }));
    for (const each of found.toReversed()) if (each.turns.length) await this.#conversations.save(each);
    await this.#list();
    if (found.length) await this.open(found[0].id);
    return found.length;
  }

  /** All that are kept. @returns {Promise<Conversation[]>} */
  all() {
    return this.#conversations.readAll(this.state.list);
  }

  /** Counts what would be sent now, once typing pauses. */
  countSoon(delay = COUNT_DELAY) {
    clearTimeout(this.#counting);
    this.#counting = /** @type {number} */ (/** @type {unknown} */ (setTimeout(() => void this.#count(), delay)));
  }

  /** Other settings leave other room. */
  uncounted() {
    if (this.state.count) this.#set({ count: null });
  }

  /** Nothing is heard of any more; what was said is being kept. */
  close() {
    this.#ended.abort();
    clearTimeout(this.#counting);
    this.onChange = () => {};
    this.onText = () => {};
    return this.#conversations.saved;
  }

  /** @param {Partial<ChatState>} change */
  #set(change) {
    this.state = { ...this.state, ...change };
    this.onChange();
  }

  get #room() {
    return promptRoom(this.#session.state.setup?.settings.maxTokens ?? 0);
  }

  /** @param {Conversation} conversation */
  #show(conversation) {
    this.#set({ conversation, count: null, full: null });
    this.countSoon(0);
  }

  /** A change of the conversation that is open. @param {Conversation} conversation */
  #commit(conversation) {
    this.#show(conversation);
    if (holdsAnything(conversation)) void this.#save(conversation);
  }

  /** @param {Asked} asked */
  async #ask(asked) {
    if (!this.ready) return;
    const { conversation, question, unfinished } = asked;
    const before = this.state;
    const by = this.#session.state.setup?.model.name ?? "";
    const answer = unfinished ?? turn({ id: newId(), parent: question.id, role: "model", text: "", state: "stopped", at: this.#now(), by });
    const writing = new Writing(answer);
    const isDraft = before.draft.trim() !== "" && question.text.endsWith(before.draft.trim());
    const room = this.#room;
    const messages = messagesOf(conversation.system, pathTo(conversation, (unfinished ?? question).id));
    clearTimeout(this.#counting);
    this.#set({ conversation, writing, draft: isDraft ? "" : before.draft, full: null, count: null });
    this.#savedAt = this.#now();
    const answering = this.#answer(asked, writing, messages, room);
    this.#answering = answering;
    const outcome = await answering;
    if (outcome?.kind === "too-long") {
      const { tokens } = outcome;
      const alone = !pathTo(conversation, question.parent).length;
      const typed = this.state.draft; // meanwhile
      const draft = isDraft ? [before.draft, typed].filter((each) => each.trim()).join("\n\n") : typed;
      this.#set({ conversation: before.conversation, draft, writing: null, full: { asked, tokens, room, alone } });
      return;
    }
    this.countSoon(0);
  }

  /**
   * @param {Asked} asked
   * @param {Writing} writing
   * @param {import('../../engine/messages.js').Message[]} messages
   * @param {number} room
   */
  async #answer({ conversation, before }, writing, messages, room) {
    const outcome = await this.#session.generate(messages, { room, goesOn: true, before, onText: (piece) => this.#heard(writing, piece) });
    if (outcome?.kind === "too-long") return outcome;
    const written = outcome?.kind === "written" ? outcome : null;
    const state = written ? STATES[written.figures.ended] : "stopped";
    const said = writing.text !== "" || state === "whole" || state === "full";
    this.#set({ writing: null });
    const kept = said ? withAnswer(conversation, writing, { state, ended: true, at: this.#now() }) : conversation;
    const figures = written ? { ...this.state.figures, [writing.turn.id]: written.figures } : this.state.figures;
    this.#set({ conversation: kept, figures });
    await this.#save(kept);
    return outcome;
  }

  /** @param {Conversation} conversation */
  async #save(conversation) {
    await this.#conversations.save(conversation);
    this.#kept = conversation;
    this.onChange();
  }

  /** @param {Writing} writing @param {string} piece */
  #heard(writing, piece) {
    writing.add(piece);
    this.onText(piece);
    if (this.state.summarizing || this.#now() - this.#savedAt < SAVE_INTERVAL) return;
    this.#savedAt = this.#now();
    void this.#conversations.save(withAnswer(this.state.conversation, writing, { state: "stopped", ended: false, at: this.#now() }));
  }

  /** Ends what is written, also an answer that follows its summary, and waits until it is kept; whether nothing else is wanted meanwhile. */
  async #left() {
    const step = (this.#steps += 1);
    do {
      this.stop();
      await this.#answering.catch(() => {});
    } while (this.state.writing && step === this.#steps);
    return step === this.#steps;
  }

  async #list() {
    const list = await this.#conversations.list();
    if (!this.#ended.signal.aborted) this.#set({ list });
  }

  /** Something was written, by this tab or another. */
  async #refresh() {
    await this.#list();
    const { id } = this.state.conversation;
    const theirs = await this.#conversations.read(id);
    const { conversation: mine, writing } = this.state;
    if (!theirs || writing || mine.id !== id) return;
    const both = merged(mine, theirs);
    if (both.changed === mine.changed && both.turns.length === mine.turns.length) return;
    if (mine === this.#kept) this.#kept = both;
    this.#show(both);
  }

  async #count() {
    const { conversation, draft } = this.state;
    const path = pathOf(conversation);
    const next = draft.trim() ? nextQuestion(conversation, draft, this.#now()) : null;
    const asked = next ? [...pathTo(conversation, next.parent), next] : path;
    if (!this.ready || !asked.length || this.state.full) return;
    const room = this.#room;
    const tokens = await this.#session.count(messagesOf(conversation.system, asked), room);
    if (tokens !== null && this.state.conversation === conversation && this.state.draft === draft) this.#set({ count: { tokens, room } });
  }
}
