// @ts-check
/// <reference lib="webworker" />
/**
 * The page without its server: a service worker that keeps one version of the page, each file checked by its hash.
 *
 * The server (webapp/offline.py) sends this file with `SITE` before it, the hashes of all files of a version. So another version is
 * another script, and the browser's own rules make an update whole or nothing: `install` fetches every file, each must have its hash,
 * and a single failure ends the attempt with the version before untouched. The new one takes over
 * when no tab of the old one is left. Until then each tab gets the files
 * that it began with.
 *
 * What it does not do: it never keeps models, which lie in the page's own storage by their hashes, and does not touch `bench`, which
 * unregisters it, because a load through a worker is not the load that is measured.
 *
 * @typedef {object} Site
 * @property {string} version
 * @property {Record<string, string>} files address relative to the page → its hash as in `integrity`; all are fetched to install
 * @property {Record<string, string>} later the engines' files, megabytes each: kept as soon as the page has used them
 * @property {Record<string, string>} headers of isolation and safety, for hosts that cannot be told to send them: a worker has no policy
 *   but its own file's
 */

/** @type {{SITE?: Site | null}} */
const { SITE = null } = /** @type {any} */ (globalThis);
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (globalThis));
const scope = worker.registration.scope;
const PREFIX = `onpage:${scope}:`;
const OWN = `${PREFIX}${SITE?.version}`;
/** Of no version: the models that the server offered last. */
const LISTS = `${PREFIX}lists`;
const LIST = "api/models";
const PAGE = "./";
/** What every onpage has in its first line, and another program at the same address has not. */
const MARK = '<meta name="application-name" content="onpage">';
/** Milliseconds that the server has to show that it is there, before the page opens without it. */
const PATIENCE = 3000;
/** @type {Omit<Site, 'version'>} */
const { files, later, headers: missing } = SITE ?? { files: {}, later: {}, headers: {} };
/** Whether this worker has put everything away: it answers nothing more, and opens no cache, which would come back empty. */
let left = false;

worker.addEventListener("install", (event) => event.waitUntil(SITE ? install() : worker.skipWaiting()));
worker.addEventListener("activate", (event) => event.waitUntil(SITE ? removeOthers() : leave()));
worker.addEventListener("message", (event) => {
  const { type, files: used } = event.data ?? {};
  if (type === "keep") event.waitUntil(keep(used).then((kept) => event.ports[0]?.postMessage(kept)));
});
worker.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const path = pathOf(url);
  if (!SITE || left || method !== "GET" || path === null) return;
  if (path === PAGE && mode === "navigate") event.respondWith(page());
  else if (path === LIST) event.respondWith(list(event.request));
  else if (path in files || path in later) event.respondWith(pinned(path));
});

/** An address as `Site` names it, without its query; null for what is elsewhere. @param {string} url */
function pathOf(url) {
  const { origin, pathname } = new URL(url);
  const whole = origin + pathname;
  return whole.startsWith(scope) ? whole.slice(scope.length) || PAGE : null;
}

/** Every file, or nothing. */
async function install() {
  const begun = !(await caches.has(OWN)); // else this version was here before, whole
  try {
    const cache = await caches.open(OWN);
    const carried = await carriedOver();
    await all([...Object.keys(files), ...carried], (path) => store(cache, path));
  } catch (error) {
    if (begun) await caches.delete(OWN);
    throw error;
  }
}

/** A few at a time: a server counts connections. @param {string[]} paths @param {(path: string) => Promise<unknown>} act */
async function all(paths, act) {
  const waiting = [...paths];
  const next = async () => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) await act(path);
  };
  await Promise.all([next(), next(), next(), next(), next(), next()]);
}

/** Those of `later` that an earlier version had, perhaps of another version of the engine: without them the update would not be whole. */
async function carriedOver() {
  const had = new Set();
  for (const name of await ownCaches()) {
    for (const { url } of await (await caches.open(name)).keys()) had.add(unversioned(pathOf(url) ?? ""));
  }
  return Object.keys(later).filter((path) => had.has(unversioned(path)));
}

/** @param {string} path */
function unversioned(path) {
  return path.replace(/-\d[^/]*\//, "/");
}

/** Puts a file into the cache of this version, out of an older one where it is the same there. @param {Cache} cache @param {string} path */
async function store(cache, path) {
  const url = new URL(path, scope).href;
  const integrity = files[path] ?? later[path];
  const had = path in later ? await keptElsewhere(url, integrity) : null;
  const response = had ?? (await fetch(url, { integrity, cache: path in later ? "default" : "no-cache" }));
  if (!response.ok) throw new TypeError(`${path}: ${response.status}`);
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(missing)) if (!headers.has(name)) headers.set(name, value);
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name); // of the wire
  await cache.put(url, new Response(response.body, { headers }));
}

/** @param {string} url @param {string} integrity */
async function keptElsewhere(url, integrity) {
  for (const name of await ownCaches()) {
    const response = await (await caches.open(name)).match(url);
    if (response && (await integrityOf(response.clone())) === integrity) return response;
  }
  return null;
}

/** @param {Response} response */
async function integrityOf(response) {
  const digest = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}

async function ownCaches() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== LISTS);
}

async function removeOthers() {
  for (const name of await ownCaches()) if (name !== OWN) await caches.delete(name);
}

/** Ends all that this worker and those before it have done. */
async function leave() {
  left = true;
  await worker.registration.unregister();
  for (const name of await caches.keys()) if (name.startsWith(PREFIX)) await caches.delete(name);
}

/** What the page has used: the list of models, and of the engines' files; whether all of it is kept. @param {string[]} used addresses */
async function keep(used) {
  if (left) return false;
  try {
    const models = new URL(LIST, scope).href;
    if (!(await (await caches.open(LISTS)).match(models))) await list(models); // the first visit asked before this worker was there
    const cache = await caches.open(OWN);
    for (const url of used) {
      const path = pathOf(url) ?? "";
      if (path in later && !(await cache.match(url))) await store(cache, path);
    }
    return true;
  } catch (error) {
    console.debug(`not kept: ${error}`); // no room, or the connection is gone: the next visit tries again
    return false;
  }
}

/**
 * The page itself. The server is asked first, without the query and without waiting long: another program may have its address by now, or a
 * proxy may want a sign-in, and both must be seen. The browser asks for this script, and so for an update, at each such visit by itself.
 */
async function page() {
  const kept = await (await caches.open(OWN)).match(scope);
  const asked = fetch(scope, { cache: "no-cache", redirect: "manual" }).catch(() => null);
  if (!kept) {
    await leave(); // the browser has dropped it: this visit is a first one
    return (await asked) ?? Response.error();
  }
  const late = new Promise((/** @type {(value: null) => void} */ resolve) => {
    setTimeout(resolve, PATIENCE, null);
  });
  const answer = await Promise.race([asked, late]);
  if (!answer || answer.status >= 500) return kept;
  if (answer.ok) {
    if ((await answer.clone().text()).includes(MARK)) return kept;
    await leave();
  }
  return answer;
}

/** What the server offers, else what it offered last, and then it is said in a header. @param {RequestInfo} request */
async function list(request) {
  const answer = await fetch(request).catch(() => null);
  const cache = await caches.open(LISTS);
  const url = new URL(LIST, scope).href;
  if (answer?.ok) {
    await cache.put(url, answer.clone()).catch(() => {}); // no room
    return answer;
  }
  const last = !answer || answer.status >= 500 ? await cache.match(url) : null;
  if (!last) return answer ?? Response.error();
  const headers = new Headers(last.headers);
  headers.set("X-Onpage-Kept", "1");
  return new Response(last.body, { headers });
}

/** A file of this version; one that the browser has dropped is fetched, and must be the same. @param {string} path */
async function pinned(path) {
  const cache = await caches.open(OWN);
  const url = new URL(path, scope).href;
  const kept = await cache.match(url);
  if (kept) return kept;
  await store(cache, path);
  return (await cache.match(url)) ?? Response.error();
}
