// @ts-check
/** The vectors of many documents' passages, each of length one, and those nearest to a question's. All are compared: it is a few thousand. Pure. */

export class Meanings {
  /** @type {Map<string, {vectors: Float32Array, dimensions: number}>} */
  #documents = new Map();

  /** @param {string} id @param {Float32Array} vectors one behind the other @param {number} dimensions */
  add(id, vectors, dimensions) {
    this.#documents.set(id, { vectors, dimensions });
  }

  /** @param {string} id */
  remove(id) {
    this.#documents.delete(id);
  }

  /** @param {string} id */
  has(id) {
    return this.#documents.has(id);
  }

  /**
   * The passages that mean the nearest, the best first. Those of another number of dimensions are of another model, and not compared.
   * @param {Float32Array} vector
   * @param {number} count
   * @returns {{id: string, passage: number, score: number}[]} `score`: the cosine
   */
  search(vector, count) {
    const found = [];
    for (const [id, { vectors, dimensions }] of this.#documents) {
      if (dimensions !== vector.length) continue;
      for (let passage = 0; passage * dimensions < vectors.length; passage += 1) {
        let score = 0;
        for (let index = 0; index < dimensions; index += 1) score += vector[index] * vectors[passage * dimensions + index];
        found.push({ id, passage, score });
      }
    }
    return found.sort((one, other) => other.score - one.score || (one.id < other.id ? -1 : one.id > other.id ? 1 : one.passage - other.passage)).slice(0, count);
  }
}
