// @ts-check
/**
 * What is wrong with an answer that is to be JSON of a schema. Pure.
 *
 * @typedef {import('./run.js').Problem} Problem
 */

import { mismatches } from "../parts/schema.js";
import { jsonIn } from "./reading.js";

/** @param {import('../parts/schema.js').Validator} Validator @param {import('../parts/schema.js').Schema} schema @param {string} text @returns {Problem[]} */
export function problemsIn(Validator, schema, text) {
  const found = jsonIn(text);
  if ("problem" in found) return [{ code: found.problem, detail: found.detail }];
  return mismatches(Validator, schema, found.value).map((detail) => ({ code: "unfit", detail }));
}

/** For the model. @param {Problem} problem */
export function sentenceOf({ code, detail }) {
  return code === "none" ? "There is no JSON." : code === "cut" ? "The JSON has no end." : code === "broken" ? `It is not valid JSON: ${detail}` : detail;
}
