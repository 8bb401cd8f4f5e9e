// @ts-check
/**
 * The shell: it builds the page's frame, keeps the session, which all tasks share, shows the task that the address names, turns what the
 * views emit into calls, and shows every new state in every view.
 */

import { OnpageError, Session, deviceMemory, firstThatFits } from "../engine/index.js";
import { GpuTrust } from "../check/trust.js";
import { removeLeftScratch } from "../convert/scratch_file.js";
import { Records } from "../records/records.js";
import { TASKS, lookUp } from "../tasks/index.js";
import { LANGUAGES, languageOf } from "../text/languages.js";
import { PROBLEMS, speak, texts } from "../text/texts.js";
import { addStyle, h, oneActivation, text, together } from "../ui/dom.js";
import { mountNotice } from "../ui/notice.js";
import { mountAbout } from "./about.js";
import { mountDetails } from "./details.js";
import { events as engineEvents, mountEnginePicker } from "./engine_picker.js";
import { events as footerEvents, mountFooter } from "./footer.js";
import { events as headerEvents, mountHeader } from "./header.js";
import { mountKeys } from "./keys.js";
import { choices, choose, language } from "./language.js";
import { mountLoading, statusOf } from "./loading.js";
import { readOffers } from "./offers.js";
import { PageKeeper } from "./offline.js";
import { events as problemEvents, mountProblem } from "./problem.js";
import { events as settingsEvents, mountSettings } from "./settings.js";
import { SharedSession } from "./shared_session.js";
import { recall, remember } from "./tab_memory.js";
import { mountTaskNavigation, taskOf, textIn } from "./task_navigation.js";
import { recallTheme, setTheme, theme } from "./theme.js";

/**
 * @typedef {import('../engine/session_state.js').SessionState} SessionState
 *
 * @typedef {object} Opened a task that was opened; it stays, with what was typed there, while another is shown
 * @property {import('../tasks/task.js').Task} task
 * @property {HTMLElement} root
 * @property {HTMLElement} figures
 * @property {ReturnType<typeof mountLoading>} loading
 * @property {import('../tasks/task.js').MountedTask | null} mounted null until its code and styles are there
 * @property {AbortController} left aborted when it goes
 */

recallTheme();
const { body } = document;
/** @type {import('../engine/protocol.js').VendorUrls} */
const vendor = JSON.parse(body.dataset.vendor ?? "{}");
/** All changes made together are shown once. */
const showSoon = together(() => show(session.state));
const trust = new GpuTrust(vendor);
const session = new Session({ vendor, onChange: showSoon, check: (setup) => trust.check(setup) });
const shared = new SharedSession(session);
const records = new Records();
/** The models that compare texts, once the offers are there. */
const embedders = withResolvers();
const keeper = new PageKeeper(body.dataset.offline ?? "", showSoon);
/** Whether the server did not answer, so that only what is kept here can be used. */
let offline = false;

const headerRoot = h("header", { class: "header" });
const status = h("p", { class: "status", role: "status" });
const problemRoot = h("section", { class: "problem" });
const noticeRoot = h("div", {});
const goneRoot = h("div", {});
const navigationRoot = h("nav", { class: "tasks" });
const aboutRoot = h("div", { class: "about", hidden: true });
const detailsRoot = h("details", { class: "details" });
const workspace = h("div", { class: "workspace" }, detailsRoot);
const footerRoot = h("footer", { class: "footer" });

/** By their ids. @type {Map<string, Opened>} */
const opened = new Map();
/** What goes on in them while they have no view, by their ids. @type {Map<string, unknown>} */
const handedOver = new Map();
/** The one that is shown. */
let current = taskOf(location.hash, TASKS);
/** Why the task that was asked for is not there. @type {import('../engine/errors.js').ErrorData | null} */
let missing = null;
let shownProblem = false;

let views = mountViews();
body.querySelector(".boot")?.remove();
body.prepend(headerRoot, status, h("main", { class: "main" }, problemRoot, noticeRoot, goneRoot, aboutRoot, workspace), footerRoot);
oneActivation(body);

/** All that the shell says; made anew in another language. */
function mountViews() {
  const details = mountDetails(detailsRoot);
  const made = {
    header: mountHeader(headerRoot),
    problem: mountProblem(problemRoot),
    notice: mountNotice(noticeRoot),
    gone: mountNotice(goneRoot),
    navigation: mountTaskNavigation(navigationRoot, TASKS),
    about: mountAbout(aboutRoot),
    details,
    enginePicker: mountEnginePicker(details.engine),
    settings: mountSettings(details.settings),
    footer: mountFooter(footerRoot, choices(), language.code),
    keys: mountKeys(footerRoot, { stop: () => (opened.get(current.id)?.mounted?.stop ?? shared.of(current.id).stop)() }),
  };
  headerRoot.querySelector(".header-name")?.after(navigationRoot);
  return made;
}

/** @param {SessionState} state */
function show(state) {
  const { now, setup } = state;
  body.dataset.phase = now.phase;
  body.dataset.engine = setup?.choice?.entry.id ?? "";
  body.dataset.task = current.id;
  text(status, statusOf(state, shared.writer));
  views.header.update(state);
  views.navigation.update(current.id);
  views.about.update(state);
  views.enginePicker.update(state);
  views.settings.update(state);
  views.footer.update(state, { offline, keeper: keeper.state, theme: theme() });
  views.notice.update(noticeOf(state));
  views.gone.update(state.gone.length ? texts.notice.madeRoom(state.gone) : null);
  for (const each of opened.values()) {
    const seen = shared.seenBy(each.task.id, state);
    each.root.hidden = each.figures.hidden = each.task !== current;
    each.loading.update(seen);
    each.mounted?.update(seen);
  }
  const task = opened.get(current.id)?.mounted;
  const error = now.phase === "problem" ? now.error : missing;
  workspace.hidden = error !== null && !task?.holdsText(); // what was typed stays in sight
  views.problem.update(error);
  if (shownProblem && !error) task?.focus(); // the screen that had the focus is gone
  shownProblem = error !== null;
  if (now.phase === "ready" || now.phase === "problem") void keeper.keep(state.library);
  if (now.phase === "ready" && setup) {
    remember({ modelId: setup.model.id, engineId: setup.engineId, loraId: setup.lora?.id ?? "", settings: state.settings });
  }
}

/** @param {SessionState} state */
function noticeOf({ notice: said }) {
  if (!said) return null;
  if (said.kind === "wrong-gpu") return texts.notice.wrongGpu(said);
  return said.kind === "restarted" ? texts.notice.restarted : texts.notice.kept(PROBLEMS[said.error.code].title);
}

/** Opens a task, or shows it again. @param {import('../tasks/task.js').Task} task */
async function showTask(task) {
  current = task;
  missing = null;
  showSoon();
  if (opened.has(task.id)) return;
  const loadingRoot = h("div", { class: "loading" });
  const root = h("div", { class: "task" }, loadingRoot); // which the task puts where it belongs
  const figures = h("div", {});
  /** @type {Opened} */
  const opening = { task, root, figures, loading: mountLoading(loadingRoot), mounted: null, left: new AbortController() };
  opened.set(task.id, opening);
  detailsRoot.before(root);
  views.details.figures.append(figures);
  try {
    const { styles, mount } = await task.load();
    await Promise.all(styles.map(styled));
    const mounted = await mount(root, contextOf(opening, loadingRoot));
    if (opened.get(task.id) === opening) opening.mounted = mounted;
    else takeAway(opening, mounted); // the language has changed meanwhile
  } catch (error) {
    if (opened.get(task.id) === opening) opened.delete(task.id); // to be opened anew
    root.remove();
    figures.remove();
    if (current === task) missing = new OnpageError("server-unreachable", String(error)).toJSON();
    throw error;
  } finally {
    showSoon();
  }
}

/** Adds a style sheet, once. @param {URL} url */
async function styled(url) {
  if (!document.head.querySelector(`link[href="${url.href}"]`)) await addStyle(document.head, url);
}

/** Takes a view away. @param {Opened} opening @param {import('../tasks/task.js').MountedTask | null} mounted */
function takeAway({ task: { id }, root, figures, left }, mounted) {
  left.abort();
  if (mounted?.handOver) handedOver.set(id, mounted.handOver());
  mounted?.destroy();
  root.remove();
  figures.remove();
}

/** Only after one change comes the next. */
let changing = Promise.resolve();
/**
 * Says everything in another language. The session goes on as it is; each task is mounted anew with what it remembers, as after a reload.
 * @param {string} code
 */
async function changeLanguage(code) {
  const wanted = languageOf(code);
  if (!wanted) return;
  await speak(wanted);
  choose(code);
  for (const each of opened.values()) takeAway(each, each.mounted);
  opened.clear();
  for (const view of Object.values(views)) view.destroy();
  views = mountViews();
  await showTask(current);
  show(session.state);
}

/** One change after the other. @param {string} code */
function inLanguage(code) {
  changing = changing.then(() => changeLanguage(code)).catch((error) => {
    views.footer.showLanguage(language.code); // it could not be had
    console.debug(error);
  });
  return changing;
}

/**
 * @param {Opened} opening
 * @param {HTMLElement} loading
 * @returns {import('../tasks/task.js').TaskContext}
 */
function contextOf({ task: { id }, figures, left }, loading) {
  const tasks = () => recall().tasks ?? {};
  return {
    session: shared.of(id, left.signal),
    vendor,
    loading,
    figures,
    recalled: tasks()[id],
    remember: (value) => remember({ tasks: { ...tasks(), [id]: value } }),
    records: records.of(id),
    collection: (name) => records.of(`${id}/${name}`),
    embedders: embedders.promise,
    handedOver: handedOver.get(id),
    searchDocuments(question, count) {
      const theirs = opened.get("documents")?.mounted?.searchDocuments;
      return theirs ? theirs(question, count) : lookUp({ records: records.of("documents/files"), vendor }, question, count);
    },
    page: {
      get theme() {
        return theme();
      },
      languages: LANGUAGES.map(({ code }) => code),
      set: (name, value) => (name === "theme" ? changeTheme(value) : void inLanguage(value)),
    },
  };
}

/** @param {string} wanted */
function changeTheme(wanted) {
  setTheme(wanted);
  showSoon();
}

/** @returns {{promise: Promise<import('../engine/embedder.js').EmbeddingModel[]>, resolve: (models: import('../engine/embedder.js').EmbeddingModel[]) => void}} */
function withResolvers() {
  /** @type {(models: import('../engine/embedder.js').EmbeddingModel[]) => void} */
  let resolve = () => {};
  return { promise: new Promise((resolved) => (resolve = resolved)), resolve: (models) => resolve(models) };
}

async function start() {
  if (await keeper.begin()) return;
  removeLeftScratch().catch((error) => console.debug(error)); // before a model looks for room
  const [offers] = await Promise.all([readOffers(), goTo(current)]);
  embedders.resolve(offers.embedders);
  const { models } = offers;
  offline = offers.offline;
  const { modelId: chosen, engineId, loraId, settings: remembered } = recall();
  const modelId = models.some(({ id }) => id === chosen) ? chosen : firstThatFits(models, deviceMemory())?.id;
  const asked = new URLSearchParams(location.search).get("engine");
  await session.start(models, { modelId, engineId: asked ?? engineId, loraId, remembered });
}

/** Shows a task, with the text that the address brings for it. @param {import('../tasks/task.js').Task} task */
async function goTo(task) {
  await showTask(task).catch((error) => console.debug(error)); // `missing` says it
  takeText();
}

/** Gives the shown task the text that the address brings, once: it stays in no history and comes with no reload. */
function takeText() {
  const brought = textIn(location.hash);
  const task = opened.get(current.id)?.mounted;
  if (!brought || !task) return;
  history.replaceState(null, "", `${location.pathname}${location.search}#/${current.id}`);
  task.take?.(brought);
}

window.addEventListener("hashchange", async () => {
  await goTo(taskOf(location.hash, TASKS));
  window.scrollTo(0, 0);
});
headerEvents.listen(headerRoot, "model", (modelId) => session.switch("model", { modelId }));
engineEvents.listen(detailsRoot, "engine", (engineId) => {
  const address = new URL(location.href);
  address.searchParams.delete("engine"); // the tab remembers from now on
  history.replaceState(null, "", address);
  return session.switch("engine", { engineId });
});
settingsEvents.listen(detailsRoot, "settings", (wanted) => session.switch("settings", { settings: wanted }));
settingsEvents.listen(detailsRoot, "lora", (loraId) => session.switch("lora", { loraId }));
footerEvents.listen(footerRoot, "remove-kept", () => session.removeKept());
footerEvents.listen(footerRoot, "language", async (code) => {
  await inLanguage(code);
  views.footer.focusLanguage();
});
footerEvents.listen(footerRoot, "theme", changeTheme);
problemEvents.listen(problemRoot, "restart", () => {
  const { now } = session.state;
  if (now.phase !== "problem") return goTo(current); // its code was not to be had
  return session.restart({ fresh: now.error.code === "model-corrupt" });
});
problemEvents.listen(problemRoot, "without-lora", () => session.restart({ loraId: "" }));
problemEvents.listen(problemRoot, "reload-page", () => location.reload());
problemEvents.listen(problemRoot, "localhost", () => location.assign(`http://localhost:${location.port}${location.pathname}`));

showSoon();
start().catch((error) => session.fail(error));
