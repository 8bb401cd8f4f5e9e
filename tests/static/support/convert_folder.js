/**
 * Converts a checkpoint folder or a GGUF file as the page does, with files in place of the browser's: node convert_folder.js FOLDER OUTPUT BITS [TEMPLATE HASH …].
 * Says its hash as JSON, or the refusal.
 */

import { createHash } from "node:crypto";
import { openAsBlob, readFileSync, readdirSync, statSync } from "node:fs";
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const STATIC = new URL("../../../static/convert/", import.meta.url);
const { plan, write } = await import(new URL("convert.js", STATIC));
const { Kernel } = await import(new URL("kernel.js", STATIC));
const { Refusal } = await import(new URL("refusal.js", STATIC));

const [, , path, output, bits, ...templates] = process.argv;
const isFolder = statSync(path).isDirectory();
const within = isFolder ? path : dirname(path);
const names = isFolder ? readdirSync(path).filter((name) => statSync(join(path, name)).isFile()) : [basename(path)];
const files = new Map(await Promise.all(names.map(async (name) => [name, await openAsBlob(join(within, name))])));
const kernel = new Kernel(new WebAssembly.Module(readFileSync(new URL("kernel.wasm", STATIC))));
const file = openSync(output, "w+");
const sink = {
  write: (bytes, at) => writeSync(file, bytes, 0, bytes.length, at),
  read: (bytes, at) => readSync(file, bytes, 0, bytes.length, at),
  truncate: (size) => ftruncateSync(file, size),
};
const hash = createHash("sha256");
const hasher = { update: (bytes) => hash.update(bytes), digest: () => hash.digest("hex") };
try {
  const planned = await plan({ name: basename(path), files }, bits, templates.length ? { templates } : {});
  let last = 0;
  const written = await write(planned, sink, kernel, hasher, (done, total) => (last = done / total));
  console.log(JSON.stringify({ ...written, last, facts: planned.facts, peak: process.resourceUsage().maxRSS }));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.log(JSON.stringify({ refused: error.code, detail: error.detail }));
} finally {
  closeSync(file);
}
