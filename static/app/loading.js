// @ts-check
/** The progress of a load: which step, how much, how fast. `statusOf` is the one-line status for screen readers. */

import { format, texts } from "../text/texts.js";
import { h, text } from "../ui/dom.js";

const { steps, reasons } = texts.loading;

/** @typedef {import('../engine/session_state.js').SessionState} SessionState */

/** Steps whose bytes the bar shows. @type {import('../engine/protocol.js').LoadStep[]} */
const COUNTED = ["waiting", "reading", "downloading", "retrying"];

/** @param {HTMLElement} root */
export function mountLoading(root) {
  const step = h("p", { class: "loading-step" });
  const bar = h("progress", { class: "loading-bar", "aria-label": texts.loading.label });
  const detail = h("p", { class: "loading-detail" });
  root.append(step, bar, detail);

  return {
    /** @param {SessionState} state */
    update({ now }) {
      root.hidden = now.phase !== "loading" && now.phase !== "starting";
      if (now.phase !== "loading") return text(step, now.phase === "starting" ? texts.loading.starting : "");
      const { progress } = now;
      text(step, reasons[now.reason] || steps[progress?.step ?? "downloading"]);
      if (progress && COUNTED.includes(progress.step)) {
        bar.max = progress.total;
        bar.value = progress.loaded;
      } else bar.removeAttribute("value");
      return text(detail, progress ? describe(progress, Boolean(reasons[now.reason])) : now.reason === "elsewhere" ? "" : texts.loading.preparing);
    },
    destroy: () => root.replaceChildren(),
  };
}

/**
 * @param {import('../engine/protocol.js').LoadProgress} progress
 * @param {boolean} named whether the step has to be named here
 */
function describe(progress, named) {
  const { step, total } = progress;
  if (step === "downloading") return texts.loading.downloading(progress);
  if (step === "retrying") return texts.loading.retrying(progress);
  if (step === "waiting") return texts.loading.waiting(progress);
  if (step === "reading") return texts.loading.reading(progress);
  const what = { creating: texts.loading.received(total), adapting: format.size(total), warming: texts.loading.warming };
  return texts.line([named && steps[step], what[step]]);
}

/** @param {SessionState} state @param {string} writer the task that an answer is for */
export function statusOf({ now }, writer) {
  if (now.phase === "loading") return reasons[now.reason] || steps[now.progress?.step ?? "downloading"];
  if (now.phase === "writing") return now.stopping ? texts.status.stopping : texts.status.writing;
  return now.phase === "ready" ? texts.status[now.after === "answer" && writer !== "post" ? "chat" : now.after] : "";
}
