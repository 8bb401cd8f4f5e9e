// @ts-check
/**
 * The lab without a document: what a person does in it, done with the session and the records. `state` is a value that is replaced at
 * every change, and `onChange` hears of it; the pieces of an answer go to `onText` alone, so that each costs the same at any length.
 *
 * What it promises:
 * - One engine is there at a time. Two sides are written one after the other, the one first that is loaded: at most one model is loaded
 *   for a comparison, and what was loaded last stays.
 * - What the person set for the page is the page's: where the engine takes sampling without a reload, it has the page's again after each
 *   answer, and only there a template's own sampling is used. Where it would be a reload, a side's sampling stays.
 * - JSON that does not fit its schema is corrected once, in the same conversation; what it was before stays in sight.
 *
 * @typedef {import('./template.js').Template} Template
 * @typedef {import('./draft.js').Draft} Draft
 * @typedef {import('./sides.js').Side} Side
 * @typedef {import('../../engine/protocol.js').SamplingSettings} SamplingSettings
 *
 * @typedef {object} LabState
 * @property {Template[]} templates those of the page, then the person's own
 * @property {Template} template the one that is shown
 * @property {Draft} draft of it
 * @property {[Side, Side] | null} sides null where there is one answer, with what is loaded
 * @property {Run | null} run the one on the screen
 * @property {boolean} busy
 * @property {boolean} repairing whether JSON is being corrected
 * @property {{tokens: number, room: number} | null} tooLong what was filled in, and was not sent
 * @property {{problem: string, detail: string} | null} badSchema why nothing was run
 * @property {boolean} unloaded whether a side could not be loaded
 */

import { message, takesSampling } from "../../engine/index.js";
import { readSchema, repairOf } from "../parts/schema.js";
import { checkedDraft, draftOf, keepsExample, promptOf } from "./draft.js";
import { problemsIn, sentenceOf } from "./problems.js";
import { Answer, Run } from "./run.js";
import { checkedSide, orderOf, sidesFor } from "./sides.js";
import { fieldsOf } from "./template.js";

export class Lab {
  /** @type {LabState} */
  state;
  #session;
  #loadValidator;
  /** By the templates' ids. @type {Map<string, Draft>} */
  #drafts = new Map();
  #stopped = false;

  /**
   * @param {object} options
   * @param {import('../task.js').TaskContext['session']} options.session
   * @param {Template[]} options.templates at least one
   * @param {() => Promise<import('../parts/schema.js').Validator>} options.loadValidator
   * @param {() => void} [options.onChange]
   * @param {(answer: Answer, piece: string) => void} [options.onText]
   * @param {(run: Run) => unknown} [options.onWritten] hears of a run at each of its answers
   */
  constructor({ session, templates, loadValidator, onChange = () => {}, onText = () => {}, onWritten = () => {} }) {
    this.#session = session;
    this.#loadValidator = loadValidator;
    this.onChange = onChange;
    this.onText = onText;
    this.onWritten = onWritten;
    const [template] = templates;
    this.state = { templates, template, draft: draftOf(template), sides: null, run: null, busy: false, repairing: false, tooLong: null, badSchema: null, unloaded: false };
  }

  get ready() {
    return this.#session.state.now.phase === "ready" && this.#session.state.setup !== null && !this.state.busy;
  }

  /** Whether Stop was pressed, and what was on its way is not at its end. */
  get stopping() {
    return this.state.busy && this.#stopped;
  }

  /** Whether something that the person typed is there. */
  get holdsText() {
    const { template, draft } = this.state;
    return fieldsOf(template, draft.instruction).some(({ id, kind }) => !keepsExample(kind) && (draft.values[id] ?? "").trim() !== "");
  }

  /** What is still to be filled in: the names of fields that the instruction asks for. */
  get missing() {
    const { template, draft } = this.state;
    return fieldsOf(template, draft.instruction).filter(({ id, kind }) => (kind === "schema" || draft.instruction.includes(`{${id}}`)) && !(draft.values[id] ?? "").trim());
  }

  /** What is kept over a reload. */
  get remembered() {
    const { template, sides, run } = this.state;
    return { open: template.id, drafts: [...this.#drafts], sides, run: run?.id ?? "" };
  }

  /** @param {unknown} recalled not to be trusted */
  recall(recalled) {
    const { open, drafts, sides } = /** @type {Record<string, unknown>} */ (recalled ?? {});
    for (const pair of Array.isArray(drafts) ? drafts : []) {
      const [id, draft] = Array.isArray(pair) ? pair : [];
      const template = this.state.templates.find((each) => each.id === id);
      if (template) this.#drafts.set(template.id, checkedDraft(draft, template));
    }
    if (Array.isArray(sides) && sides.length === 2) {
      const [a, b] = sides.map(checkedSide);
      if (a && b) this.#set({ sides: [a, b] });
    }
    const known = this.state.templates.find(({ id }) => id === open) ?? this.state.template;
    this.choose(known.id);
  }

  /** @param {string} id of a template */
  choose(id) {
    const template = this.state.templates.find((each) => each.id === id);
    if (!template || this.state.busy) return;
    this.#set({ template, draft: this.#drafts.get(template.id) ?? draftOf(template), tooLong: null, badSchema: null });
  }

  /** Those of the person's own have changed. @param {Template[]} templates */
  setTemplates(templates) {
    const template = templates.find(({ id }) => id === this.state.template.id) ?? templates[0];
    const same = template.id === this.state.template.id;
    this.#set({ templates, template, ...(!same && { draft: this.#drafts.get(template.id) ?? draftOf(template) }) });
  }

  /** @param {Partial<Draft>} change */
  redraft(change) {
    const draft = { ...this.state.draft, ...change };
    this.#drafts.set(this.state.template.id, draft);
    this.#set({ draft, tooLong: null, badSchema: null });
  }

  /** @param {string} id @param {string} value */
  fill(id, value) {
    this.redraft({ values: { ...this.state.draft.values, [id]: value } });
  }

  useExample() {
    const { template, draft } = this.state;
    this.redraft({ values: { ...draft.values, ...template.example.values } });
  }

  /** The template as it is on the screen, for another to be saved. @returns {Omit<Template, 'id' | 'name'>} */
  get edited() {
    const { template, draft } = this.state;
    const { fields: _, instruction: __, ...rest } = template;
    return { ...rest, fields: fieldsOf(template, draft.instruction), instruction: draft.instruction, example: { values: draft.values } };
  }

  /** @param {boolean} wanted */
  compare(wanted) {
    const { setup, models } = this.#session.state;
    if (!wanted || !setup) return this.#set({ sides: null });
    return this.#set({ sides: sidesFor(setup, models) });
  }

  /** @param {0 | 1} index @param {Partial<Side>} change */
  setSide(index, change) {
    if (!this.state.sides) return;
    const [a, b] = this.state.sides;
    this.#set({ sides: index === 0 ? [{ ...a, ...change }, b] : [a, { ...b, ...change }] });
  }

  /** Shows a run of before. @param {Run} run */
  show(run) {
    if (!this.state.busy) this.#set({ run, tooLong: null });
  }

  /** The same with the next seed. */
  async again() {
    if (!this.ready) return;
    const seed = this.#session.state.setup?.settings.seed;
    await this.#session.reseed();
    if (this.#session.state.setup?.settings.seed !== seed) await this.run(); // else it could not be had
  }

  stop() {
    this.#stopped = true;
    this.#session.stop();
    this.#set({});
  }

  async run() {
    const { template, draft, sides } = this.state;
    if (!this.ready || this.missing.length) return;
    const schema = template.answer.as === "json" ? readSchema(draft.values[template.answer.schema] ?? "") : null;
    if (schema && "problem" in schema) return this.#set({ badSchema: schema });
    this.#stopped = false;
    const run = new Run({ template: { id: template.id, name: template.name }, reading: template.answer, instruction: draft.instruction, values: draft.values });
    this.#set({ busy: true, tooLong: null, badSchema: null, unloaded: false });
    try {
      const order = sides ? orderOf(sides, this.#session.state.setup) : [0];
      for (const index of order) {
        if (this.#stopped) break;
        const page = this.#pageSettings(sides?.[index]?.modelId);
        if (!(await this.#bring(sides?.[index] ?? null))) {
          this.#set({ unloaded: !this.#stopped });
          break;
        }
        if (this.#stopped) break;
        const written = await this.#write(run, index, schema);
        if (page && this.#takesSampling) await this.#switch("settings", { settings: page });
        if (!written) break;
      }
    } finally {
      this.#set({ busy: false, repairing: false });
    }
  }

  /**
   * Has the engine be what a side is written with; whether it is.
   * @param {Side | null} side null for what is loaded, with the template's sampling where that costs nothing
   */
  async #bring(side) {
    const { setup, models } = this.#session.state;
    if (!setup) return false;
    if (!side) {
      const { sampling } = this.state.template;
      if (!sampling || this.state.draft.pageSampling || !this.#takesSampling) return true;
      const topK = Math.min(sampling.topK, setup.settings.topK); // a larger one would be a reload
      return this.#switch("settings", { settings: { ...setup.settings, temperature: sampling.temperature, topK } });
    }
    const model = models.find(({ id }) => id === side.modelId);
    if (!model) return false;
    const settings = { ...(this.#pageSettings(model.id) ?? model.sampling), temperature: side.temperature, seed: side.seed };
    const reason = model !== setup.model ? "model" : (setup.lora?.id ?? "") !== side.loraId ? "lora" : "settings";
    const done = await this.#switch(reason, { modelId: side.modelId, loraId: side.loraId, settings });
    return done && this.#session.state.setup?.model.id === side.modelId;
  }

  get #takesSampling() {
    const { setup } = this.#session.state;
    return Boolean(setup?.choice && takesSampling(setup.choice));
  }

  /** What the page runs a model with, the loaded one unless another is named. @param {string} [id] */
  #pageSettings(id) {
    const { setup, settings: remembered, models } = this.#session.state;
    if (!id || id === setup?.model.id) return setup?.settings;
    return remembered[id] ?? models.find((model) => model.id === id)?.sampling;
  }

  /**
   * Nothing is loaded for what is there already.
   * @param {'model' | 'lora' | 'settings'} reason
   * @param {{modelId?: string, loraId?: string, settings: SamplingSettings}} wish
   * @returns {Promise<boolean>} whether the engine is ready, with these settings
   */
  async #switch(reason, wish) {
    const { now, setup } = this.#session.state;
    if (now.phase !== "ready" || !setup) return false;
    if (reason === "settings" && sameSampling(setup.settings, wish.settings)) return true;
    await this.#session.switch(reason, wish);
    const after = this.#session.state;
    return after.now.phase === "ready" && after.setup?.settings.temperature === wish.settings.temperature;
  }

  /**
   * One answer; whether the next one may be written.
   * @param {Run} run
   * @param {number} index of the side
   * @param {import('../parts/schema.js').ReadSchema | null} schema
   */
  async #write(run, index, schema) {
    const { setup } = this.#session.state;
    if (!setup) return false;
    const { temperature, topK, seed } = setup.settings;
    const answer = new Answer({ model: setup.model.name, lora: setup.lora?.name ?? "", temperature, topK, seed });
    const prompt = promptOf(this.state.template, this.state.draft);
    const begin = () => {
      if (run.answers.includes(answer)) return;
      if (index === 0) run.answers.unshift(answer);
      else run.answers.push(answer); // the order of the sides, whichever is written first
      this.#set({ run });
    };
    const outcome = await this.#generate(answer, [message(prompt)], begin);
    if (outcome?.kind === "too-long") this.#set({ tooLong: outcome });
    if (!run.answers.includes(answer)) return false; // not a word of it
    if (schema && "schema" in schema && answer.ended !== "stopped" && answer.ended !== "lost") await this.#fit(answer, prompt, schema.schema);
    this.#set({});
    await this.onWritten(run);
    return answer.ended !== "stopped" && answer.ended !== "lost";
  }

  /** @param {Answer} answer @param {import('../../engine/messages.js').Message[]} messages @param {() => void} begin at the first word */
  async #generate(answer, messages, begin) {
    const { setup } = this.#session.state;
    const { tokens } = this.state.template;
    const room = Math.max(0, (setup?.settings.maxTokens ?? 0) - tokens);
    const onText = (/** @type {string} */ piece) => {
      answer.add(piece);
      begin();
      this.onText(answer, piece);
    };
    const outcome = await this.#session.generate(messages, { room, tokens, onText });
    answer.end(outcome?.kind === "written" ? outcome.figures : null);
    return outcome;
  }

  /**
   * Looks whether an answer fits, and has it corrected once where it does not.
   * @param {Answer} answer
   * @param {string} prompt
   * @param {import('../parts/schema.js').Schema} schema
   */
  async #fit(answer, prompt, schema) {
    const Validator = await this.#loadValidator().catch(() => null);
    if (!Validator) return void (answer.problems = [{ code: "unchecked", detail: "" }]);
    const problems = problemsIn(Validator, schema, answer.text);
    if (!problems.length || this.#stopped) return void (answer.problems = problems);
    const said = answer.text;
    const { figures, ended } = answer;
    answer.again(problems);
    this.#set({ repairing: true });
    const outcome = await this.#generate(answer, [message(prompt), message(said, "model"), message(repairOf(problems.map(sentenceOf)))], () => {});
    if (outcome?.kind === "written" && answer.text.trim() && answer.ended !== "stopped") answer.problems = problemsIn(Validator, schema, answer.text);
    else {
      answer.back(); // too long to ask for, stopped, or the engine was lost: what there is stays
      answer.figures = figures;
      answer.ended = ended;
    }
    this.#set({ repairing: false });
  }

  /** @param {Partial<LabState>} change */
  #set(change) {
    this.state = { ...this.state, ...change };
    this.onChange();
  }
}

/** @param {SamplingSettings} a @param {SamplingSettings} b */
function sameSampling(a, b) {
  return a.temperature === b.temperature && a.topK === b.topK && a.seed === b.seed && a.maxTokens === b.maxTokens;
}
