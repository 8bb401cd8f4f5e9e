// @ts-check
/** How numbers, plurals and lists are written in English. */

import { formatsOf } from "../format.js";

export const format = formatsOf("en");
export const { integer, counted, size, wait } = format;

/** @param {(string | false | null | undefined)[]} parts */
export const line = (parts) => parts.filter(Boolean).join(" · ");
