// @ts-check
/**
 * Markdown that streams in, cut into blocks that are finished: paragraphs, lists, code between fences. Each character is looked at once,
 * so a piece costs the same at any length. Pure.
 */

const FENCE = /^ {0,3}(`{3,}|~{3,})/;

export class Blocks {
  /** Of the block that is not finished: its whole lines, and the line that is not. */
  #lines = "";
  #line = "";
  /** What the code began with that is not closed yet; "" outside. */
  #fence = "";

  /** @param {string} piece @returns {string[]} blocks that it has finished */
  add(piece) {
    /** @type {string[]} */
    const finished = [];
    const [first, ...more] = piece.split("\n");
    this.#line += first;
    for (const next of more) {
      const block = this.#endLine();
      if (block) finished.push(block);
      this.#line = next;
    }
    return finished;
  }

  /** What is not finished. */
  get rest() {
    return this.#lines + this.#line;
  }

  /** The line is whole. @returns {string} the block that ends with it, "" for none */
  #endLine() {
    const line = this.#line;
    const [, fence = ""] = FENCE.exec(line) ?? [];
    this.#lines += `${line}\n`;
    if (this.#fence) {
      const closes = fence.startsWith(this.#fence) && line.trim() === fence;
      if (closes) this.#fence = "";
      return closes ? this.#take() : "";
    }
    if (fence) this.#fence = fence;
    return !fence && !line.trim() && this.#lines.trim() ? this.#take() : "";
  }

  #take() {
    const block = this.#lines;
    this.#lines = "";
    return block;
  }
}
