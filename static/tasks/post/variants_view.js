// @ts-check
/**
 * Several posts about one text, side by side, each as it streams in; one is chosen.
 *
 * @typedef {{choose: string}} VariantsEvents the id of a post
 */

import { TextCounter } from "../../text/counting.js";
import { texts } from "../../text/texts.js";
import { h, text, viewEvents } from "../../ui/dom.js";

/** @typedef {import('./state.js').Post} Post */

const { variants: said } = texts.post;

/** @type {import('../../ui/dom.js').ViewEvents<VariantsEvents>} */
export const events = viewEvents();

/** @param {import('./judge.js').Judge} judge */
export function makeVariants(judge) {
  const root = h("div", { class: "variants", hidden: true });
  /** @type {Map<Post, ReturnType<typeof makeVariant>>} */
  let shown = new Map();

  /** @param {Post} post */
  function of(post) {
    let variant = shown.get(post);
    if (!variant) {
      variant = makeVariant(root, post, shown.size + 1);
      shown.set(post, variant);
      root.append(variant.root);
    }
    return variant;
  }

  return {
    root,

    /** @param {Post} post @param {string} piece */
    append(post, piece) {
      of(post).body.append(piece);
    },

    /** @param {Post[]} choices @param {boolean} busy whether more are to come @param {import('./voice.js').Voice} voice */
    update(choices, busy, voice) {
      if ([...shown.keys()].some((post) => !choices.includes(post))) {
        shown = new Map();
        root.replaceChildren();
      }
      const best = !busy && choices.length > 1 && choices.some((post) => judge.judges(post)) ? judge.best(choices, voice) : null;
      for (const [index, post] of choices.entries()) {
        const first = choices.findIndex(({ current }) => current === post.current);
        of(post).update(busy, post.ended && first < index ? first + 1 : 0, judge.findings(post, voice), post === best);
      }
    },
  };
}

/** @param {HTMLElement} root @param {Post} post @param {number} number */
function makeVariant(root, post, number) {
  const body = h("div", { class: "variant-text", role: "log", "aria-label": said.name(number), "aria-live": "polite", tabindex: "0", dir: "auto" });
  const facts = h("p", { class: "variant-facts" });
  const choose = h("button", { type: "button", class: "button", "aria-label": said.chooseNamed(number) }, said.choose);
  const title = h("h3", { class: "variant-title" });
  const mark = h("span", { class: "variant-best" });
  title.append(said.name(number), mark);
  const findings = h("ul", { class: "check-findings", hidden: true });
  choose.addEventListener("click", () => events.emit(root, "choose", post.id));
  return {
    root: h("article", { class: "variant" }, title, body, findings, facts, choose),
    body,
    /**
     * @param {boolean} busy
     * @param {number} same the number of the variant that says the same, 0 for none
     * @param {import('./check/rules.js').Finding[]} wrong
     * @param {boolean} best
     */
    update(busy, same, wrong, best) {
      text(mark, best ? said.best(wrong.length) : "");
      findings.replaceChildren(...wrong.map(({ rule, found }) => h("li", {}, texts.post.check.findings[rule](found))));
      findings.hidden = !wrong.length;
      if (post.ended) text(body, post.current);
      const counter = new TextCounter();
      if (post.ended) counter.add(post.current);
      text(facts, post.ended ? texts.line([post.ended === "stopped" && texts.post.stopped, same ? said.same(same) : texts.post.counts(counter.words, counter.characters)]) : "");
      choose.hidden = busy || !post.ended;
    },
  };
}
