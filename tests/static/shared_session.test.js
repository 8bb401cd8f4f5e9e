// Two tasks with one session: each waits for the other's answer, and neither ends what the other does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedSession } from "../../static/app/shared_session.js";
import { settled } from "./support/engines.js";

const READY = { phase: "ready", after: "load" };

function shared() {
  const counts = [];
  const session = {
    state: { now: READY },
    stops: 0,
    count: (messages) => new Promise((resolve) => counts.push({ messages, resolve })),
    generate: async () => {
      session.state = { now: { phase: "writing", stopping: false } };
    },
    stop: () => (session.stops += 1),
    reseed: async () => {},
  };
  const all = new SharedSession(session);
  return { session, counts, all, post: all.of("post"), chat: all.of("chat") };
}

test("what one task writes is something that the other waits for, and cannot stop", () => {
  const { session, all, post, chat } = shared();
  post.generate([], { room: 1, onText: () => {} });
  assert.deepEqual([all.writer, post.state.now.phase, chat.state.now], ["post", "writing", { phase: "loading", reason: "elsewhere", progress: null }]);
  chat.generate([], { room: 1, onText: () => {} });
  assert.equal(all.writer, "post", "it was not its turn");
  chat.stop();
  assert.equal(session.stops, 0);
  post.stop();
  assert.equal(session.stops, 1);
});

test("a task's count waits for that of another, and comes over its own", async () => {
  const { counts, post, chat } = shared();
  const found = post.count(["a"], 9);
  void chat.count(["b"], 9);
  await settled();
  assert.deepEqual(counts.map(({ messages }) => messages), [["a"]]);
  counts[0].resolve(3);
  assert.equal(await found, 3);
  await settled();
  void chat.count(["c"], 9);
  await settled();
  assert.deepEqual(counts.map(({ messages }) => messages), [["a"], ["b"], ["c"]]);
});

test("a view that goes while the next seed is loaded writes nothing any more", async () => {
  const { session, all } = shared();
  const left = new AbortController();
  const post = all.of("post", left.signal);
  const again = post.reseed().then(() => post.generate([], { room: 1, onText: () => {} }));
  left.abort();
  assert.equal(await again, null);
  assert.deepEqual([all.writer, session.state.now.phase], ["", "ready"]);
});
