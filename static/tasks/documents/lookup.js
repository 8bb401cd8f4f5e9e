// @ts-check
/** A search in the person's documents for whoever has no view of them. */

import { texts } from "../../text/texts.js";
import { Library } from "./library.js";
import { Search } from "./search.js";

/**
 * What was found, for another task.
 * @param {Pick<Library, 'entries'>} library
 * @param {Pick<import('./searcher.js').Found, 'hits'>} found
 * @returns {import('../task.js').Lookup}
 */
export function lookupOf({ entries }, { hits }) {
  const names = new Map(entries.map(({ id, name }) => [id, name]));
  return { documents: entries.length, hits: hits.map((hit) => ({ place: texts.documents.place({ ...hit, name: names.get(hit.id) ?? "" }), text: hit.text })) };
}

/**
 * By words: the model that compares texts is loaded by the documents' view, which then searches itself. Nothing is held between two searches.
 * @param {object} given
 * @param {import('../../records/records.js').TaskRecords} given.records the files of the documents
 * @param {import('../../engine/protocol.js').VendorUrls} given.vendor
 * @param {string} question
 * @param {number} count of passages, at most
 * @returns {Promise<import('../task.js').Lookup>}
 */
export async function lookUp({ records, vendor }, question, count) {
  const marked = new URL(`${vendor.marked}marked.esm.js`, document.baseURI).href;
  const search = new Search({ marked, restarted: () => {} });
  const read = () => Promise.reject(new Error("nothing is added here"));
  const library = new Library({ records, search, read, onChange: () => {} });
  try {
    await library.refresh();
    if (!library.entries.length) return { documents: 0, hits: [] };
    return lookupOf(library, await search.search(question, count));
  } finally {
    library.close();
    search.close();
  }
}
