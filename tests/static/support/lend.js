/**
 * `node lend.js TARGET STORED …`: a load of TARGET by a page that has the others in storage; prints what came of it and what was sent.
 */

import { readFile } from "node:fs/promises";

import { findLender, lentTo } from "../../../static/engine/lender.js";
import { begin, sha256 } from "./load.js";
import { MemoryStorage } from "./memory_storage.js";
import { serve } from "./server.js";

const [target, ...others] = process.argv.slice(2);
const content = await readFile(target);
const storage = new MemoryStorage();
for (const path of others) {
  const bytes = new Uint8Array(await readFile(path));
  const file = await storage.open(sha256(bytes), "write");
  await file.write(bytes, 0);
  await file.close();
}
const { url, requests } = await serve(/** @type {any} */ ({ after: () => {} }), content);
const model = { url, size: content.length, sha256: sha256(content) };
const lender = await findLender(model, { storage, worth: 0, least: 4096 });
const lent = lender?.loans.total ?? 0;
const asked = requests.splice(0).length;
const options = { storage, worth: 0, least: 4096 };
const told = [(await lentTo(model, 0, options))?.bytes ?? 0, (await lentTo(model, content.length, options))?.bytes ?? 0];
requests.splice(0);
const { result } = await begin(url, { storage, lender, size: model.size, expected: model.sha256 });
const same = content.equals(await result);
const sent = requests.reduce((sum, range) => {
  const [from, to] = /^bytes=(\d+)-(\d*)$/.exec(range)?.slice(1) ?? ["0", ""];
  return sum + (to ? Number(to) + 1 : content.length) - Number(from);
}, 0);
console.log(JSON.stringify({ same, size: content.length, lent, told, sent, asked, requests: requests.length }));
process.exit(0);
