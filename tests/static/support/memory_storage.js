// @ts-check
/**
 * A `ModelStorage` (static/engine/storage.js) in memory: it lives as long as the object, and tabs do not share it.
 *
 * @typedef {import('../../../static/engine/storage.js').ModelStorage} ModelStorage
 * @typedef {{bytes: Uint8Array<ArrayBuffer>, kept: number, readers: number, writer: boolean}} Content
 */

/** @implements {ModelStorage} */
export class MemoryStorage {
  /** @type {Map<string, Content>} */
  #files = new Map();
  /** @type {Set<string>} */
  #claims = new Set();
  #kept = 0;

  /** @param {number} [quota] bytes of all files together */
  constructor(quota = Infinity) {
    this.quota = quota;
  }

  async list() {
    return [...this.#files].map(([sha256, { bytes, kept }]) => ({ sha256, size: bytes.length, kept }));
  }

  async room() {
    return this.quota - [...this.#files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /**
   * @param {string} name
   * @param {'read' | 'write'} mode
   * @returns {Promise<import('../../../static/engine/storage.js').StorageFile>}
   */
  async open(name, mode) {
    let content = this.#files.get(name);
    if (!content && mode === "read") throw new DOMException(`there is no ${name}`, "NotFoundError");
    content ??= { bytes: new Uint8Array(), kept: (this.#kept += 1), readers: 0, writer: false };
    if (content.writer || (mode === "write" && content.readers)) throw locked(name);
    this.#files.set(name, content);
    if (mode === "write") content.writer = true;
    else content.readers += 1;
    return this.#file(content, mode);
  }

  /**
   * @param {Content} content
   * @param {'read' | 'write'} mode
   * @returns {import('../../../static/engine/storage.js').StorageFile}
   */
  #file(content, mode) {
    const writable = () => {
      if (mode === "read") throw locked("a file that is read");
    };
    return {
      size: content.bytes.length,
      read: async (buffer, at) => {
        const bytes = content.bytes.subarray(at, at + buffer.length);
        buffer.set(bytes);
        return bytes.length;
      },
      write: async (bytes, at) => {
        writable();
        if ((await this.room()) < at + bytes.length - content.bytes.length) throw new DOMException("no room", "QuotaExceededError");
        const grown = new Uint8Array(Math.max(content.bytes.length, at + bytes.length));
        grown.set(content.bytes);
        grown.set(bytes, at);
        content.bytes = grown;
        content.kept = this.#kept += 1;
        return bytes.length;
      },
      truncate: async (size) => {
        writable();
        content.bytes = content.bytes.slice(0, size);
      },
      close: async () => {
        if (mode === "write") content.writer = false;
        else content.readers -= 1;
      },
    };
  }

  /** @param {string} name */
  async remove(name) {
    const content = this.#files.get(name);
    if (!content) throw new DOMException(`there is no ${name}`, "NotFoundError");
    if (content.writer || content.readers) throw locked(name);
    this.#files.delete(name);
  }

  /** @param {string} name */
  async used(name) {
    const content = this.#files.get(name);
    if (content) content.kept = this.#kept += 1;
  }

  /** @param {string} name */
  async claim(name) {
    if (this.#claims.has(name)) return null;
    this.#claims.add(name);
    return () => this.#claims.delete(name);
  }
}

/** @param {string} name */
function locked(name) {
  return new DOMException(`${name} is in use`, "NoModificationAllowedError");
}
