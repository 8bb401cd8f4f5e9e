// @ts-check
/**
 * Prompts of an exact number of tokens, each different from the first word on: an engine that still holds the beginning of
 * the one before would not read it again, and prefill would look faster than it is. Pure, but for the tokenizer it is given.
 *
 * A synthetic model's words (`onpage synth`) are six letters and the space before, one token each, whatever the tokenizer's
 * neighbours say, so both the prompt and the answer are counted by their construction. Other models' prompts are filled up
 * with English words until their own tokenizer says the number.
 *
 * @typedef {{text: string, tokens: number, counted: 'construction' | 'tokenizer'}} Prompt
 */

/** Characters of one token of a synthetic model, its space included. */
const CHARACTERS = 7;
/** The beginning-of-sequence token, which every engine puts before a prompt. */
export const BEGINNING = 1;

const SYLLABLES = [..."bcdfghjklmnpqrstvwxz"].flatMap((consonant) => [..."aeiou"].map((vowel) => consonant + vowel));
/** Words used: the first of the vocabulary, which the smallest custom shape has, too. */
const WORDS = 1024;
/** Odd, so that a thousand prompts in a row begin with a thousand words. */
const STRIDE = 389;

const ENGLISH =
  `river stone window garden winter letter market bridge forest doctor island kitchen morning silver captain village
   thunder blanket picture station harvest teacher orchard compass lantern painter shadow journey whistle meadow engine
   candle harbor pepper velvet ladder button saddle mirror basket feather hammer pillow rocket tunnel valley wagon`.split(/\s+/);
const FILLER = ["the", "and", "a", "of", "to", "in", "that", "was", "with", "for", "on", "at", "by", "from"];

/** @param {number} index */
function word(index) {
  return SYLLABLES[0] + SYLLABLES[Math.floor(index / SYLLABLES.length) % SYLLABLES.length] + SYLLABLES[index % SYLLABLES.length];
}

/**
 * @param {number} tokens at least two
 * @param {number} seed of the plan
 * @param {number} serial which prompt of the plan it is, from 0
 * @returns {Prompt}
 */
export function syntheticPrompt(tokens, seed, serial) {
  const random = mulberry32(seed * 1_000_003 + serial);
  const first = (seed + serial * STRIDE) % WORDS;
  const rest = Array.from({ length: tokens - BEGINNING - 1 }, () => Math.floor(random() * WORDS));
  return { text: [first, ...rest].map((index) => ` ${word(index)}`).join(""), tokens, counted: "construction" };
}

/**
 * What a tokenizer is: no real one has our made-up words, and two texts together have one beginning less than apart.
 * @param {(text: string) => Promise<number>} count
 */
export async function looksSynthetic(count) {
  const words = [0, 1, 2].map((index) => ` ${word(index)}`);
  const [one, three] = [await count(words[0]), await count(words.join(""))];
  const synthetic = one <= 1 + BEGINNING && three - one === 2;
  const known = synthetic ? words : [" the", " of"];
  const apart = (await count(known[0])) + (await count(known[1]));
  const beginning = apart - (await count(known[0] + known[1]));
  return { synthetic, beginning: Math.max(0, Math.min(BEGINNING, beginning)) };
}

/**
 * Tokens of a synthetic model's answer, or null if it is not made of such words (then something is wrong).
 * @param {string} text an engine may leave the first space out
 */
export function syntheticTokens(text) {
  const whole = text.startsWith(" ") || !text ? text : ` ${text}`;
  return /^(?: [a-z]{6})*$/.test(whole) ? whole.length / CHARACTERS : null;
}

/**
 * @param {number} tokens
 * @param {number} seed
 * @param {number} serial
 * @param {(text: string) => Promise<number>} count tokens of a prompt, the beginning included
 * @returns {Promise<Prompt>} whose `tokens` differ from those asked only where no filling reaches them
 */
export async function englishPrompt(tokens, seed, serial, count) {
  const random = mulberry32(seed * 1_000_003 + serial);
  const pick = (/** @type {string[]} */ words) => words[Math.floor(random() * words.length)];
  const first = ENGLISH[(seed + serial) % ENGLISH.length];
  const words = [first, ...Array.from({ length: tokens }, (_, index) => pick(index % 2 ? ENGLISH : FILLER))];
  const start = (/** @type {number} */ many) => words.slice(0, many).join(" ");
  let most = 1;
  for (let more = words.length; most < more; ) {
    const middle = Math.ceil((most + more) / 2);
    if ((await count(start(middle))) <= tokens) most = middle;
    else more = middle - 1;
  }
  let text = start(most);
  let counted = await count(text);
  for (let tries = 0; counted < tokens && tries < 8; tries += 1) {
    const longer = `${text} a`;
    const next = await count(longer);
    if (next > tokens) break;
    text = longer;
    counted = next;
  }
  return { text, tokens: counted, counted: "tokenizer" };
}

/**
 * Numbers from 0 to 1 that are the same in every language with 32-bit arithmetic.
 * @param {number} seed
 */
function mulberry32(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
