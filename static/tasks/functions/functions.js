// @ts-check
/**
 * The functions without a document: a question, the calls that the model makes for it, the person's word on each, and the answer. `state` is
 * a value that is replaced at every change, and `onChange` hears of it; the pieces of an answer go to `onText` alone.
 *
 * What it promises:
 * - Nothing runs before the person has allowed it: once, or always for one function in one conversation, which can be taken back.
 * - A call of what is not there, or with arguments that do not fit, is never shown for approval. The model is told why, once in an answer.
 * - An answer takes at most MAX_ROUNDS of calls, and ends with Stop wherever it is, also while the person is asked.
 * - What a tool gives is data: to the model it is text, whatever it says.
 *
 * @typedef {import('./conversation.js').Call} Call
 * @typedef {import('./conversation.js').Conversation} Conversation
 * @typedef {import('./conversation.js').Exchange} Exchange
 * @typedef {import('./tools/index.js').Tool} Tool
 *
 * @typedef {object} State
 * @property {string} draft
 * @property {Conversation} conversation
 * @property {Tool[]} tools the page's, then the person's own
 * @property {string[]} off names of those that the model is not told of
 * @property {'' | 'writing' | 'waiting'} busy `waiting`: for the person
 * @property {number} forgotten exchanges that no longer fit and were left out of what the model is told
 *
 * @typedef {{kind: 'allow'} | {kind: 'refuse'} | {kind: 'stop'} | {kind: 'result', result: unknown}} Decision
 */

import { checkedCall, writtenCall } from "./checking.js";
import { callIn, conversationOf, empty, entryOf, exchange, withCall } from "./conversation.js";
import { formatOf } from "./formats/index.js";
import { ToolFault } from "./fault.js";
import { LOST, writtenRound } from "./round.js";
import { REFUSED, bounded, failure, unreadable } from "./told.js";
import { runTool } from "./tools/index.js";

/** Rounds of calls before an answer, and calls in one. */
export const MAX_ROUNDS = 4;
export const MAX_CALLS = 6;
/** Characters of an answer that are searched for calls. */
const MAX_TEXT = 20_000;

export class Functions {
  /** @type {State} */
  state;
  #session;
  #records;
  #services;
  #loadValidator;
  #now;
  #stopped = false;
  #closed = false;
  /** Grows with what a person does: what is on its way to the screen gives way to what was wanted after it. */
  #steps = 0;
  /** @type {Promise<unknown>} the exchange that is going on, until it is kept */
  #answering = Promise.resolve();
  /** What tools have left for the end of an answer. @type {(() => void)[]} */
  #later = [];
  /** What waits for a change of the session. @type {(() => void)[]} */
  #unseen = [];
  /** Those that are asked for, by the ids of their calls. @type {Map<string, (decision: Decision) => void>} */
  #asked = new Map();

  /**
   * @param {object} options
   * @param {import('../task.js').TaskContext['session']} options.session
   * @param {import('../../records/records.js').TaskRecords} options.records
   * @param {Omit<import('./tools/index.js').Services, 'later'>} options.services
   * @param {Tool[]} options.tools
   * @param {() => Promise<import('../parts/schema.js').Validator>} options.loadValidator
   * @param {() => void} [options.onChange]
   * @param {(piece: string) => void} [options.onText]
   * @param {(dropped: number) => void} [options.onDropped] hears how many of the oldest records went
   * @param {() => number} [options.now]
   */
  constructor({ session, records, services, tools, loadValidator, onChange = () => {}, onText = () => {}, onDropped = () => {}, now = Date.now }) {
    this.#session = session;
    this.#records = records;
    this.#services = { ...services, later: (/** @type {() => void} */ act) => void this.#later.push(act) };
    this.#loadValidator = loadValidator;
    this.onChange = onChange;
    this.onText = onText;
    this.onDropped = onDropped;
    this.#now = now;
    this.state = { draft: "", conversation: empty({ at: now() }), tools, off: [], busy: "", forgotten: 0 };
  }

  /** How the model calls functions; null where it cannot. */
  get format() {
    const { setup } = this.#session.state;
    return setup && formatOf(setup.model);
  }

  get ready() {
    return this.format !== null && this.#session.state.now.phase === "ready" && !this.state.busy;
  }

  /** Whether Stop was pressed, and what was on its way is not at its end. */
  get stopping() {
    return this.state.busy !== "" && this.#stopped;
  }

  /** What the model is told of. */
  get offered() {
    return this.state.tools.filter(({ name }) => !this.state.off.includes(name));
  }

  /** @param {string} draft */
  type(draft) {
    this.#set({ draft });
  }

  /** @param {Tool[]} tools */
  setTools(tools) {
    this.#set({ tools });
  }

  /** @param {string} name @param {boolean} on */
  offer(name, on) {
    const others = this.state.off.filter((each) => each !== name);
    this.#set({ off: on ? others : [...others, name] });
  }

  async ask() {
    const question = this.state.draft.trim();
    if (!question || !this.ready) return;
    const { conversation } = this.state;
    this.#steps += 1;
    const asked = exchange(question, this.#session.state.setup?.model.name ?? "");
    this.#set({ draft: "", conversation: { ...conversation, at: this.#now(), exchanges: [...conversation.exchanges, asked] } });
    await this.#begin(asked);
  }

  /** The last question anew, with the next seed. */
  async again() {
    const last = this.state.conversation.exchanges.at(-1);
    if (!last || !this.ready) return;
    const seed = this.#session.state.setup?.settings.seed;
    const step = (this.#steps += 1);
    await this.#session.reseed();
    if (step !== this.#steps || !this.ready || this.#session.state.setup?.settings.seed === seed) return; // it could not be had
    const asked = exchange(last.question, this.#session.state.setup?.model.name ?? "");
    this.#replace(last, asked);
    await this.#begin(asked);
  }

  stop() {
    if (!this.state.busy) return;
    this.#stopped = true;
    for (const decide of this.#asked.values()) decide({ kind: "stop" });
    this.#session.stop();
    this.seen();
    this.#set({});
  }

  /** The session has changed. */
  seen() {
    for (const go of this.#unseen.splice(0)) go();
  }

  /**
   * The person allows a call, perhaps with other arguments.
   * @param {string} id
   * @param {{always?: boolean, text?: string | null}} [how] `text`: the arguments as JSON, null for those of the model
   * @returns {Promise<string | ToolFault>} why it was not run, "" where it was
   */
  async allow(id, { always = false, text = null } = {}) {
    const decide = this.#asked.get(id);
    const call = this.#callOf(id);
    if (!decide || !call) return "";
    if (text !== null) {
      const problem = await this.#edit(call, text);
      if (problem) return problem;
    }
    const { conversation } = this.state;
    if (always) this.#set({ conversation: { ...conversation, allowed: [...new Set([...conversation.allowed, call.name])] } });
    decide({ kind: "allow" });
    if (always) for (const other of this.#waitingOf(call.name)) this.#asked.get(other.id)?.({ kind: "allow" });
    return "";
  }

  /** @param {string} id */
  refuse(id) {
    this.#asked.get(id)?.({ kind: "refuse" });
  }

  /** The result that the person gives for a function of their own. @param {string} id @param {unknown} result */
  give(id, result) {
    this.#asked.get(id)?.({ kind: "result", result });
  }

  /** From now on it is asked for again. @param {string} name */
  disallow(name) {
    const { conversation } = this.state;
    this.#set({ conversation: { ...conversation, allowed: conversation.allowed.filter((each) => each !== name) } });
  }

  async fresh() {
    await this.#left();
    if (this.state.conversation.exchanges.length) this.#set({ conversation: empty({ at: this.#now() }), forgotten: 0 });
  }

  /** Shows a conversation of before. @param {string} id @returns {Promise<boolean>} */
  async open(id) {
    const step = await this.#left();
    const entry = await this.#records.get(id);
    const found = entry && conversationOf(entry);
    if (found && step === this.#steps) this.#set({ conversation: found, forgotten: 0 });
    return found !== null;
  }

  /** A conversation was deleted, or all of them. @param {string | null} id */
  async gone(id) {
    if (id === null || id === this.state.conversation.id) await this.fresh();
  }

  /** Nothing is heard of any more. */
  close() {
    this.#closed = true;
    this.#steps += 1; // what waits for the next seed begins nothing
    this.stop();
  }

  /** @param {Exchange} asked */
  async #begin(asked) {
    this.#stopped = false;
    this.#set({ busy: "writing" });
    const answering = this.#answer(asked).finally(() => this.#set({ busy: "" }));
    this.#answering = answering;
    await answering;
    for (const act of this.#later.splice(0)) act();
  }

  /** @param {Exchange} asked */
  async #answer(asked) {
    await this.#keep();
    const Validator = await this.#loadValidator().catch(() => null);
    const { format, offered } = this;
    const model = this.#session.state.setup?.model;
    let now = asked;
    const set = (/** @type {Partial<Exchange>} */ change) => (now = this.#replace(now, { ...now, ...change }));
    if (!Validator || !format) set({ ended: "unchecked" });
    let wrong = 0;
    for (let round = 0; now.ended === null && Validator && format; round += 1) {
      await this.#free();
      const said = this.#session.state.setup?.model === model ? await this.#write(now, format, offered) : LOST;
      if (said.ended === "no-room" || said.ended === "lost") {
        set({ answer: said.text, ended: said.ended, figures: said.figures });
        break;
      }
      if (this.#stopped && !said.figures) {
        set({ answer: "", ended: "stopped" });
        break;
      }
      const { text, calls, broken } = format.parse(said.text.slice(0, MAX_TEXT), offered.map(({ name }) => name));
      set({ figures: said.figures });
      if (this.#stopped || (!calls.length && !broken)) {
        set({ answer: calls.length ? text : broken ? said.text.trim() : text, ended: this.#stopped ? "stopped" : said.ended });
        break;
      }
      if (round === MAX_ROUNDS) {
        set({ answer: text, ended: "rounds" });
        break;
      }
      const made = calls.slice(0, MAX_CALLS).map((call) => writtenCall(offered, call, Validator));
      if (!calls.length) made.push(unreadable(said.text));
      set({ steps: [...now.steps, { text, calls: made }] });
      if (made.some(({ state }) => state === "wrong") && (wrong += 1) > 1) {
        for (const { id, state } of made) if (state === "waiting") this.#change(id, { state: "refused", ...failure(REFUSED) });
        now = this.#latest(now);
        set({ ended: "wrong" });
        break;
      }
      await Promise.all(made.filter(({ state }) => state === "waiting").map((call) => this.#settle(call, offered)));
      now = this.#latest(now);
      if (this.#stopped) set({ ended: "stopped" });
    }
    await this.#keep();
  }

  /** Until nothing is loaded, and no other task's answer is written: the person may have been elsewhere before allowing a call. */
  async #free() {
    while (!this.#stopped && this.#session.state.now.phase === "loading") await new Promise((/** @type {(value?: unknown) => void} */ go) => this.#unseen.push(go));
  }

  /**
   * One round of what the model writes.
   * @param {Exchange} asked
   * @param {import('./formats/index.js').Format} format
   * @param {Tool[]} offered
   */
  #write(asked, format, offered) {
    const { exchanges } = this.state.conversation;
    return writtenRound(this.#session, {
      format,
      offered,
      exchanges: exchanges.slice(0, exchanges.indexOf(asked) + 1),
      forgotten: this.state.forgotten,
      onBegin: (forgotten) => this.#set({ busy: "writing", forgotten }),
      onText: (piece) => {
        if (!this.#closed) this.onText(piece);
      },
      isStopped: () => this.#stopped,
    });
  }

  /** Asks for a call, unless it is always allowed, and runs it. @param {Call} call @param {Tool[]} offered */
  async #settle({ id, name }, offered) {
    const tool = offered.find((each) => each.name === name);
    const automatic = tool !== undefined && !tool.own && this.state.conversation.allowed.includes(name);
    /** @type {Decision} */
    const decision = this.#stopped ? { kind: "stop" } : automatic ? { kind: "allow" } : await this.#asking(id);
    if (!tool || decision.kind === "refuse" || decision.kind === "stop") return this.#change(id, { state: "refused", ...failure(REFUSED) });
    if (decision.kind === "result") return this.#change(id, { state: "done", result: bounded(decision.result) });
    this.#change(id, { state: "running", automatic });
    const came = await runTool(tool, this.#callOf(id)?.arguments ?? {}, this.#services);
    return this.#change(id, "fault" in came ? { state: "failed", ...failure(came.fault) } : { state: "done", result: bounded(came.result) });
  }

  /** @param {string} id @returns {Promise<Decision>} */
  #asking(id) {
    this.#set({ busy: "waiting" });
    return new Promise((/** @type {(decision: Decision) => void} */ resolve) => {
      this.#asked.set(id, (decision) => {
        this.#asked.delete(id);
        if (!this.#asked.size) this.#set({ busy: "writing" });
        resolve(decision);
      });
    });
  }

  /** Gives a call other arguments; why not, "" where they fit. @param {Call} call @param {string} text */
  async #edit(call, text) {
    let given;
    try {
      given = JSON.parse(text);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    if (typeof given !== "object" || given === null || Array.isArray(given)) return new ToolFault("no-object");
    const checked = checkedCall(this.state.tools, { name: call.name, arguments: given }, await this.#loadValidator());
    if ("fault" in checked) return checked.fault;
    this.#change(call.id, { arguments: checked.values, edited: true });
    return "";
  }

  /** @param {string} id */
  #callOf(id) {
    return callIn(this.state.conversation, id);
  }

  /** Those of one function that wait for the person. @param {string} name */
  #waitingOf(name) {
    return [...this.#asked.keys()].flatMap((id) => this.#callOf(id) ?? []).filter((call) => call.name === name && !this.state.tools.find((tool) => tool.name === name)?.own);
  }

  /** @param {string} id @param {Partial<Call>} change */
  #change(id, change) {
    this.#set({ conversation: withCall(this.state.conversation, id, change) });
  }

  /** The exchange as its calls have changed it: the last one. @param {Exchange} now */
  #latest(now) {
    return this.state.conversation.exchanges.at(-1) ?? now;
  }

  /** @param {Exchange} before @param {Exchange} after */
  #replace(before, after) {
    const { conversation } = this.state;
    this.#set({ conversation: { ...conversation, exchanges: conversation.exchanges.map((each) => (each === before ? after : each)) } });
    return after;
  }

  async #keep() {
    const { conversation } = this.state;
    if (!conversation.exchanges.length) return;
    const { dropped } = await this.#records.put(entryOf(conversation));
    if (dropped) this.onDropped(dropped);
  }

  /** Ends what is going on and waits until it is kept; which step this is. */
  async #left() {
    const step = (this.#steps += 1);
    this.stop();
    await this.#answering.catch(() => {});
    return step;
  }

  /** @param {Partial<State>} change */
  #set(change) {
    this.state = { ...this.state, ...change };
    if (!this.#closed) this.onChange();
  }
}
