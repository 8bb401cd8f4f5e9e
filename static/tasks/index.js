// @ts-check
/** The tasks of the page, each by one line; its code is fetched when it is opened. The first one is shown where the address names none. */

/** @type {import('./task.js').Task[]} */
export const TASKS = [
  { id: "post", load: () => import("./post/index.js") },
  { id: "chat", load: () => import("./chat/index.js") },
  { id: "lab", load: () => import("./lab/index.js") },
  { id: "documents", load: () => import("./documents/index.js") },
  { id: "functions", load: () => import("./functions/index.js") },
  { id: "senses", load: () => import("./senses/index.js") },
  { id: "models", load: () => import("./models/index.js"), aside: true },
];

/** What the documents task lends to others, fetched as it is asked. @type {typeof import('./documents/lookup.js').lookUp} */
export async function lookUp(...asked) {
  const { lookUp: look } = await import("./documents/lookup.js");
  return look(...asked);
}
