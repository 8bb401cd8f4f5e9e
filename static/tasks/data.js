// @ts-check
/** The data of a task: JSON beside its modules. */

/** @param {URL} url @returns {Promise<any>} rejects where it cannot be had */
export async function json(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname.slice(url.pathname.lastIndexOf("/") + 1)}: ${response.status}`);
  return response.json();
}
