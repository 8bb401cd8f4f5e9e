// @ts-check
/**
 * The models of this page: what is here, what the server offers, what is published. It has an address and a place like a task, and writes
 * nothing: where the page names its model, it leads here.
 */

import { Converter } from "../../convert/converter.js";
import { ModelKeeper, canShare, deviceMemory, forgetImported, importedModels, isShared, listStored, rememberImported, removeOne, shareStored, speeds } from "../../engine/index.js";
import { lentTo } from "../../engine/lender.js";
import { texts } from "../../text/texts.js";
import { h, text, together } from "../../ui/dom.js";
import { takeDroppedFolders } from "../../ui/files.js";
import { makeConversion } from "./conversion_view.js";
import { ModelShelf } from "./model_shelf.js";
import { events, makeRow } from "./row_view.js";

/**
 * @typedef {import('./rows.js').Row} Row
 */

const here = (/** @type {string} */ file) => new URL(file, import.meta.url);

export const styles = [here("models.css")];

/**
 * @param {HTMLElement} element
 * @param {import('../task.js').TaskContext} context
 * @returns {Promise<import('../task.js').MountedTask>}
 */
export async function mount(element, { session, vendor, loading, embedders, handedOver }) {
  const said = texts.models;
  const storage = h("p", {});
  const persist = h("button", { type: "button", class: "button models-persist" }, said.persist);
  const files = h("input", { type: "file", class: "models-file", multiple: true, accept: ".task,.litertlm,.bin,.gguf,.safetensors,.tflite" });
  const folder = h("input", { type: "file", class: "models-file", webkitdirectory: true });
  const actions = h("div", { class: "models-actions" }, h("label", { class: "button button-file" }, said.file, files), h("label", { class: "button button-file" }, said.folder, folder), persist);
  const step = h("p", { class: "models-step" });
  const bar = h("progress", { class: "models-bar" });
  const pause = h("button", { type: "button", class: "button models-pause" }, said.pause);
  const active = h("div", { class: "models-active", hidden: true }, step, bar, pause);
  const outcomes = h("div", { class: "models-said", role: "status" });
  const conversion = makeConversion();
  const agree = h("button", { type: "button", class: "button models-agree" }, said.agree);
  const notNow = h("button", { type: "button", class: "button" }, said.conversion.decline);
  const evicted = h("p", {});
  const waiting = h("div", { class: "models-waiting", role: "group", "aria-label": said.file, hidden: true }, evicted, h("div", { class: "models-actions" }, agree, notNow));
  const empty = h("p", { class: "models-quiet", hidden: true }, said.nothingHere);
  const list = h("ul", { class: "models-list" });
  const published = h("ul", { class: "models-list" });
  const more = h("details", { class: "models-published" }, h("summary", {}, said.published), h("p", { class: "models-quiet" }, said.how), published);
  const about = h("div", { class: "models-storage" }, storage, h("p", { class: "models-quiet" }, said.rule), actions, h("p", { class: "models-quiet" }, said.take));
  const title = h("h2", { class: "models-title", tabindex: "-1" }, said.here);
  const root = h("section", { class: "models", "aria-label": said.region }, loading, about, conversion.root, waiting, active, outcomes, title, empty, list, more);
  element.append(root);

  const soon = together(() => show());
  const converter = new Converter(vendor);
  const memory = { importedModels, rememberImported, forgetImported, speeds };
  const shelf = handedOver instanceof ModelShelf ? handedOver : new ModelShelf(session, new ModelKeeper(vendor), converter, { stored: () => listStored(), remove: removeOne, share: shareStored, isShared, lent: lentTo, storage: storageHere, persist: persistHere, catalog, memory, deviceMemory: deviceMemory() }, soon);
  shelf.onChange = soon;
  void embedders?.then((found) => {
    shelf.embedders = /** @type {import('../../engine/model_list.js').Model[]} */ (found);
    soon();
  });
  /** By the keys of their rows. @type {Map<string, ReturnType<typeof makeRow>>} */
  const views = new Map();
  const ended = new AbortController();
  /** What the last look was at: it looks again when the session has loaded something. */
  let looked = "";
  let goesOn = false;

  for (const input of [files, folder]) {
    input.addEventListener("click", (event) => shelf.active && event.preventDefault()); // one thing at a time
    input.addEventListener("change", () => {
      const chosen = [...(input.files ?? [])];
      input.value = "";
      if (chosen.length) void shelf.take(chosen);
    });
  }
  takeDroppedFolders(root, (dropped, pathOf) => shelf.take(dropped, pathOf), ended.signal);
  conversion.root.addEventListener("change", () => shelf.merge(conversion.adapter()));
  conversion.root.addEventListener("submit", (event) => {
    event.preventDefault();
    title.focus(); // the form goes away
    void shelf.convert(conversion.bits());
  });
  conversion.decline.addEventListener("click", () => {
    title.focus();
    shelf.decline();
  });
  for (const [pressed, act] of /** @type {const} */ ([[agree, () => shelf.agree()], [notNow, () => shelf.decline()]])) {
    pressed.addEventListener("click", () => {
      title.focus(); // the question goes away
      void act();
    });
  }
  persist.addEventListener("click", () => shelf.persist());
  pause.addEventListener("click", () => {
    title.focus(); // the button goes away
    shelf.pause();
  });
  const rowOf = (/** @type {string} */ key) => shelf.rows.find((row) => row.key === key);
  for (const name of /** @type {const} */ (["keep", "remove", "share", "use"])) {
    events.listen(root, name, (key) => {
      const row = rowOf(key);
      if (row) void shelf[name](row);
    }, ended.signal);
  }

  function show() {
    if (!shelf.known) return;
    const { rows, storage: place } = shelf;
    text(storage, `${said.storage(place)} ${place.lasting ? said.lasting : said.notLasting}`);
    storage.hidden = !place.quota;
    persist.hidden = place.lasting || !place.quota;
    const doing = shelf.active;
    conversion.update(doing ? null : shelf.checkpoint, (bits) => shelf.evictedByConverting(bits));
    waiting.hidden = shelf.waiting === null || doing !== null;
    if (shelf.waiting) text(evicted, said.evicts(shelf.waiting.names));
    text(pause, doing?.doing === "convert" ? said.conversion.cancel : said.pause);
    active.hidden = doing === null;
    for (const input of [files, folder]) input.setAttribute("aria-disabled", String(doing !== null));
    if (doing) {
      const name = rows.find(({ key }) => key === doing.key)?.name ?? doing.key;
      const { progress } = doing;
      text(step, texts.line([said.doing[doing.doing], name, progress && progress.step !== "reading" ? texts.loading.downloading(progress) : null]));
      bar.setAttribute("aria-label", said.progress(name));
      if (progress) {
        bar.max = progress.total;
        bar.value = progress.loaded;
      } else bar.removeAttribute("value");
    }
    const sentences = shelf.said.map(said.said);
    if (outcomes.textContent !== sentences.join("")) outcomes.replaceChildren(...sentences.map((sentence) => h("p", {}, sentence)));
    const { setup, now } = session.state;
    const state = { busy: doing !== null, idle: now.phase === "ready" || now.phase === "problem", shares: canShare(), used: setup?.choice?.file.sha256 ?? "" };
    for (const row of rows) {
      const view = views.get(row.key) ?? makeRow(row);
      views.set(row.key, view);
      view.update(row, state);
    }
    for (const [key, view] of views) {
      if (rows.some((row) => row.key === key)) continue;
      if (view.root.contains(document.activeElement)) title.focus();
      view.root.remove();
      views.delete(key);
    }
    place_(list, rows.filter(({ from }) => from !== "published"));
    place_(published, rows.filter(({ from }) => from === "published"));
    empty.hidden = list.childElementCount > 0;
    more.hidden = published.childElementCount === 0;
  }

  /** Elements that are where they belong stay, and keep the focus. @param {HTMLElement} parent @param {Row[]} rows */
  function place_(parent, rows) {
    rows.forEach((row, index) => {
      const view = views.get(row.key);
      if (view && parent.children[index] !== view.root) parent.insertBefore(view.root, parent.children[index] ?? null);
    });
  }

  return {
    update(state) {
      const { now, setup, models: offered, kept } = state;
      const seen = [now.phase === "ready", setup?.choice?.file.sha256, offered.length, JSON.stringify(kept)].join();
      if (seen !== looked && now.phase !== "writing") void shelf.look();
      looked = seen;
      soon();
    },
    holdsText: () => true, // with no engine it is of as much use
    stop: () => shelf.pause(),
    focus: () => title.focus(),
    handOver() {
      goesOn = true;
      shelf.onChange = () => {};
      return shelf;
    },
    destroy() {
      if (!goesOn) shelf.pause();
      ended.abort();
      root.remove();
    },
  };
}

async function storageHere() {
  try {
    const [{ usage = 0, quota = 0 }, lasting] = await Promise.all([navigator.storage.estimate(), navigator.storage.persisted()]);
    return { usage, quota, lasting };
  } catch {
    return { usage: 0, quota: 0, lasting: false }; // at an address that is not secure there is none
  }
}

async function persistHere() {
  return navigator.storage.persist().catch(() => false);
}

async function catalog() {
  const response = await fetch(new URL("api/catalog", document.baseURI));
  return response.ok ? response.json() : [];
}
