// @ts-check
/** How numbers, plurals and lists are written in English. */

import { formatsOf } from "../format.js";

export { line } from "../format.js";

export const format = formatsOf("en");
export const { integer, counted, size, wait } = format;
