// A file that a person opens, as a text: how large it may be, and one that has gone since it was chosen.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ChatFileError } from "../../static/tasks/chat/files.js";
import { TemplateFileError } from "../../static/tasks/lab/files.js";
import { textOf } from "../../static/tasks/parts/text_file.js";

for (const Problem of [ChatFileError, TemplateFileError]) {
  test(`${Problem.name}: what is too large is not read, what has gone is said to be damaged`, async () => {
    assert.equal(await textOf(new Blob(["é[]"]), 4, Problem), "é[]");
    let read = 0;
    const large = Object.assign(new Blob(["12345"]), { text: async () => (read += 1) });
    await assert.rejects(textOf(large, 4, Problem), { name: Problem.name, code: "too-large" });
    assert.equal(read, 0);
    const gone = Object.assign(new Blob([]), { text: () => Promise.reject(new DOMException("It has gone.", "NotFoundError")) });
    await assert.rejects(textOf(gone, 4, Problem), { name: Problem.name, code: "damaged", detail: "NotFoundError: It has gone." });
  });
}
