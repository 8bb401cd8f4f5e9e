// @ts-check
/**
 * Whether a text goes round in a circle, as small models do: they would until the context is full, which takes minutes. Pure.
 *
 * A song repeats its chorus, and a list its beginnings, but with something between: here the same piece follows itself, four times and
 * over some lines.
 */

const TIMES = 4;
/** Characters that the repeated pieces have together, at least. */
const LEAST = 240;
/** Of one piece, at most. */
const LONGEST = 400;
/** Characters after which a growing text is looked at again. */
const LOOK_EVERY = 40;

/** Whether a text that grows has gone round in a circle: a piece costs the same at any length. */
export class CircleWatch {
  #end;
  #unseen = 0;
  found = false;

  /** @param {string} [text] what there is of it */
  constructor(text = "") {
    this.#end = text;
  }

  /** @param {string} piece */
  add(piece) {
    this.#end = (this.#end + piece).slice(-TIMES * LONGEST);
    this.#unseen += piece.length;
    if (this.#unseen < LOOK_EVERY) return;
    this.#unseen = 0;
    this.found ||= endsInACircle(this.#end);
  }
}

/** @param {string} text */
export function endsInACircle(text) {
  const end = text.slice(-TIMES * LONGEST);
  const longest = Math.min(LONGEST, Math.floor(end.length / TIMES));
  for (let length = 1; length <= longest; length += 1) {
    const reach = Math.max(TIMES * length, LEAST);
    if (reach > end.length) continue;
    let same = length;
    while (same < reach && end[end.length - 1 - same] === end[end.length - 1 - same + length]) same += 1;
    if (same === reach) return true;
  }
  return false;
}
