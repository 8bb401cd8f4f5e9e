// What one tap does to a post, how the networks count it, and a person's own hashtags and link.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { datesIn, parted, shorter, withDate, withoutEmoji } from "../../static/tasks/post/follow_ups.js";
import { lengthOn } from "../../static/tasks/post/platforms.js";
import { voiceOf, voiced } from "../../static/tasks/post/voice.js";

const data = (file) => JSON.parse(readFileSync(new URL(`../../static/tasks/post/${file}`, import.meta.url)));
const platforms = Object.fromEntries(data("platforms.json").map((platform) => [platform.id, platform]));

for (const [text, expected] of [
  ["One two. Three four. Five. #Tag #Other", "One two. Three four. #Tag #Other"],
  ["One two. Three four. https://a.org/x #Tag", "One two. https://a.org/x #Tag"],
  ["Opens at 7.30 pm. Bring a jacket!", "Opens at 7.30 pm."],
  ["One.\n\nTwo.\n\n#Tag", "One.\n\n#Tag"],
  ["One. Two. 🎉 #Tag", "One. #Tag"],
  ["Hi all! On Friday the choir sings in the depot. #Tag", "On Friday the choir sings in the depot. #Tag"],
  ["Our shop opens on Monday morning. Come along! We have bread and cake.", "Our shop opens on Monday morning. We have bread and cake."],
  ["Our shop opens on Monday morning. We have bread and cake.", "Our shop opens on Monday morning."],
  ["明日、中央図書館が開店します。ぜひ来てね。 #図書館", "明日、中央図書館が開店します。 #図書館"],
  ["Only one sentence here. #Tag", null],
  ["#Tag #Other", null],
  ["", null],
]) {
  test(`shorter: ${JSON.stringify(text)}`, () => assert.equal(shorter(text), expected));
}

test("shorter ends at one sentence, and that is a part of the post", () => {
  let text = "A b c. D e f. G h i. J k l. #Tag";
  const seen = [];
  for (let next = shorter(text); next !== null; next = shorter(text)) seen.push((text = next));
  assert.deepEqual(seen, ["A b c. D e f. G h i. #Tag", "A b c. D e f. #Tag", "A b c. #Tag"]);
});

for (const [text, expected] of [
  ["🎉 We open! 🎉", "We open!"],
  ["We open 🎉🎈 today", "We open today"],
  ["Come🎉! Now 🎉, please 🎉.", "Come! Now, please."],
  ["👩‍👩‍👧 family 👍🏽 yes 🇦🇹 Wien 1️⃣ one ❤️ ❤ love 🏴󠁧󠁢󠁳󠁣󠁴󠁿 end", "family yes Wien one love end"],
  ["First\n🎉🎉\nlast", "First\nlast"],
  ["First 🎉\n🎉 last", "First\nlast"],
  ["word🎉word", "wordword"],
  ["❗️Important", "Important"],
  ["© 2026 Lumen™ 5 # * → ‼ ✕", "© 2026 Lumen™ 5 # * → ‼ ✕"],
  ["©️ picture", "picture"],
  ["No picture. #Tag", null],
]) {
  test(`without emoji: ${JSON.stringify(text)}`, () => {
    // ✕ is no emoji; where there is nothing to take away, nothing is offered
    const found = withoutEmoji(text);
    assert.equal(found === text ? null : found, expected === text ? null : expected);
  });
}

for (const [text, phrases, keys] of [
  ["On Friday, 22 May the choir", ["Friday, 22 May"], ["5-22"]],
  ["reopens on Saturday, 14 March after", ["Saturday, 14 March"], ["3-14"]],
  ["May 22nd, 2026 and Sept. 3", ["May 22nd, 2026", "Sept. 3"], ["5-22", "9-3"]],
  ["the 1st of June 2026", ["1st of June 2026"], ["6-1"]],
  ["am Freitag, 22. Mai", ["Freitag, 22. Mai"], ["5-22"]],
  ["vendredi 22 mai 2026", ["vendredi 22 mai 2026"], ["5-22"]],
  ["el 22 de mayo de 2026", ["22 de mayo de 2026"], ["5-22"]],
  ["2026-05-22 or 5月22日", ["2026-05-22", "5月22日"], ["5-22", "5-22"]],
  ["You may come at 7 pm, it costs 12 euros until July", [], []],
  ["version 4.2 may 200 notes, 31 maybes, 40 May", [], []],
]) {
  test(`dates in ${JSON.stringify(text)}`, () => {
    assert.deepEqual(datesIn(text).map(({ phrase }) => phrase), phrases);
    assert.deepEqual(datesIn(text).map(({ key }) => key), keys);
  });
}

test("the date goes before the hashtags, once, and only where the post has none of the text's", () => {
  const source = "On Friday, 22 May the choir sings, and again on 29 May.";
  assert.equal(withDate("The choir sings. #Choir", source), "The choir sings. Friday, 22 May. #Choir");
  assert.equal(withDate("#Choir", source), "Friday, 22 May. #Choir");
  assert.equal(withDate("The choir sings on May 22. #Choir", source), null);
  assert.equal(withDate("Come on 29 May", source), null);
  assert.equal(withDate("The choir sings.", "No date here."), null);
  assert.equal(withDate(withDate("The choir sings.", source), source), null);
});

test("hashtags and links at the end are no part of what is said", () => {
  assert.deepEqual(parted("One #two three. https://a.org #Tag\n#Other "), ["One #two three.", " https://a.org #Tag\n#Other"]);
  assert.deepEqual(parted("#Tag"), ["", "#Tag"]);
  assert.deepEqual(parted("One."), ["One.", ""]);
});

for (const [text, x, bluesky, threads, mastodon, linkedin] of [
  ["abc", 3, 3, 3, 3, 3],
  ["", 0, 0, 0, 0, 0],
  ["— “quoted” …", 13, 12, 12, 12, 12],
  ["図書館", 6, 3, 3, 3, 3],
  ["🎉", 2, 1, 4, 1, 2],
  ["👩‍👩‍👧", 2, 1, 18, 1, 8],
  ["👍🏽 ok", 5, 4, 11, 4, 7],
  ["e\u0301", 1, 1, 1, 1, 1],
  ["see https://example.org/a/very/long/address?with=everything.", 28, 60, 60, 28, 60],
  ["(http://a.io)", 25, 13, 13, 25, 13],
  ["two http://a.io http://b.io", 51, 27, 27, 51, 27],
  ["example.com/path and v4.2 at 12.50", 41, 34, 34, 34, 34],
  ["mail me@example.com", 19, 19, 19, 19, 19],
  ["by @name@social.example.org!", 28, 28, 28, 9, 28],
]) {
  test(`counted as the networks do: ${JSON.stringify(text)}`, () => {
    const found = ["x", "bluesky", "threads", "mastodon", "linkedin"].map((id) => lengthOn(platforms[id], text));
    assert.deepEqual(found, [x, bluesky, threads, mastodon, linkedin]);
  });
}

test("every preset names a tone and a length that there are", () => {
  const { tones, lengths } = data("social_post.json");
  for (const { id, tone, length, limit } of data("platforms.json")) {
    assert.ok(lengths.some((each) => each.id === length) && limit > 0, id);
    assert.ok(!tone || tones.some((each) => each.id === tone), id);
  }
});

test("a voice is what a person types, cleaned", () => {
  assert.deepEqual(voiceOf("#Choir, other_tag #choir  東京;#12", " https://a.org "), { hashtags: ["#choir", "#other_tag", "#東京", "#12"], link: "https://a.org" });
  assert.deepEqual(voiceOf(null, 7), { hashtags: [], link: "" });
  assert.deepEqual(voiceOf("", "not a link"), { hashtags: [], link: "" });
  assert.equal(voiceOf("a ".repeat(3) + Array.from({ length: 50 }, (_, tag) => `t${tag}`).join(" "), "").hashtags.length, 10);
});

test("a voice comes after what the model wrote, each part once", () => {
  const voice = voiceOf("#Choir #Northfield", "https://a.org");
  assert.equal(voiced("We sing. #choir #Music", voice).text, "We sing. https://a.org #choir #Music #Northfield");
  assert.equal(voiced("We sing.", voice).text, "We sing. https://a.org #Choir #Northfield");
  assert.equal(voiced("#Music", voice).text, "https://a.org #Music #Choir #Northfield");
  assert.equal(voiced("", voice).text, "https://a.org #Choir #Northfield");
  const once = voiced("We sing at https://a.org now. #Choirs", voice).text;
  assert.equal(once, "We sing at https://a.org now. #Choirs #Choir #Northfield");
  assert.equal(voiced(once, voice).text, once, "and twice is as once");
  assert.equal(voiced("As it is. \n", voiceOf("", "")).text, "As it is.");
});

test("what would go over the network's limit is left out, and named", () => {
  const fits = (text) => lengthOn(platforms.x, text) <= platforms.x.limit;
  const long = `${"a".repeat(240)}.`;
  const { text, left } = voiced(long, voiceOf("#Short #Averylonghashtag", `https://a.org/${"b".repeat(300)}`), fits);
  assert.deepEqual(left, ["#Averylonghashtag"]);
  assert.equal(lengthOn(platforms.x, text), 241 + 24 + 7);
});
