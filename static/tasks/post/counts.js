// @ts-check
/** Words and characters of a post, and the networks that it fits, each by its own counting. */

import { TextCounter } from "../../text/counting.js";
import { texts } from "../../text/texts.js";
import { h, text } from "../../ui/dom.js";
import { lengthOn } from "./platforms.js";

/** @typedef {import('./platforms.js').Platform} Platform */

/** @param {Platform[]} platforms */
export function makeCounts(platforms) {
  const total = h("span", { class: "counts-total" });
  const tightest = h("span", { class: "counts-tightest" });
  const items = platforms.map((platform) => ({ platform, ...limitItem(platform.name) }));
  const list = h("ul", { class: "counts-limits" }, ...items.map(({ item }) => item));
  const all = h("details", { class: "counts-all" }, h("summary", {}, texts.post.limits), list);
  const root = h("div", { class: "counts", hidden: true }, h("p", {}, total, tightest), all);

  return {
    root,

    /** Of a text that still grows: the networks are asked at its end. @param {{words: number, characters: number}} counted */
    grow({ words, characters }) {
      text(total, texts.post.counts(words, characters));
      text(tightest, "");
      all.hidden = true;
    },

    /** @param {string} value a whole text @param {string} chosen the id of a network, "" for the tightest */
    show(value, chosen) {
      const counter = new TextCounter();
      counter.add(value);
      text(total, texts.post.counts(counter.words, counter.characters));
      all.hidden = items.length === 0;
      if (!items.length) return; // no network is asked about
      const left = items.map(({ platform }) => platform.limit - lengthOn(platform, value));
      const asked = items.findIndex(({ platform }) => platform.id === chosen);
      const index = asked < 0 ? left.indexOf(Math.min(...left)) : asked;
      text(tightest, texts.post.tightest(items[index].platform.name, left[index]));
      tightest.toggleAttribute("data-over", left[index] < 0);
      for (const [each, { item, value: shown }] of items.entries()) {
        item.toggleAttribute("data-over", left[each] < 0);
        text(shown, left[each] < 0 ? texts.post.over(-left[each]) : texts.post.left(left[each]));
      }
    },
  };
}

/** @param {string} name */
function limitItem(name) {
  const value = h("span", { class: "limit-count" });
  return { value, item: h("li", {}, h("span", { class: "limit-name" }, name), value) };
}
