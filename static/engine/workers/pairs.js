// @ts-check
/**
 * Joins neighbours of a text, the best pair first, until none is left that may be joined: what all byte-pair tokenizers do. Pure, and
 * its time is in proportion to the text's but for a logarithm.
 *
 * @typedef {{left: number, right: number, text: string, frozen: boolean}} Symbol `left` and `right` are places in the
 *   list of symbols, -1 at an end; an empty text is one that was joined to the one before
 * @typedef {{left: number, right: number, score: number, length: number}} Pair
 */

/**
 * Leaves in `symbols` what was joined, each in its first symbol.
 * @param {Symbol[]} symbols
 * @param {(left: string, right: string) => number | undefined} scoreOf a pair's; undefined: it is not joined
 */
export function joinPairs(symbols, scoreOf) {
  const best = new Heap();
  const offer = (/** @type {number} */ left, /** @type {number} */ right) => {
    if (left < 0 || right < 0 || symbols[left].frozen || symbols[right].frozen) return;
    const score = scoreOf(symbols[left].text, symbols[right].text);
    if (score !== undefined) best.push({ left, right, score, length: symbols[left].text.length + symbols[right].text.length });
  };
  for (let at = 1; at < symbols.length; at += 1) offer(at - 1, at);
  for (let pair = best.pop(); pair; pair = best.pop()) {
    const [left, right] = [symbols[pair.left], symbols[pair.right]];
    if (!left.text || !right.text || left.text.length + right.text.length !== pair.length) continue; // joined since
    left.text += right.text;
    left.right = right.right;
    if (right.right >= 0) symbols[right.right].left = pair.left;
    right.text = "";
    offer(left.left, pair.left);
    offer(pair.left, left.right);
  }
}

/** Of pairs, the best score first, then the leftmost. */
class Heap {
  /** @type {Pair[]} */
  #pairs = [];

  /** @param {Pair} pair */
  push(pair) {
    const pairs = this.#pairs;
    let at = pairs.push(pair) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!before(pair, pairs[above])) break;
      pairs[at] = pairs[above];
      at = above;
    }
    pairs[at] = pair;
  }

  /** @returns {Pair | undefined} */
  pop() {
    const pairs = this.#pairs;
    const top = pairs[0];
    const last = pairs.pop();
    if (!last || !pairs.length) return top;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= pairs.length) break;
      if (below + 1 < pairs.length && before(pairs[below + 1], pairs[below])) below += 1;
      if (!before(pairs[below], last)) break;
      pairs[at] = pairs[below];
      at = below;
    }
    pairs[at] = last;
    return top;
  }
}

/** @param {Pair} a @param {Pair} b */
function before(a, b) {
  return a.score > b.score || (a.score === b.score && a.left < b.left);
}
