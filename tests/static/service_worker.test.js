// The service worker with a browser's caches and network played: what an install leaves, and who answers which request.

import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

const CODE = readFileSync(new URL("../../static/offline/service_worker.js", import.meta.url), "utf8");
const SCOPE = "http://localhost/a/";
const PAGE = '<meta name="application-name" content="onpage">';
const ENGINE = "static/vendor/engine-1.0/e.wasm";
const hash = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

class Caches {
  all = new Map();
  async open(name) {
    if (!this.all.has(name)) this.all.set(name, new Map());
    const held = this.all.get(name);
    return {
      match: async (url) => held.get(String(url))?.clone(),
      put: async (url, response) => void held.set(String(url), response),
      keys: async () => [...held.keys()].map((url) => ({ url })),
    };
  }
  has = async (name) => this.all.has(name);
  keys = async () => [...this.all.keys()];
  delete = async (name) => this.all.delete(name);
}

/** A worker of one version; `served` is what the network has, by address. */
function start(served, site, caches = new Caches()) {
  const handlers = {};
  const asked = [];
  const state = { skipped: 0, unregistered: 0 };
  const globals = {
    SITE: site,
    caches,
    registration: { scope: SCOPE, unregister: async () => (state.unregistered += 1) },
    skipWaiting: async () => (state.skipped += 1),
    addEventListener: (name, act) => (handlers[name] = act),
    fetch: async (request, { integrity } = {}) => {
      const url = String(request.url ?? request);
      asked.push(url);
      const content = served[url.slice(SCOPE.length) || "./"];
      if (content === undefined) throw new TypeError("no network");
      const response = content instanceof Response ? content.clone() : new Response(content);
      if (integrity && integrity !== hash(await response.clone().text())) throw new TypeError("integrity");
      return response;
    },
    crypto: webcrypto,
    ...{ URL, Response, Headers, Promise, TypeError, console, setTimeout: () => 0, btoa },
  };
  vm.runInNewContext(CODE, globals);
  const run = async (name, event = {}) => {
    let done;
    handlers[name]({ waitUntil: (promise) => (done = promise), ...event });
    return done;
  };
  const get = (path, mode = "cors", method = "GET") => {
    let answer;
    handlers.fetch({ request: { url: SCOPE + path, mode, method }, respondWith: (promise) => (answer = promise) });
    return answer;
  };
  const say = (data) => {
    let said;
    return run("message", { data, ports: [{ postMessage: (value) => (said = value) }] }).then(() => said);
  };
  return { run, get, say, asked, caches, state };
}

const siteOf = (version, served, later = {}) => ({
  version,
  files: Object.fromEntries(Object.entries(served).filter(([path]) => !(path in later) && !path.startsWith("api/")).map(([path, text]) => [path, hash(text)])),
  later,
  headers: { "Cross-Origin-Embedder-Policy": "require-corp", "Content-Security-Policy": "connect-src 'self'" },
});

test("an install keeps every file, checked, and adds isolation", async () => {
  const served = { "./": PAGE, "static/a.js": "a" };
  const { run, get, caches } = start(served, siteOf("1", served));
  await run("install");
  assert.equal(caches.all.get(`onpage:${SCOPE}:1`).size, 2);
  delete served["static/a.js"];
  const response = await get("static/a.js");
  assert.equal(await response.text(), "a");
  assert.equal(response.headers.get("Cross-Origin-Embedder-Policy"), "require-corp");
});

test("a file that is missing or another one ends the install, and nothing has changed", async () => {
  const served = { "./": PAGE, "static/a.js": "a" };
  const caches = new Caches();
  await start(served, siteOf("1", served), caches).run("install");
  for (const wrong of ["b", undefined]) {
    const next = start({ ...served, "static/a.js": wrong }, siteOf("2", { ...served, "static/a.js": "a2" }), caches);
    await assert.rejects(next.run("install"), TypeError);
    assert.deepEqual([...caches.all.keys()], [`onpage:${SCOPE}:1`]);
  }
});

test("the engine that was used goes over into the next version, also as a new version of itself", async () => {
  const served = { "./": PAGE, [ENGINE]: "engine", "static/vendor/other-1.0/o.wasm": "other", "api/models": "[]" };
  const later = { [ENGINE]: hash("engine"), "static/vendor/other-1.0/o.wasm": hash("other") };
  const first = start(served, siteOf("1", served, later));
  await first.run("install");
  assert.equal(await first.say({ type: "keep", files: [SCOPE + ENGINE, "http://elsewhere/x"] }), true);
  assert.deepEqual(first.asked, [SCOPE, `${SCOPE}api/models`, SCOPE + ENGINE]);
  const same = start({ "./": PAGE }, siteOf("2", { "./": PAGE }, later), first.caches);
  await same.run("install");
  assert.deepEqual(same.asked, [SCOPE], "the same bytes are not sent again");
  const engine2 = ENGINE.replace("1.0", "2.0");
  const newer = start({ "./": PAGE, [engine2]: "new" }, siteOf("3", { "./": PAGE }, { [engine2]: hash("new") }), first.caches);
  await newer.run("install");
  assert.ok(newer.caches.all.get(`onpage:${SCOPE}:3`).has(SCOPE + engine2));
  await newer.run("activate");
  assert.deepEqual([...newer.caches.all.keys()], [`onpage:${SCOPE}:lists`, `onpage:${SCOPE}:3`]);
});

test("what is not the page's is none of its business", async () => {
  const served = { "./": PAGE };
  const { get } = start(served, siteOf("1", served));
  for (const path of ["models/abc/x.task", "bench", "mine.html", "api/vendor"]) assert.equal(get(path, "navigate"), undefined, path);
  assert.equal(get("", "navigate", "POST"), undefined);
});

test("the page is the kept one, unless something else has its address", async () => {
  const served = { "./": PAGE };
  const { say, run, get, state, caches, asked } = start(served, siteOf("1", served));
  await run("install");
  served["./"] = `${PAGE} newer`;
  assert.equal(await (await get("?engine=x", "navigate")).text(), PAGE);
  assert.equal(asked.at(-1), SCOPE, "a query is not sent");
  served["./"] = new Response("", { status: 502 });
  assert.equal(await (await get("", "navigate")).text(), PAGE);
  delete served["./"];
  assert.equal(await (await get("", "navigate")).text(), PAGE);
  served["./"] = new Response("sign in", { status: 401 });
  assert.equal((await get("", "navigate")).status, 401);
  assert.equal(state.unregistered, 0);
  served["./"] = "another program";
  assert.equal(await (await get("", "navigate")).text(), "another program");
  assert.deepEqual([state.unregistered, caches.all.size], [1, 0]);
  assert.equal(get("api/models"), undefined, "the other program's files are its own");
  assert.equal(await say({ type: "keep", files: [] }), false, "the page that goes may still ask");
  assert.equal(caches.all.size, 0);
});

test("the last list of models is kept, and said to be the last", async () => {
  const served = { "./": PAGE, "api/models": "[1]" };
  const { get } = start(served, siteOf("1", served));
  assert.equal((await get("api/models")).headers.has("X-Onpage-Kept"), false);
  delete served["api/models"];
  const last = await get("api/models");
  assert.deepEqual([await last.text(), last.headers.get("X-Onpage-Kept")], ["[1]", "1"]);
});

test("where the page is not to be kept, the worker ends itself and what was kept", async () => {
  const caches = new Caches();
  await caches.open(`onpage:${SCOPE}:1`);
  await caches.open("somebody else's");
  const { run, get, state } = start({}, null, caches);
  await run("install");
  await run("activate");
  assert.deepEqual([state.skipped, state.unregistered, ...caches.all.keys()], [1, 1, "somebody else's"]);
  assert.equal(get("", "navigate"), undefined);
});
