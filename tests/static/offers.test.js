// Without a server: the last list of models, and of it only what this browser keeps whole.

import assert from "node:assert/strict";
import { test } from "node:test";
import { keptOf, readOffers } from "../../static/app/offers.js";

globalThis.document ??= { baseURI: "http://localhost/a/" };
const file = (sha256, size) => ({ sha256, size, url: `models/${sha256}/m` });
const model = { name: "m", files: [file("a", 10), file("b", 20)], adapters: [{ id: "lora" }] };
const answer = (models, headers = {}) => async () => new Response(JSON.stringify(models), { headers });

test("a server's list is taken as it is, models that compare apart", async () => {
  const embedder = { ...model, kind: "embedding", embedding: { dimensions: 2 } };
  const offers = await readOffers({ get: answer([model, embedder]), stored: async () => [] });
  assert.deepEqual(offers, { models: [model], embedders: [embedder], offline: false });
});

test("of a kept list there is only what is here, whole", async () => {
  assert.deepEqual(keptOf([model], [{ sha256: "b", size: 20 }]), [{ ...model, files: [file("b", 20)], adapters: [] }]);
  assert.deepEqual(keptOf([model], [{ sha256: "b", size: 19 }]), []);
  const get = answer([model], { "X-Onpage-Kept": "1" });
  const { models, offline } = await readOffers({ get, stored: async () => [{ sha256: "a", size: 10 }] });
  assert.deepEqual([models[0].files.length, offline], [1, true]);
  await assert.rejects(readOffers({ get, stored: async () => [] }), { code: "model-not-kept" });
});

test("without any list the server is missing", async () => {
  for (const get of [async () => Response.error(), async () => Promise.reject(new TypeError("gone")), async () => new Response("", { status: 503 })]) {
    await assert.rejects(readOffers({ get }), { code: "server-unreachable" });
  }
});
