// Runs all tests of this folder, as many modules at once as there are cores: `node --test` leaves one core out, which is half of two.

import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { run } from "node:test";
import { tap } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith(".test.js"));
if (!files.length) throw new Error(`${folder} has no tests`);
const tests = run({ files: files.map((name) => folder + name), concurrency: availableParallelism() });
tests.on("test:fail", () => {
  process.exitCode = 1;
});
tests.compose(tap).pipe(process.stdout);
