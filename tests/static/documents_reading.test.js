// Files become blocks, blocks a text with passages; files that are hostile end in an error of ours.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { DocumentError, MAX_CHARACTERS, documentOf } from "../../static/tasks/documents/document.js";
import { decoded, kindOf } from "../../static/tasks/documents/kinds.js";
import { LENGTH, passagesOf } from "../../static/tasks/documents/passages.js";
import { MAX_XML, readDocx } from "../../static/tasks/documents/readers/docx.js";
import { MAX_BYTES, readHtml } from "../../static/tasks/documents/readers/html.js";
import { readMarkdown } from "../../static/tasks/documents/readers/markdown.js";
import { blocksOf, linesOf, readPdf } from "../../static/tasks/documents/readers/pdf.js";
import { readText } from "../../static/tasks/documents/readers/text.js";
import { entriesOf, unzipped } from "../../static/tasks/documents/readers/zip.js";
import { DOMParser, bytesOf, marked, pdfModule, readBlocks, readDocument } from "./support/documents.js";

const bytes = (text) => new TextEncoder().encode(text);
const is = (code) => (error) => error instanceof DocumentError && error.code === code;
const lines = (blocks) => blocks.map(({ kind, level, text }) => `${kind}${level ?? ""} ${text.trim().replace(/\s+/g, " ")}`);

/** An archive as a program would write it: name → text, or entries that lie. */
function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, content, lies = {}] of files) {
    const packed = lies.stored ? bytes(content) : deflateRawSync(typeof content === "string" ? bytes(content) : content);
    const nameBytes = bytes(name);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(nameBytes.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(lies.flags ?? 0, 8);
    entry.writeUInt16LE(lies.method ?? (lies.stored ? 0 : 8), 10);
    entry.writeUInt32LE(lies.compressed ?? packed.length, 20);
    entry.writeUInt32LE(lies.size ?? content.length, 24);
    entry.writeUInt16LE(nameBytes.length, 28);
    entry.writeUInt32LE(lies.offset ?? offset, 42);
    parts.push(header, nameBytes, packed);
    directory.push(entry, nameBytes);
    offset += 30 + nameBytes.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(offset, 16);
  return new Uint8Array(Buffer.concat([...parts, central, end]));
}

const word = (body) => `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}</w:body></w:document>`;
const paragraph = (text, properties = "") => `<w:p>${properties && `<w:pPr>${properties}</w:pPr>`}<w:r><w:t>${text}</w:t></w:r></w:p>`;

test("kinds by their first bytes, then by their names", () => {
  assert.equal(kindOf(bytesOf("lease.docx"), "no-ending"), "docx");
  assert.equal(kindOf(bytesOf("marsh-railway.pdf"), "renamed.txt"), "pdf");
  assert.equal(kindOf(bytes("# A"), "a.MD"), "markdown");
  assert.equal(kindOf(bytes("\n<!DOCTYPE html><p>"), "page"), "html");
  assert.equal(kindOf(bytes("words"), "LICENSE"), "text");
  assert.throws(() => kindOf(bytesOf("lease.docx"), "book.epub"), is("unknown-kind"));
  assert.throws(() => kindOf(new Uint8Array([0xd0, 0xcf, 0x11, 0xe0, 0xa1]), "old.doc"), is("unknown-kind"));
  assert.throws(() => kindOf(new Uint8Array([137, 80, 78, 71, 0, 0]), "picture.png"), is("unknown-kind"));
});

test("text in the encodings that are met", () => {
  assert.equal(decoded(bytes("naïve")), "naïve");
  assert.equal(decoded(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), "a");
  assert.equal(decoded(new Uint8Array([0xff, 0xfe, 0x61, 0, 0xe9, 0])), "aé");
  assert.equal(decoded(new Uint8Array([0x61, 0xe9])), "aé"); // neither UTF, so it is of the West
  assert.throws(() => decoded(new Uint8Array([1, 0, 2])), is("damaged"));
});

test("plain text: broken lines are joined, headings and items are told", () => {
  const text = "CARE OF TOOLS\n\nRinse the brush after every use, and hang it up with the bristles\ndown, or else the water runs into the handle, which then cracks.\n\n2.1 Storage\n\n- dry\n- dark\n\nPLAN\n====\n\nNothing.";
  assert.deepEqual(lines(readText(text)), [
    "heading2 CARE OF TOOLS",
    "paragraph Rinse the brush after every use, and hang it up with the bristles down, or else the water runs into the handle, which then cracks.",
    "heading3 2.1 Storage",
    "item - dry",
    "item - dark",
    "heading1 PLAN",
    "paragraph Nothing.",
  ]);
});

test("Markdown: structure stays, marks go", () => {
  const text = "---\nx: 1\n---\n# A *b*\n\nSee [the page](https://example.org) &amp; `code`.\n\n- one\n  - two\n\n| Fare | Price |\n| --- | --- |\n| Dog | 2 |\n\n```js\na <b> c\n```\n\n> quoted\n\n<script>alert(1)</script>\n";
  assert.deepEqual(lines(readMarkdown(text, marked.lexer)), [
    "heading1 A b",
    "paragraph See the page & code.",
    "item one",
    "item two",
    "row Fare: Dog; Price: 2",
    "code a <b> c",
    "paragraph quoted",
    "paragraph alert(1)",
  ]);
  const deep = readMarkdown("> ".repeat(300) + "end", marked.lexer);
  assert.match(deep.map((block) => block.text).join(), /end/);
});

test("HTML: what is read is what is seen; nothing of it runs", () => {
  const found = readHtml(decoded(bytesOf("ferry-terms.html")), DOMParser);
  const text = found.map((block) => block.text).join("\n");
  for (const part of ["Skerry Line: conditions of carriage", "Adult; Little Auk: 9 marks; Great Auk: 14 marks", "Fares for one way", "until 18:00 on the evening before"]) {
    assert.ok(text.replace(/\s+/g, " ").includes(part), part);
  }
  for (const part of ["changed by a script", "#222", "Book now", "ignore the passages", "Turn on scripts", "Quay 4"]) assert.ok(!text.includes(part), part);
  assert.equal(globalThis.sparrow, undefined);
  /** The parser, and what it was given. */
  const seen = [];
  class Watched extends DOMParser {
    parseFromString(html, type) {
      seen.push(html);
      return super.parseFromString(html, type);
    }
  }
  const styled = readHtml('<html><body><style>p > b { }</style><p style="color:red" title="x"STYLE = "y"\nonclick="z()">one &lt;p style="a"&gt;</p></body></html>', Watched);
  assert.deepEqual(lines(styled), ['paragraph one <p style="a">']);
  assert.ok(!/<style|<p[^<>]*[\s"](?:style|onclick)\s*=/i.test(seen[0]), seen[0]);
  assert.throws(() => readHtml("x".repeat(MAX_BYTES + 1), DOMParser), is("too-large"));
  assert.match(lines(readHtml(`<body>${"<div>".repeat(3000)}deep</body>`, DOMParser)).join(), /^$/);
});

test("Word: headings by their styles, lists, tables; what was deleted is not there", async () => {
  const styles = '<w:styles xmlns:w="x"><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style><w:style w:styleId="T"><w:name w:val="Title"/></w:style></w:styles>';
  const cell = (text) => `<w:tc>${paragraph(text)}</w:tc>`;
  const body = [
    paragraph("Lease", '<w:pStyle w:val="T"/>'),
    paragraph("Rent", '<w:pStyle w:val="berschrift1"/>'),
    '<w:p><w:del><w:r><w:delText>Old</w:delText></w:r></w:del><w:ins><w:r><w:t>New</w:t></w:r></w:ins><w:r><w:tab/><w:t>end &amp; more</w:t></w:r></w:p>',
    paragraph("item", '<w:numPr><w:numId w:val="1"/></w:numPr>'),
    `<w:tbl><w:tr>${cell("Thing")}${cell("Number")}</w:tr><w:tr>${cell("Hook")}${cell("2")}</w:tr></w:tbl>`,
  ].join("");
  const read = await readDocx(zip([["word/document.xml", word(body)], ["word/styles.xml", styles]]), DOMParser);
  assert.deepEqual(lines(read), ["heading1 Lease", "heading2 Rent", "paragraph New end & more", "item item", "row Thing: Hook; Number: 2"]);
  const real = await readBlocks("lease.docx");
  assert.deepEqual(lines(real).slice(0, 3), ["heading1 Lease of a houseboat", `paragraph ${real[1].text}`, "heading2 The boat"]);
});

test("Word files that are hostile", async () => {
  const bomb = Buffer.alloc(MAX_XML + 1, 0x20);
  const packed = zip([["word/document.xml", bomb, { size: 10 }]]);
  assert.ok(packed.length < 100_000);
  await assert.rejects(readDocx(packed, DOMParser), is("too-large"));
  const entities = word(paragraph("&a;")).replace("<w:document", '<!DOCTYPE x [<!ENTITY a "aaaa">]><w:document');
  await assert.rejects(readDocx(zip([["word/document.xml", entities]]), DOMParser), is("damaged"));
  await assert.rejects(readDocx(zip([["other", "x"]]), DOMParser), is("damaged"));
  await assert.rejects(readDocx(bytes("PK\u0003\u0004 and no more"), DOMParser), is("damaged"));
  await assert.rejects(readDocx(zip([["word/document.xml", "x", { flags: 1 }]]), DOMParser), is("encrypted"));
  for (const lies of [{ compressed: 1e9 }, { offset: 1e9 }, { method: 99 }, { compressed: 1 }]) {
    await assert.rejects(readDocx(zip([["word/document.xml", word(paragraph("x")), lies]]), DOMParser), is("damaged"), JSON.stringify(lies));
  }
  const nested = word(`${"<w:sdt>".repeat(5000)}${paragraph("deep")}${"</w:sdt>".repeat(5000)}`);
  assert.deepEqual(await readDocx(zip([["word/document.xml", nested]]), DOMParser), []);
});

test("an archive gives what was packed, stored or deflated, and no byte more than is allowed", async () => {
  const archive = zip([["a", "stored", { stored: true }], ["b", "deflated ".repeat(100)]]);
  const entries = entriesOf(archive);
  const text = async (name, most) => new TextDecoder().decode(await unzipped(archive, entries.get(name), most));
  assert.equal(await text("a", 6), "stored");
  assert.equal(await text("b", 900), "deflated ".repeat(100));
  await assert.rejects(text("a", 5), is("too-large"));
  await assert.rejects(text("b", 899), is("too-large"));
});

test("PDF: paragraphs over lines, columns and pages, headings by size, no running lines", async () => {
  const report = await readBlocks("observatory-report.pdf");
  const text = report.map((block) => block.text).join("\n");
  assert.ok(!text.includes("annual report") && !/Page \d/.test(text));
  assert.ok(text.includes("from 1.1 to 0.3 seconds of arc"));
  assert.deepEqual(lines(report.filter(({ kind }) => kind === "heading")).slice(0, 4), [
    "heading1 Brannock Observatory: report for the year",
    "heading2 The instruments",
    "heading3 The Halloran reflector",
    "heading3 The meteor camera",
  ]);
  assert.deepEqual([...new Set(report.map(({ page }) => page))], [1, 2, 3]);
  const columns = await readDocument("marsh-railway.pdf");
  assert.ok(columns.text.includes("has been run by volunteers since 1974."));
});

test("PDF: a word that was cut at a line's end is whole, a bullet belongs to its line", () => {
  const item = (str, x, y, size = 10, hasEOL = false) => ({ str, transform: [size, 0, 0, size, x, y], width: str.length * 5, height: size, hasEOL });
  const page = linesOf([item("The obser-", 10, 100), item("vatory is open", 10, 88), item("•", 10, 70), item("daily", 22, 70), item("Rules", 10, 50, 16), item("None.", 10, 30)]);
  assert.deepEqual(lines(blocksOf([{ lines: page, page: 1 }])), ["paragraph The observatory is open", "item • daily", "heading1 Rules", "paragraph None."]);
});

test("PDF files that are damaged, and reading that is broken off", async () => {
  const pdf = await pdfModule();
  await assert.rejects(readPdf(bytes("%PDF-1.7 and no more"), { pdf }), is("damaged"));
  const cut = bytesOf("marsh-railway.pdf").slice(0, 900);
  await assert.rejects(readPdf(cut, { pdf }).then(documentOf), (error) => error instanceof DocumentError);
  const stop = new AbortController();
  const reading = readPdf(bytesOf("observatory-report.pdf"), { pdf, signal: stop.signal, onPage: () => stop.abort() });
  await assert.rejects(reading, { name: "AbortError" });
});

test("a document is one text; what cannot be seen goes, and so do empty blocks", () => {
  const { text, blocks } = documentOf([
    { kind: "heading", text: " A \u00ad\n b\u200b", level: 9 },
    { kind: "paragraph", text: " \n " },
    { kind: "code", text: "\n x\n  y\n" },
  ]);
  assert.equal(text, "A b\n x\n  y");
  assert.deepEqual(blocks.map(({ kind, level, start, end }) => [kind, level, text.slice(start, end)]), [["heading", 6, "A b"], ["code", 0, " x\n  y"]]);
  assert.throws(() => documentOf([{ kind: "paragraph", text: " " }]), is("empty"));
  assert.throws(() => documentOf(Array(5).fill({ kind: "code", text: "x".repeat(MAX_CHARACTERS / 4) })), is("too-long"));
});

test("passages are within one section, cover all that stands in it, and end with sentences", () => {
  const sentence = "The quick ferry takes the long way round the small island. ";
  const document = documentOf([
    { kind: "heading", text: "One", level: 1 },
    { kind: "heading", text: "Bare", level: 2 },
    { kind: "heading", text: "Two", level: 2 },
    { kind: "paragraph", text: "Short." },
    { kind: "item", text: "Also short." },
    { kind: "paragraph", text: sentence.repeat(60) },
    { kind: "heading", text: "Three", level: 1 },
    { kind: "paragraph", text: "x".repeat(5000) },
  ]);
  const passages = passagesOf(document);
  const texts = passages.map(({ start, end }) => document.text.slice(start, end));
  assert.deepEqual(passages.slice(0, 2).map(({ headings }) => headings), [["One", "Bare"], ["One", "Two"]]);
  assert.deepEqual(texts.slice(0, 2), ["Bare", "Short.\nAlso short."]);
  const long = texts.filter((text) => text.includes("ferry"));
  assert.ok(long.length > 3 && long.every((text) => text.length < LENGTH * 1.4 && /island\.\s*$/.test(text)));
  assert.equal(texts.filter((text) => /^x+$/.test(text)).join("").length, 5000);
  assert.equal(passages.at(-1).headings.join(), "Three");
});
