// @ts-check
/** The text of a file that a person opens. Pure. */

/**
 * @param {Blob} file
 * @param {number} most bytes
 * @param {new (code: 'too-large' | 'damaged', detail?: string) => Error} Problem what it rejects with: the task's own
 * @returns {Promise<string>}
 */
export async function textOf(file, most, Problem) {
  if (file.size > most) throw new Problem("too-large");
  return file.text().catch((error) => {
    throw new Problem("damaged", String(error)); // it has gone, or nobody may read it
  });
}
