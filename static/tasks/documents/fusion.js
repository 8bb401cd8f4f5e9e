// @ts-check
/**
 * One order of passages from several: of words, and of meanings where a model of embeddings is there. By reciprocal ranks (Cormack,
 * Clarke and Büttcher, 2009), since the scores of different searches are of different kinds. Pure.
 *
 * @typedef {{id: string, passage: number}} Place
 */

/** As in their paper: how little the first places differ. */
const RANK = 60;

/**
 * @template {Place} Each
 * @param {Each[][]} orders the best first; of a passage that several have, what the first of them says of it stays
 * @param {number} count
 * @returns {Each[]}
 */
export function fused(orders, count) {
  /** @type {Map<string, {each: Each, sum: number}>} */
  const sums = new Map();
  for (const order of orders) {
    order.forEach((each, rank) => {
      const key = `${each.passage} ${each.id}`;
      const found = sums.get(key) ?? { each, sum: 0 };
      found.sum += 1 / (RANK + rank + 1);
      sums.set(key, found);
    });
  }
  return [...sums.values()]
    .sort((one, other) => other.sum - one.sum)
    .slice(0, count)
    .map(({ each }) => each);
}
