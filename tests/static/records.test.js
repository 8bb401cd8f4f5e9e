// What a person made is kept: on the device, or in memory with the reason; in order, bounded, in two tabs, over versions.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { IDBFactory, IDBKeyRange, IDBTransaction } from "../../static/node_modules/fake-indexeddb/build/esm/index.js";
import { Database, VERSIONS } from "../../static/records/database.js";
import { MemoryShelf } from "../../static/records/memory.js";
import { newId } from "../../static/records/record.js";
import { Records } from "../../static/records/records.js";
import { settled } from "./support/engines.js";

/** @type {Records[]} */
let opened = [];

beforeEach(() => {
  Object.assign(globalThis, { indexedDB: new IDBFactory(), IDBKeyRange });
});

afterEach(async () => {
  await Promise.all(opened.map((records) => records.close()));
  opened = [];
});

/** What one tab has. */
function tab(device = new Database()) {
  const records = new Records(device);
  opened.push(records);
  return records;
}

/** A device that fails with this error while it is set. */
class Failing extends Database {
  error = null;
}
for (const name of ["put", "update", "get", "list", "count", "delete", "clear"]) {
  Failing.prototype[name] = async function call(...values) {
    if (this.error && !(this.readable && ["get", "list", "count"].includes(name))) throw this.error;
    return Database.prototype[name].apply(this, values);
  };
}

const entry = (id, at, body = { text: `body ${id}` }) => ({ id, at, head: { title: id }, body });
const ids = async (records, page = { count: 100 }) => (await records.list(page)).map(({ id }) => id);

for (const [name, shelf] of [["the device", () => new Database()], ["memory", () => new MemoryShelf()]]) {
  test(`${name}: written, listed newest first, read, replaced, deleted, cleared; task by task`, async () => {
    const records = tab(shelf());
    const [posts, chats] = [records.of("post"), records.of("chat")];
    for (const [id, at] of [["b", 2], ["a", 1], ["d", 3], ["c", 3]]) assert.deepEqual(await posts.put(entry(id, at)), { dropped: 0 });
    await chats.put(entry("a", 9));
    assert.deepEqual(await ids(posts), ["d", "c", "b", "a"]);
    assert.deepEqual(await posts.list({ count: 1 }), [{ id: "d", at: 3, head: { title: "d" } }], "without its body");
    assert.deepEqual(await posts.get("a"), entry("a", 1));
    assert.equal(await posts.get("z"), null);
    await posts.put(entry("a", 7, "new"));
    assert.deepEqual([await ids(posts), await posts.count(), (await posts.get("a"))?.body], [["a", "d", "c", "b"], 4, "new"]);
    assert.equal(await posts.delete("d"), true);
    assert.deepEqual([await ids(posts), await posts.get("d")], [["a", "c", "b"], null]);
    assert.equal(await posts.clear(), true);
    assert.deepEqual([await ids(posts), await posts.count(), await ids(chats)], [[], 0, ["a"]]);
  });

  test(`${name}: a list goes on where the page before ended, also among records of one moment`, async () => {
    const posts = tab(shelf()).of("post");
    for (const id of ["a", "b", "c", "d", "e"]) await posts.put(entry(id, id === "e" ? 2 : 1));
    /** @type {string[]} */
    const found = [];
    for (let before; ; ) {
      const page = await posts.list({ before, count: 2 });
      if (!page.length) break;
      found.push(...page.map(({ id }) => id));
      before = page.at(-1);
    }
    assert.deepEqual(found, ["e", "d", "c", "b", "a"]);
    assert.deepEqual(await posts.list({ count: 0 }), []);
  });

  test(`${name}: the oldest go, and how many is said`, async () => {
    const posts = tab(shelf()).of("post", 3);
    for (const at of [1, 2, 3]) assert.equal((await posts.put(entry(String(at), at))).dropped, 0);
    assert.equal((await posts.put(entry("3", 3, "again"))).dropped, 0, "one that is there takes no place");
    assert.equal((await posts.put(entry("4", 4))).dropped, 1);
    assert.deepEqual([await ids(posts), await posts.get("1")], [["4", "3", "2"], null]);
  });

  test(`${name}: no body is left of a record that went`, async () => {
    const posts = tab(shelf()).of("post", 2);
    for (const at of [1, 2, 3]) await posts.put(entry(String(at), at));
    await posts.delete("2");
    for (const id of ["1", "2"]) await posts.update(id, (found) => (found ? assert.fail("it was gone") : null));
    if (name === "memory") return;
    const database = await new Promise((resolve) => {
      const request = indexedDB.open("onpage");
      request.onsuccess = () => resolve(request.result);
    });
    const keys = database.transaction("bodies").objectStore("bodies").getAllKeys();
    await new Promise((resolve) => (keys.onsuccess = resolve));
    database.close();
    assert.deepEqual(keys.result, [["post", "3"]]);
  });

  test(`${name}: update reads and writes in one step, or leaves all as it is`, async () => {
    const posts = tab(shelf()).of("post");
    const more = (found) => entry("a", 1, (found?.body ?? 0) + 1);
    await Promise.all(Array.from({ length: 10 }, () => posts.update("a", more)));
    assert.equal((await posts.get("a"))?.body, 10);
    await posts.update("a", () => null);
    await posts.update("b", (found) => found);
    assert.deepEqual([await posts.count(), (await posts.get("a"))?.body], [1, 10]);
  });

  test(`${name}: what is changed after a call is not in the record`, async () => {
    const posts = tab(shelf()).of("post");
    const mine = entry("a", 1, { texts: ["one"] });
    const writing = posts.put(mine);
    mine.body.texts.push("two");
    await writing;
    const read = await posts.get("a");
    read.body.texts.push("three");
    assert.deepEqual((await posts.get("a"))?.body, { texts: ["one"] });
  });
}

test("two tabs mix whole records and hear of each other", async () => {
  const [one, two] = [tab(), tab()].map((records) => records.of("post"));
  const heard = new Promise((resolve) => two.listen(() => resolve(null)));
  let own = 0;
  one.listen(() => (own += 1));
  await one.put(entry("a", 1));
  await heard;
  assert.deepEqual([await ids(two), own], [["a"], 1]);
  const more = (found) => ({ ...found, body: [...(found?.body ?? []), 1] });
  await two.put(entry("a", 1, []));
  await Promise.all([one, two, one, two].map((records) => records.update("a", more)));
  assert.deepEqual((await one.get("a"))?.body, [1, 1, 1, 1]);
});

test("a task that no longer listens hears nothing", async () => {
  const posts = tab().of("post");
  const ended = new AbortController();
  let heard = 0;
  posts.listen(() => (heard += 1), ended.signal);
  await posts.put(entry("a", 1));
  ended.abort();
  await posts.put(entry("b", 1));
  assert.equal(heard, 1);
});

test("without storage, records are in memory and the reason is said", async () => {
  for (const take of [() => delete globalThis.indexedDB, () => (globalThis.indexedDB = { open: () => { throw new DOMException("no", "SecurityError"); } })]) {
    take();
    const posts = tab().of("post");
    await posts.put(entry("a", 1));
    await posts.update("a", (found) => ({ ...found, body: "changed" }));
    assert.deepEqual([posts.trouble, await ids(posts), (await posts.get("a"))?.body, await posts.count()], ["refused", ["a"], "changed", 1]);
    assert.equal(await posts.delete("a"), true);
    assert.deepEqual(await ids(posts), []);
  }
});

test("where there is no room, the new is in memory beside the old, and goes to the device once there is room", async () => {
  const device = new Failing();
  const posts = tab(device).of("post");
  await posts.put(entry("a", 1));
  await posts.put(entry("b", 2));
  Object.assign(device, { error: new DOMException("full", "QuotaExceededError"), readable: true });
  await posts.put(entry("c", 3));
  await posts.put(entry("a", 4, "edited"));
  await posts.update("b", (found) => ({ ...found, body: { was: found?.body } }));
  assert.equal(posts.trouble, "full");
  assert.deepEqual([await ids(posts), await posts.count()], [["a", "c", "b"], 3]);
  assert.deepEqual([(await posts.get("a"))?.body, (await posts.get("b"))?.body], ["edited", { was: { text: "body b" } }]);
  device.error = null;
  await posts.put(entry("d", 5));
  assert.equal(posts.trouble, null);
  const another = tab().of("post");
  assert.deepEqual([await ids(another), (await another.get("a"))?.body], [["d", "a", "c", "b"], "edited"]);
});

test("what the device does not let go of is not called gone", async () => {
  const device = new Failing();
  const posts = tab(device).of("post");
  await posts.put(entry("a", 1));
  device.error = new DOMException("full", "QuotaExceededError");
  assert.equal(await posts.delete("a"), false);
  assert.equal(await posts.clear(), false);
});

test("a mistake of the caller's is not taken for a fault of the device", async () => {
  const posts = tab().of("post");
  await assert.rejects(posts.put(entry("a", 1, () => {})), { name: "DataCloneError" });
  await assert.rejects(posts.update("a", () => assert.fail("by the test")), /by the test/);
  await assert.rejects(posts.update("a", () => entry("a", 1, () => {})), { name: "DataCloneError" });
  assert.deepEqual([posts.trouble, await ids(posts)], [null, []]);
  await posts.put(entry("b", 1));
  assert.deepEqual(await ids(posts), ["b"], "and the next call works");
});

/** Leaves the page after a call: what the browser has of it by then. @param {() => unknown} call */
async function left(call) {
  const { commit } = IDBTransaction.prototype;
  let committed = 0;
  IDBTransaction.prototype.commit = function counted() {
    committed += 1;
    return commit.call(this);
  };
  const going = call();
  for (let step = 0; step < 20; step += 1) await Promise.resolve(); // a page that goes has its microtasks, and no events
  const sent = committed;
  await going;
  IDBTransaction.prototype.commit = commit;
  return sent;
}

test("what is written, deleted and cleared is on its way to the device before the page can be left", async () => {
  const posts = tab().of("post");
  await posts.put(entry("a", 1));
  assert.equal(await left(() => posts.put(entry("b", 2))), 1);
  assert.equal(await left(() => posts.delete("a")), 1);
  assert.equal(await left(() => posts.clear()), 1);
  const several = () => {
    void posts.put(entry("c", 3));
    void posts.put(entry("c", 4));
    return posts.delete("b");
  };
  assert.equal(await left(several), 3, "one does not wait for what came of another");
  assert.deepEqual(await posts.list({ count: 9 }), [{ id: "c", at: 4, head: { title: "c" } }]);
});

test("what came to the device late does not take the place of what was written after it", async () => {
  const device = new Failing();
  const posts = tab(device).of("post");
  device.error = new DOMException("full", "QuotaExceededError");
  await posts.put(entry("a", 1, "old"));
  device.error = null;
  await Promise.all([posts.put(entry("b", 1)), posts.put(entry("a", 2, "new"))]);
  assert.equal((await posts.get("a"))?.body, "new");
  device.error = new DOMException("full", "QuotaExceededError");
  await posts.put(entry("a", 3, "newer"));
  device.error = null;
  await Promise.all([posts.put(entry("b", 2)), posts.clear()]);
  assert.deepEqual([await ids(posts), posts.trouble], [[], null]);
});

test("a database that was closed under us is opened again", async () => {
  /** @type {IDBOpenDBRequest[]} */
  const requests = [];
  const { open } = IDBFactory.prototype;
  indexedDB.open = (...values) => {
    requests.push(open.apply(indexedDB, values));
    return requests.at(-1);
  };
  const posts = tab().of("post");
  await posts.put(entry("a", 1));
  requests[0].result.close(); // nobody hears of it
  await posts.put(entry("b", 2));
  assert.deepEqual([posts.trouble, await ids(posts), requests.length], [null, ["b", "a"], 2]);
});

test("a new version keeps what was there; the tab with the version before works on in memory and says so", async () => {
  const old = tab().of("post");
  await old.put(entry("a", 1));
  const versions = [...VERSIONS, (database, upgrade) => upgrade.objectStore("heads").createIndex("by-id", "id")];
  const posts = tab(new Database(versions)).of("post");
  assert.deepEqual(await ids(posts), ["a"]);
  await old.put(entry("b", 2));
  assert.deepEqual([old.trouble, await ids(old)], ["other-version", ["b"]]);
  assert.deepEqual([posts.trouble, await ids(posts)], [null, ["a"]]);
});

test("a tab that does not let go of the version before is not waited for", async () => {
  const holding = await new Promise((resolve) => {
    const request = indexedDB.open("onpage", 1);
    request.onupgradeneeded = () => VERSIONS[0](request.result, request.transaction);
    request.onsuccess = () => resolve(request.result);
  });
  const posts = tab(new Database([...VERSIONS, () => {}])).of("post");
  await posts.put(entry("a", 1));
  assert.equal(posts.trouble, "other-version");
  holding.close();
  await settled();
  await posts.put(entry("b", 2));
  assert.deepEqual([posts.trouble, await ids(posts)], [null, ["b", "a"]]);
  assert.deepEqual([await ids(tab(new Database([...VERSIONS, () => {}, () => {}])).of("post"))], [["b", "a"]], "nothing is held open");
});

test("ids differ", () => {
  const made = new Set(Array.from({ length: 1000 }, newId));
  assert.equal(made.size, 1000);
  for (const id of made) assert.match(id, /^[0-9a-f]{24}$/);
});
