// Two hundred random steps of a person (ask, edit, write anew, stop, go on, branch, remove, fill the context, crash, reload): in the end
// every answer is what a fresh engine writes when it is told the linear conversation before it, and nothing else.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { pathTo, siblingsOf } from "../../static/tasks/chat/tree.js";
import { answerTo, closeTabs, device, tab } from "./support/chats.js";
import { settled } from "./support/engines.js";

afterEach(closeTabs);

const TURNS = { prefix: "<user>\n", suffix: "</s>\n<model>\n" };
const [STEPS, MAX_TOKENS, SYSTEM] = [200, 200, "Be kind."];
const SEEDS = [1, 2, 3, 4, 5];

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The prompt of a conversation without branches, written down by hand. */
function linear(path) {
  const memory = path.findLast((turn) => turn.memory)?.memory;
  const told = memory ? path.slice(path.findIndex(({ id }) => id === memory.from)) : path;
  const before = `${SYSTEM}\n\n${memory?.summary ? `So far: ${memory.summary}\n\n` : ""}`;
  const said = told.map(({ role, text }, at) => (role === "user" ? `<user>\n${at ? "" : before}${text}</s>\n<model>\n` : `${text}</s>\n`));
  return said.join("");
}

async function walk(seed) {
  const random = numbers(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const shelf = device();
  /** Answer → the parts that it was written in: the seed, and how much of it there was before. */
  const parts = new Map();
  const seen = { stopped: 0, goneOn: 0, full: 0, crashed: 0, reloaded: 0, edited: 0, anew: 0 };
  let clock = 1e6;
  const onPrompt = (_, used, { writing, summarizing }) => {
    if (summarizing) return;
    const { id, text } = writing.turn;
    parts.set(id, [...(parts.get(id) ?? []), { seed: used, from: text.length }]);
  };
  const options = { turns: TURNS, maxTokens: MAX_TOKENS, shelf, now: () => (clock += 211), onPrompt };
  let page = await tab({ ...options, recalled: { system: SYSTEM } });
  const conversations = new Set();

  /** An action that writes, perhaps broken off after some words by Stop, a crash or a reload. */
  async function write(act) {
    const end = random();
    page.engine.slow = true;
    const done = act();
    let left = end < 0.4 ? Math.floor(random() * 8) : Infinity;
    await settled();
    for (; left && page.chat.state.writing; left -= 1) {
      await page.engine.step();
      await settled();
    }
    if (!page.chat.state.writing) return done;
    if (end < 0.25) {
      seen.stopped += 1;
      page.chat.stop();
    } else if (end < 0.3) {
      seen.crashed += 1;
      page.engine.crash();
    } else return reload();
    await done;
    await settled();
    if (page.session.state.now.phase === "problem") await page.session.restart();
    return undefined;
  }

  async function reload() {
    seen.reloaded += 1;
    const { id, system } = page.chat.state.conversation;
    const settings = page.session.state.setup.settings;
    await page.chat.close();
    page.session.close();
    page = await tab({ ...options, seed: settings.seed, recalled: { open: id, draft: page.chat.state.draft, system } });
  }

  const steps = {
    ask: () => write(() => (page.chat.setDraft(`Question ${Math.floor(random() * 1e6)}?`), page.chat.send())),
    edit: () => {
      const question = pick(page.chat.path.filter(({ role }) => role === "user"));
      seen.edited += 1;
      return question && write(() => page.chat.edit(question.id, `${question.text} Edited ${Math.floor(random() * 1e6)}.`));
    },
    anew: () => {
      const question = pick(page.chat.path.filter(({ role }) => role === "user"));
      seen.anew += 1;
      return question && write(() => page.chat.answer(question.id));
    },
    goOn: () => {
      const half = page.chat.path.find(({ state }) => state === "stopped");
      seen.goneOn += half ? 1 : 0;
      return half && write(() => page.chat.goOn(half.id));
    },
    branch: () => {
      const turn = pick(page.chat.path);
      if (turn) page.chat.choose(pick(siblingsOf(page.chat.state.conversation, turn)).id);
    },
    remove: () => {
      const turn = pick(page.chat.path);
      if (turn && random() < 0.2) page.chat.removeTurn(turn.id);
    },
    reload,
    fresh: () => (random() < 0.2 ? page.chat.fresh() : undefined),
  };

  for (let step = 0; step < STEPS; step += 1) {
    const { full } = page.chat.state;
    if (full) {
      seen.full += 1;
      const going = full.asked.unfinished || full.alone; // what it was told when it began is not changed afterwards
      const choice = going ? "dismiss" : pick(["dismiss", "leaveOut", "leaveOut", "summarize", "anew"]);
      if (choice === "dismiss") page.chat.dismiss();
      else await write(() => page.chat[choice]("Sum up."));
      if (choice === "dismiss" && going) await page.chat.fresh();
    } else await steps[pick(["ask", "ask", "ask", "edit", "anew", "goOn", "goOn", "branch", "branch", "remove", "reload", "fresh"])]();
    await settled();
    assert.equal(page.session.state.now.phase, "ready", `step ${step}: ${page.session.state.now.error?.detail}`);
    conversations.add(page.chat.state.conversation.id);
  }
  await reload();

  let answers = 0;
  for (const conversation of await page.chat.all()) {
    for (const turn of conversation.turns.filter(({ role }) => role === "model")) {
      const prompt = linear(pathTo(conversation, turn.parent));
      let text = "";
      for (const { seed: used, from } of parts.get(turn.id)) {
        const begun = text.slice(0, from);
        assert.ok(from <= text.length, "no more was there than had been written");
        text = begun + answerTo(prompt + begun, used, MAX_TOKENS).answer;
      }
      if (turn.state === "stopped") assert.ok(text.startsWith(turn.text), `${turn.text} | ${text}`);
      else assert.equal(turn.text, text);
      answers += 1;
    }
  }
  return { answers, seen };
}

test(`${STEPS} random steps equal fresh linear conversations`, { timeout: 120_000 }, async (t) => {
  const all = {};
  for (const seed of SEEDS) {
    const { answers, seen } = await walk(seed);
    await closeTabs();
    t.diagnostic(`seed ${seed}: ${answers} answers, ${JSON.stringify(seen)}`);
    assert.ok(answers > 20, `seed ${seed}: ${answers} answers`);
    for (const [what, times] of Object.entries(seen)) all[what] = (all[what] ?? 0) + times;
  }
  for (const [what, times] of Object.entries(all)) assert.ok(times >= SEEDS.length, `${what}: ${times}`);
});
