// @ts-check
/** Room for the file of a conversion: the models that were used longest ago go for it, but for nothing that will not be there in the end. Pure. */

import { evictedFor } from "../engine/storage.js";

/**
 * @param {number} size bytes
 * @param {import('../engine/storage.js').StoredEntry[]} stored
 * @param {number} room bytes that are free
 * @param {(sha256: string) => Promise<unknown>} remove
 * @param {() => Promise<void>} check asked before anything goes; rejects where the file cannot be made
 * @returns {Promise<boolean>} false where all of them are not enough
 */
export async function makeRoom(size, stored, room, remove, check) {
  const gone = evictedFor(stored, { sha256: "", size }, room);
  if (gone?.length) await check();
  for (const { sha256 } of gone ?? []) await remove(sha256);
  return gone !== null;
}
