// @ts-check
/**
 * Numbers, dates, times and sums of a text and of the post about it. Written otherwise is not changed: "three" is 3, "14 March" is
 * "March 14th", "Thurs" is Thursday, "7pm" is "7 p.m.".
 */

import { isIn, pattern } from "./rules.js";

const NUMBER = /\d+(?:[.,:/\-–]\d+)*/g;

/** 1,400 and 1400 are one number, so are 09 and 9, 14.50 and 14.5, 7:00 and 7. @param {string} written */
function plainNumber(written) {
  let number = written.replace(/(?<=\d),(?=\d{3}\b)/g, "").replace(/(?<=\d)[:](?=00\b)00/g, "");
  if (/^\d+[.,]\d+$/.test(number)) number = number.replace(",", ".").replace(/0+$/, "").replace(/\.+$/, "");
  return number.replace(/^0+/, "") || "0";
}

/** @param {string} text */
const lettersOf = (text) => text.toLowerCase().match(/[a-z]+/g) ?? [];

/** @param {import('./rules.js').Rules} rules */
export function numberRules({ numbers: rules }) {
  const [small, tens, ordinals] = [rules.small, rules.tens, rules.ordinals].map((list) => list.split(" "));
  const words = new Map([
    ...small.map((word, value) => /** @type {[string, string]} */ ([word, String(value)])),
    ...tens.map((word, index) => /** @type {[string, string]} */ ([word, String(10 * (index + 2))])),
  ]);
  const ranks = new Map(ordinals.map((word, index) => [word, String(index + 1)]));
  const uncounted = new Set(rules.uncounted);
  const [weekday, month, dayMonth, monthDay, clock, percent] = [rules.weekday, rules.month, rules.day_month, rules.month_day, rules.clock, rules.percent].map(pattern);
  const currencies = Object.entries(rules.currencies).map(([sign, written]) => ({ sign, written: pattern(written) }));

  /** Every number in digits or words, and the parts of compounds. @param {string} text */
  function numbersOf(text) {
    const found = new Set();
    for (const [written] of text.matchAll(NUMBER)) {
      for (const each of [written, ...(written.match(/\d+(?:[.,]\d+)*/g) ?? []), ...(written.match(/\d+/g) ?? [])]) found.add(plainNumber(each));
    }
    for (const word of lettersOf(text)) for (const list of [words, ranks]) if (list.has(word)) found.add(list.get(word));
    return found;
  }

  /** Days with their months, as they stand in the text. @param {string} text */
  function datesOf(text) {
    const found = [
      ...[...text.matchAll(dayMonth)].map(({ index, 0: written, 1: day, 2: name }) => ({ index, written, day: String(Number(day)), month: name.toLowerCase() })),
      ...[...text.matchAll(monthDay)].map(({ index, 0: written, 1: name, 2: day }) => ({ index, written, day: String(Number(day)), month: name.toLowerCase() })),
    ];
    return found.sort((a, b) => a.index - b.index);
  }

  const key = (/** @type {{day: string, month: string}} */ date) => `${date.day} ${date.month}`;

  /** Weekdays and months by their first letters. @param {string} text @param {RegExp[]} [days] */
  const namesOfDays = (text, days = [weekday, month]) =>
    new Set(days.flatMap((each) => [...text.matchAll(each)].filter(([written]) => /^[A-Z]/.test(written)).map(([, name]) => name.toLowerCase().slice(0, 3))));

  /** @param {string} text */
  const figuresOf = (text) => new Set([...[...numbersOf(text)].filter((number) => !uncounted.has(number)), ...namesOfDays(text)]);

  return {
    /** The figures of a post that the text has not. @param {string} text @param {string} body @returns {string[]} */
    changed(text, body) {
      const known = new Set([...numbersOf(text), ...uncounted]);
      const found = [];
      for (const [written] of body.matchAll(NUMBER)) {
        if (!known.has(plainNumber(written)) && !written.split(/[:/\-–]/).every((part) => known.has(plainNumber(part)))) found.push(written);
      }
      for (const word of lettersOf(body)) if (words.has(word) && !known.has(words.get(word))) found.push(word);
      for (const days of [weekday, month]) {
        const there = new Set([...text.matchAll(days)].map(([, name]) => name.toLowerCase().slice(0, 3)));
        for (const [written, name] of body.matchAll(days)) if (/^[A-Z]/.test(written) && !there.has(name.toLowerCase().slice(0, 3))) found.push(written);
      }
      const [dates, pairs] = [datesOf(text), new Set(datesOf(text).map(key))];
      const parts = new Set(dates.flatMap(({ day, month: name }) => [day, name]));
      for (const date of datesOf(body)) if (!pairs.has(key(date)) && (parts.has(date.day) || parts.has(date.month))) found.push(key(date));
      const clocks = new Set([...text.matchAll(clock)].map(([, hour, half]) => `${plainNumber(hour)} ${half.toLowerCase()}`));
      const hours = new Set([...text.matchAll(clock)].map(([, hour]) => plainNumber(hour)));
      for (const [written, hour, half] of body.matchAll(clock)) {
        if (hours.has(plainNumber(hour)) && !clocks.has(`${plainNumber(hour)} ${half.toLowerCase()}`)) found.push(written);
      }
      for (const { sign, written } of currencies) if (isIn(written, body) && !isIn(written, text)) found.push(sign);
      if (isIn(percent, body) && !isIn(percent, text)) found.push("%");
      return found;
    },

    /**
     * Whether a post has one of the text's figures, or the text has none: one of its dates where it has dates, else any number, weekday or
     * month.
     * @param {string} text
     * @param {string} body
     */
    kept(text, body) {
      const dates = datesOf(text);
      if (dates.length) {
        const [pairs, there] = [new Set(dates.map(key)), numbersOf(body)];
        return datesOf(body).some((date) => pairs.has(key(date))) || (dates.some(({ day }) => there.has(day)) && isIn(month, body));
      }
      const [figures, there] = [figuresOf(text), figuresOf(body)];
      return !figures.size || [...figures].some((figure) => there.has(figure));
    },

    /** The first date of a text or, where it has none, the first number; "" if there is none. @param {string} text */
    first: (text) => datesOf(text)[0]?.written ?? text.match(NUMBER)?.[0] ?? "",
  };
}
