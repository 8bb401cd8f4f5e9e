// @ts-check
/**
 * What a person does with the models on this device: bring one, pause, go on, check, delete, take a file, convert a folder, ask for lasting
 * storage. No document.
 *
 * @typedef {import('./rows.js').Row} Row
 * @typedef {import('./rows.js').Device} Device
 * @typedef {import('./rows.js').Listed} Listed
 * @typedef {import('../../engine/model_list.js').Model} Model
 * @typedef {import('../../engine/protocol.js').LoadProgress} LoadProgress
 *
 * @typedef {'kept' | 'paused' | 'checked' | 'damaged' | 'failed' | 'no-room' | 'elsewhere' | 'deleted' | 'in-use' | 'imported' | 'known' | 'refused' | 'nothing' | 'shared'
 *   | 'not-shared' | 'lasting' | 'not-lasting' | 'converted' | 'cancelled' | 'unconverted' | 'made-room' | 'several'} Outcome
 * @typedef {{outcome: Outcome, name: string, bytes?: number, most?: number | null, refusal?: import('../../engine/model_file.js').Refusal, reason?: import('../../convert/refusal.js').RefusalCode,
 *   detail?: string, names?: string[]}} Said what came of it; `bytes` that it has, of `most` that this browser could have of it, null where it
 *   gives no storage; `names` of the models that went for it, or of checkpoints of which one is to be chosen
 *
 * @typedef {object} Here the browser's side, for tests to put something in place of
 * @property {() => Promise<import('../../engine/storage.js').StoredEntry[]>} stored
 * @property {(sha256: string) => Promise<boolean>} remove
 * @property {(sha256: string) => Promise<boolean>} share
 * @property {(sha256: string, size: number) => Promise<boolean>} isShared whether another origin shares it
 * @property {(file: import('../../engine/model_list.js').ModelFile, have: number) => Promise<import('../../engine/lender.js').Lent | null>} lent what
 *   another stored model has of one
 * @property {() => Promise<{usage: number, quota: number, lasting: boolean}>} storage
 * @property {() => Promise<boolean>} persist
 * @property {() => Promise<Listed[]>} catalog
 * @property {Pick<typeof import('../../engine/device_memory.js'), 'importedModels' | 'rememberImported' | 'forgetImported' | 'speeds'>} memory
 * @property {number | null} deviceMemory bytes
 */

import { checkpointsIn, ggufIn, hasAdapter } from "../../convert/folder.js";
import { HEAD, OnpageError, evictedFor, goneSince, kindOf, turnsBeyond } from "../../engine/index.js";
import { convertedModel } from "./converted_model.js";
import { mostOf, rowsOf } from "./rows.js";

const [SAMPLING, CONTEXT] = [{ temperature: 0.8, topK: 40, seed: 1 }, 2048];
/** Of the weights as they are in a folder, in 16 bits. @type {Record<import('../../convert/convert.js').Bits, number>} */
const SHARES = { 8: 0.53, q4_0: 0.34 };
/** Of a GGUF file, at most: as of one in Q4_0. @type {typeof SHARES} */
const SHARES_OF_GGUF = { 8: 1.8, q4_0: 1.15 };
/** What is looked at in a folder. */
const MODEL_FILE = /\.(task|litertlm|bin|gguf)$/i;

export class ModelShelf {
  #session;
  #keeper;
  #converter;
  #here;
  /** @type {Listed[]} */
  #catalog = [];
  /** @type {import('../../engine/storage.js').StoredEntry[]} */
  #stored = [];
  /** Models that another origin shares, as far as that was asked. @type {Set<string>} */
  #shared = new Set();
  /** What stored models have of those that are not here, by sha256, as far as that was asked. @type {Map<string, import('../../engine/lender.js').Lent>} */
  #lent = new Map();
  /** For which files and stored models that was. */
  #lentFor = "";
  storage = { usage: 0, quota: 0, lasting: false };
  /** What is being brought or checked. @type {{key: string, doing: 'keep' | 'check' | 'import' | 'convert', progress: LoadProgress | null} | null} */
  active = null;
  /** Files that wait for the person's word, because other models would go for them. @type {{files: File[], names: string[]} | null} */
  waiting = null;
  /** A checkpoint that the person may convert. @type {import('../../convert/folder.js').Checkpoint | null} */
  checkpoint = null;
  /** @type {Said[]} */
  said = [];
  /** Models that compare texts. @type {Model[]} */
  embedders = [];
  /** Whether the lists are there. */
  known = false;
  /** What was kept before something was brought, with its name. @type {Promise<{sha256: string, size: number, kept: number, name: string}[]>} */
  #before = Promise.resolve([]);
  /** Whether the person wants no more of the files that are being taken. */
  #paused = false;

  /**
   * @param {import('../task.js').TaskContext['session']} session
   * @param {Pick<import('../../engine/model_keeper.js').ModelKeeper, 'keep' | 'take' | 'pause'>} keeper
   * @param {Pick<import('../../convert/converter.js').Converter, 'convert' | 'cancel'>} converter
   * @param {Here} here
   * @param {() => void} onChange
   */
  constructor(session, keeper, converter, here, onChange) {
    this.#session = session;
    this.#keeper = keeper;
    this.#converter = converter;
    this.#here = here;
    /** Of the view, which may be another one in another language. */
    this.onChange = onChange;
  }

  /** @returns {Row[]} */
  get rows() {
    const { models, gpu } = this.#session.state;
    const { memory, deviceMemory } = this.#here;
    const device = { gpu, memory: deviceMemory, room: Math.max(0, this.storage.quota - this.storage.usage) };
    return rowsOf({ models, imported: memory.importedModels(), stored: this.#stored, catalog: this.#catalog, speeds: memory.speeds(), device, embedders: this.embedders, shared: this.#shared, lent: this.#lent });
  }

  /** Looks at what is here and what is published. */
  async look() {
    const { stored, storage, catalog } = this.#here;
    if (!this.#catalog.length) this.#catalog = await catalog().catch(() => []); // a host that has none
    [this.#stored, this.storage] = await Promise.all([stored(), storage()]);
    for (const { file, unfit } of this.rows) if (file && unfit.includes("no-room") && (await this.#here.isShared(file.sha256, file.size))) this.#shared.add(file.sha256);
    this.known = true;
    this.onChange();
    void this.#askLenders();
  }

  /** Which of what is not here a stored model has a part of. Not waited for: it takes requests. */
  async #askLenders() {
    const missing = this.rows.filter(({ file, from, isWhole, isShared }) => file && from === "served" && !isWhole && !isShared);
    const asked = JSON.stringify([missing.map(({ sha256, have }) => [sha256, have]), this.#stored.map(({ sha256, size }) => [sha256, size])]);
    if (asked === this.#lentFor || !this.#stored.length || this.active) return;
    this.#lentFor = asked;
    const lent = new Map();
    for (const { file, sha256, have } of missing) {
      const found = file && (await this.#here.lent(file, have).catch(() => null));
      if (found) lent.set(sha256, found);
    }
    if (asked !== this.#lentFor) return; // it was asked anew meanwhile
    this.#lent = lent;
    this.onChange();
  }

  /** Brings a model, goes on with a part, or checks one that is whole. @param {Row} row */
  async keep(row) {
    const { file, isWhole, isShared, name } = row;
    if (!file || this.active) return;
    const kept = await this.#run(row.key, isWhole || isShared ? "check" : "keep", name, (onProgress) => this.#keeper.keep(file, onProgress));
    if (kept) this.#shared[kept.isShared ? "add" : "delete"](file.sha256);
    if (kept && !kept.kept) this.#say({ outcome: "no-room", name, ...(await this.#amounts(file.size)) });
    else if (kept !== undefined) this.#say({ outcome: kept === null ? "paused" : kept.isShared ? "elsewhere" : isWhole ? "checked" : "kept", name });
    await this.#after();
  }

  /** Ends what is going on, and with it what was to follow. */
  pause() {
    this.#paused = true;
    this.#keeper.pause();
    this.#converter.cancel();
  }

  /** What a person brought and runs stays: nobody else has it. @param {Row} row */
  async remove({ sha256, name, have, from }) {
    if (this.active?.key === sha256) return;
    const brought = from === "imported";
    const runs = this.#session.state.setup?.choice?.file.sha256 === sha256;
    const done = !(brought && runs) && (await this.#here.remove(sha256));
    if (done && brought) {
      this.#here.memory.forgetImported(sha256);
      this.#session.withdraw(sha256);
    }
    this.#say({ outcome: done ? "deleted" : "in-use", name, bytes: have });
    await this.#after();
  }

  /**
   * Takes the model files among these, one after the other; or offers to convert them, where they are a checkpoint.
   * @param {File[]} files one, or all of a folder
   * @param {(file: File) => string} [pathOf] with the folder in front
   */
  async take(files, pathOf = ({ name, webkitRelativePath }) => webkitRelativePath || name) {
    if (this.active) return;
    this.said = [];
    this.waiting = null;
    this.#paused = false;
    const checkpoints = checkpointsIn(files.map((file) => ({ name: file.name, path: pathOf(file), file })));
    this.checkpoint = checkpoints.length === 1 ? checkpoints[0] : null;
    if (checkpoints.length > 1) return this.#add({ outcome: "several", name: "", names: checkpoints.map(({ name }) => name) });
    if (this.checkpoint) return this.onChange();
    const some = files.length > 1 ? files.filter(({ name }) => MODEL_FILE.test(name)) : files;
    const kind = hasAdapter(files) ? "adapter" : files.some(({ name }) => name.endsWith(".safetensors")) ? "safetensors" : "";
    if (!some.length && files.length) this.#add({ outcome: "nothing", name: kind });
    const names = this.#evictedBy(some.reduce((sum, { size }) => sum + size, 0));
    if (names.length) this.waiting = { files: some, names };
    if (this.waiting) return this.onChange();
    await this.#takeAll(some);
  }

  /** Which adapter goes into the checkpoint. @param {import('../../convert/folder.js').Folder | undefined} adapter */
  merge(adapter) {
    if (this.checkpoint) this.checkpoint = { ...this.checkpoint, adapter };
    this.onChange();
  }

  /** The person agrees that other models go for the files. */
  async agree() {
    const { waiting } = this;
    if (!waiting || this.active) return;
    this.waiting = null;
    this.#paused = false;
    await this.#takeAll(waiting.files);
  }

  /** Names of the models that go for what is made of the checkpoint. @param {import('../../convert/convert.js').Bits} bits */
  evictedByConverting(bits) {
    const { checkpoint } = this;
    if (!checkpoint) return [];
    const [ending, shares] = ggufIn(checkpoint) ? [/\.gguf$/i, SHARES_OF_GGUF] : [/\.safetensors$/, SHARES];
    const weights = [...checkpoint.files].filter(([name]) => ending.test(name));
    return this.#evictedBy(weights.reduce((sum, [, { size }]) => sum + size, 0) * shares[bits]);
  }

  /** @param {File[]} files */
  async #takeAll(files) {
    for (const file of files) if (!this.#paused) await this.#take(file);
    await this.#after();
  }

  /** Names of the models that make room for so many bytes. @param {number} size */
  #evictedBy(size) {
    const { quota, usage } = this.storage;
    const names = new Map(this.rows.map(({ sha256, name }) => [sha256, name]));
    return (evictedFor(this.#stored, { sha256: "", size }, Math.max(0, quota - usage)) ?? []).map(({ sha256 }) => names.get(sha256) ?? sha256.slice(0, 8));
  }

  /** What a model needs that found no room, and what there is. @param {number} bytes @returns {Promise<Pick<Said, 'bytes' | 'most'>>} */
  async #amounts(bytes) {
    const [{ quota, usage }, stored] = await Promise.all([this.#here.storage(), this.#here.stored()]);
    return { bytes, most: quota ? mostOf(Math.max(0, quota - usage), stored) : null };
  }

  /** Makes a model of the checkpoint. @param {import('../../convert/convert.js').Bits} bits */
  async convert(bits) {
    const folder = this.checkpoint;
    if (!folder || this.active) return;
    this.checkpoint = null;
    const { name } = folder;
    const done = await this.#run(name, "convert", name, (onProgress) => this.#converter.convert(folder, bits, onProgress));
    if (done === null) this.#add({ outcome: "cancelled", name });
    else if (done && "refused" in done) this.#add({ outcome: "unconverted", name, reason: done.refused, detail: done.detail });
    else if (done && "noRoom" in done) this.#add({ outcome: "no-room", name, ...(await this.#amounts(done.noRoom)) });
    else if (done) {
      this.#bring(convertedModel(folder, bits, done.made));
      this.#add({ outcome: "converted", name, detail: folder.adapter?.name ?? "" });
    }
    await this.#after();
  }

  /** The checkpoint, or the files, stay where they are. */
  decline() {
    this.checkpoint = this.waiting = null;
    this.onChange();
  }

  /** @param {Row} row */
  async share({ sha256, name }) {
    this.#say({ outcome: (await this.#here.share(sha256)) ? "shared" : "not-shared", name });
  }

  /** Asks the browser to keep the models when its disk becomes full. */
  async persist() {
    this.#say({ outcome: (await this.#here.persist()) ? "lasting" : "not-lasting", name: "" });
    await this.#after();
  }

  /** @param {Row} row */
  use({ model, engine }) {
    return model && this.#session.switch("model", { modelId: model.id, engineId: engine });
  }

  /** @param {File} file */
  async #take(file) {
    const { name } = file;
    const taken = await this.#run(name, "import", name, async (onProgress) => {
      const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
      const kind = kindOf(head);
      const beyond = typeof kind === "string" || kind.turns ? null : await turnsBeyond(file, kind, head);
      return { kind, beyond, kept: typeof kind === "string" || this.#paused ? null : await this.#keeper.take(file, onProgress) };
    });
    if (!taken) return;
    const { kind, beyond, kept } = taken;
    if (typeof kind === "string") return this.#add({ outcome: "refused", name, refusal: kind });
    if (!kept) return this.#add({ outcome: "paused", name });
    if (!kept.kept) return this.#add({ outcome: "no-room", name, ...(await this.#amounts(file.size)) });
    const listed = this.#catalog.find((each) => each.file === name);
    const turns = kind.turns ?? beyond?.said ?? listed?.family.template;
    const isNew = this.#bring(this.#modelOf(file, { ...kind, turns: turns ?? beyond?.usual ?? null }, listed, kept.sha256));
    return this.#add({ outcome: isNew ? "imported" : "known", name, ...(turns ? {} : { detail: beyond?.usual.prefix ? "usual" : "none" }) });
  }

  /** Lists a model that is kept now; false where it is listed already. @param {Model} model */
  #bring(model) {
    if (this.#session.state.models.some(({ files }) => files.some(({ sha256 }) => sha256 === model.sha256))) return false;
    this.#here.memory.rememberImported(model);
    this.#session.offer([model]);
    return true;
  }

  /** @param {File} file @param {import('../../engine/model_file.js').ModelKind} kind @param {Listed | undefined} listed @param {string} sha256 @returns {Model} */
  #modelOf({ name, size }, { format, engine, turns, context }, listed, sha256) {
    const most = context ?? Math.min(listed?.family.context ?? CONTEXT, CONTEXT);
    const url = `models/${sha256}/${encodeURIComponent(name)}`; // nobody has it: it is read from storage
    const { temperature, top_k: topK } = listed?.family.sampling ?? {};
    return {
      id: sha256.slice(0, 16),
      name: listed?.family.name ?? name.replace(/(-web)?\.(task|litertlm|bin)$/i, ""),
      file: name,
      url,
      size,
      sha256,
      files: [{ format, url, size, sha256, context: most, engines: [engine], quantization: listed?.quantization ?? null }],
      demo: false,
      licence: listed?.family.licence ?? null,
      family: null,
      quantization: listed?.quantization ?? null,
      parameters: listed?.family.parameters ?? null,
      context: most,
      promptTemplate: turns ?? { prefix: "", suffix: "" },
      sampling: { temperature: temperature ?? SAMPLING.temperature, topK: topK ?? SAMPLING.topK, seed: SAMPLING.seed, maxTokens: Math.min(most, CONTEXT) },
      adapters: [],
    };
  }

  /**
   * @template T
   * @param {string} key
   * @param {'keep' | 'check' | 'import' | 'convert'} doing
   * @param {string} name
   * @param {(onProgress: (progress: LoadProgress) => void) => Promise<T>} job
   * @returns {Promise<T | undefined>} undefined where it has failed, and that is said
   */
  async #run(key, doing, name, job) {
    const names = new Map(this.rows.map((row) => [row.sha256, row.name]));
    this.active = { key, doing, progress: null };
    if (doing !== "import") this.said = [];
    const before = this.#here.stored().then((stored) => stored.map((each) => ({ ...each, name: names.get(each.sha256) ?? each.sha256.slice(0, 8) })));
    this.#before = Promise.all([this.#before, before]).then((all) => all.flat());
    this.onChange();
    try {
      return await job((progress) => {
        if (this.active) this.active = { ...this.active, progress };
        this.onChange();
      });
    } catch (error) {
      const { code, detail } = OnpageError.from(error);
      if (doing === "convert") this.#add({ outcome: "unconverted", name, reason: "unexpected" });
      else this.#add({ outcome: code === "model-corrupt" ? "damaged" : "failed", name, detail: detail || code });
      return undefined;
    } finally {
      this.active = null;
    }
  }

  async #after() {
    await this.look();
    const before = await this.#before.catch(() => []);
    this.#before = Promise.resolve([]);
    const names = [...new Set(goneSince(before, this.#stored).map((each) => before.find(({ sha256 }) => sha256 === each.sha256)?.name ?? ""))];
    if (names.length && !this.said.some(({ outcome }) => outcome === "damaged")) this.#add({ outcome: "made-room", name: "", names });
    void this.#session.look();
  }

  /** @param {Said} said */
  #say(said) {
    this.said = [said];
    this.onChange();
  }

  /** @param {Said} said */
  #add(said) {
    this.said = [...this.said, said];
    this.onChange();
  }
}
