// @ts-check
/** How numbers and times are written in Japanese. */

import { formatsOf } from "../format.js";

export { line } from "../format.js";
export const format = formatsOf("ja", { seconds: "秒", minutes: "分", hours: "時間" });
export const { integer, size, wait } = format;
