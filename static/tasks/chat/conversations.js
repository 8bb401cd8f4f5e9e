// @ts-check
/** Conversations as records of the device. What another tab has made of one is merged with what is saved, never overwritten. */

import { MAX_RECORDS } from "../../records/records.js";
import { checked } from "./files.js";
import { merged, titleOf } from "./tree.js";

/** @typedef {import('./tree.js').Conversation} Conversation */

export class Conversations {
  #records;
  /** @type {Promise<unknown>} */
  #saving = Promise.resolve();

  /** @param {import('../../records/records.js').TaskRecords} records */
  constructor(records) {
    this.#records = records;
  }

  /** Why they are in this tab's memory only; null while they are kept. */
  get trouble() {
    return this.#records.trouble;
  }

  /** Until all that was to be saved is. */
  get saved() {
    return this.#saving;
  }

  /** Newest first. */
  list() {
    return this.#records.list({ count: MAX_RECORDS });
  }

  /** Null where there is none, or none that can be read: that is left where it is. @param {string} id @returns {Promise<Conversation | null>} */
  async read(id) {
    await this.#saving;
    return checkedOrNull((await this.#records.get(id))?.body);
  }

  /** Those that can be read. @param {import('../../records/record.js').Head[]} heads @returns {Promise<Conversation[]>} */
  async readAll(heads) {
    const found = await Promise.all(heads.map(({ id }) => this.read(id)));
    return found.filter((each) => each !== null);
  }

  /** @param {Conversation} conversation */
  save(conversation) {
    const { id } = conversation;
    this.#saving = this.#saving.then(() =>
      this.#records.update(id, (entry) => {
        const theirs = entry && checkedOrNull(entry.body);
        const body = theirs ? merged(conversation, theirs) : conversation;
        return { id, at: body.changed, head: { title: titleOf(body) }, body };
      }),
    );
    return this.#saving;
  }

  /** Saves what a page that is gone had not; nothing where it is no conversation. @param {unknown} value */
  async restore(value) {
    const conversation = checkedOrNull(value);
    if (conversation) await this.save(conversation);
  }

  /** @param {string} id */
  async delete(id) {
    await this.#saving; // else what is on its way would bring it back
    await this.#records.delete(id);
  }

  /** Hears of every change, in this tab or another. @param {() => void} act @param {AbortSignal} signal */
  listen(act, signal) {
    this.#records.listen(act, signal);
  }
}

/** @param {unknown} value */
function checkedOrNull(value) {
  try {
    return checked(value);
  } catch {
    return null; // of another version of the page, or damaged
  }
}
