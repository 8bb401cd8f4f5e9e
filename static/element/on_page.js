// @ts-check
/**
 * `<on-page>`: a task of the page, with its model, as an element of any page.
 *
 * ```html
 * <script type="module" src="https://site.example/static/element/on_page.js"></script>
 * <on-page task="post"></on-page>
 * ```
 *
 * | attribute | |
 * | --- | --- |
 * | `task` | the id of a task (tasks/index.js); the first where it is left out |
 * | `site` | the address of `onpage serve` or an exported site; the one that this file came from where it is left out |
 * | `model`, `engine` | as for `load` of the library |
 * | `lang` | the language of what it says, if it is one of text/languages.js; the document's where it is left out, else English. All elements
 *   of a page say it in the language of the first |
 * | `eager` | loads at once; else a button says how much there is to download. What the browser has, it loads at once anyway |
 *
 * It keeps what a person makes under its own name, apart from the page's. `onpage:state` tells of each change, with the session's state.
 * The attributes are read when it is put into a document; the engine ends when it is taken out.
 */

import { events as problemEvents, mountProblem } from "../app/problem.js";
import { mountLoading, statusOf } from "../app/loading.js";
import { showTheme } from "../app/theme.js";
import { choose, lookAtGpu } from "../engine/choice.js";
import { OnpageError } from "../engine/errors.js";
import { Session } from "../engine/session.js";
import { listStored } from "../engine/storage.js";
import { modelOf, offerOf } from "../library/offer.js";
import { Records } from "../records/records.js";
import { TASKS, lookUp } from "../tasks/index.js";
import { bestFor } from "../text/languages.js";
import { speak, texts } from "../text/texts.js";
import { addStyle, h, oneActivation, text, viewEvents } from "../ui/dom.js";

/** @typedef {import('../engine/session_state.js').SessionState} SessionState */

/** @type {import('../ui/dom.js').ViewEvents<{state: SessionState}>} */
const events = viewEvents();

const SITE = new URL("../../", import.meta.url).href;
const STYLES = ["../app/base.css", "../app/loading.css", "../app/problem.css", "on_page.css"].map((file) => new URL(file, import.meta.url));

/** One for all elements of a page: two of the same task show the same list. @type {Records | null} */
let records = null;
/** Also one for all: the words are shared. @type {Promise<import('../text/languages.js').Language> | null} */
let speaking = null;

/** @param {HTMLElement} element */
async function spokenAt(element) {
  const language = bestFor([element.closest("[lang]")?.getAttribute("lang")]);
  await speak(language);
  return language;
}

export class OnPage extends HTMLElement {
  /** @type {(() => void) | null} */
  #end = null;

  connectedCallback() {
    this.#end ??= this.#mount();
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected) return; // it was only moved
      this.#end?.();
      this.#end = null;
    });
  }

  /** @returns {() => void} takes everything away */
  #mount() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const task = TASKS.find(({ id }) => id === this.getAttribute("task")) ?? TASKS[0];
    const ended = new AbortController();
    const loadingRoot = h("div", { class: "loading" });
    const status = h("p", { class: "status", role: "status" });
    const problemRoot = h("section", { class: "problem" });
    const offerRoot = h("div", { class: "offer", hidden: true });
    const taskRoot = h("div", { class: "task" }, loadingRoot);
    const figures = h("div", { hidden: true });
    const body = h("div", { class: "on-page" }, status, problemRoot, offerRoot, h("div", { class: "workspace" }, taskRoot), figures);
    /** @type {ReturnType<typeof mountProblem> | null} */
    let problem = null;
    /** @type {ReturnType<typeof mountLoading> | null} */
    let loading = null;
    /** @type {import('../tasks/task.js').MountedTask | null} */
    let mounted = null;
    /** @type {Session | null} */
    let session = null;
    /** Whether the session has what it needs to start again by itself. */
    let begun = false;

    const show = (/** @type {SessionState} */ state) => {
      this.dataset.phase = state.now.phase;
      text(status, statusOf(state, task.id));
      loading?.update(state);
      mounted?.update(state);
      problem?.update(state.now.phase === "problem" ? state.now.error : null);
      events.emit(this, "state", state);
    };

    const start = async () => {
      const { code, dir } = await (speaking ??= spokenAt(this).catch((error) => {
        speaking = null; // the next one tries again
        throw error;
      }));
      [body.lang, body.dir] = [code, dir];
      problem ??= mountProblem(problemRoot);
      problem.update(null);
      loading ??= mountLoading(loadingRoot);
      const site = this.getAttribute("site") ?? SITE;
      const offer = await offerOf(site, ended.signal);
      const model = modelOf(offer.models, this.getAttribute("model") ?? undefined);
      const engineId = this.getAttribute("engine") ?? "";
      const gpu = await lookAtGpu();
      session = new Session({ vendor: offer.vendor, onChange: show });
      records ??= new Records();
      const kept = records;
      const name = `element/${task.id}`;
      const { styles, mount } = await task.load().catch((error) => {
        throw new OnpageError("server-unreachable", String(error));
      });
      await Promise.all([...STYLES, ...styles].map((url) => addStyle(root, url)));
      taskRoot.replaceChildren(loadingRoot); // without what came of it before
      mounted = await mount(taskRoot, {
        session,
        vendor: offer.vendor,
        loading: loadingRoot,
        figures,
        recalled: undefined,
        remember: () => {},
        records: kept.of(name),
        collection: (collection) => kept.of(`${name}/${collection}`),
        embedders: Promise.resolve(offer.embedders),
        searchDocuments: (question, count) => lookUp({ records: kept.of("element/documents/files"), vendor: offer.vendor }, question, count),
        page: { theme: this.dataset.theme ?? "system", languages: [], set: (setting, value) => setting === "theme" && showTheme(value, this) },
      });
      if (ended.signal.aborted) return mounted.destroy();
      show(session.state);
      const { file } = choose(model, gpu, engineId);
      const stored = await listStored().catch(() => []);
      if (!this.hasAttribute("eager") && !stored.some(({ sha256, size }) => sha256 === file.sha256 && size === file.size)) {
        loadingRoot.hidden = true; // nothing is on its way
        await asked(offerRoot, model.name, file.size, ended.signal);
      }
      begun = true;
      if (!ended.signal.aborted) await session.start([model], { gpu, engineId });
      return undefined;
    };
    const begin = () =>
      start().catch((error) => {
        if (ended.signal.aborted) return;
        this.dataset.phase = "problem";
        problem ??= mountProblem(problemRoot); // in the words that there are
        problem.update(OnpageError.from(error).toJSON());
      });

    root.replaceChildren(body);
    oneActivation(body, ended.signal);
    problemEvents.listen(problemRoot, "restart", () => (begun ? session?.restart() : begin()));
    problemEvents.listen(problemRoot, "reload-page", () => location.reload());
    begin();
    return () => {
      ended.abort();
      session?.close();
      mounted?.destroy();
      root.replaceChildren();
    };
  }
}

/**
 * Until a person wants the model.
 * @param {HTMLElement} root
 * @param {string} name
 * @param {number} size
 * @param {AbortSignal} signal
 */
function asked(root, name, size, signal) {
  const button = h("button", { type: "button", class: "button button-primary" }, texts.element.load(size));
  root.replaceChildren(h("p", {}, texts.element.offer(name)), button);
  root.hidden = false;
  return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
    button.addEventListener("click", resolve, { once: true });
    signal.addEventListener("abort", resolve, { once: true });
  }).finally(() => {
    root.hidden = true;
  });
}

if (!customElements.get("on-page")) customElements.define("on-page", OnPage);
