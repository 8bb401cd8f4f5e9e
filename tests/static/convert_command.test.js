// The command beside a conversion is copied into a shell: a folder's name is one word there, whatever it holds.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { convertCommand } from "../../static/tasks/models/convert_command.js";

/** What a shell makes of it. @param {string} command */
const words = (command) => execFileSync("sh", ["-c", `onpage() { printf '%s\\0' "$@"; }\n${command}`], { encoding: "utf8", cwd: "/" }).split("\0").slice(0, -1);

test("a usual name stands as it is", () => {
  assert.equal(convertCommand({ name: "gemma-3-1b_it" }, "8"), "onpage convert gemma-3-1b_it -o gemma-3-1b_it-web.task --residual-scale bound");
  assert.ok(convertCommand({ name: "gemma" }, "q4_0").endsWith(" --residual-scale bound --bits q4_0 --scale max"));
});

test("a GGUF file is named as it is, its web file without that ending, and its bits are said", () => {
  assert.deepEqual(words(convertCommand({ name: "a-Q4_0.gguf" }, "8")), ["convert", "a-Q4_0.gguf", "-o", "a-Q4_0-web.task", "--residual-scale", "bound", "--bits", "8"]);
  assert.ok(convertCommand({ name: "a.gguf" }, "q4_0").endsWith(" -o a-web.task --residual-scale bound --bits q4_0 --scale max"));
});

test("every other name is one word", () => {
  for (const name of ["a model", "a; echo b", "$(echo b)", "`echo b`", "it's", "'; echo 'b", "a\\", "ä “1”", "*", "~", "a&b", "!!", "#x"]) {
    assert.deepEqual(words(convertCommand({ name }, "8")), ["convert", name, "-o", `${name}-web.task`, "--residual-scale", "bound"], name);
  }
});

test("a name is no option, and brings no control character into a terminal", () => {
  assert.deepEqual(words(convertCommand({ name: "-o" }, "8")).slice(1, 4), ["./-o", "-o", "./-o-web.task"]);
  assert.ok(convertCommand({ name: "a\nb\u001b[201~\u202e" }, "8").startsWith("onpage convert 'a_b_[201~_' -o "));
});

test("an adapter is merged, and named in the file's name", () => {
  const said = words(convertCommand({ name: "gemma", adapter: { name: "my tone" } }, "8"));
  assert.deepEqual(said.slice(1), ["gemma", "--merge-lora", "my tone", "-o", "gemma-my tone-web.task", "--residual-scale", "bound"]);
});
