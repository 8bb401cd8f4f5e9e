// What Word, PDF readers, mail programs and web pages put into a text does not reach the model; what a person sees does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { normalized } from "../../static/engine/pasted_text.js";

const CASES = {
  "Word's no-break spaces": [
    "The library opens on 14\u00a0March\u00a02026. Dr.\u00a0Amelia Hart leads it.",
    "The library opens on 14 March 2026. Dr. Amelia Hart leads it.",
  ],
  "thin, narrow and ideographic spaces": ["4\u2009200 runners at 9:30\u202fa.m.\u3000Start", "4 200 runners at 9:30 a.m. Start"],
  "a space beside a no-break space, as web pages write two": ["a \u00a0b", "a b"],
  "soft hyphens, zero-width characters and a byte order mark": ["\ufeffGreen\u200b Val\u00adley\u2060 Farm\u200e", "Green Valley Farm"],
  "a picture that was not copied": ["\ufffcSale", "Sale"],
  "decomposed letters, as macOS writes them": ["Cafe\u0301 Zoe\u0308", "Café Zoë"],
  "line ends of Windows, old Macs, Word and the web": ["a\r\nb\rc\vd\u2028e\u0085f", "a\nb\nc\nd\ne\nf"],
  "the paragraph separator": ["a\u2029b", "a\n\nb"],
  "lines of a PDF": [
    "The town council of Ashford approved a new cycle path on\nTuesday. The path will run from the railway station to\n" +
      "Green Park and is planned to open on 3 September. Mayor\nLena Fischer said that the work costs 240,000 pounds.",
    "The town council of Ashford approved a new cycle path on Tuesday. The path will run from the railway station to " +
      "Green Park and is planned to open on 3 September. Mayor Lena Fischer said that the work costs 240,000 pounds.",
  ],
  "a word that was cut at the end of a line": [
    "The museum in Brighton shows a new exhi-\nbition about ships from 2 June to 30 Au-\ngust.",
    "The museum in Brighton shows a new exhibition about ships from 2 June to 30 August.",
  ],
  "a word that has its hyphen elsewhere, too": [
    "A well-known painter from the north comes, a well-\nknown one indeed, and shows forty pictures.",
    "A well-known painter from the north comes, a well-known one indeed, and shows forty pictures.",
  ],
  "a name and a number keep their hyphens": [
    "This summer the harbour festival welcomes Jean-\nLuc Moreau, born in Marseille in the winter of 19-\n20.",
    "This summer the harbour festival welcomes Jean-Luc Moreau, born in Marseille in the winter of 19-20.",
  ],
  "a soft hyphen at the end of a line": ["infor\u00ad\nmation", "information"],
  "a mail with paragraphs": [
    "Hi all,\r\n\r\nour bakery at 12 Mill Road moves to a bigger shop in King\r\nStreet on Monday 6 April.\r\n\r\nBest,\r\nMaria",
    "Hi all,\n\nour bakery at 12 Mill Road moves to a bigger shop in King Street on Monday 6 April.\n\nBest,\nMaria",
  ],
  "Chinese lines join without a space": [
    "河边图书馆将于三月十四日重新开放阅览室全部准备好了欢\n迎大家来看书开放时间从上午十点到下午六点周末照常。",
    "河边图书馆将于三月十四日重新开放阅览室全部准备好了欢迎大家来看书开放时间从上午十点到下午六点周末照常。",
  ],
};

for (const [name, [pasted, expected]] of Object.entries(CASES)) {
  test(name, () => {
    assert.equal(normalized(pasted), expected);
    assert.equal(normalized(expected), expected, "twice");
  });
}

const KEPT = {
  "an address": "Riverside Library\n12 Mill Road\nBristol BS1 4AA",
  "a list": "Sunset Cinema shows these films in July, each one at eight:\n• 3 July: Ocean Stories, a film about the sea\n• 10 July: The Long Road\n- 17 July: Paper Moon",
  "a numbered list": "What to bring to the walk on Saturday morning at nine:\n1. boots that have been worn before, and socks\n2. water\n(3) a map",
  "short sentences of a chat": "We open on 14 March.\nCome and see the new reading room on the first floor!\nBring a friend.",
  "a heading": "Summer programme\nThe museum shows ships and maps from the second of June until the end of August.",
  "the head of a mail": "From: Maria Lopez <maria@example.org>\nSent: Monday 6 April at nine in the morning\nSubject: we move to King Street",
  "a table": "Day\tFilm\tTime of the first screening\nFriday\tOcean Stories and other ones\t8 pm\nSaturday\tPaper Moon\t9 pm",
  "a table of spaces": "Friday    Ocean Stories, the film of the sea  8 pm\nSaturday  Paper Moon, the film of the night   9 pm",
  "a quotation in a mail": "> The volleyball club Harbour Lions won 3 to 1 against\n> Westfield on Sunday. Captain Nina Brandt scored.",
  "code": "function add(first, second) {\n    return first + second; // as everybody knows by now\n}",
  "paragraphs in one line each": `${"The fair is on Saturday. ".repeat(8).trim()}\n${"There will be cakes for all. ".repeat(7).trim()}`,
  "a family, a flag and Persian": "👩‍👩‍👧 🏳️‍🌈 می‌خواهم",
  "typographic quotation marks": "“Hello” – she said it’s 5 °C…",
  "an empty text": "",
};

for (const [name, text] of Object.entries(KEPT)) {
  test(`${name}: kept as it is`, () => assert.equal(normalized(text), text));
}

test("a long text takes time in proportion", { timeout: 20_000 }, () => {
  const line = "and the path will run from the old railway station to exhi-\nbition hall ";
  assert.ok(normalized(line.repeat(40_000)).length > 2_000_000); // minutes, where each line looks at all others
});
