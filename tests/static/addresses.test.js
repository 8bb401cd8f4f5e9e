// What an address says: a task, and a text for it, which no server hears of.

import assert from "node:assert/strict";
import { test } from "node:test";
import { taskOf, textIn } from "../../static/app/task_navigation.js";

const TASKS = [{ id: "post" }, { id: "chat" }];

test("a task, with or without a text", () => {
  for (const [hash, id] of [["", "post"], ["#/chat", "chat"], ["#/chat?text=a", "chat"], ["#/chatter", "post"], ["#/?text=a", "post"]]) {
    assert.equal(taskOf(hash, TASKS).id, id, hash);
  }
});

test("the text, decoded, and not without end", () => {
  assert.equal(textIn("#/post?text=a%20%26+b%3F"), "a & b?");
  for (const hash of ["", "#/post", "#/post?other=1", "#/post?text="]) assert.equal(textIn(hash), "", hash);
  assert.equal(textIn(`#/post?text=${"x".repeat(200_000)}`).length, 100_000);
  assert.equal(textIn("#/post?text=%"), "%");
});
