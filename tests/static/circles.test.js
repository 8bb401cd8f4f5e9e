// Answers that go round in a circle are told from those that only repeat something.
import assert from "node:assert/strict";
import { test } from "node:test";

import { CircleWatch, endsInCircles, firstRound } from "../../static/engine/circles.js";

const LOOP = "Daddy, I'm just a little kid, I don't know what I'll do with all the words. But I'll tell you, daddy, ";

test("a text in a circle is one, wherever its last round is cut", () => {
  for (const start of ["", "Photosynthesis is how plants make food. "]) {
    for (let cut = 0; cut < LOOP.length; cut += 7) {
      assert.ok(endsInCircles(start + LOOP.repeat(4) + LOOP.slice(0, cut)), `${start}, ${cut}`);
    }
    assert.ok(!endsInCircles(start + LOOP.repeat(3)));
  }
  assert.ok(endsInCircles("no ".repeat(100)));
  assert.ok(endsInCircles("- a\n- b\n".repeat(40)));
});

test("what is only alike is no circle", () => {
  const chorus = "Row, row, row your boat, gently down the stream.\n";
  const song = Array.from({ length: 8 }, (_, verse) => `${chorus.repeat(2)}Verse ${verse} has words of its own.\n`).join("");
  const list = Array.from({ length: 40 }, (_, row) => `- You can try number ${row}, which is as good as any other.\n`).join("");
  const code = `const zeros = [${"0, ".repeat(40)}];\n`;
  for (const text of ["", "a", "ha ".repeat(20), "-".repeat(80), song, list, code, `${code}${code}${code}`]) {
    assert.ok(!endsInCircles(text), text.slice(0, 40));
  }
});

test("what says only what was said three times before goes round, in whatever order", () => {
  const [first, second, third] = ["I am really hoping to get the contract done.", "Please send the copies of the contract to me.", "It would be good to hear from you about it soon."];
  const turns = [first, second, first, third, second, first, third, third, second, first, second, third, first];
  assert.ok(endsInCircles(`Hi Sam, the printer is broken. ${turns.join(" ")}`));
  assert.ok(!endsInCircles(`Hi Sam, the printer is broken. ${turns.slice(0, 9).join(" ")}`));
});

test("a number that only counts the rounds is nothing new", () => {
  const item = "Bacon Pancakes with Bacon\n\nThey are made by mixing bacon with eggs, flour, and sometimes other ingredients. They are also a popular breakfast option in many parts of the world.\n\n";
  for (const counted of [(/** @type {number} */ at) => `${at}. `, (/** @type {number} */ at) => `**${at})** `, (/** @type {number} */ at) => `Day ${at}: `]) {
    const rounds = (/** @type {number} */ count) => Array.from({ length: count }, (_, at) => counted(at + 1) + item).join("");
    assert.ok(endsInCircles(rounds(6)), counted(1));
    assert.ok(!endsInCircles(rounds(3)), counted(1));
  }
  const recipes = ["flour", "milk", "butter", "sugar", "salt", "honey", "lemons", "berries", "cinnamon", "vanilla", "yeast", "oats"];
  assert.ok(!endsInCircles(recipes.map((what, at) => `${at + 1}. Buy some ${what} at the market.\n`).join("")));
});

test("the first round of a text is all that it says once", () => {
  const item = "Bacon Pancakes with Bacon\n\nThey are made by mixing bacon with eggs, flour, and sometimes other ingredients. They are popular in many parts of the world.";
  const rounds = Array.from({ length: 8 }, (_, at) => `${at + 1}. ${item}`).join("\n\n");
  assert.equal(firstRound(`Here is a list:\n\n${rounds}`), `Here is a list:\n\n1. ${item}`);
  assert.equal(firstRound("The answer is 1. ".repeat(30)), "The answer is 1.");
  assert.equal(firstRound(`Photosynthesis is how plants make food. ${LOOP.repeat(5)}`), `Photosynthesis is how plants make food. ${LOOP.trim()}`);
  for (const text of ["", "-".repeat(300), LOOP.repeat(3), "It opens on Monday."]) assert.equal(firstRound(text), text);
});

test("an answer that goes on from its first round is ended after one more", () => {
  const words = "A photosynthesis is how plants make food of light and water and the air around their leaves and stems all day long while the sun shines upon them in the fields and woods of the country where they have grown since the beginning of the year before the frost and snow of winter come".split(" ");
  const first = `${words.join(" ")}.`;
  const go = (text) => {
    const watch = new CircleWatch(first);
    let heard = 0;
    for (const piece of text.match(/\S+ /g) ?? []) {
      watch.add(piece);
      heard += 1;
      if (watch.found) break;
    }
    return watch.found && heard;
  };
  assert.ok(go(`${first} `.repeat(9)) <= words.length + 10);
  const more = Array.from({ length: 60 }, (_, at) => words.toReversed()[(at * 7) % words.length]).join(" ");
  assert.equal(go(`${more} `), false);
  assert.equal(firstRound(`${first} ${first}`), first);
});

test("an answer is looked at as it grows, and costs little", () => {
  const watch = new CircleWatch();
  const words = LOOP.split(/(?<= )/);
  const heard = Array.from({ length: 400 }, (_, index) => words[index % words.length]);
  const first = heard.findIndex((piece) => {
    watch.add(piece);
    return watch.found;
  });
  assert.ok(first >= 4 * words.length - 1 && first < 5 * words.length, String(first));
});
