/**
 * Converts checkpoint folders and GGUF files as the page does, with files in place of the browser's. Each line of stdin is a request, as JSON, and gets
 * a line: the hash, the size and the facts of what was written, or the refusal, or what was thrown.
 *
 * @typedef {{path: string, output: string, bits: '8' | 'q4_0', adapter?: string, band?: number}} Request
 */

import { createHash } from "node:crypto";
import { openAsBlob, readFileSync, readdirSync, statSync } from "node:fs";
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";

const STATIC = new URL("../../../static/convert/", import.meta.url);
const { plan, write } = await import(new URL("convert.js", STATIC));
const { Refusal } = await import(new URL("refusal.js", STATIC));

const loadJinja = () => import(new URL("../node_modules/@huggingface/jinja/dist/index.js", STATIC));
const module = new WebAssembly.Module(readFileSync(new URL("kernel.wasm", STATIC)));

/** @param {string} path of a folder or a file */
async function opened(path) {
  const isFolder = statSync(path).isDirectory();
  const within = isFolder ? path : dirname(path);
  const names = isFolder ? readdirSync(path).filter((name) => statSync(join(path, name)).isFile()) : [basename(path)];
  return { name: basename(path), files: new Map(await Promise.all(names.map(async (name) => [name, await openAsBlob(join(within, name))]))) };
}

/** @param {Request} request */
async function converted({ path, output, bits, adapter, band }) {
  const folder = { ...(await opened(path)), ...(adapter ? { adapter: await opened(adapter) } : {}) };
  const file = openSync(output, "w+");
  const sink = {
    write: (bytes, at) => writeSync(file, bytes, 0, bytes.length, at),
    read: (bytes, at) => readSync(file, bytes, 0, bytes.length, at),
    truncate: (size) => ftruncateSync(file, size),
  };
  const hash = createHash("sha256");
  const hasher = { update: (bytes) => hash.update(bytes), digest: () => hash.digest("hex") };
  try {
    const planned = await plan(folder, bits, module, loadJinja);
    let [last, fell] = [0, 0];
    const report = (done, total) => {
      fell = Math.max(fell, last - done / total);
      last = done / total;
    };
    const written = await write(planned, sink, hasher, report, band);
    return { ...written, last, fell, facts: planned.facts };
  } catch (error) {
    return error instanceof Refusal ? { refused: error.code, detail: error.detail } : { thrown: String(error?.stack) };
  } finally {
    closeSync(file);
  }
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await converted(JSON.parse(line))));
