// @ts-check
/**
 * What a person wants at the end of every post: fixed hashtags and a link. Pure, and exact: they are put after what the model wrote,
 * each once, and those that would go over the network's limit are left out.
 *
 * @typedef {{hashtags: string[], link: string}} Voice
 */

import { joined, parted } from "./follow_ups.js";

const MAX_HASHTAGS = 10;
const MAX_LINK = 2000;

/** @type {Voice} */
export const NO_VOICE = { hashtags: [], link: "" };

/** From what a person types, or what was kept: `#Tag, other tag` is two. @param {unknown} hashtags @param {unknown} link @returns {Voice} */
export function voiceOf(hashtags, link) {
  const typed = Array.isArray(hashtags) ? hashtags.join(" ") : String(hashtags ?? "");
  const tags = [...typed.matchAll(/[\p{L}\p{N}_]+/gu)].map(([tag]) => `#${tag}`);
  const address = typeof link === "string" ? link.trim() : "";
  return { hashtags: unique(tags).slice(0, MAX_HASHTAGS), link: /\s/.test(address) || address.length > MAX_LINK ? "" : address };
}

/**
 * The text with the voice, and what of it had no room.
 * @param {string} text
 * @param {Voice} voice
 * @param {(text: string) => boolean} fits
 * @returns {{text: string, left: string[]}}
 */
export function voiced(text, { hashtags, link }, fits = () => true) {
  /** @type {string[]} */
  const left = [];
  let now = text.trimEnd();
  if (link && !now.includes(link)) {
    const [said, tail] = parted(now);
    const next = joined(joined(said, link), tail);
    if (fits(next)) now = next;
    else left.push(link);
  }
  for (const tag of hashtags) {
    if (hashtagsOf(now).includes(tag.toLowerCase())) continue;
    const next = joined(now, tag);
    if (fits(next)) now = next;
    else left.push(tag);
  }
  return { text: now, left };
}

/** Lower-case. @param {string} text */
function hashtagsOf(text) {
  return [...text.matchAll(/[#＃]([\p{L}\p{N}_]+)/gu)].map(([, tag]) => `#${tag.toLowerCase()}`);
}

/** @param {string[]} tags */
function unique(tags) {
  return [...new Map(tags.map((tag) => [tag.toLowerCase(), tag])).values()];
}
