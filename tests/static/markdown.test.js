// What a model writes, as Markdown: cut into blocks while it streams, and made into HTML that says no more than the text does. What of
// that HTML comes into a page is DOMPurify's part, see e2e/page/test_modules.py.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Marked } from "../../static/node_modules/marked/lib/marked.esm.js";
import { taskOf } from "../../static/app/task_navigation.js";
import { parserOf } from "../../static/tasks/parts/markdown.js";
import { Blocks } from "../../static/tasks/parts/markdown_blocks.js";

const TEXT = "Intro\nmore\n\n- one\n- two\n\n```js\nlet a;\n\n``` x\nlet b;\n```\n| a |\n| - |\n| 1 |\n\n\nEnd";
const BLOCKS = ["Intro\nmore\n\n", "- one\n- two\n\n", "```js\nlet a;\n\n``` x\nlet b;\n```\n", "| a |\n| - |\n| 1 |\n\n"];

for (const size of [1, 2, 7, 1000]) {
  test(`blocks are finished where they end, whatever the pieces: ${size}`, () => {
    const blocks = new Blocks();
    const found = [];
    for (let at = 0; at < TEXT.length; at += size) found.push(...blocks.add(TEXT.slice(at, at + size)));
    assert.deepEqual([found, blocks.rest], [BLOCKS, "\nEnd"]);
  });
}

test("code that is never closed stays one block, and a longer fence holds a shorter one", () => {
  const open = new Blocks();
  assert.deepEqual([open.add("~~~\na\n\nb\n```\n\nc"), open.rest], [[], "~~~\na\n\nb\n```\n\nc"]);
  const nested = new Blocks();
  assert.deepEqual(nested.add("````\n```\n\n```\n````\n"), ["````\n```\n\n```\n````\n"]);
});

const parse = parserOf(Marked);

for (const [what, markdown, html] of [
  ["a list", "1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"],
  ["code", "`<b>`", "<p><code>&lt;b&gt;</code></p>\n"],
  ["a heading, below the page's own", "# A", "<h3>A</h3>"],
  ["a line break", "a\nb", "<p>a<br>b</p>\n"],
  ["HTML is the text that it is", "a <img src=x onerror=alert(1)> b", "<p>a &#60;img src=x onerror=alert(1)&#62; b</p>\n"],
  ["a block of HTML, too", "<script>\nalert(1)\n</script>", "&#60;script&#62;\nalert(1)\n&#60;/script&#62;"],
  ["a picture is a link", "![a \"b\"](http://x.test/y.png)", "<p><a href=\"http://x.test/y.png\">a &#34;b&#34;</a></p>\n"],
  ["what looks like an address for links", "[Answer]: Paris\n\n[Note]: yes", "<p>[Answer]: Paris</p>\n<p>[Note]: yes</p>\n"],
  ["a link by a number beside its address", "[1]: http://x.test", "<p>[1]: <a href=\"http://x.test\">http://x.test</a></p>\n"],
  ["a task", "- [x] done", "<ul>\n<li>☑ done</li>\n</ul>\n"],
]) {
  test(`Markdown: ${what}`, () => assert.equal(parse(markdown), html));
}

for (const [head, row] of [
  ["| a | b |\n| - | - |", "| 1 | 2 | 3 | 4 |"],
  ["a | b\n- | -", "1 | 2 | 3 | 4"],
  ["| a \\| | b\n| :- | -", "| 1 \\| | 2 | 3 | 4  "],
]) {
  test(`a table shows what its rows have beyond its head: ${head}`, () => {
    const shown = parse(`${head}\n${row}\n| 5 |\n\nEnd`);
    assert.deepEqual([...shown.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, cell]) => cell.replace(" |", "")), ["1", "2", "3", "4", "5", "", "", ""]);
    assert.equal([...shown.matchAll(/<th[ >]/g)].length, 4);
    assert.ok(shown.endsWith("<p>End</p>\n"));
  });
}

test("an address names a task, else the first is shown", () => {
  const tasks = [{ id: "post" }, { id: "chat" }];
  assert.deepEqual(["#/chat", "#/post", "", "#/none", "#chat"].map((hash) => taskOf(hash, tasks).id), ["chat", "post", "post", "post", "post"]);
});
