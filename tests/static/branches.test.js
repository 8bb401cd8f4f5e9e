// Follow-ups and branches of a conversation in the real engine, which reads only what is new: each answer is that of a run that reads all.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { message } from "../../static/engine/messages.js";
import { Branches } from "../../static/engine/workers/branches.js";
import { NO_SENSES } from "../../static/engine/media.js";
import { startedWorker } from "./support/worker.js";

const STEPS = Number(process.env.STEPS ?? 10);
const model = fileURLToPath(new URL("../../webapp/demo_model/onpage-demo.litertlm", import.meta.url));
const bytes = readFileSync(model);
const sha256 = createHash("sha256").update(bytes).digest("hex");
const MAX_TOKENS = 320;
const LOAD = {
  type: "load",
  id: 1,
  model: { url: "http://server/model", size: bytes.length, sha256 },
  settings: { temperature: 1, topK: 1, seed: 1, maxTokens: MAX_TOKENS },
  turns: { prefix: "<start_of_turn>user\n", suffix: "<end_of_turn>\n<start_of_turn>model\n", end: "<end_of_turn>\n" },
  backend: "CPU",
  fresh: false,
  warmUp: false,
  ranks: [],
  lora: null,
  senses: NO_SENSES,
};
const ASKED = [
  "The library reopens on Saturday, 14 March.",
  "Northfield Choir sings on Friday, 22 May. Tickets are 12 euros.",
  "Sad news: the bakery in Mill Lane closes after 40 years.",
  "Shorter, please.",
  "Which day?",
];
/** Answers in a row that fill the context are not what this is about. */
const MOST_READ = 200;

/** A repeatable order. */
function* randomly(seed) {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield state / 2 ** 32;
  }
}

test("each answer is that of a run that reads all", { timeout: 600_000 }, async (context) => {
  const { ask } = await startedWorker(context, "litert_lm_thread.js", { model, sha256 });
  await ask(LOAD);
  let id = 1;
  const write = (messages, goesOn) => ask({ type: "generate", id: (id += 1), messages, tokens: null, draw: null, goesOn, stop: null });
  const random = randomly(Number(process.env.SEED ?? 7));
  const choose = (list) => list[Math.floor(random.next().value * list.length)];
  const histories = [[]];
  let [reused, followed] = [0, 0];
  for (let step = 0; step < STEPS; step += 1) {
    const history = random.next().value < 0.6 ? histories.at(-1) : choose(histories);
    const messages = [...history, message(choose(ASKED))];
    const branch = await write(messages, true);
    const fresh = await write(messages, false);
    assert.deepEqual([branch.text, branch.promptTokens, branch.tokens, branch.ended], [fresh.text, fresh.promptTokens, fresh.tokens, fresh.ended], `step ${step}`);
    assert.equal(fresh.reused, 0);
    if (history.length) followed += 1;
    if (branch.reused) reused += 1;
    if (branch.ended === "model" && branch.promptTokens < MOST_READ) histories.push([...messages, message(branch.text, "model")]);
    else histories.push([]);
  }
  context.diagnostic(`${reused} of ${followed} answers that follow others read only what is new`);
  assert.ok(reused >= followed / 3, `${reused} of ${followed}`);
});

test("three are held on the processor and one on a GPU, and the oldest goes first", () => {
  for (const [backend, left] of [["CPU", ["b", "c", "d"]], ["WebGPU", ["d"]]]) {
    const gone = [];
    const branches = new Branches();
    for (const text of "abcd") branches.hold({ conversation: { delete: () => gone.push(text), clone: () => text }, text, drawn: "" }, backend);
    assert.deepEqual([gone, [..."abcd"].filter((text) => branches.from(`${text}!?`, "", "!"))], [[..."abcd"].filter((text) => !left.includes(text)), left]);
  }
});
