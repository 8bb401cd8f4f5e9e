// @ts-check
/** The progress of a load: which step, how much, how fast. Also the one-line status for screen readers. */

import { size } from "../text/format.js";
import { element, text } from "../ui/dom.js";

/** @type {Record<import('../engine/protocol.js').LoadStep, string>} */
const STEPS = {
  reading: "Reading the model",
  downloading: "Downloading the model",
  creating: "Creating the engine",
  warming: "Warming up",
  adapting: "Putting the adapter on the model",
};

/** @type {Record<import('./state.js').LoadReason, string>} */
const REASONS = {
  first: "",
  model: "",
  engine: "",
  adapter: "Changing the adapter",
  settings: "Reloading the model with the new settings",
  again: "Reloading the model with the next seed",
  restart: "",
  recover: "The engine stopped and is being started again",
};

export function mountLoading() {
  const box = element("#loading");
  const step = element(".loading-step");
  const bar = /** @type {HTMLProgressElement} */ (element(".loading-bar"));
  const detail = element(".loading-detail");
  const status = element("#status");

  return (/** @type {import('./state.js').State} */ state) => {
    const { now } = state;
    text(status, statusOf(state));
    box.hidden = now.phase !== "loading" && now.phase !== "starting";
    if (now.phase !== "loading") {
      text(step, now.phase === "starting" ? "Starting" : "");
      return;
    }
    const { progress } = now;
    text(step, REASONS[now.reason] || STEPS[progress?.step ?? "downloading"]);
    if (progress?.step === "downloading" || progress?.step === "reading") bar.value = progress.loaded / progress.total;
    else bar.removeAttribute("value");
    text(detail, progress ? describe(progress, Boolean(REASONS[now.reason])) : "Preparing");
  };
}

/**
 * @param {import('../engine/protocol.js').LoadProgress} progress
 * @param {boolean} named whether the step has to be named here
 */
function describe({ step, loaded, total, bytesPerSecond }, named) {
  if (step === "downloading") return `${size(loaded)} of ${size(total)} · ${size(bytesPerSecond)}/s`;
  if (step === "reading") return `${size(loaded)} of ${size(total)} · kept in this browser`;
  if (step === "creating") return `${named ? `${STEPS.creating} · ` : ""}${size(total)} received and checked`;
  if (step === "adapting") return `${named ? `${STEPS.adapting} · ` : ""}${size(total)}`;
  return `${named ? `${STEPS.warming} · ` : ""}The engine prepares itself; only the first time takes long.`;
}

/** @param {import('./state.js').State} state */
function statusOf({ now, post }) {
  if (now.phase === "loading") return REASONS[now.reason] || STEPS[now.progress?.step ?? "downloading"];
  if (now.phase === "writing") return now.stopping ? "Stopping" : "Writing";
  if (now.phase === "ready") return post?.figures ? (post.figures.stopped ? "Stopped" : "The post is finished") : "Ready";
  return "";
}
