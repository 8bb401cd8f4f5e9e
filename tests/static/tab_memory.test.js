// What a tab remembers over a reload, from storage that may be damaged, full or forbidden.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { recall, remember } from "../../static/app/tab_memory.js";

afterEach(() => void delete globalThis.sessionStorage);

function storage(held) {
  const kept = new Map(held === undefined ? [] : [["onpage", held]]);
  const made = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) };
  Object.defineProperty(globalThis, "sessionStorage", { value: made, configurable: true });
  return kept;
}

test("a change is added to what there is", () => {
  storage();
  remember({ modelId: "first" });
  remember({ tasks: { chat: "text" } });
  assert.deepEqual(recall(), { modelId: "first", tasks: { chat: "text" } });
});

for (const damaged of ["null", "7", '"text"', "{", ""]) {
  test(`${JSON.stringify(damaged)} in storage is nothing, and the next change is kept`, () => {
    storage(damaged);
    assert.deepEqual(recall(), {});
    remember({ modelId: "first" });
    assert.deepEqual(recall(), { modelId: "first" });
  });
}

test("without storage it is forgotten", () => {
  remember({ modelId: "first" });
  assert.deepEqual(recall(), {});
});
