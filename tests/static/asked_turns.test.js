// How a file is asked that does not say its turns in its first bytes: by the metadata at a zip's end, or by the pieces of its tokenizer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { message } from "../../static/convert/protobuf.js";
import { turnsBeyond } from "../../static/engine/asked_turns.js";
import { headWith } from "./support/web_files.js";

const GEMMA = { prefix: "<start_of_turn>user\n", suffix: "<end_of_turn>\n<start_of_turn>model\n" };
const utf8 = (text) => new TextEncoder().encode(text);

test("a web file is asked in the turns whose pieces its tokenizer has, as the server asks it, wherever that lies", async () => {
  for (const [pieces, prefix] of [["<start_of_turn> <|turn>", "<start_of_turn>user\n"], ["<|turn> <turn|>", "<|turn>user\n"], ["<|im_start|>", ""]]) {
    const bytes = headWith(message([[2, 512]]), undefined, utf8(pieces));
    const { said, usual } = await turnsBeyond(new Blob([bytes]), { format: "web" }, bytes);
    assert.deepEqual([said, usual.prefix], [null, prefix], pieces);
  }
  const bytes = headWith(message([[2, 512]]), undefined, utf8("<|turn>"));
  const cut = bytes.slice(0, bytes.length - 7);
  assert.equal((await turnsBeyond(new Blob([bytes]), { format: "web" }, cut)).usual.prefix, "<|turn>user\n");
});

/** A zip of stored entries. @param {Record<string, Uint8Array>} entries */
function zip(entries) {
  const record = (size, fields) => {
    const view = new DataView(new ArrayBuffer(size));
    for (const [at, value, bytes = 4] of fields) bytes === 4 ? view.setUint32(at, value, true) : view.setUint16(at, value, true);
    return Buffer.from(view.buffer);
  };
  let [local, central] = [Buffer.alloc(4), Buffer.alloc(0)];
  for (const [name, content] of Object.entries(entries)) {
    central = Buffer.concat([central, record(46, [[0, 0x02014b50], [20, content.length], [24, content.length], [28, name.length, 2], [42, local.length]]), Buffer.from(name)]);
    local = Buffer.concat([local, record(30, [[0, 0x04034b50], [18, content.length], [22, content.length], [26, name.length, 2], [28, 3, 2]]), Buffer.from(name), Buffer.alloc(3), content]);
  }
  return Buffer.concat([local, central, record(22, [[0, 0x06054b50], [12, central.length], [16, local.length]])]);
}

test("a zip is asked as its metadata say, and a damaged one never throws", async () => {
  const affixes = (...texts) => message(texts.map((each, i) => [i + 1, each]));
  const metadata = message([[8, affixes("", "U: ", "\nA:")]]);
  const bytes = zip({ TF_LITE_PREFILL_DECODE: utf8("graph"), METADATA: metadata });
  const found = async (content) => turnsBeyond(new Blob([content]), { format: "graph-task" }, new Uint8Array());
  assert.deepEqual(await found(bytes), { said: { prefix: "U: ", suffix: "\nA:", system: null }, usual: GEMMA });
  assert.deepEqual((await found(zip({ TF_LITE_PREFILL_DECODE: utf8("graph") }))).said, null);
  for (let at = 0; at < bytes.length; at += 1) {
    for (const value of [0, 255]) {
      const damaged = Buffer.from(bytes);
      damaged[at] = value;
      assert.deepEqual((await found(damaged)).usual, GEMMA);
    }
    await found(bytes.subarray(0, at));
  }
});
