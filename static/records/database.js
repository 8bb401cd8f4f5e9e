// @ts-check
/**
 * Records on the device: IndexedDB as a `Shelf` (record.js).
 *
 * Two stores, so that a list reads no bodies. A record's key is its task and its id; an index has the records of a task by time.
 * Both parts of a record are written in one transaction, so they are both there or neither is. A write waits for no answer of the
 * device's before it is committed: it is done even if the page is left meanwhile, which hears no more answers.
 *
 * The package `idb` would promise requests and cursors; of it this module would use what takes two functions below, and the page would
 * load it as a vendored file before anything else. So it is not used.
 *
 * @typedef {import('./record.js').Entry} Entry
 * @typedef {import('./record.js').Shelf} Shelf
 * @typedef {import('./record.js').Head} Head
 */

const NAME = "onpage";
const HEADS = "heads";
const BODIES = "bodies";
const BY_TIME = "by-time";
const KEY = ["task", "id"];

/** Each step leads to the version of its place, from 1; a step that was released is never changed. @type {((database: IDBDatabase, upgrade: IDBTransaction) => void)[]} */
export const VERSIONS = [
  (database) => {
    database.createObjectStore(HEADS, { keyPath: KEY }).createIndex(BY_TIME, ["task", "at", "id"]);
    database.createObjectStore(BODIES, { keyPath: KEY });
  },
];

/** @implements {Shelf} */
export class Database {
  #versions;
  /** @type {Promise<IDBDatabase> | null} */
  #opened = null;

  /** @param {typeof VERSIONS} [versions] */
  constructor(versions = VERSIONS) {
    this.#versions = versions;
  }

  /** @param {string} task @param {Entry} entry @param {number} most */
  async put(task, entry, most) {
    await this.#write((stores) => put(stores, task, entry));
    return this.#trim(task, most);
  }

  /** @param {string} task @param {string} id @param {(entry: Entry | null) => Entry | null} change @param {number} most */
  async update(task, id, change, most) {
    const changed = await this.#write(async (stores) => {
      const made = change(await get(stores, task, id));
      if (made) put(stores, task, made);
      return made;
    });
    return changed ? this.#trim(task, most) : 0;
  }

  /** @param {string} task @param {string} id */
  async get(task, id) {
    return this.#read((stores) => get(stores, task, id));
  }

  /** @param {string} task @param {import('./record.js').Page} page */
  async list(task, { before = null, count }) {
    return this.#read(async ({ heads }) => {
      /** @type {Head[]} */
      const found = [];
      const range = IDBKeyRange.bound([task], before ? [task, before.at, before.id] : [task, []], false, true); // [] is after all numbers
      await walk(heads.index(BY_TIME).openCursor(range, "prev"), ({ value: { id, at, head } }) => {
        if (found.length < count) found.push({ id, at, head });
        return found.length < count;
      });
      return found;
    });
  }

  /** @param {string} task */
  async count(task) {
    return this.#read(({ heads }) => done(heads.count(ofTask(task))));
  }

  /** @param {string} task @param {string} id */
  async delete(task, id) {
    await this.#write((stores) => remove(stores, [task, id]));
  }

  /** @param {string} task */
  async clear(task) {
    await this.#write((stores) => remove(stores, ofTask(task)));
  }

  /** Another tab may now change or delete the database. */
  async close() {
    const opened = this.#opened;
    this.#opened = null;
    (await opened?.catch(() => null))?.close();
  }

  /** Drops the oldest; how many. @param {string} task @param {number} most */
  async #trim(task, most) {
    return this.#write(async (stores) => {
      const surplus = (await done(stores.heads.count(ofTask(task)))) - most;
      let left = Math.max(0, surplus);
      if (!left) return 0;
      const oldest = stores.heads.index(BY_TIME).openKeyCursor(IDBKeyRange.bound([task], [task, []]));
      await walk(oldest, ({ primaryKey }) => {
        remove(stores, primaryKey);
        left -= 1;
        return left > 0;
      });
      return surplus;
    });
  }

  /** @template Result @param {(stores: Stores) => Promise<Result>} act @returns {Promise<Result>} */
  #read(act) {
    return this.#transact("readonly", act);
  }

  /** @template Result @param {(stores: Stores) => Result | Promise<Result>} act @returns {Promise<Result>} */
  #write(act) {
    return this.#transact("readwrite", act);
  }

  /**
   * Runs `act`, which awaits nothing but what it reads in its transaction, and resolves once what it wrote is on the device.
   * @template Result
   * @param {IDBTransactionMode} mode
   * @param {(stores: Stores) => Result | Promise<Result>} act
   * @returns {Promise<Result>}
   */
  async #transact(mode, act) {
    const transaction = await this.#begin(mode);
    const ended = endOf(transaction);
    try {
      const result = await act({ heads: transaction.objectStore(HEADS), bodies: transaction.objectStore(BODIES) });
      if (mode === "readwrite") transaction.commit();
      await ended;
      return result;
    } catch (error) {
      ended.catch(() => {}); // the first error is the one to tell
      try {
        transaction.abort();
      } catch {
        // it has ended by that error
      }
      throw transaction.error ?? error;
    }
  }

  /** @param {IDBTransactionMode} mode */
  async #begin(mode) {
    const begin = async () => (await this.#open()).transaction([HEADS, BODIES], mode);
    try {
      return await begin();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "InvalidStateError")) throw error;
      this.#opened = null; // closed under us: the site's data were cleared, or another tab asked for it
      return begin();
    }
  }

  #open() {
    this.#opened ??= open(this.#versions, () => (this.#opened = null)).catch((error) => {
      this.#opened = null; // so that the next call tries again
      throw error;
    });
    return this.#opened;
  }
}

/**
 * @param {typeof VERSIONS} versions
 * @param {() => void} onClosed
 * @returns {Promise<IDBDatabase>}
 */
async function open(versions, onClosed) {
  const request = indexedDB.open(NAME, versions.length);
  return new Promise((resolve, reject) => {
    let late = false;
    request.onupgradeneeded = ({ oldVersion }) => {
      const upgrade = /** @type {IDBTransaction} */ (request.transaction);
      for (const step of versions.slice(oldVersion)) step(request.result, upgrade);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => {
      late = true; // another tab holds an earlier version open, perhaps asleep: nobody waits for it
      reject(new DOMException("another tab holds an earlier version", "InvalidAccessError"));
    };
    request.onsuccess = () => {
      const database = request.result;
      if (late) return database.close();
      database.onversionchange = () => {
        database.close();
        onClosed();
      };
      database.onclose = onClosed;
      resolve(database);
    };
  });
}

/** @typedef {{heads: IDBObjectStore, bodies: IDBObjectStore}} Stores */

/** @param {Stores} stores @param {string} task @param {Entry} entry */
function put({ heads, bodies }, task, { id, at, head, body }) {
  heads.put({ task, id, at, head });
  bodies.put({ task, id, body });
}

/** @param {Stores} stores @param {string} task @param {string} id @returns {Promise<Entry | null>} */
async function get({ heads, bodies }, task, id) {
  const [head, body] = await Promise.all([done(heads.get([task, id])), done(bodies.get([task, id]))]);
  return head ? { id, at: head.at, head: head.head, body: body?.body } : null;
}

/** @param {Stores} stores @param {IDBValidKey | IDBKeyRange} which */
function remove({ heads, bodies }, which) {
  heads.delete(which);
  bodies.delete(which);
}

/** @param {string} task */
function ofTask(task) {
  return IDBKeyRange.bound([task], [task, []]);
}

/** @template Result @param {IDBRequest<Result>} request @returns {Promise<Result>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Goes from one record to the next while `visit` says so.
 * @template {IDBCursor} Cursor
 * @param {IDBRequest<Cursor | null>} request
 * @param {(cursor: Cursor) => boolean} visit
 * @returns {Promise<void>}
 */
function walk(request, visit) {
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor && visit(cursor)) cursor.continue();
      else resolve();
    };
  });
}

/** @param {IDBTransaction} transaction @returns {Promise<void>} */
function endOf(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new DOMException("the transaction was aborted", "AbortError"));
  });
}
