// @ts-check
/** The post: its text as it streams in, what can be done with it, its counts against common limits, and its figures. */

import { countCharacters, countWords } from "../../text/counting.js";
import { capitalized, counted, duration, integer, rate } from "../../text/format.js";
import { create, element, emit, text } from "../../ui/dom.js";

const COPIED_SHOWN = 2000;
const EMPTY = "Your post appears here, written by the model inside this page.";
const READING = "Reading your text…";

export function mountPost() {
  const card = element("#card");
  const title = element("#card-title");
  const kind = element(".card-kind");
  const empty = element(".card-empty");
  const body = element("#post");
  const actions = element("#post-actions");
  const copy = element("#copy");
  const share = element("#share");
  const again = /** @type {HTMLButtonElement} */ (element("#again"));
  const counts = element("#counts");
  const total = element(".counts-total");
  const limits = element(".counts-limits");
  const figures = element("#figures");
  const list = element(".figures-list");
  const reused = element(".figures-reused");
  const notice = element("#notice");

  let copied = 0;
  let wasWriting = false;
  copy.addEventListener("click", async () => {
    const done = await navigator.clipboard.writeText(body.textContent ?? "").then(
      () => true,
      () => false,
    );
    text(copy, done ? "Copied" : "Not allowed");
    clearTimeout(copied);
    copied = window.setTimeout(() => text(copy, "Copy"), COPIED_SHOWN);
  });
  share.hidden = !("share" in navigator);
  share.addEventListener("click", () => {
    navigator.share({ text: body.textContent ?? "" }).catch(() => {}); // closed without sharing
  });
  again.addEventListener("click", () => {
    title.focus(); // the button is about to go away
    emit("again");
  });

  return (/** @type {import('../../app/state.js').State} */ state) => {
    const { now, post } = state;
    const writing = now.phase === "writing";
    const loading = now.phase === "loading" || now.phase === "starting";
    card.toggleAttribute("data-writing", writing);
    showNotice(notice, state.notice);

    const shown = post !== null && !loading && post.text !== "";
    body.hidden = !shown;
    const reading = writing && !post?.text;
    empty.hidden = !reading && (shown || loading || state.notice !== null);
    text(empty, reading ? READING : EMPTY);
    if (writing && !wasWriting) card.scrollIntoView({ block: "nearest" });
    wasWriting = writing;
    text(kind, post && !loading ? describe(post) : "");
    if (!post) return;

    body.setAttribute("aria-busy", String(writing));
    showText(body, post.text);
    actions.hidden = !shown || writing;
    again.disabled = now.phase !== "ready";
    counts.hidden = !shown;
    const characters = countCharacters(post.text);
    text(total, `${counted(countWords(post.text), "word")}, ${counted(characters, "character")}`);
    showLimits(limits, state.limits, characters);

    figures.hidden = !shown || writing || !post.figures;
    if (post.figures) {
      const percent = Math.round(post.reused * 100);
      showFigures(list, post.figures, percent ? `${percent} % reused` : "");
      reused.hidden = percent === 0;
      text(reused, `The engine still held ${percent} % of this prompt from the one before, so its prefill looks faster.`);
    }
  };
}

/** @param {import('../../app/state.js').Post} post */
function describe({ tone, length, seed, adapter }) {
  return [capitalized(tone), length, `seed ${seed}`, adapter && `with ${adapter}`].filter(Boolean).join(" · ");
}

/**
 * Appends what is new, so that a screen reader hears each piece once and a selection survives the stream.
 * @param {HTMLElement} body
 * @param {string} value
 */
function showText(body, value) {
  const shown = body.textContent ?? "";
  if (value === shown) return;
  if (shown && value.startsWith(shown)) body.append(value.slice(shown.length));
  else body.textContent = value;
}

/**
 * @param {HTMLElement} list
 * @param {{name: string, characters: number}[]} limits
 * @param {number} characters
 */
function showLimits(list, limits, characters) {
  if (list.childElementCount !== limits.length) {
    list.replaceChildren(
      ...limits.map(({ name }) => {
        const item = document.createElement("li");
        item.append(create("span", name, { class: "limit-name" }), create("span", "", { class: "limit-count" }));
        return item;
      }),
    );
  }
  limits.forEach((limit, index) => {
    const item = list.children[index];
    const over = characters - limit.characters;
    item.toggleAttribute("data-over", over > 0);
    const value = item.lastElementChild;
    if (value) text(value, over > 0 ? `${integer(over)} too many` : `${integer(-over)} left`);
  });
}

/**
 * @param {HTMLElement} list
 * @param {import('../../engine/client.js').Figures} figures
 * @param {string} reused
 */
function showFigures(list, { timeToFirst, prefillRate, decodeRate, promptTokens, tokens }, reused) {
  const rows = [
    ["First text", timeToFirst === null ? "–" : duration(timeToFirst), ""],
    ["Prefill", rate(prefillRate), reused],
    ["Decode", rate(decodeRate), ""],
    ["Tokens in / out", `${integer(promptTokens)} / ${integer(tokens)}`, ""],
  ];
  if (list.textContent === rows.flat().join("")) return;
  list.replaceChildren(
    ...rows.map(([name, value, note]) => {
      const row = document.createElement("div");
      row.append(create("dt", name), create("dd", value));
      if (note) row.append(create("dd", note, { class: "figures-note" }));
      return row;
    }),
  );
}

/**
 * @param {HTMLElement} box
 * @param {import('../../app/state.js').Notice | null} notice
 */
function showNotice(box, notice) {
  box.hidden = notice === null;
  if (!notice) return;
  const heading = element(".notice-title", box);
  const sentence = element(".notice-sentence", box);
  if (notice.kind === "restarted") {
    text(heading, "The engine stopped and was started again");
    text(sentence, "Your text is still here: press Write to go on.");
    return;
  }
  if (notice.kind === "runaway") {
    text(heading, "The model lost its way");
    text(sentence, "It was stopped at three times the length you asked for. Try again takes another seed.");
    return;
  }
  const { tokens, room } = notice;
  if (!room) {
    text(heading, "There is no room for a text");
    text(sentence, "A post of this length may take all of the maximum tokens: raise them in the settings, or choose a shorter post.");
    return;
  }
  const share = Math.min(99, Math.ceil((1 - room / tokens) * 100));
  text(heading, "This text is too long for the model");
  text(
    sentence,
    `The prompt takes ${integer(tokens)} tokens and there is room for ${integer(room)} beside the post. Shorten the text ` +
      `by about ${share} %, or raise the maximum tokens in the settings if the model allows it.`,
  );
}
